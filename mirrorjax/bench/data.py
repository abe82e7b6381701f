"""The reference dataset from scratch and from the cache."""

import resource
import sys
import tempfile
import time
from pathlib import Path

from mirrorjax.bench.timing import Figure, once
from mirrorjax.dataset.build import DatasetSpec
from mirrorjax.dataset.cache import load_or_build
from mirrorjax.machine.runtime import Device


def data(devices: list[Device]) -> list[Figure]:
    """Seven million turns in a new folder, then again from it; compile time is part of it."""
    figures, rows = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("from scratch", "from the cache"):
            start = time.perf_counter()
            rows = load_or_build(DatasetSpec(), Path(folder)).counts["rows"]
            figures.append(once(name, time.perf_counter() - start, "s"))
    return [*figures, once("unique rows", rows, "rows"), once("peak memory", peak_memory(), "B")]


def peak_memory() -> float:
    """Bytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
