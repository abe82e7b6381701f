"""Agents: how much they help, how many do, and how many are mirror networks, over how much of the reward is shared."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.measures import label
from mirrorjax.report.chart.chart import Chart, Plot, Scale, around, one
from mirrorjax.report.chart.figure import Cell, Chooser, FigureKind, Panel, Table
from mirrorjax.report.chart.marks import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, Look, Points
from mirrorjax.report.map.axes import Axis
from mirrorjax.report.map.cells import Cells, networks_of
from mirrorjax.report.map.figure import cells_of
from mirrorjax.report.map.orders import ORDERS
from mirrorjax.report.read.view import View, once
from mirrorjax.report.words.numbers import listed, plain_number, tidy_number
from mirrorjax.statistics import boundary
from mirrorjax.statistics.intervals import Interval, mean_interval, mean_interval_words, share

HELPS = 0.02  # of its acts: who helps more often is a helper
_ALONG = "reward_sharing"
_COLOURS = (BLUE, SKY, GREEN, ORANGE, RED, PURPLE, GREY)
_LABELS = {
    "help_share": label("help_share"),
    "helpers": "share of agents that help",
    "mirror": next(order.label for order in ORDERS if order.name == "mirror"),
}


@dataclass(frozen=True)
class HelpLine:
    """One combination of the other settings: places along the axis [cells], and by what is shown its intervals.

    `values` are arrays [cells]; `number` by what is shown the agents that were asked, [cells], `edge` the fitted place
    where half of the agents are helpers, or why there is none.
    """

    name: str
    place: np.ndarray
    values: dict[str, Interval[np.ndarray]]
    number: dict[str, np.ndarray]
    edge: str


@once
def lines(view: View) -> tuple[list[Axis], list[HelpLine]] | None:
    """The axes, that along which lines run first, and the lines at the last records; None without, or without help."""
    found = cells_of(view)
    if found is None or found.last("help_share") is None:
        return None
    along = next((axis for axis in found.axes if axis.names == (_ALONG,)), found.x)
    if not along.is_number or None in along.numbers:
        return None
    names = ["help_share", *(["mirror"] if found.last("mirror") is not None else [])]
    values = {name: _networks(view, found, name) for name in names}
    others = [axis for axis in found.axes if axis is not along]
    lines_of = [tuple(place[[found.axes.index(axis) for axis in others]]) for place in found.place]
    own = [[cell for cell, line in enumerate(lines_of) if line == each] for each in sorted(set(lines_of))]
    return [along, *others], [_line(found, along, np.array(cells), values) for cells in own]


def _networks(view: View, found: Cells, name: str) -> np.ndarray:
    last = found.last(name)
    assert last is not None
    return networks_of(view.population, name, int(found.checkpoint[last]), len(found.place))[0]


def _line(found: Cells, along: Axis, cells: np.ndarray, values: dict[str, np.ndarray]) -> HelpLine:
    at = found.axes.index(along)
    cells = cells[np.argsort(found.place[cells, at])]
    words = [axis.named(own) for axis, own in zip(found.axes, found.place[cells[0]], strict=True) if axis is not along]
    means = np.array([mean_interval(values["help_share"][cell]) for cell in cells])
    shown = {"help_share": Interval(*means.clip(0, 1).T)}  # it is a share, which Student's t does not know
    shares = {"helpers": np.where(np.isnan(values["help_share"]), np.nan, values["help_share"] > HELPS)}
    shares |= {name: each for name, each in values.items() if name == "mirror"}
    number = {"help_share": np.isfinite(values["help_share"][cells]).sum(axis=1)}
    for name, each in shares.items():
        number[name] = np.isfinite(each[cells]).sum(axis=1)
        shown[name] = share(np.nansum(each[cells], axis=1), number[name])
    helpers, place = np.nansum(shares["helpers"][cells], axis=1), along.coordinates()[found.place[cells, at]]
    return HelpLine(", ".join(words), place, shown, number, _edge(along, place, helpers, number["helpers"]))


def _edge(along: Axis, place: np.ndarray, helpers: np.ndarray, number: np.ndarray) -> str:
    """Where half of the agents are helpers."""
    if number.any() and (helpers == number).all():
        return f"all agents help, at every {along.letters}"
    if not helpers.any():
        return f"no agent helps, at any {along.letters}"
    try:
        fit = boundary.fit(place, helpers, number, names=[along.scale])
    except InputError as error:
        return f"no edge was fitted: {error}"
    if not fit.exists:
        return fit.why
    low, middle, high = (plain_number(each) if np.isfinite(each) else "unbounded" for each in fit.centre)
    return f"half of the agents help from {along.scale} = {middle} ({low} to {high}) on"


def panel(view: View) -> Panel:
    """Builds the figure: one variant for each of what is shown, and all of them beside each other for print."""
    result, found = Panel("Help over what is made of the other's points, and over the world"), lines(view)
    if found is None:
        return result.without("Nothing that moves the reward or the world varies, or no help was told of.")
    axes, own = found
    names = [name for name in _LABELS if all(name in each.values for each in own)]
    result.title = f"Help over {listed([axes[0].label, *(axis.letters for axis in axes[1:])])}"
    result.choosers = (Chooser("Shown", tuple(_LABELS[name] for name in names)),)
    result.variants = {(place,): _chart(axes[0], own, name) for place, name in enumerate(names)}
    plots = [result.variants[place,].plots[0] for place in range(len(names))]
    result.for_print = Chart((tuple(plots),), 380)
    fewest = min(int(each.number["help_share"].min()) for each in own)
    result.caption = [
        f"Agents' last records. Of help, the mean over agents with {mean_interval_words(fewest)}; of shares the "
        "interval is Wilson's, and the verdict is of those that have learnt their task. Who helps does so in more "
        f"than {tidy_number(HELPS)} of its acts, drawn by their probability. Lines stand a little beside each other.",
        " ".join(f"{each.name}: {each.edge}." if each.name else f"{each.edge}." for each in own),
    ]
    return result


def _chart(along: Axis, own: list[HelpLine], name: str) -> Chart:
    step = 0.01 * float(np.ptp(own[0].place) or 1.0)
    marks = []
    for number, line in enumerate(own):
        low, value, high = line.values[name]
        look = Look(_COLOURS[number % len(_COLOURS)], line.name, symbol="circle", size=6)
        hover = "{label}, {at}: {y:.3g} [{low:.3g}, {high:.3g}], {agents} agents"
        details = {"at": [f"{along.letters} {plain_number(each)}" for each in line.place], "agents": line.number[name]}
        shift = step * (number - (len(own) - 1) / 2)
        marks.append(Points(line.place + shift, value, look, low, high, hover, details, joined=True))
    limits = around(*(each for line in own for each in line.values[name]), include=[0.0])
    up = Scale(_LABELS[name], limits if name == "help_share" else (-0.04, 1.04))
    return one(Plot(marks, Scale(along.label), up), 420, title=_LABELS[name])


def table(view: View) -> Table | None:
    """All that is drawn."""
    found = lines(view)
    if found is None:
        return None
    return Table(["settings", found[0][0].letters, "shown", "agents", "low_95", "value", "high_95"], [*_rows(found[1])])


def _rows(own: list[HelpLine]) -> Iterator[list[Cell]]:
    for line in own:
        for name, (low, value, high) in line.values.items():
            for at, number, *ends in zip(line.place, line.number[name], low, value, high, strict=True):
                yield [line.name, float(at), name, int(number), *map(float, ends)]


FIGURE = FigureKind("helping", panel, table, regimes=("reinforcement",))
