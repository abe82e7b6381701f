"""The cells of a map of settings: every order parameter at every checkpoint, aggregated over their networks."""

from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from mirrorjax.report.map.axes import MOST_VALUES, Axis, axes
from mirrorjax.report.map.orders import BINDER, MEAN, OF_CELLS, ORDERS, SHARE, Order
from mirrorjax.report.read.over_seeds import band_sql
from mirrorjax.report.read.populations import Group, ReportedPopulation
from mirrorjax.report.words.numbers import counted
from mirrorjax.report.words.time import Time
from mirrorjax.results.later import quoted
from mirrorjax.settings.columns import COORDINATES
from mirrorjax.statistics.fluctuations import Fluctuations, fluctuations
from mirrorjax.statistics.intervals import share

DIGITS = 6  # significant: sums over networks run in no fixed order, and a report is the same when written again


class Values(NamedTuple):
    """An order parameter; arrays [checkpoints, cells], nan where it was not measured.

    `value` is over the networks of a cell that have not diverged. `low` and `high` are of a share its Wilson 95 %
    interval, of a mean the band over networks; of what a cell has as a whole nan, but for the last checkpoint, where
    `fluctuations` gives a bootstrap interval.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray  # networks with a value

    @property
    def measured(self) -> np.ndarray:
        """The places of the checkpoints at which any cell has a value, rising."""
        return np.flatnonzero(np.isfinite(self.value).any(axis=1))


@dataclass(frozen=True)
class Cells:
    """A population as a map.

    Every cell has a `place` on x, y and the slices, [cells, axes]. Of the checkpoints [checkpoints] number and `epoch`
    are known, of both `networks`, those recorded, and of these diverged, [checkpoints, cells]; `coordinates` are means
    [cells] of what was measured beside the nominal values, by column, those that are known.
    """

    x: Axis  # across
    y: Axis | None  # upwards; None for a diagram along one axis
    slices: tuple[Axis, ...]  # further axes, one value of each to a map
    place: np.ndarray
    checkpoint: np.ndarray
    epoch: np.ndarray
    networks: np.ndarray
    diverged: np.ndarray
    orders: tuple[Order, ...]  # those of which anything was measured
    values: dict[str, Values]  # by name of the order parameter
    coordinates: dict[str, np.ndarray]
    groups: list[list[Group]] = field(repr=False)  # of each cell: several where they differ in the data's seed
    data_seeds: int = 1  # different ones
    time: Time = field(default_factory=Time)  # what `epoch` is in

    @property
    def along(self) -> tuple[Axis, ...]:
        """Those of the map itself: across, and upwards if there is one."""
        return (self.x,) if self.y is None else (self.x, self.y)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """All, in the order of `place`."""
        return (*self.along, *self.slices)

    @property
    def slice_number(self) -> np.ndarray:
        """Of every cell, the number of its slice: places on the further axes, the last running fastest; [cells]."""
        numbers = np.zeros(len(self.place), np.int64)
        for axis in self.slices:
            numbers = numbers * len(axis.values) + self.place[:, self.axes.index(axis)]
        return numbers

    @property
    def slice_words(self) -> list[str]:
        """Every slice in words, by its number."""
        names = ([axis.named(place) for place in range(len(axis.values))] for axis in self.slices)
        return [", ".join(each) for each in product(*names)]

    def words(self, cell: int) -> str:
        """A cell by its nominal coordinates."""
        return ", ".join(axis.named(place) for axis, place in zip(self.axes, self.place[cell], strict=True))

    def last(self, name: str) -> int | None:
        """The place of the last checkpoint at which an order parameter was measured; None without any."""
        known = self.values[name].measured if name in self.values else []
        return int(known[-1]) if len(known) else None

    def at(self, name: str) -> Values | None:
        """An order parameter at the last checkpoint that has it, arrays [cells]."""
        last = self.last(name)
        return None if last is None else Values(*(each[last] for each in self.values[name]))

    def coordinates_of(self, axis: Axis) -> np.ndarray:
        """Where the values of an axis lie on its even scale, [values]; what is not known of all boards is nan."""
        at, boards = self.axes.index(axis), self.coordinates.get("train_boards")
        if boards is None or not any(None in value for value in axis.values):
            return axis.coordinates()
        found = [boards[self.place[:, at] == place] for place in range(len(axis.values))]
        return axis.coordinates(np.array([np.nanmean(each) if np.isfinite(each).any() else np.nan for each in found]))

    def networks_words(self, adaptively: bool) -> str:
        """States how many networks a cell has."""
        known = self.networks.max(axis=0)
        low, high = int(known.min()), int(known.max())
        if low == high:
            return f"{counted(low, 'network')} in every cell"
        return f"networks a cell: {low} to {high}" + (", adaptively added" if adaptively else "")


def why_none(population: ReportedPopulation) -> str:
    """Why a population has no map; empty if it has one."""
    found = [axis for axis in axes(population.groups) if axis.is_number]
    if not found:
        return "Only one combination of settings was run (seeds apart): there is nothing to map it against."
    most = max(found, key=lambda axis: len(axis.values))
    if len(most.values) > MOST_VALUES:
        return (
            f"The setting {most.letters} takes {len(most.values)} values, and a map at most {MOST_VALUES}: this looks "
            "like a random search, not a grid."
        )
    return ""


def cells(population: ReportedPopulation) -> Cells:
    """Aggregates a population, in one query; ask `why_none` first."""
    x, *others = axes(population.groups)
    y = others.pop(0) if others and others[0].is_number else None
    found = (x, *others) if y is None else (x, y, *others)
    groups = population.groups
    at = {axis: {value: place for place, value in enumerate(axis.values)} for axis in found}
    of_group = [tuple(at[axis][tuple(g.settings[name] for name in axis.names)] for axis in found) for g in groups]
    # slices outermost, then rows, so that cells of one map lie together
    distinct = sorted(set(of_group), key=lambda place: (place[2:], place[:2][::-1]))
    number = {place: cell for cell, place in enumerate(distinct)}
    cell_of = np.array([number[place] for place in of_group], np.int32)
    units = np.array([g.units for g in groups], np.float64)
    table = pa.table({"group_index": np.array([g.index for g in groups], np.int32), "cell": cell_of, "units": units})
    population.database.register("raw_cells", table)
    population.database.execute("CREATE OR REPLACE TABLE map_cells AS SELECT * FROM raw_cells")
    population.database.unregister("raw_cells")
    orders = tuple(order for order in ORDERS if order.measure in population.measures)
    made = _aggregated(population, orders, len(distinct))
    _with_intervals(population, orders, made["values"], made["checkpoint"])
    made |= {"orders": orders, "coordinates": _coordinates(population, len(distinct)), "time": population.time}
    made["groups"] = [[groups[own] for own in np.flatnonzero(cell_of == cell)] for cell in range(len(distinct))]
    made["data_seeds"] = len({group.settings["data_seed"] for group in groups})
    return Cells(x, y, tuple(others), np.array(distinct, np.int64), **made)


def _aggregated(population: ReportedPopulation, orders: tuple[Order, ...], number: int) -> dict:
    """The one query over all records: [checkpoints, cells] of everything."""
    columns = population.query(
        "SELECT cell, checkpoint, max(epoch) AS epoch, count(*) AS networks, count(*) FILTER (NOT alive) AS diverged"
        + "".join(_sql(order) for order in orders)
        + " FROM observations JOIN map_cells USING (group_index) GROUP BY cell, checkpoint ORDER BY checkpoint, cell"
    )
    checkpoint, row = np.unique(columns["checkpoint"], return_inverse=True)
    shape, place = (len(checkpoint), number), (row, columns["cell"].astype(int))

    def spread(name: str, empty: float = np.nan) -> np.ndarray:
        grid = np.full(shape, empty)
        if name in columns:
            grid[place] = significant(columns[name].astype(np.float64))
        return grid

    epoch = np.zeros(len(checkpoint))
    np.maximum.at(epoch, row, columns["epoch"])
    values = {}
    for order in orders:
        value, low, high = (spread(f"{order.name}_{word}") for word in ("value", "low", "high"))
        count = np.nan_to_num(spread(f"{order.name}_count", 0.0))
        if order.kind == SHARE:
            low, _, high = share(value * count, count)
        values[order.name] = Values(value, low, high, count)
    counts = {name: spread(name, 0.0) for name in ("networks", "diverged")}
    return {"checkpoint": checkpoint, "epoch": epoch, **counts, "values": values}


def _sql(order: Order) -> str:
    measure, alive = quoted(order.measure), "FILTER (alive)"
    found = {"count": f"count({measure}) {alive}"}
    if order.kind in OF_CELLS:
        # of equal values rounding leaves a variance, but no spread
        varies = f"max({measure}) {alive} > min({measure}) {alive}"
        if order.kind == BINDER:
            found["value"] = f"CASE WHEN {varies} THEN -kurtosis_pop({measure}) {alive} / 3 END"
        else:
            found["value"] = f"avg(units) * CASE WHEN {varies} THEN var_samp({measure}) {alive} "
            found["value"] += f"WHEN count({measure}) {alive} > 1 THEN 0 END"
    else:
        found["value"] = f"favg({measure}) {alive}"
    if order.kind == MEAN:
        found |= {word: sql for word, sql in band_sql(measure).items() if word != "median"}
    return "".join(f", {sql} AS {quoted(f'{order.name}_{word}')}" for word, sql in found.items())


def _with_intervals(
    population: ReportedPopulation, orders: tuple[Order, ...], values: dict[str, Values], checkpoint: np.ndarray
) -> None:
    """Fills in the intervals of susceptibilities and Binder cumulants at the last checkpoint: dear to have at all."""
    found: dict[tuple[str, int], Fluctuations] = {}
    for order in orders:
        own, known = values[order.name], values[order.name].measured
        if order.kind not in OF_CELLS or not len(known):
            continue
        key = (order.measure, int(checkpoint[known[-1]]))
        if key not in found:
            found[key] = fluctuations(*networks_of(population, *key, cells=own.value.shape[1]))
        interval = found[key].binder if order.kind == BINDER else found[key].susceptibility
        own.low[known[-1]], own.high[known[-1]] = significant(interval.low), significant(interval.high)


def networks_of(
    population: ReportedPopulation, measure: str, checkpoint: int, cells: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One measure of the networks of every cell at a checkpoint, of a population with a table `map_cells`.

    Values [cells, networks], nan where a cell has no more; units [cells]; data seeds [cells, networks].
    """
    found = population.query(
        f"SELECT cell, units, data_seed, {quoted(measure)} AS value, row_number() OVER (PARTITION BY cell ORDER BY "
        "member_id) - 1 AS place FROM observations JOIN map_cells USING (group_index) "
        "JOIN (SELECT member_id, data_seed FROM members) USING (member_id) "
        f"WHERE alive AND checkpoint = ? AND {quoted(measure)} IS NOT NULL ORDER BY cell, place",
        [checkpoint],
    )
    cell, place = found["cell"].astype(int), found["place"].astype(int)
    shape = (cells, int(place.max(initial=0)) + 1)
    values, seeds, units = np.full(shape, np.nan), np.zeros(shape), np.ones(cells)
    values[cell, place], seeds[cell, place], units[cell] = found["value"], found["data_seed"], found["units"]
    return values, units, seeds


def _coordinates(population: ReportedPopulation, number: int) -> dict[str, np.ndarray]:
    """What was measured beside the nominal values, and the size of the networks: means over a cell's networks."""
    columns = population.query(
        f"SELECT cell, {', '.join(f'avg(members.{name}) AS {name}' for name in COORDINATES)} "
        "FROM members JOIN map_cells USING (group_index) GROUP BY cell ORDER BY cell"
    )
    found = {}
    for name in COORDINATES:
        known = np.full(number, np.nan)
        known[columns["cell"].astype(int)] = significant(columns[name].astype(np.float64))
        if np.isfinite(known).any():
            found[name] = known
    return found


def significant(values: np.ndarray, digits: int = DIGITS) -> np.ndarray:
    """Rounds to significant digits; keeps nan."""
    values = np.asarray(values, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        magnitude = np.where(values == 0, 0, np.floor(np.log10(np.abs(values))))
        factor = 10.0 ** (digits - 1 - magnitude)
        return np.where(np.isfinite(values), np.round(values * factor) / factor, np.nan)
