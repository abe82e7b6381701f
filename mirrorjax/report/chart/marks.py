"""What charts are made of: marks and their looks. Plain data in words of no library; renderers draw them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

# Okabe and Ito's colours, told apart by colour-blind readers too
RED, GREEN, BLUE, GREY, ORANGE, PURPLE = "#D55E00", "#009E73", "#0072B2", "#595959", "#E69F00", "#CC79A7"
SKY = "#56B4E9"
NO_DATA = "#ececec"  # behind cells without data


@dataclass(frozen=True)
class Look:
    """How a mark looks, and what the legend calls it; widths and sizes are in pixels of the page."""

    colour: str = "black"  # of lines, symbols and bars; a band is a paler one
    label: str = ""  # in the legend; marks of one label are one entry and are switched together; empty: no entry
    group: str = ""  # what the label becomes where charts are put beside each other; the label itself if empty
    dash: str = "solid"  # solid, dot, dash, dashdot, longdash or longdashdot
    width: float = 2.0  # of a line
    symbol: str = ""  # circle, circle-open, square, diamond, hexagon, triangle-up, cross, x or star; empty for none
    size: float = 5.0  # of a symbol
    edge: str = ""  # colour around symbols; empty for none
    hatch: str = ""  # of bars, one of / x . in the colour `second`; empty for none
    second: str = "white"
    opacity: float = 1.0  # of lines and symbols
    bold: bool = False  # whether the legend stresses it
    off: bool = False  # whether it is only in the legend until the reader clicks on it there; it is not printed then


@dataclass(frozen=True, eq=False)
class Series:
    """Values with their looks and intervals.

    `x` and `y` are places on the scales of the plot, [values]; one without both is not drawn. `low` and `high` are ends
    of the intervals, [values], nan where there is none; `details` further columns of numbers or texts, [values] each.
    """

    x: np.ndarray
    y: np.ndarray
    look: Look
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    hover: str = ""  # for the page, a format of x, y, low, high, label and `details`; empty: none
    details: Mapping[str, Sequence[Any] | np.ndarray] = field(default_factory=dict)

    @property
    def known(self) -> np.ndarray:
        """Which values have a place."""
        return np.isfinite(np.asarray(self.x, np.float64)) & np.isfinite(np.asarray(self.y, np.float64))


@dataclass(frozen=True, eq=False)
class Line(Series):
    """A line, with its intervals as a band; `broken` where a value is nan, instead of going on."""

    broken: bool = False


@dataclass(frozen=True, eq=False)
class Points(Series):
    """Points with their intervals as whiskers, along y or, `across`, along x; `joined` by lines if asked."""

    across: bool = False
    joined: bool = False


@dataclass(frozen=True, eq=False)
class Bars(Series):
    """Bars from zero, upright or `across`, with intervals as whiskers; width and shift are in units of the scale."""

    across: bool = False
    width: float = 0.75
    shift: float = 0.0  # how far each stands beside its place
    letters: str = ""  # at the end of every bar; empty for none


def reach(mark: Points | Bars) -> np.ndarray | None:
    """How far whiskers go below and above the known values, [2, values]; 0 where an end is not known, None without."""
    if mark.low is None or mark.high is None:
        return None
    value = mark.x if mark.across else mark.y
    return np.nan_to_num(np.array([value - mark.low, mark.high - value])).clip(0)[:, mark.known]


@dataclass(frozen=True, eq=False)
class HeatMap:
    """Coloured cells z [rows upwards, columns] at the whole places 0, 1, 2 … of both scales; nan is left grey.

    `hover` and `details` are as of a series, with z for the value; arrays [rows, columns].
    """

    z: np.ndarray
    limits: tuple[float, float]  # where colours begin and end
    unit: str = ""  # beside the bar of colours
    bar: bool = True  # whether there is one
    written: str = ""  # the format of the values in the cells; empty if they are not written
    format: str = ""  # of values beside the bar
    hover: str = ""
    details: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def texts(self) -> list[tuple[int, int, str, str]]:
        """Column, row, text and colour of what is written in cells: white on dark ones."""
        if not self.written:
            return []
        (low, high), known = self.limits, np.argwhere(np.isfinite(self.z))
        values = [float(self.z[row, column]) for row, column in known]
        colours = ["white" if value - low < 0.55 * (high - low) else "black" for value in values]
        return [
            (int(column), int(row), format(value, self.written), colour)
            for (row, column), value, colour in zip(known, values, colours, strict=True)
        ]


@dataclass(frozen=True)
class Rule:
    """A line across a whole plot, at a place of its y or x scale, with what lies between `low` and `high` shaded."""

    at: float
    axis: str = "y"
    look: Look = Look(GREY, dash="dot", width=1)
    label: str = ""
    low: float | None = None
    high: float | None = None
    label_at: float | None = None  # where its label is, if not beside the line


@dataclass(frozen=True)
class Note:
    """A text in a plot, of one line or several, whose `anchor` is at x and y."""

    text: str
    x: float = 0.5  # as y, a share of the plot unless `in_data`
    y: float = 0.5
    anchor: tuple[str, str] = (
        "middle",
        "center",
    )  # top, middle or bottom, and left, center or right
    in_data: bool = False  # whether x and y are places on the scales
    filled: bool = False  # whether it is on white
    colour: str = GREY
    bold: bool = False


def labels_apart(rules: Sequence[Rule], gap: float) -> list[Rule]:
    """Rules whose labels are at least so far apart, each as near to its line as that allows, in rising order."""
    order, places = sorted(rules, key=lambda each: each.at), list[float]()
    for each in order:
        places.append(max(each.at, places[-1] + gap) if places else each.at)
    down = sum(place - each.at for place, each in zip(places, order, strict=True)) / max(1, len(order))
    return [replace(each, label_at=place - down) for place, each in zip(places, order, strict=True)]


AnyMark = Line | Points | Bars | HeatMap | Rule | Note
