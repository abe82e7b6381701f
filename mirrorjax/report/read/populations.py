"""Reads a results folder into one in-memory database a population, grouped by configuration."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from mirrorjax.measures import PARTS
from mirrorjax.models import layers_by_units
from mirrorjax.report.read.configurations import BY_NAME, CAPACITY, SETTINGS, distance_to_paper
from mirrorjax.report.read.nulls import Nulls, read_nulls
from mirrorjax.report.read.observations import create_observations
from mirrorjax.report.words.numbers import tidy_number
from mirrorjax.report.words.time import Time
from mirrorjax.results.jobs import read_sweep
from mirrorjax.results.later import quoted
from mirrorjax.results.read import Population as Source
from mirrorjax.results.read import Results
from mirrorjax.results.store import KNOBS, MEMBERS
from mirrorjax.settings.columns import COORDINATES

PEAK_AFTER = 1.5  # paper epochs: untrained networks score high, and the fall from there is no peak
EPOCH_ROUNDING = 0.01  # steps are whole, so that a checkpoint for epoch 1.5 may lie a little beside it


@dataclass(frozen=True)
class Group:
    """One configuration: networks of one population that differ in their seeds alone."""

    index: int
    settings: dict[str, Any]
    parameters: int
    units: int
    networks: int
    series: str  # all but the capacity, in words: groups of one series fill one phase diagram

    @property
    def capacity(self) -> str:
        """Hidden layers × units a layer, as the paper writes it."""
        return layers_by_units(self.settings)

    @property
    def label(self) -> str:
        """The configuration in words."""
        return f"{self.capacity}, {self.series}"

    @property
    def is_paper_capacity(self) -> bool:
        """Whether the published curve, two layers of 17, is about this architecture."""
        return all(self.settings[name] == BY_NAME[name].default for name in CAPACITY)


@dataclass
class ReportedFolder:
    """The folder of a population, as it was when the report was begun; `path` is relative to the report, for links."""

    name: str
    path: str
    folder: Path
    manifest: dict[str, Any]
    config: dict[str, Any]


@dataclass
class ReportedPopulation(ReportedFolder):
    """One population's tables, with those of the populations that extend it; its folder is the oldest of theirs.

    `database` has `members` (member_id, seed, group_index, all settings and `COORDINATES`) and `observations`
    (group_index, member_id, checkpoint, step, epoch, status, alive, robust, learnt, and every measure of the records,
    null where not finite, and a verdict where the network has not learnt its task).
    """

    database: duckdb.DuckDBPyConnection
    measures: frozenset[str]  # of these, those with any finite value
    nulls: Nulls  # what untrained networks score
    groups: list[Group]  # the configurations, by their index
    units: pa.Table | None  # one row a member and unit at that member's last checkpoint that has units
    problems: list[str]
    extensions: list[ReportedFolder]  # the folders of those that extend it
    label: str = ""  # what tells it from the sweep's others, in words; its name if nothing is known to

    @property
    def names(self) -> list[str]:
        """Of all the folders."""
        return [self.name, *(extension.name for extension in self.extensions)]

    @property
    def status(self) -> str | None:
        """Of the first of the folders that is not done; else done, or None if none says."""
        found = [each.manifest.get("status") for each in (self, *self.extensions)]
        return next((str(status) for status in found if status not in (None, "done")), found[0])

    def query(self, sql: str, parameters: Iterable[object] = ()) -> dict[str, np.ndarray]:
        """Runs a query and returns its columns; numbers come as float64 with nan for null."""
        columns = self.database.execute(sql, list(parameters)).fetchnumpy()
        return {name: _plain(values) for name, values in columns.items()}

    @property
    def clock(self) -> str:
        """The unit of its time: paper epochs, unless its regime counts otherwise."""
        return str(self.manifest.get("clock") or "epoch")

    @property
    def time(self) -> Time:
        """The same, for words and axes."""
        return Time(self.clock)

    @property
    def headline(self) -> Group:
        """The configuration nearest the paper's."""
        return min(self.groups, key=lambda each: (*distance_to_paper(each.settings), -each.networks, each.index))

    @property
    def dataset_hash(self) -> str:
        """Populations with different ones are never pooled."""
        return str((self.manifest.get("dataset") or {}).get("hash", "unknown"))


@dataclass
class Sweep:
    """All of a results folder."""

    folder: Path
    results: Results
    about: dict[str, Any]
    populations: list[ReportedPopulation]
    problems: list[str]

    @property
    def name(self) -> str:
        """The sweep's name, or its folder's."""
        return str(self.about.get("name") or self.folder.resolve().name)


def load(folder: Path) -> Sweep:
    """Reads a results folder.

    Raises:
        InputError: if it is none.
    """
    results = Results.open(folder)
    populations = [_load_population(sources, folder) for sources in chains(results.populations)]
    about = read_sweep(folder, results.problems)
    # paths as a reader of the page knows them, beside it
    problems = [line.replace(f"{folder.resolve()}/", "").replace(f"{folder}/", "") for line in results.problems]
    problems += [f"{each.name}: {problem}" for each in populations for problem in each.problems]
    overrides = _overrides(about)
    for each in populations:
        each.label = ", ".join(overrides.get(each.name, [])) or each.name
    return Sweep(folder, results, about, populations, problems)


def _overrides(about: dict[str, Any]) -> dict[str, list[str]]:
    """By population, the overrides that not all of the sweep's populations were given."""
    words = {job["job"]: job.get("overrides") or [] for job in about.get("jobs") or []}
    return {
        job: [each for each in own if not all(each in other for other in words.values())] for job, own in words.items()
    }


def chains(populations: list[Source]) -> list[list[Source]]:
    """Populations and what extends them, together; in each list, and of the lists, the oldest comes first."""
    by_name = {population.name: population for population in populations}
    manifests = {name: population.manifest for name, population in by_name.items()}
    oldest_first = sorted(by_name, key=lambda name: (str(manifests[name].get("created") or ""), name))
    groups = {name: {name} for name in by_name}
    for name in by_name:
        for other in manifests[name].get("extends") or ():
            if other in groups and groups[other] is not groups[name]:
                groups[name] |= groups[other]
                for each in groups[name]:
                    groups[each] = groups[name]
    places = {name: place for place, name in enumerate(by_name)}
    leaders = {id(group): [name for name in oldest_first if name in group] for group in groups.values()}
    return [[by_name[name] for name in group] for group in sorted(leaders.values(), key=lambda g: places[g[0]])]


def _load_population(sources: list[Source], root: Path) -> ReportedPopulation:
    problems: list[str] = []
    own, *extensions = [_as_it_is(source, root) for source in sources]
    members, records, units = _pooled(sources)
    database = duckdb.connect()
    # measures that few checkpoints have are nearly free then: without it 10⁵ networks × 50 checkpoints take 10 GB
    database.execute("ATTACH ':memory:' AS report (COMPRESS); USE report")
    database.register("raw_members", _with_later_columns(members))
    names = (*SETTINGS, *_of_plugins(members.schema))
    order, measured = ", ".join(map(quoted, names)), ", ".join(COORDINATES)
    database.execute(
        f"CREATE TABLE members AS SELECT CAST(member_id AS VARCHAR) AS member_id, seed, {measured}, {order}, "
        f"CAST(dense_rank() OVER (ORDER BY {order}) - 1 AS INTEGER) AS group_index FROM raw_members"
    )
    schema = pa.unify_schemas([each.record_schema() for each in sources], promote_options="permissive")
    measures = create_observations(database, schema, records, problems)
    return ReportedPopulation(
        **vars(own),
        database=database,
        measures=measures,
        nulls=read_nulls((each.folder for each in sources), problems),
        groups=_groups(database, names),
        units=_last_units(units, database),
        problems=problems,
        extensions=extensions,
    )


def _as_it_is(source: Source, root: Path) -> ReportedFolder:
    path = Path(os.path.relpath(source.folder.resolve(), root.resolve())).as_posix()
    return ReportedFolder(source.name, path, source.folder, source.manifest, source.config)


def _pooled(sources: list[Source]) -> tuple[pa.Table, Iterator[pa.Table], pa.Table]:
    """Members, records and units of populations that extend each other; a member of several counts in the first."""
    members, units, again = [], [], []
    seen: set[str] = set()
    for source in sources:
        own = source.members()
        ids = set(own["member_id"].to_pylist())
        again.append(sorted(ids & seen))
        members.append(_without(own, again[-1]))
        units.append(_without(source.units(), again[-1]))
        seen |= ids
    pairs = zip(sources, again, strict=True)
    records = (_without(table, twice) for source, twice in pairs for table in source.record_tables())
    joined = [pa.concat_tables(found, promote_options="permissive") for found in (members, units)]
    return joined[0], records, joined[1]


def _without(table: pa.Table, members: list[str]) -> pa.Table:
    return table.filter(~np.isin(table["member_id"].to_pylist(), members)) if members else table


def _with_later_columns(members: pa.Table) -> pa.Table:
    """Adds what older results do not have: the paper's value of a setting, nothing for what was not measured."""
    for name in (*SETTINGS, *COORDINATES):
        if name not in members.column_names:
            paper = BY_NAME[name].default if name in SETTINGS else None
            kind = pa.string() if isinstance(paper, str) else pa.float64()
            members = members.append_column(name, pa.array([paper] * len(members), kind))
    return members


def _of_plugins(schema: pa.Schema) -> list[str]:
    """Columns of members.parquet that are neither ours nor what SQL takes for one of ours."""
    ours = {name.casefold() for name in (*MEMBERS.names, *KNOBS.names, *COORDINATES, "group_index")}
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_string)
    found = {each.name.casefold(): each.name for each in schema if any(is_kind(each.type) for is_kind in kinds)}
    return [name for plain, name in found.items() if plain not in ours]


def _groups(database: duckdb.DuckDBPyConnection, names: Sequence[str]) -> list[Group]:
    order = ", ".join(map(quoted, names))
    rows = database.execute(
        f"SELECT group_index, any_value(parameters), any_value(units), count(*), {order} FROM members "
        f"GROUP BY group_index, {order} ORDER BY group_index"
    ).fetchall()
    settings: list[dict[str, Any]] = [dict(zip(names, row[4:], strict=True)) for row in rows]
    varying = {name for name in names if len({str(each[name]) for each in settings}) > 1}
    return [
        Group(index, each, parameters or 0, units or 0, networks, _series_words(each, varying))
        for (index, parameters, units, networks, *_), each in zip(rows, settings, strict=True)
    ]


def _series_words(settings: dict[str, Any], varying: set[str]) -> str:
    others = [name for name in list(settings)[3:] if name in varying]
    words = [f"{name.replace('_', ' ')} {_value_words(settings[name])}" for name in others]
    return ", ".join([f"lr {tidy_number(settings['learning_rate'])}", *words])


def _value_words(value: Any) -> str:
    return "all" if value is None else tidy_number(value) if isinstance(value, float) else str(value)


def _last_units(units: pa.Table, database: duckdb.DuckDBPyConnection) -> pa.Table | None:
    """The first-layer rows of every network at its last checkpoint that has units."""
    if units.num_rows == 0:
        return None
    database.register("raw_units", units)
    names = ("member_id", "checkpoint", "epoch", "unit", "mns", *(f"mean_{group}" for group in PARTS["SCENARIO"]))
    table = database.sql(
        f"SELECT {', '.join(names)} FROM raw_units WHERE layer = 1 AND NOT output "
        "QUALIFY checkpoint = max(checkpoint) OVER (PARTITION BY member_id) ORDER BY member_id, unit"
    ).to_arrow_table()
    database.unregister("raw_units")
    return table


def _plain(values: Any) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        if values.dtype.kind in "iufb":
            return np.ma.filled(values.astype(np.float64), np.nan)
        return values.filled("") if values.dtype.kind in "US" else values.filled(None)
    return values.astype(np.float64) if values.dtype.kind in "iuf" else values
