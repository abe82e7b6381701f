"""The map in print: P(mirror) and SSI at the end, with the boundary and the paper's point."""

import numpy as np

from mirrorjax.report.chart.chart import Chart, Plot, Scale, at_places
from mirrorjax.report.chart.marks import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, HeatMap, Line, Look, Points, Rule
from mirrorjax.report.map.axes import Axis
from mirrorjax.report.map.boundary import boundary_of
from mirrorjax.report.map.cells import Cells
from mirrorjax.report.map.data import colour_range
from mirrorjax.report.map.orders import SHARE, Order
from mirrorjax.report.map.paper_point import paper_point
from mirrorjax.report.words.numbers import epoch_words

_WANTED = ("mirror", "ssi_last", "empathy", "overlap_frog_object")  # of each regime two
_MOST_WRITTEN = 120
_COLOURS = (BLUE, RED, GREEN, PURPLE, ORANGE, GREY)
_LINES = {"value": (2.6, "solid"), "low": (1.5, "dash"), "high": (1.5, "dash")}
_CONSTRUCTED = Look(dash="dot", width=1.5)


def printed_map(found: Cells) -> Chart | None:
    """P and SSI, or what else was measured first; None where nothing was."""
    known = {order: last for order in found.orders if (last := found.last(order.name)) is not None}
    shown = [order for order in known if order.name in _WANTED] or [*known][:1]
    if not shown:
        return None
    number = paper_point(found).slice_number
    rows, where = (8, "") if found.y is None else (len(found.y.values), found.slice_words[number])
    plots = [
        _lines(found, order, known[order]) if found.y is None else _map(found, found.y, order, known[order], number)
        for order in shown
    ]
    title = "; ".join(filter(None, (where, found.networks_words(False))))
    return Chart([plots], int(np.clip(200 + 28 * rows, 340, 900)), title)


def _title(found: Cells, order: Order, last: int) -> str:
    return f"{order.label}, {found.clock} {epoch_words(found.epoch[last])}"


def _map(found: Cells, up: Axis, order: Order, last: int, number: int) -> Plot:
    own = found.slice_number == number
    grid = np.full((len(up.values), len(found.x.values)), np.nan)
    grid[found.place[own, 1], found.place[own, 0]] = found.values[order.name].value[last, own]
    limits = colour_range(order, found.values[order.name], found.epoch)
    cells = HeatMap(grid, limits, written=".2g" if grid.size <= _MOST_WRITTEN else "")
    along = (("x", found.x), ("y", up))
    rules = [Rule(place, side, _CONSTRUCTED) for side, axis in along for place, *_ in axis.marks()]
    boundary = _boundary(found, order, last, number) if order.is_verdict else []
    marks = [cells, *boundary, *rules, *_paper_star(found)]
    scales = (at_places(axis.label, axis.ticks) for axis in (found.x, up))
    return Plot(marks, *scales, _title(found, order, last))


def _paper_star(found: Cells) -> list[Points]:
    """Beside the cell's middle, where its value is written."""
    place = paper_point(found).place
    if place is None:
        return []
    left = 0.3 if place[0] == 0 else -0.3
    look = Look(RED, "the paper's point", symbol="star", size=17, edge="white")
    return [Points(np.array([place[0] + left]), np.array([place[1] + 0.27]), look)]


def _boundary(found: Cells, order: Order, last: int, number: int) -> list[Line]:
    """White lines with a dark edge, so that they are seen on all colours."""
    lines = []
    for level, own in boundary_of(found, order.name, last, number).lines.items():
        width, dash = _LINES[level]
        for line in own:
            looks = Look("black", width=width + 1.7), Look("white", dash=dash, width=width)
            lines += [Line(line[:, 0], line[:, 1], look) for look in looks]
    return lines


def _lines(found: Cells, order: Order, last: int) -> Plot:
    """One line a slice."""
    value, low, high, _ = (each[last] for each in found.values[order.name])
    marks: list[Line | Rule] = []
    for number, name in enumerate(found.slice_words):
        own = np.flatnonzero((found.slice_number == number) & np.isfinite(value))
        look = Look(_COLOURS[number % len(_COLOURS)], name, symbol="circle")
        marks.append(Line(found.place[own, 0], value[own], look, low[own], high[own]))
        centre = boundary_of(found, order.name, last, number).centre if order.is_verdict else None
        if centre is not None:
            shaded = Look(look.colour, dash="dash", width=1.5)
            marks.append(Rule(centre.value, "x", shaded, low=centre.low, high=centre.high))
    marks += [Rule(place, "x", _CONSTRUCTED) for place, *_ in found.x.marks()]
    point = paper_point(found)
    if point.place is not None:
        marks.append(Rule(point.place[0], "x", Look(GREY, dash="dashdot", width=1.5), "the paper's point"))
    limits = (-0.04, 1.04) if order.kind == SHARE else None
    across = at_places(found.x.label, found.x.ticks)
    return Plot(marks, across, Scale(order.label, limits), _title(found, order, last))
