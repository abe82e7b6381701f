"""Repeated timings: medians and spread, compile time apart."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

REPEATS = 5


@dataclass(frozen=True)
class Figure:
    """One measured number."""

    name: str  # what was measured; unique in a section
    # median, low, high: over the repetitions
    median: float
    low: float
    high: float
    unit: str  # of all three
    flops: float | None = None  # floating-point operations a second that the median means, where that is known
    parameters: dict[str, Any] | None = None  # what it was measured at

    def as_dict(self) -> dict[str, Any]:
        """Plain containers, without what is unknown, six digits."""
        kept = ((name, value) for name, value in asdict(self).items() if value is not None)
        return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in kept}


def once(name: str, value: float, unit: str, **parameters: Any) -> Figure:
    """A number that was measured once, or counted."""
    return Figure(name, value, value, value, unit, parameters=parameters or None)


def seconds(function: Callable[[], Any], repeats: int = REPEATS) -> list[float]:
    """Wall-clock seconds of each of `repeats` calls, which must wait for what they start; one more is not counted."""
    return side_by_side({"": function}, repeats)[""]


def side_by_side(functions: dict[str, Callable[[], Any]], repeats: int = REPEATS) -> dict[str, list[float]]:
    """`seconds` of several functions in turns, so that whatever else the machine does meets all of them."""
    for function in functions.values():
        function()
    found: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            found[name].append(time.perf_counter() - start)
    return found


def figure(name: str, values: list[float], unit: str, flops_each: float | None = None, **parameters: Any) -> Figure:
    """The figure of several measurements of the same thing; `flops_each` are the operations of one unit of work."""
    median = statistics.median(values)
    return Figure(name, median, min(values), max(values), unit, flops_each and median * flops_each, parameters or None)


def rate(
    name: str, work: float, spent: list[float], unit: str, flops_each: float | None = None, **parameters: Any
) -> Figure:
    """Work a second, from the seconds that the same work took each time."""
    return figure(name, [work / s for s in spent], unit, flops_each, **parameters)
