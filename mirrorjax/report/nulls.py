"""What untrained networks score: reads `nulls.parquet` of a population's folders."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ARCHITECTURE = ("regime", "model", "depth", "width", "activation")  # what a null depends on
_COLUMNS = (*ARCHITECTURE, "measure", "seeds", "mean", "sd", "q99")

Nulls = dict[tuple[Any, ...], dict[str, dict[str, Any]]]  # by architecture and measure: a row of the table


def read_nulls(folders: Iterable[Path], problems: list[str]) -> Nulls:
    """Reads the nulls of folders that belong together; of an architecture that several have, those of the first."""
    found: Nulls = {}
    for folder in folders:
        file = folder / "nulls.parquet"
        if not file.exists():
            continue
        try:
            rows = pq.read_table(file, columns=list(_COLUMNS)).to_pylist()
            if any(set(row) != set(_COLUMNS) for row in rows):
                raise pa.ArrowInvalid("columns are missing")
        except (pa.ArrowException, OSError) as error:
            problems.append(f"nulls.parquet: skipped, {str(error).splitlines()[0]}")
            continue
        for row in rows:
            found.setdefault(_key(row), {}).setdefault(row["measure"], row)
    return found


def limit_in_z(nulls: Nulls, settings: Mapping[str, Any], measure: str) -> float | None:
    """The .99 quantile of untrained networks of an architecture, as a z; None where it is not known."""
    row = nulls.get(_key(settings), {}).get(measure)
    return (row["q99"] - row["mean"]) / row["sd"] if row and row["sd"] else None


def seeds(nulls: Nulls, settings: Mapping[str, Any]) -> int:
    """How many untrained networks an architecture's null has; 0 without one."""
    rows = nulls.get(_key(settings), {})
    return max((int(row["seeds"]) for row in rows.values()), default=0)


def _key(settings: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(settings[name] for name in ARCHITECTURE)
