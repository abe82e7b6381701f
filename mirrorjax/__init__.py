"""mirrorjax: populations of networks on Frog & Toad, trained at once on JAX, and measures of their mirror units.

The story, and the order of imports: game → dataset → models, population → regimes → measurement → training → tracking
→ report; `pipeline` tells it on one screen.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Unpack

    from mirrorjax.measures import Measure
    from mirrorjax.own.found import Findings
    from mirrorjax.own.options import OptionValues
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


def measure(
    activations: Any = None,
    behaviour: Callable[[Any], Any] | None = None,
    network: Any = None,
    groups: Any = None,
    untrained: Callable[[int], Any] | None = None,
    *,
    stimuli: Any = None,
    kinds: Any = None,
    **options: "Unpack[OptionValues]",
) -> "Findings":
    """Measures mirror units of a network of your own, from its activations on paired stimuli (docs/own-network.md).

        found = mirrorjax.measure({"none": {"h1": h}, "self": …, "other": …, "object": …, "object_baseline": …})
        print(found.table())
        found.report("report.html")

    Args:
        activations: condition -> site -> array [rows, units] of NumPy, JAX or PyTorch, row i the same scene under all
            conditions: `none`, `self`, `other`, and, if there are, `both`, `object` and `object_baseline`. None records
            them with `network` on `stimuli`.
        behaviour: from what `network` gives to a number a row [rows]; with it ablation and patching are measured.
        network: has `record(stimuli)` and `run(stimuli, edit)`, as `from_torch` and `from_flax` make it; or a function
            `network(stimuli, edit)`.
        groups: a label for each row [rows]: rows of one template, item or seed are one observation.
        untrained: from a seed to an untrained network of the same architecture, or to its activations: gives
            `p_untrained`.
        stimuli: condition -> what the network takes, in the order of the rows.
        kinds: site -> `rate` or `signed`; default: rate where no activation is negative.
        **options: `mirrorjax.own.options.Options`: copies, seed, scale, object_baseline, draws, decoding, random_sets,
            progress.

    Returns:
        What was found: `table()`, `units()`, `compare(others)`, `report(path)`.

    Raises:
        InputError: what was given cannot be measured; says what was found and what is expected.
    """
    from mirrorjax.own.call import measure

    return measure(activations, behaviour, network, groups, untrained, stimuli, kinds, options)


def from_torch(module: Any, sites: Any, at: Any = None, batch: int | None = None) -> Any:
    """A PyTorch module as a network for `measure`: `record(stimuli)`, `run(stimuli, edit)` (docs/own-network.md).

    Args:
        module: a `torch.nn.Module`.
        sites: its submodules whose outputs are looked at, by name.
        at: which position of outputs [rows, positions, units]: a number, as -1, `mean`, or a function of them.
        batch: rows at a time; None: all.

    Raises:
        InputError: something of these is not as it must be, or PyTorch is not installed.
    """
    from mirrorjax.errors import InputError

    try:
        from mirrorjax.own.from_torch import TorchNetwork

        return TorchNetwork(module, sites, at, batch)
    except ModuleNotFoundError as error:
        raise InputError("from_torch: PyTorch is not installed; pip install 'mirrorjax[torch]'") from error


def from_flax(module: Any, variables: Any = None, sites: Any = None, at: Any = None) -> Any:
    """A module of flax.linen or flax.nnx as a network for `measure`, see `from_torch`.

    Args:
        module: of linen or nnx.
        variables: of linen, as `init` gives them.
        sites: the path of a submodule by name, as `{"h1": "block/dense_1"}`.
        at: as of `from_torch`.

    Raises:
        InputError: something of these is not as it must be.
    """
    from mirrorjax.own.from_flax import FlaxNetwork

    return FlaxNetwork(module, variables, sites, at)
