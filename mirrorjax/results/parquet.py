"""Whether a Parquet file is whole and one of ours, as far as its footer tells, which is written last."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mirrorjax.errors import first_line
from mirrorjax.machine.reading import check_format
from mirrorjax.results.contents import FORMAT

UNREADABLE = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)  # what damage makes of a file
_KEY = b"mirrorjax_format"  # of the metadata
_SHOWN = 6  # columns that a message lists
_MOST_ROWS = 1 << 30  # of any table: a few bytes can claim more than any memory holds

Bounds = dict[str, tuple[Any, Any]]


def with_format(table: pa.Table) -> pa.Table:
    """The table with the format of its file, which `why_not_ours` looks at."""
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: str(FORMAT).encode()})


def why_not_ours(
    file: Path, schema: pa.Schema, members: tuple[str, str] | None = None, further: pa.Schema | None = None
) -> str | None:
    """What is wrong with a file of a population; None if nothing is.

    Args:
        file: named after the checkpoint that it is of, except for the table of members.
        schema, further: the columns that it must have, and may have.
        members: the first and the last id of the members, where the file is to have all of them.

    Raises:
        Newer: a later version of mirrorjax wrote it.
    """

    def foreign(why: str) -> str:
        return f"no file of ours, skipped: {why}"

    try:
        if not file.is_file():  # a pipe would be waited for
            return foreign("it is no regular file")
        with pq.ParquetFile(file) as opened:
            found, footer = opened.schema_arrow, opened.metadata
        names = set(found.names)
        bounds = _bounds(footer)
    except UNREADABLE as error:
        return torn(error)
    given = (found.metadata or {}).get(_KEY, b"1")
    if given.isdigit():
        check_format(file, int(given), FORMAT)
    if missing := [name for name in schema.names if name not in names]:
        return foreign(f"it lacks {', '.join(missing[:_SHOWN])}")
    if len(names) < len(found.names):
        return foreign("two columns have one name")
    for own in (*schema, *(further or ())):
        if own.name in names and not _fits(found.field(own.name).type, own.type):
            return foreign(f"{own.name} is {found.field(own.name).type}, not {own.type}")
    if footer.num_rows > _MOST_ROWS:
        return foreign(f"it claims {footer.num_rows:,} rows")
    checkpoints = bounds.get("checkpoint")
    if checkpoints and checkpoints != (int(file.stem), int(file.stem)):
        return foreign(f"it is of checkpoint {checkpoints[0]}")
    ids = bounds.get("member_id")
    if members and ids and ids[0] != members[0] and ids[1] != members[1]:
        return foreign("its members are another population's")
    return None


def first_and_last_member(file: Path) -> tuple[str, str] | None:
    """The smallest and the largest id in a whole file; None if it is empty."""
    return _bounds(pq.read_metadata(file)).get("member_id")


def torn(error: BaseException) -> str:
    """What is said of a file that cannot be read."""
    return f"torn, skipped: {first_line(error)}"


def _fits(found: pa.DataType, own: pa.DataType) -> bool:
    """Whether values of a type are what a column of ours holds, whatever their width."""
    kinds = pa.types
    if kinds.is_null(found):  # it has no value at all
        return True
    if kinds.is_string(own):
        return kinds.is_string(found) or kinds.is_large_string(found) or kinds.is_string_view(found)
    if kinds.is_floating(own):
        return kinds.is_floating(found) or kinds.is_integer(found)
    if kinds.is_integer(own):
        return kinds.is_integer(found)
    return kinds.is_nested(own) == kinds.is_nested(found) and kinds.is_boolean(own) == kinds.is_boolean(found)


def _bounds(footer: pq.FileMetaData) -> Bounds:
    """The smallest and the largest value of two columns, as the footer has them; without rows it has none."""
    bounds: Bounds = {}
    for group in range(footer.num_row_groups):
        for place in range(footer.num_columns):
            column = footer.row_group(group).column(place)
            if column.path_in_schema not in ("member_id", "checkpoint"):
                continue
            values = column.statistics
            if values is not None and values.has_min_max:
                low, high = bounds.get(column.path_in_schema, (values.min, values.max))
                bounds[column.path_in_schema] = min(low, values.min), max(high, values.max)
    return bounds
