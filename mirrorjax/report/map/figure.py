"""Knob against knob: every order parameter over a grid of settings, at every checkpoint, down to single networks."""

from dataclasses import replace

import numpy as np

from mirrorjax.report.chart.chart import Chart, Plot, Scale, at_places
from mirrorjax.report.chart.figure import Cell, Chooser, FigureKind, LiveMap, Panel, Table
from mirrorjax.report.chart.marks import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, HeatMap, Line, Look, Points, Rule
from mirrorjax.report.map.axes import Axis
from mirrorjax.report.map.boundary import boundary_of
from mirrorjax.report.map.cells import Cells, cells, why_none
from mirrorjax.report.map.collapse import lines_of_brains
from mirrorjax.report.map.data import colour_range, map_data
from mirrorjax.report.map.orders import SHARE, Order
from mirrorjax.report.map.paper_point import paper_point
from mirrorjax.report.read.view import View, once

_HEIGHT = 460
_WANTED = (  # of each regime two
    *("mirror", "ssi_last", "empathy", "overlap_frog_object", "voi", "belief_truth"),
    *("locking", "locking_exact", "act_mi", "act_mi_exact", "pair_alive", "alternation"),
)
_MOST_WRITTEN = 120
_COLOURS = (BLUE, RED, GREEN, PURPLE, ORANGE, GREY)
_LINES = {"value": (2.6, "solid"), "low": (1.5, "dash"), "high": (1.5, "dash")}
_CONSTRUCTED = Look(dash="dot", width=1.5)


@once
def cells_of(view: View) -> Cells | None:
    """The map of a view's population; None where there is none."""
    return cells(view.population) if len(view.networks.group) and not why_none(view.population) else None


def panel(view: View) -> Panel:
    """Builds the map."""
    result, found = Panel("Phase map: the settings against each other"), cells_of(view)
    if found is None:
        return result.without(why_none(view.population))
    result.title = f"Phase map: {' against '.join(axis.label for axis in reversed(found.along))}"
    orders = Chooser("Order parameter", tuple(order.label for order in found.orders))
    # along one axis the slices are lines of one diagram
    slices = tuple((Chooser(a.letters, tuple(a.ticks)), int(a.paper or 0)) for a in found.slices if found.y)
    cell = tuple(Chooser(axis.letters, tuple(axis.ticks)) for axis in (found.along if found.y else found.axes))
    data = map_data(found, view.population)
    result.live = LiveMap(data, orders, slices, cell, len(found.checkpoint), _HEIGHT)
    result.caption, result.for_print = _caption(found), printed_map(found)
    return result


def _caption(found: Cells) -> list[str]:
    shares = any(order.is_verdict for order in found.orders)
    words = [
        "Of shares the interval is Wilson's; of means the 5 % and 95 % quantiles over a cell's networks (of "
        "fewer than 8, the least and the largest); of susceptibilities and Binder cumulants a bootstrap over networks, "
        "at the last checkpoint, of 8 and more. Diverged networks are left out and counted. Grey: no networks, nothing "
        "measured, or for a verdict nobody who has learnt the task. Colours have one scale for all "
        "checkpoints and slices, which ends at the 1 % and 99 % quantiles of the cells.",
        *([_BOUNDARY_WORDS if found.y else _CENTRE_WORDS] if shares else []),
        " ".join(paper_point(found).words),
    ]
    steps = [sentence for axis in found.axes for _, _, sentence in axis.marks()]
    if steps:
        words.append("Dotted: steps that the construction itself puts there, no findings. " + " ".join(steps))
    if found.data_seeds > 1:
        words.append(
            f"Networks of {found.data_seeds} datasets, which differ in their seed, are pooled in each cell; Wilson "
            "intervals take them as independent."
        )
    words.append("Values of an axis stand at even distances, whatever they are.")
    return words


_BOUNDARY_WORDS = (
    "The white line is where a logistic regression on the settings has P = ½; between the dashed ones its 95 % band "
    "of P holds ½, and the boundary may be there."
)
_CENTRE_WORDS = (
    "The thin dashed curve is a logistic regression of P on the setting; where it is ½ a dashed line stands, shaded is "
    "its 95 % interval."
)


def printed_map(found: Cells) -> Chart | None:
    """P and SSI, or what else was measured first; None where nothing was."""
    known = {order: last for order in found.orders if (last := found.last(order.name)) is not None}
    shown = [order for order in known if order.name in _WANTED] or [*known][:1]
    if not shown:
        return None
    number = paper_point(found).slice_number
    rows, where = (8, "") if found.y is None else (len(found.y.values), found.slice_words[number])
    plots = []
    for order in shown:
        last = known[order]
        plot = _lines(found, order, last) if found.y is None else _map(found, found.y, order, last, number)
        plots.append(replace(plot, title=f"{order.label}, {found.time.at(found.epoch[last])}"))
    title = "; ".join(filter(None, (where, found.networks_words(False))))
    return Chart([plots], int(np.clip(200 + 28 * rows, 340, 900)), title)


def _map(found: Cells, up: Axis, order: Order, last: int, number: int) -> Plot:
    own = found.slice_number == number
    grid = np.full((len(up.values), len(found.x.values)), np.nan)
    grid[found.place[own, 1], found.place[own, 0]] = found.values[order.name].value[last, own]
    limits = colour_range(order, found.values[order.name], found.epoch)
    cells = HeatMap(grid, limits, written=".2g" if grid.size <= _MOST_WRITTEN else "")
    along = (("x", found.x), ("y", up))
    rules = [Rule(place, side, _CONSTRUCTED) for side, axis in along for place, *_ in axis.marks()]
    boundary = _boundary(found, order, last, number) if order.is_verdict else []
    marks = [cells, *boundary, *rules, *lines_of_brains(found, number, last), *_paper_star(found)]
    across, upwards = (at_places(axis.label, axis.ticks) for axis in (found.x, up))
    return Plot(marks, across, upwards)


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
    return Plot(marks, at_places(found.x.label, found.x.ticks), Scale(order.label, limits))


def table(view: View) -> Table | None:
    """All cells at all checkpoints: nominal and measured coordinates, counts, and every order parameter."""
    found = cells_of(view)
    if found is None:
        return None
    names = [name for axis in found.axes for name in axis.names]
    head = ["checkpoint", "epoch", *names, *found.coordinates, "networks", "diverged"]
    for order in found.orders:
        head += [f"{order.in_files}{word}" for word in ("", "_low", "_high", "_networks")]
    rows: list[list[Cell]] = []
    nominal = [
        [_plain(value) for axis, at in zip(found.axes, place, strict=True) for value in axis.values[at]]
        for place in found.place
    ]
    for row, checkpoint in enumerate(found.checkpoint):
        for cell, settings in enumerate(nominal):
            if not found.networks[row, cell]:
                continue
            line: list[Cell] = [int(checkpoint), float(found.epoch[row]), *settings]
            line += [float(values[cell]) for values in found.coordinates.values()]
            line += [int(found.networks[row, cell]), int(found.diverged[row, cell])]
            for order in found.orders:
                own = found.values[order.name]
                line += [float(each[row, cell]) for each in (own.value, own.low, own.high)]
                line.append(int(own.count[row, cell]))
            rows.append(line)
    return Table(head, rows)


def _plain(value: object) -> Cell:
    return "all" if value is None else value if isinstance(value, str | int | float) else str(value)


FIGURE = FigureKind("phase-map", panel, table)
