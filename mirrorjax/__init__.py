"""mirrorjax: populations of networks on Frog & Toad, trained at once on JAX, and measures of their mirror units.

The story, and the order of imports: game → dataset → models, population → regimes → measurement → training → tracking
→ report; `pipeline` tells it on one screen.
"""

from collections.abc import Sequence
from pathlib import Path


def sweep(overrides: Sequence[str] = ()) -> Path:
    """Trains what `mirrorjax sweep` trains, from Python or a notebook, and gives the results folder.

    Called again with the same overrides it goes on with what is not finished, and leaves the rest as it is.

        folder = mirrorjax.sweep(["experiment=smoke", "population.seeds=4"])

    Args:
        overrides: as on the command line, without a shell's quotes; `-m` too.

    Returns:
        The sweep's folder, for `mirrorjax.results.read.Results.open`.

    Raises:
        InputError: a setting is not allowed; nothing was trained.
        RuntimeError: a population could not be finished; says why.
        KeyboardInterrupt: the kernel was interrupted; in training the state is saved first.
    """
    from mirrorjax.launch.run import sweep  # a moment's work: it brings Hydra, and what trains brings JAX

    return sweep(overrides)
