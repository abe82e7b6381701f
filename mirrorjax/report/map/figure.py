"""Knob against knob: every order parameter over a grid of settings, at every checkpoint, down to single networks."""

from mirrorjax.report.chart.figure import Cell, Chooser, FigureKind, LiveMap, Panel, Table
from mirrorjax.report.map.cells import Cells, cells, why_none
from mirrorjax.report.map.data import map_data
from mirrorjax.report.map.paper_point import paper_point
from mirrorjax.report.map.printed import printed_map
from mirrorjax.report.read.view import View, once

_HEIGHT = 460


@once
def cells_of(view: View) -> Cells | None:
    """The map of a view's population; None where there is none."""
    if not len(view.networks.group) or why_none(view.population):
        return None
    return cells(view.population)


def panel(view: View) -> Panel:
    """Builds the map."""
    result, found = Panel("Phase map: the settings against each other"), cells_of(view)
    if found is None:
        return result.without(why_none(view.population))
    result.title = f"Phase map: {' against '.join(axis.label for axis in reversed(found.along))}"
    result.live = LiveMap(
        data=map_data(found, view.population),
        orders=Chooser("Order parameter", tuple(order.label for order in found.orders)),
        # along one axis the slices are lines of one diagram
        slices=tuple((Chooser(a.letters, tuple(a.ticks)), int(a.paper or 0)) for a in found.slices if found.y),
        cell=tuple(Chooser(axis.letters, tuple(axis.ticks)) for axis in (found.along if found.y else found.axes)),
        checkpoints=len(found.checkpoint),
        height=_HEIGHT,
    )
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
