"""Where brains of assembly calculus are to collapse, and where assemblies complete themselves: lines of their map."""

from collections.abc import Sequence
from statistics import NormalDist

import contourpy
import numpy as np

from mirrorjax.report.chart.marks import GREEN, RED, Line, Look, Rule
from mirrorjax.report.map.axes import Axis
from mirrorjax.report.map.cells import Cells

DENSITY, FIRING = 0.05, 1.6  # of the random fibres; √n times so many neurons fire
COMPLETED = 0.5  # of an assembly that comes back from 40 % of it
_COLLAPSE, _COMPLETION = Look(RED, "collapse is predicted", dash="dash"), Look(GREEN, "half of an assembly comes back")


def most_firing(neurons: int) -> int:
    """k of areas of n neurons."""
    return round(FIRING * neurons**0.5)


def edge_of_collapse(neurons: int, firing: int) -> float:
    """The dose at which a neuron of both parents is captured by one: 2(1 − kp/θ), θ the drive of the k-th neuron."""
    mean = 2 * firing * DENSITY
    threshold = mean + NormalDist().inv_cdf(1 - firing / neurons) * (mean * (1 - DENSITY)) ** 0.5
    return 2 * (1 - firing * DENSITY / threshold)


def lines_of_brains(found: Cells, number: int, last: int) -> list[Line | Rule]:
    """The dose of collapse, and the contour of completion at half, in a slice at a checkpoint; none of networks."""
    if "completion" not in found.values:
        return []
    marks: list[Line | Rule] = []
    for side, axis in zip("xy", found.along, strict=False):
        edges = (axis.place_of(edge_of_collapse(size, most_firing(size))) for size in _sizes(found, number))
        if axis.names == ("dose",):
            marks += [Rule(edge, side, _COLLAPSE, "collapse") for edge in edges if edge is not None]
    return marks + _completed(found, number, last)


def lines_words(found: Cells) -> list[str]:
    """What the lines are."""
    if not lines_of_brains(found, 0, len(found.epoch) - 1):
        return []
    return [
        "Red, dashed: the dose from which capture by one shared parent predicts one assembly for everything, "
        "2(1 − kp/θ). Green: half of an assembly in MIX comes back from 40 % of it (mean over a cell's brains), "
        "which takes more than keeping the object apart allows."
    ]


def _sizes(found: Cells, number: int) -> Sequence[int]:
    """Neurons an area, of brains in which persons share one: whoever has two has other parents."""
    groups = [group for cell in np.flatnonzero(found.slice_number == number) for group in found.groups[cell]]
    return sorted({int(each.settings["neurons"]) for each in groups if each.settings.get("areas") != "apart"})


def _completed(found: Cells, number: int, last: int) -> list[Line | Rule]:
    own = found.slice_number == number
    values = found.values["completion"].value[last, own]
    if found.y is None:
        return []
    grid = np.full((_size(found.y), _size(found.x)), np.nan)
    grid[found.place[own, 1], found.place[own, 0]] = values
    if min(grid.shape) < 2:
        return []
    lines = contourpy.contour_generator(z=np.ma.masked_invalid(grid)).lines(COMPLETED)
    return [Line(np.asarray(line)[:, 0], np.asarray(line)[:, 1], _COMPLETION) for line in lines]


def _size(axis: Axis) -> int:
    return len(axis.values)
