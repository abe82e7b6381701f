"""What untrained networks score: reads `nulls.parquet` of a population's folders."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mirrorjax.results.parquet import UNREADABLE, why_not_ours
from mirrorjax.settings.schema import MEMBER

ARCHITECTURE = ("regime", "model", "depth", "width", "activation", "encoding")  # what a null depends on
LATER = {name: MEMBER[name].default for name in ("d_model", "heads")}  # and what they are where they are not told
_NUMBERS = ("seeds", "mean", "sd", "q99")
_ROWS = pa.schema(
    [
        *((name, pa.int64() if name in ("depth", "width") else pa.string()) for name in (*ARCHITECTURE, "measure")),
        *((name, pa.float64()) for name in _NUMBERS),
    ]
)

Nulls = dict[tuple[str, ...], dict[str, dict[str, float]]]  # by architecture and measure: the numbers of a row


def read_nulls(folders: Iterable[Path], problems: list[str]) -> Nulls:
    """Reads the nulls of folders that belong together; of an architecture that several have, those of the first."""
    found: Nulls = {}
    for folder in folders:
        file = folder / "nulls.parquet"
        if not file.exists():
            continue
        try:
            if why := why_not_ours(file, _ROWS):
                raise ValueError(why)
            known = [*_ROWS.names, *(name for name in LATER if name in pq.read_schema(file).names)]
            rows = pq.read_table(file, columns=known).to_pylist()
            own = [(_key(row), str(row["measure"]), {name: float(row[name]) for name in _NUMBERS}) for row in rows]
            if not all(math.isfinite(row["seeds"]) for _, _, row in own):
                raise ValueError("it does not say of how many seeds it is")
        except (*UNREADABLE, TypeError) as error:
            problems.append(f"nulls.parquet: skipped, {type(error).__name__}: {str(error).splitlines()[0]}")
            continue
        for architecture, measure, row in own:
            found.setdefault(architecture, {}).setdefault(measure, row)
    return found


def limit_in_z(nulls: Nulls, settings: Mapping[str, Any], measure: str) -> float | None:
    """The .99 quantile of untrained networks of an architecture, as a z; None where it is not known."""
    row = nulls.get(_key(settings), {}).get(measure)
    return (row["q99"] - row["mean"]) / row["sd"] if row and row["sd"] else None


def seeds(nulls: Nulls, settings: Mapping[str, Any]) -> int:
    """How many untrained networks an architecture's null has; 0 without one."""
    return max((int(row["seeds"]) for row in nulls.get(_key(settings), {}).values()), default=0)


def _key(settings: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str({**LATER, **settings}[name]) for name in (*ARCHITECTURE, *LATER))
