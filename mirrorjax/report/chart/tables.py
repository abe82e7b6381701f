"""Tables of numbers: as CSV files beside the figures, and on the page."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from mirrorjax.report.words.numbers import plain_number
from mirrorjax.results.store import write_text

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """Rows of plain values under headings; nan where there is no number."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def write_csv(table: Table, path: Path) -> Path:
    """Writes a table with all digits; what is nan stays empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.head)
    writer.writerows([["" if cell != cell else cell for cell in row] for row in table.rows])  # nan is not itself
    write_text(path, text.getvalue())
    return path


def table_html(table: Table) -> str:
    """Writes a table for readers: three significant digits."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.head)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(_words(cell))}</td>' for cell in row)}</tr>" for row in table.rows)
    return (
        f'<div class="scroll"><table class="numbers"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _words(cell: Cell) -> str:
    if isinstance(cell, float):
        return plain_number(cell)
    return f"{cell:,}" if isinstance(cell, int) else cell
