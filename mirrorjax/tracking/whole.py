"""Whether a Parquet file is whole and one of ours, as far as its footer tells, which is written last."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_SHOWN = 6  # columns that a message lists

Bounds = dict[str, tuple[Any, Any]]


def why_not_ours(file: Path, schema: pa.Schema, members: tuple[str, str] | None = None) -> str | None:
    """What is wrong with a file of a population; None if nothing is.

    Args:
        file: named after the checkpoint that it is of, except for the table of members.
        schema: the columns that it must have.
        members: the first and the last id of the members, where the file is to have all of them.
    """
    try:
        names = set(pq.read_schema(file).names)
        bounds = _bounds(file)
    except (pa.ArrowException, OSError) as error:
        return torn(error)
    if missing := [name for name in schema.names if name not in names]:
        return f"no file of ours, skipped: it lacks {', '.join(missing[:_SHOWN])}"
    checkpoints = bounds.get("checkpoint")
    if checkpoints and checkpoints != (int(file.stem), int(file.stem)):
        return f"no file of ours, skipped: it is of checkpoint {checkpoints[0]}"
    found = bounds.get("member_id")
    if members and found and found[0] != members[0] and found[1] != members[1]:
        return "no file of ours, skipped: its members are another population's"
    return None


def first_and_last_member(file: Path) -> tuple[str, str] | None:
    """The smallest and the largest id in a whole file; None if it is empty."""
    return _bounds(file).get("member_id")


def torn(error: BaseException) -> str:
    """What is said of a file that cannot be read."""
    return f"torn, skipped: {str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__}"


def _bounds(file: Path) -> Bounds:
    """The smallest and the largest value of two columns, as the footer has them; without rows it has none."""
    footer = pq.read_metadata(file)
    bounds: Bounds = {}
    for group in range(footer.num_row_groups):
        for place in range(footer.num_columns):
            column = footer.row_group(group).column(place)
            values = column.statistics
            if column.path_in_schema in ("member_id", "checkpoint") and values is not None and values.has_min_max:
                low, high = bounds.get(column.path_in_schema, (values.min, values.max))
                bounds[column.path_in_schema] = min(low, values.min), max(high, values.max)
    return bounds
