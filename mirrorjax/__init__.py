"""mirrorjax: populations of networks on Frog & Toad, trained at once on JAX, and measures of their mirror units.

The story, and the order of imports: game → dataset → models, population → regimes → measurement → training → tracking
→ report; `pipeline` tells it on one screen.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mirrorjax.measures import Measure
    from mirrorjax.report.chart.figure import FigureKind
    from mirrorjax.settings.setting import Setting


def sweep(overrides: Sequence[str] = (), plugins: Sequence[str] = ()) -> Path:
    """Trains what `mirrorjax sweep` trains, from Python or a notebook, and gives the results folder.

    Called again with the same overrides it goes on with what is not finished, and leaves the rest as it is.

        folder = mirrorjax.sweep(["experiment=smoke", "population.seeds=4"])

    Args:
        overrides: as on the command line, without a shell's quotes; `-m` too.
        plugins: modules that `register` something, see docs/plugins.md.

    Returns:
        The sweep's folder, for `mirrorjax.results.read.Results.open`.

    Raises:
        InputError: a setting is not allowed; nothing was trained.
        RuntimeError: a population could not be finished; says why.
        KeyboardInterrupt: the kernel was interrupted; in training the state is saved first.
    """
    from mirrorjax.launch.run import sweep  # a moment's work: it brings Hydra, and what trains brings JAX

    return sweep(overrides, plugins)


def register(
    name: str,
    *,
    network: type | None = None,
    regime: type | None = None,
    settings: Sequence["Setting"] = (),
    measure: Callable[..., Any] | None = None,
    columns: Sequence["Measure"] = (),
    figure: "FigureKind | None" = None,
    question: str = "settings",
) -> None:
    """Registers a network, a regime, a measure or a figure of your own, one a call (docs/plugins.md has one of each).

        mirrorjax.register("residual", network=Residual)

    Args:
        name: under which it is chosen, `model=residual`, `regime=…`, `--measures …`; small letters, digits and `_`.
        network: a frozen dataclass that keeps `mirrorjax.models.base.Network`.
        regime: a frozen dataclass that keeps `mirrorjax.regimes.base.Regime`.
        settings: of the regime alone, each a config key, an axis, a column and a label.
        measure: a function of `mirrorjax.measurement.battery.responses.Responses` that makes columns.
        columns: what describes each column of the measure.
        figure: for the report; its name is the same.
        question: of the report, under which the figure is filed: `learnt`, `chance`, `causes` or `settings`.

    Raises:
        InputError: the name is taken, or what is registered does not keep its contract.
    """
    from mirrorjax.launch.plugins import register

    register(
        name, network=network, regime=regime, settings=settings, measure=measure, columns=columns, figure=figure,
        question=question,
    )  # fmt: skip
