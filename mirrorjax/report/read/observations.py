"""The table that all figures draw from: one row a network and checkpoint, with every measure that was recorded."""

from collections.abc import Iterable

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from mirrorjax.measurement.learnt import LEARNT, ROBUST
from mirrorjax.measures import EVERY_RECORD, Chosen
from mirrorjax.results.later import quoted

_COLUMNS = [column for each in EVERY_RECORD for column in each.columns()]
_PLACE = tuple(column.name for column in _COLUMNS if column.kind == "key")
_REQUIRED = tuple(column.name for column in _COLUMNS if column.type == "float64" and column.kind != "key")
# shown of the networks that have learnt their task, null for the others
VERDICTS = Chosen(lambda each: each.kind == "verdict")
_OTHERS = (*_PLACE, "time", "group_index", "seed", "alive", "robust", "learnt", "units", "output_share")  # no measures


def create_observations(
    database: duckdb.DuckDBPyConnection, schema: pa.Schema, records: Iterable[pa.Table], problems: list[str]
) -> frozenset[str]:
    """Joins records to `members`, each member and checkpoint once, and says in `problems` what did not fit.

    The database has `members` and gets `observations`; the schema is of all records together, which come some at a time
    and may lack columns. Whether a network has learnt its task (`learnt`, 1 or 0) is read off its excess error, so that
    older results have it too. Gives the measures of which there is at least one finite value.
    """
    measures = [*_REQUIRED, *_further(schema)]
    database.execute(
        "CREATE TABLE observations (group_index INTEGER, member_id VARCHAR, seed BIGINT, checkpoint BIGINT, "
        "step BIGINT, epoch DOUBLE, status VARCHAR, alive BOOLEAN, robust BOOLEAN, learnt DOUBLE, output_share DOUBLE, "
        f"{', '.join(f'{quoted(name)} DOUBLE' for name in measures)})"
    )
    rows, known = 0, 0
    for table in records:
        table = _with_usual(table)
        own = [name for name in measures if name in table.column_names]
        database.register("raw_records", table.select([*_PLACE, *own]))
        database.execute(_insertion(own))
        database.execute("CHECKPOINT")  # compresses it
        rows += _count(database, "raw_records")
        known += _count(database, "raw_records SEMI JOIN members USING (member_id)")
        database.unregister("raw_records")
    kept = _count(database, "observations")
    silent = _count(database, "members ANTI JOIN observations USING (member_id)")
    if rows > known:
        problems.append(f"{rows - known} records of networks that members.parquet does not have: left out")
    if known > kept:
        problems.append(f"{known - kept} records given twice for one network and checkpoint: one of each was used")
    if silent and rows:
        problems.append(f"{silent} networks of members.parquet have no record at all")
    measures += ["output_share", "learnt"]
    counts = ", ".join(f"count({quoted(name)})" for name in measures)
    found = database.execute(f"SELECT {counts} FROM observations").fetchall()[0]
    return frozenset(name for name, count in zip(measures, found, strict=True) if count)


def _with_usual(table: pa.Table) -> pa.Table:
    """Records with what some regimes do not have: no value of a loss or an index, and their own time as `epoch`."""
    if "time" in table.column_names:
        place = table.column_names.index("epoch")
        table = table.set_column(place, "epoch", pc.call_function("coalesce", [table["epoch"], table["time"]]))
    for name in set(_REQUIRED) - set(table.column_names):
        table = table.append_column(name, pa.nulls(len(table), pa.float64()))
    return table


def _insertion(measures: Iterable[str]) -> str:
    """Of each member and checkpoint once; values that are not finite become null."""
    there = "SELECT member_id, checkpoint FROM observations WHERE checkpoint IN (SELECT checkpoint FROM raw_records)"
    numbers = {quoted(name): f"CAST(raw_records.{quoted(name)} AS DOUBLE)" for name in measures}
    finite = ", ".join(f"CASE WHEN isfinite({number}) THEN {number} END AS {name}" for name, number in numbers.items())
    verdicts = [name for name in VERDICTS if name in measures]
    shown = ", ".join(f"CASE WHEN learnt > 0 THEN {name} END AS {name}" for name in verdicts)
    replaced = f"* REPLACE ({shown})" if verdicts else "*"
    return (
        f"INSERT INTO observations BY NAME SELECT {replaced} FROM (SELECT *, CASE WHEN mne > 0 THEN mne_output / mne "
        f"END AS output_share, CAST(coalesce(alive AND {LEARNT.sql}, false) AS DOUBLE) AS learnt, coalesce(alive AND "
        f"{ROBUST.sql}, false) AS robust FROM (SELECT DISTINCT ON (member_id, checkpoint) group_index, member_id, "
        "seed, checkpoint, step, CAST(epoch AS DOUBLE) AS epoch, status, coalesce(status <> 'diverged', true) AS "
        f"alive, {finite} FROM raw_records JOIN members USING (member_id) ANTI JOIN ({there}) USING (member_id, "
        "checkpoint) ORDER BY member_id, checkpoint))"
    )


def _further(schema: pa.Schema) -> list[str]:
    """Numeric columns beyond the required ones; of names that SQL takes for one, the first."""
    numeric = [each.name for each in schema if pa.types.is_integer(each.type) or pa.types.is_floating(each.type)]
    firsts = {name.casefold(): name for name in reversed(numeric)}
    return [name for plain, name in reversed(firsts.items()) if plain not in {*_REQUIRED, *_OTHERS}]


def _count(database: duckdb.DuckDBPyConnection, source: str) -> int:
    return database.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0]
