"""Where the statistics of phase diagrams were before; they are in `mirrorjax.statistics`."""

import sys

from mirrorjax.statistics import boundary, intervals

__all__ = ["boundary", "intervals"]

for _module in (boundary, intervals):  # so that `from mirrorjax.phases.intervals import share` works
    sys.modules[f"{__name__}.{_module.__name__.rpartition('.')[2]}"] = _module
