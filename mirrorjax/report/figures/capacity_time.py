"""Capacity against training time: the share of robust networks, and other order parameters, over seeds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mirrorjax.measurement.learnt import ROBUST
from mirrorjax.measures import measure
from mirrorjax.report.chart.chart import Chart, Plot, Scale, one, put_together
from mirrorjax.report.chart.figure import Chooser, FigureKind, Panel
from mirrorjax.report.chart.marks import HeatMap
from mirrorjax.report.read.over_seeds import Band, Curve, settled
from mirrorjax.report.read.populations import PEAK_AFTER, Group
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted
from mirrorjax.report.words.time import Time
from mirrorjax.statistics.intervals import share

MOST_WRITTEN = 360  # cells with their value written in
MOST_SERIES = 12  # of the chooser
MOST_COLUMNS = 60  # of checkpoints: more are thinner than a hair


@dataclass(frozen=True)
class OrderParameter:
    """One way to colour the diagram; `band` gives its value and interval at every checkpoint of a curve."""

    label: str
    unit: str
    band: Callable[[Curve], Band]
    is_share: bool = False


def _robust_share(curve: Curve) -> Band:
    return Band(*map(np.asarray, share(curve.robust, curve.networks)))


def _median(name: str) -> OrderParameter:
    known = measure(name)
    return OrderParameter(f"median {known.label}", known.unit or known.label, lambda curve: curve.bands[name])


ORDER_PARAMETERS = (
    OrderParameter("robust share", "share of networks", _robust_share, is_share=True),
    *map(_median, ("cmni", "cmni_hidden", "val_loss")),
)


@dataclass(frozen=True)
class Grid:
    """One series (all settings but the capacity equal) as a grid [R, C] of capacities and checkpoints.

    `rows` are sorted by depth and then width, `epochs` are paper epochs [C]; counts, nan where there is no record, and
    bands by order parameter's label are [R, C].
    """

    series: str
    rows: list[Group]
    epochs: np.ndarray
    networks: np.ndarray
    robust: np.ndarray
    bands: dict[str, Band]
    time: Time

    def seeds_words(self) -> str:
        """States how many networks a cell has."""
        if not np.isfinite(self.networks).any():
            return "no networks"
        low, high = int(np.nanmin(self.networks)), int(np.nanmax(self.networks))
        return f"{counted(low, 'network')} in every cell" if low == high else f"{low} to {high} networks a cell"


def grids(view: View) -> list[Grid]:
    """Makes one grid a series, that of the configuration nearest the paper's first, then those with most networks."""
    by_series: dict[str, list[Group]] = {}
    for group in view.population.groups:
        if len(view.curves[group.index].epoch):
            by_series.setdefault(group.series, []).append(group)
    names = list(by_series)
    if len(names) > MOST_SERIES:
        names.sort(key=lambda name: -sum(group.networks for group in by_series[name]))
    names.sort(key=lambda name: name != view.population.headline.series)
    return [_grid(view, name, by_series[name]) for name in names[:MOST_SERIES]]


def _grid(view: View, series: str, groups: list[Group]) -> Grid:
    groups = sorted(groups, key=lambda group: (group.settings["depth"] or 0, group.settings["width"] or 0))
    curves = [view.curves[group.index] for group in groups]
    epoch_of: dict[int, float] = {}
    for curve in curves:
        for checkpoint, epoch in zip(curve.checkpoint, curve.epoch, strict=True):
            epoch_of[int(checkpoint)] = max(epoch, epoch_of.get(int(checkpoint), 0.0))
    checkpoints = np.array(sorted(epoch_of))
    if len(checkpoints) > MOST_COLUMNS:
        checkpoints = checkpoints[np.unique(np.linspace(0, len(checkpoints) - 1, MOST_COLUMNS).round().astype(int))]
    shape = (len(groups), len(checkpoints))
    counts = {name: np.full(shape, np.nan) for name in ("networks", "robust")}
    bands = {each.label: Band(*np.full((3, *shape), np.nan)) for each in ORDER_PARAMETERS}
    for row, curve in enumerate(curves):
        known = np.isin(curve.checkpoint, checkpoints)
        columns = np.searchsorted(checkpoints, curve.checkpoint[known])
        for name, grid in counts.items():
            grid[row, columns] = getattr(curve, name)[known]
        for each in ORDER_PARAMETERS:
            for target, own in zip(bands[each.label], each.band(curve), strict=True):
                target[row, columns] = own[known]
    return Grid(
        series,
        groups,
        np.array([epoch_of[int(each)] for each in checkpoints]),
        **counts,
        bands=bands,
        time=view.population.time,
    )


def colour_range(grid: Grid, order: OrderParameter) -> tuple[float, float]:
    """Where the colours begin and end: 0 to 1 for a share; else cut to what was measured from epoch 1.5 on.

    Untrained networks score so far above trained ones that one colour would be left for all that training does.
    """
    late = grid.bands[order.label].median[:, settled(grid.epochs)]
    late = late[np.isfinite(late)]
    return (float(late.min()), float(late.max())) if len(late) and not order.is_share else (0.0, 1.0)


def column_labels(epochs: np.ndarray) -> list[str]:
    """Writes paper epochs with as few digits as tell them apart: of equal texts plotly would make one column."""
    for digits in (3, 4, 5, 6):
        labels = [f"{round(float(epoch), digits):.{digits}g}" for epoch in epochs]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{place}: {label}" for place, label in enumerate(labels)]


def panel(view: View) -> Panel:
    """Builds the diagram: one variant a series and order parameter."""
    result, made = Panel("Phase diagram: capacity against training time"), grids(view)
    if not made:
        return result.without("No records yet: the diagram has no cells.")
    labels = tuple(order.label for order in ORDER_PARAMETERS)
    result.choosers = (Chooser("Settings", tuple(grid.series for grid in made)), Chooser("Colour", labels))
    result.variants = {
        (place, number): _chart(grid, order)
        for place, grid in enumerate(made)
        for number, order in enumerate(ORDER_PARAMETERS)
    }
    shown = [*result.variants.values()][: len(labels)]
    title = f"{made[0].series} – {made[0].seeds_words()}; grey: no data"
    result.for_print = put_together(shown, labels, title, height=int(np.clip(120 + 20 * len(made[0].rows), 220, 800)))
    result.caption = [
        f"A network is robust at a checkpoint by the paper's thresholds, {ROBUST.words}. Shares are over all networks "
        "of a cell, diverged ones counted as not robust, with Wilson 95 % intervals on hover; medians are over "
        "networks that have not diverged, with bands of 90 % of them. Columns are checkpoints, which are not evenly "
        "spaced in time. Grey cells have no data. Settings other than the capacity are never pooled.",
        f"Except for shares, the colour scale spans what was measured from {view.population.time.at(PEAK_AFTER)} on: "
        "the untrained column may lie far outside it (its value is on hover). Intervals are conditional on the "
        "dataset: all seeds saw the same one.",
        "Networks in a cell: " + "; ".join(f"{grid.series}: {grid.seeds_words()}" for grid in made) + ".",
    ]
    if len(made) < len({group.series for group in view.population.groups}):
        result.caption.append(f"The {len(made)} series with most networks are offered; the table has all.")
    if len(made[0].rows) == 1:
        result.caption.append("There is only one capacity here: the diagram has a single row.")
    return result


def _chart(grid: Grid, order: OrderParameter) -> Chart:
    values, columns = grid.bands[order.label], column_labels(grid.epochs)
    digits, kind = (".0%", "Wilson 95 %") if order.is_share else (".4f", "5–95 %")
    written = values.median.size <= MOST_WRITTEN and len(columns) <= 18
    hover = (
        f"{{y}}, {grid.time.unit} {{x}}\n{order.label} {{z:{digits}}}\n{kind} {{low:{digits}}} to {{high:{digits}}}\n"
    )
    hover += "robust: {robust} of {networks} networks"
    details = {"low": values.low, "high": values.high, "robust": grid.robust, "networks": grid.networks}
    limits, written, shown = colour_range(grid, order), digits if written else "", ".0%" if order.is_share else ""
    cells = HeatMap(values.median, limits, order.unit, written=written, format=shown, hover=hover, details=details)
    across = Scale(f"checkpoint, at {grid.time.units}", names=tuple(columns))
    up = Scale("hidden layers × units a layer", names=tuple(group.capacity for group in grid.rows))
    height = int(np.clip(150 + 30 * len(grid.rows), 260, 1000))
    return one(Plot([cells], across, up), height, title=f"{order.label}, {grid.series} – {grid.seeds_words()}")


FIGURE = FigureKind("phase-diagram", panel)
