"""The cells of the phase diagram: capacities against checkpoints, each with its order parameters over seeds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mirrorjax.measures import measure
from mirrorjax.report.read.over_seeds import Band, Curve, settled
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted
from mirrorjax.statistics.intervals import wilson

MOST_SERIES = 12  # of the chooser
MOST_COLUMNS = 60  # of checkpoints: more are thinner than a hair


@dataclass(frozen=True)
class OrderParameter:
    """One way to colour the diagram; `band` gives its value and interval at every checkpoint of a curve."""

    label: str
    unit: str
    band: Callable[[Curve], Band]
    is_share: bool = False


def robust_share(curve: Curve) -> Band:
    """Share of robust networks with its Wilson 95 % interval; nan where there are none."""
    low, high = wilson(curve.robust, curve.networks)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Band(low, curve.robust / curve.networks, high)


def _median(name: str) -> OrderParameter:
    known = measure(name)
    return OrderParameter(f"median {known.label}", known.unit or known.label, lambda curve: curve.bands[name])


ORDER_PARAMETERS = (
    OrderParameter("robust share", "share of networks", robust_share, is_share=True),
    _median("cmni"),
    _median("cmni_hidden"),
    _median("val_loss"),
)


@dataclass(frozen=True)
class Grid:
    """One series (all settings but the capacity equal) as a grid, rows are capacities and columns are checkpoints.

    Attributes:
        series: what is equal.
        rows: configurations, by depth and then width.
        epochs: of the columns, paper epochs [C].
        networks, robust: counts [R, C], nan where there is no record.
        bands: by order parameter's label, arrays [R, C].
    """

    series: str
    rows: list[Group]
    epochs: np.ndarray
    networks: np.ndarray
    robust: np.ndarray
    bands: dict[str, Band]

    def seeds_words(self) -> str:
        """States how many networks a cell has."""
        known = self.networks[np.isfinite(self.networks)]
        if not len(known):
            return "no networks"
        low, high = int(known.min()), int(known.max())
        return f"{counted(low, 'network')} in every cell" if low == high else f"{low} to {high} networks a cell"


def grids(view: View) -> list[Grid]:
    """Makes one grid a series, that of the configuration nearest the paper's first, then those with most networks."""
    by_series: dict[str, list[Group]] = {}
    for group in view.population.groups:
        if len(view.curves[group.index].epoch):
            by_series.setdefault(group.series, []).append(group)
    if not by_series:
        return []
    first = view.population.headline.series
    names = list(by_series)
    if len(names) > MOST_SERIES:
        names.sort(key=lambda name: -sum(group.networks for group in by_series[name]))
    names.sort(key=lambda name: name != first)
    return [_grid(view, name, by_series[name]) for name in names[:MOST_SERIES]]


def _grid(view: View, series: str, groups: list[Group]) -> Grid:
    groups = sorted(groups, key=lambda group: (group.settings["depth"] or 0, group.settings["width"] or 0))
    epoch_of: dict[int, float] = {}
    for group in groups:
        curve = view.curves[group.index]
        for checkpoint, epoch in zip(curve.checkpoint, curve.epoch, strict=True):
            epoch_of[int(checkpoint)] = max(epoch, epoch_of.get(int(checkpoint), 0.0))
    checkpoints = sorted(epoch_of)
    if len(checkpoints) > MOST_COLUMNS:
        chosen = np.unique(np.linspace(0, len(checkpoints) - 1, MOST_COLUMNS).round().astype(int))
        checkpoints = [checkpoints[place] for place in chosen]
    shape = (len(groups), len(checkpoints))
    column = {checkpoint: place for place, checkpoint in enumerate(checkpoints)}
    counts = {name: np.full(shape, np.nan) for name in ("networks", "robust")}
    bands = {each.label: Band(*(np.full(shape, np.nan) for _ in range(3))) for each in ORDER_PARAMETERS}
    for row, group in enumerate(groups):
        curve = view.curves[group.index]
        known = [(place, column[int(c)]) for place, c in enumerate(curve.checkpoint) if int(c) in column]
        if not known:
            continue
        places, columns = (list(each) for each in zip(*known, strict=True))
        for name, grid in counts.items():
            grid[row, columns] = getattr(curve, name)[places]
        for each in ORDER_PARAMETERS:
            own, target = each.band(curve), bands[each.label]
            for name in ("low", "median", "high"):
                getattr(target, name)[row, columns] = getattr(own, name)[places]
    return Grid(series, groups, np.array([epoch_of[c] for c in checkpoints]), **counts, bands=bands)


def colour_range(grid: Grid, order: OrderParameter) -> tuple[float, float]:
    """Where the colours begin and end: 0 to 1 for a share; else cut to what was measured from epoch 1.5 on.

    Untrained networks score so far above trained ones that one colour would be left for all that training does.
    """
    if order.is_share:
        return 0.0, 1.0
    values = grid.bands[order.label].median
    late = values[:, settled(grid.epochs)]
    late = late[np.isfinite(late)]
    return (float(late.min()), float(late.max())) if len(late) else (0.0, 1.0)


def column_labels(epochs: np.ndarray) -> list[str]:
    """Writes paper epochs with as few digits as tell them apart: of equal texts plotly would make one column."""
    for digits in (3, 4, 5, 6):
        labels = [f"{round(float(epoch), digits):.{digits}g}" for epoch in epochs]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{place}: {label}" for place, label in enumerate(labels)]
