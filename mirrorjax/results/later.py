"""What `mirrorjax measure` adds to the records of trained networks: files beside them, and how both are read as one.

A number that training recorded stays: what was measured later has the columns that records lack, and fills in where
they have no value.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mirrorjax.machine.writing import replacing
from mirrorjax.results.store import as_table

LATER = "measured"  # a folder of the population's, with a file a checkpoint
LATER_KEYS = pa.schema([pa.field("member_id", pa.string()), pa.field("checkpoint", pa.int64())])


def write_later(population: Path, checkpoint: int, columns: Mapping[str, np.ndarray]) -> Path:
    """Writes what was measured, whole or not at all, beside what was measured before: equal columns are replaced.

    The columns are `member_id` and others, one entry a member.

    Raises:
        NotWritten: it cannot be.
    """
    file = population / LATER / f"{checkpoint:06d}.parquet"
    table = as_table(LATER_KEYS, {"checkpoint": checkpoint, **columns}, "measured")
    if file.exists():
        before = pq.ParquetFile(file).read()
        again = [name for name in before.column_names if name in columns and name not in LATER_KEYS.names]
        table = completed(table, before.drop_columns(again))
    with replacing(file) as temporary:
        file.parent.mkdir(exist_ok=True)
        pq.write_table(table, temporary, compression="zstd")
    return file


def completed(records: pa.Table, later: pa.Table) -> pa.Table:
    """Records of a checkpoint with what was measured of it later, in the order of the records."""
    found = later.take(pc.call_function("index_in", [records["member_id"]], pc.SetLookupOptions(later["member_id"])))
    for name in found.drop_columns(LATER_KEYS.names).column_names:
        if name in records.column_names:
            filled = pc.call_function("coalesce", [records[name], found[name].cast(records[name].type)])
            records = records.set_column(records.column_names.index(name), name, filled)
        else:
            records = records.append_column(name, found[name])
    return records


def view_of(table: str, files: Sequence[Path]) -> str:
    """SQL that makes a view of whole files; the population is the name of the folder that a file belongs to."""
    depth = -2 if table == "members" else -3
    paths = ", ".join("'" + str(file.absolute()).replace("'", "''") + "'" for file in files)
    return (
        f"CREATE VIEW {table} AS SELECT parse_path(filename)[{depth}] AS population, * EXCLUDE (filename) "
        f"FROM read_parquet([{paths}], union_by_name = true, filename = true)"
    )


def quoted(name: str) -> str:
    """A column's name as SQL takes it, whatever it is."""
    return '"' + name.replace('"', '""') + '"'


def join_later(connection: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """Puts a view with what was measured later in the place of the view `records`."""
    connection.execute("ALTER VIEW records RENAME TO recorded")
    connection.execute(view_of("later", files))
    recorded, later = (connection.sql(f"SELECT * FROM {name} LIMIT 0").columns for name in ("recorded", "later"))
    keys = {"population", *LATER_KEYS.names}
    filled = {name for name in later if name in recorded and name not in keys}
    columns = [
        f"coalesce(recorded.{q}, later.{q}) AS {q}" if n in filled else f"recorded.{q}"
        for n, q in zip(recorded, map(quoted, recorded), strict=True)
    ]
    columns += [f"later.{quoted(name)}" for name in later if name not in keys | filled]
    connection.execute(
        f"CREATE VIEW records AS SELECT {', '.join(columns)} "
        f"FROM recorded LEFT JOIN later USING ({', '.join(sorted(keys))})"
    )
