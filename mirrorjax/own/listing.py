"""A table as plain rows: printed as text, written as CSV, or gone through."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mirrorjax.results.store import write_text

Value = str | int | float
SMALLEST_P = 1e-9


@dataclass(frozen=True)
class Listing:
    """Rows by column; nan where there is no number.

    Attributes:
        columns: their names, in order.
        rows: each by column.
    """

    columns: tuple[str, ...]
    rows: Sequence[dict[str, Value]]

    def __iter__(self) -> Iterator[dict[str, Value]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> list[Value]:
        """All values of a column."""
        return [row[name] for row in self.rows]

    def where(self, **values: Value) -> "Listing":
        """The rows in which columns have these values."""
        return Listing(
            self.columns, [row for row in self.rows if all(row[key] == each for key, each in values.items())]
        )

    def words(self, row: dict[str, Value]) -> list[str]:
        """A row's cells for readers."""
        return [in_words(name, row[name]) for name in self.columns]

    def __str__(self) -> str:
        lines = [list(self.columns), *map(self.words, self.rows)]
        widths = [max(map(len, each)) for each in zip(*lines, strict=True)]
        left = [all(isinstance(value, str) for value in self.column(name)) for name in self.columns]
        text = []
        for line in lines:
            cells = (
                cell.ljust(width) if to_left else cell.rjust(width)
                for cell, width, to_left in zip(line, widths, left, strict=True)
            )
            text.append("  ".join(cells).rstrip())
        return "\n".join(text)

    def to_csv(self, path: str | Path) -> None:
        """Writes all digits; what is nan stays empty.

        Raises:
            NotWritten: the system does not allow it.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(
            [["" if value != value else value for value in map(row.get, self.columns)] for row in self.rows]
        )
        write_text(Path(path), text.getvalue())


def in_words(name: str, value: Value) -> str:
    """A cell: three digits of a number, no more of a p than is known, nothing for nan."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    if math.isnan(value):
        return ""
    if name.startswith("p_"):
        return f"{value:.2g}" if value >= SMALLEST_P else f"<{SMALLEST_P:.0e}".replace("e-0", "e-")
    return f"{value:.3g}"
