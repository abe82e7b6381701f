"""The first figure: the share of networks that learnt the task, and of these the share of mirror networks."""

import textwrap
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mirrorjax.report.chart.chart import Chart, Plot, Scale, one
from mirrorjax.report.chart.figure import Cell, Chooser, Panel, Table
from mirrorjax.report.chart.marks import RED, SKY, HeatMap, Look, Note, Points
from mirrorjax.report.map.cells import Cells
from mirrorjax.report.map.figure import cells_of
from mirrorjax.report.map.paper_point import paper_point
from mirrorjax.report.read.caused import Verdict, total, verdict, verdicts
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted
from mirrorjax.statistics.intervals import share

MOST_ROWS = 12  # of settings beside each other; more become a map
_LETTERS = 32  # of a row's label in one line: longer ones would leave no room for what they name
_LOOKS = (
    Look(SKY, "learnt the task", symbol="circle", size=10),
    Look(RED, "mirror networks among these", symbol="diamond", size=10),
)
_SHARE = Scale("share of networks", (-0.04, 1.04), format=".0%")
_INTERVALS = "Whiskers: Wilson 95 % intervals."


@dataclass(frozen=True)
class Point:
    """What is known of the networks of one setting, or of all at one checkpoint (`epoch`; nan: at the end)."""

    label: str
    verdict: Verdict
    epoch: float = np.nan

    @property
    def shares(self) -> list[tuple[float, float, float]]:
        """Learnt of all, and mirror networks of those with a verdict: Wilson's low, value, high."""
        low, value, high = map(float, share(self.verdict.learnt, self.verdict.networks))
        return [(low, value, high), self.verdict.interval]


def by_setting(views: list[View]) -> list[Point]:
    """The populations apart, where there are several; else the cells of the one, if settings vary on a grid."""
    if len(views) > 1:
        return [Point(view.population.label, verdict(view)) for view in views]
    found = cells_of(views[0]) if views else None
    if found is None:
        return []
    own = verdicts(views[0])
    every = (sum((own[group.index] for group in groups), Verdict()) for groups in found.groups)
    return [Point(found.words(cell), each) for cell, each in enumerate(every)]


def over_training(view: View) -> list[Point]:
    """All networks at every checkpoint."""
    mirror = "mirror" if "mirror" in view.population.measures else "NULL::DOUBLE"
    columns = view.population.query(
        "SELECT max(epoch) AS epoch, count(*) AS networks, count(*) FILTER (learnt > 0) AS learnt, "
        f"count({mirror}) FILTER (alive) AS judged, count(*) FILTER (alive AND {mirror} > 0) AS mirror "
        "FROM observations GROUP BY checkpoint ORDER BY checkpoint"
    )
    points = []
    for place, epoch in enumerate(columns["epoch"]):
        counts = (int(columns[name][place]) for name in ("networks", "learnt", "judged", "judged", "mirror"))
        points.append(Point(view.population.time.at(epoch), Verdict(*counts), float(epoch)))
    return points


def panel(views: list[View]) -> Panel:
    """Builds it: settings beside each other where few vary, a map where many do, else all networks over training."""
    result = Panel("Networks that learnt, and mirror networks")
    points, grid = _shown(views)
    if grid is not None:
        result.choosers, order = _slices(grid)
        result.is_printed = False  # that of all order parameters is
        result.variants = {(place,): _map(points, grid, number) for place, number in enumerate(order)}
        result.caption = ["Numbers: share of mirror networks among the learnt. Grey: not learnt, so no verdict."]
    else:
        over = np.isfinite(points[0].epoch)
        chart = _over_training(points, views) if over else _rows(points[:MOST_ROWS])
        result.variants, result.print_note = {(): chart}, _INTERVALS
        left_out = 0 if over else len(points[MOST_ROWS:])
        result.caption = [_INTERVALS, *([f"{counted(left_out, 'population')} not shown."] if left_out else [])]
    return result


def _shown(views: list[View]) -> tuple[list[Point], Cells | None]:
    """The points, and the map whose cells they are if they are too many for rows."""
    points = by_setting(views)
    if 1 < len(points) <= MOST_ROWS or len(views) != 1:
        return points, None
    grid = cells_of(views[0])
    if len(points) > 1 and grid is not None and grid.y is not None and any(each.verdict.judged for each in points):
        return points, grid
    return over_training(views[0]), None


def _slices(grid: Cells) -> tuple[tuple[Chooser, ...], list[int]]:
    """The choice of a slice, and the slices' numbers in its order: that with the paper's point first."""
    first = paper_point(grid).slice_number
    order = [first, *(number for number in range(len(grid.slice_words)) if number != first)]
    words = tuple(grid.slice_words[number] or "all" for number in order)
    return (Chooser("At" if len(words) > 1 else "Settings", words),), order


def _points(points: list[Point], number: int, **options: Any) -> Points:
    """One of the two shares over epochs; `across`, at heights from the top, slightly beside each other."""
    low, value, high = np.array([point.shares[number] for point in points]).T
    rows = len(points) - np.arange(len(points)) + 0.14 * (1 - 2 * number)
    x, y = (value, rows) if options.get("across") else (np.array([point.epoch for point in points]), value)
    words = [f"{each.label}: {each.verdict.words if number else each.verdict.learnt_words}" for each in points]
    return Points(x, y, _LOOKS[number], low, high, "{words}", {"words": words}, **options)


def _rows(points: list[Point]) -> Chart:
    # as they are written beside the axis
    labels, number = [textwrap.wrap(point.label, _LETTERS) for point in points], len(points)
    notes = []
    for row, point in zip(range(number, 0, -1), points, strict=True):
        x, side = (0.0, "left") if point.shares[0][1] > 0.5 else (1.0, "right")
        if point.verdict.missing:
            notes.append(Note(point.verdict.missing, x, row - 0.14, ("middle", side), True))
    marks = [_points(points, which, across=True) for which in (0, 1)]
    ticks = tuple((float(number - row), "\n".join(lines)) for row, lines in enumerate(labels))
    plot = Plot([*marks, *notes], replace(_SHARE, limits=(-0.03, 1.03)), Scale("", (0.4, number + 0.6), ticks=ticks))
    return one(plot, 170 + (20 + 16 * max(map(len, labels))) * max(number, 4))


def _over_training(points: list[Point], views: list[View]) -> Chart:
    """Both shares over epochs, and why there is no verdict where there is none."""
    marks, missing = [_points(points, which, joined=True) for which in (0, 1)], total(views).missing
    time = views[0].population.time
    return one(Plot([*marks, *([Note(missing, filled=True)] if missing else [])], Scale(time.axis), _SHARE), 400)


def _map(points: list[Point], grid: Cells, number: int) -> Chart:
    """The share of mirror networks over the two axes of one slice."""
    assert grid.y is not None
    shape = (len(grid.y.values), len(grid.x.values))
    value, words = np.full(shape, np.nan), np.full(shape, "", object)
    for cell in np.flatnonzero(grid.slice_number == number):
        x, y = grid.place[cell, :2]
        value[y, x] = points[cell].shares[1][1]
        words[y, x] = f"{points[cell].label}: {points[cell].verdict.words}"
    written = ".0%" if shape[1] <= 10 else ""
    cells = HeatMap(value, (0.0, 1.0), bar=False, written=written, hover="{words}", details={"words": words})
    across, up = (Scale(axis.label, names=tuple(axis.ticks)) for axis in (grid.x, grid.y))
    return one(Plot([cells], across, up), int(np.clip(150 + 30 * shape[0], 300, 480)))


def table(views: list[View]) -> Table | None:
    """Every count behind the shares."""
    points, _ = _shown(views)
    rows: list[list[Cell]] = [
        [
            *(point.label, point.epoch, point.verdict.networks, point.verdict.learnt),
            *(point.verdict.judged, point.verdict.mirror),
            *(each for low, value, high in point.shares for each in (value, low, high)),
        ]
        for point in points
    ]
    shares = "learnt_share learnt_low_95 learnt_high_95 mirror_share mirror_low_95 mirror_high_95"
    head = f"setting epoch networks learnt with_verdict mirror {shares}"
    return Table(head.split(), rows) if rows else None
