"""What stands beside a page: the static copies of its figures, and its tables."""

import csv
import io
from pathlib import Path

from mirrorjax.report.chart.figure import Panel, Table
from mirrorjax.report.chart.matplotlib import save
from mirrorjax.report.page.html import panel_html
from mirrorjax.results.store import write_text

FIGURE_FILES, TABLE_FILES = "figures", "tables"  # folders beside the page


def write_csv(table: Table, path: Path) -> None:
    """Writes a table with all digits; what is nan stays empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.head)
    writer.writerows([["" if cell != cell else cell for cell in row] for row in table.rows])  # nan is not itself
    write_text(path, text.getvalue())


def write_figure(made: Panel, numbers: Table | None, folder: Path, file: str, name: str = "") -> str:
    """A figure as HTML, with its static copies and its table written beside the page, in its folder.

    `file` is what the files are called, and, without a `name`, what the figure is on the page.
    """
    if made.is_empty:
        made.missing = "nothing of it was measured"
    printed = None if made.missing else made.printed
    paths = save(printed, folder / FIGURE_FILES / file) if printed else []
    if numbers:
        write_csv(numbers, folder / TABLE_FILES / f"{file}.csv")
    static = (f"{FIGURE_FILES}/{path.name}" for path in paths)
    return panel_html(made, name or file, static, f"{TABLE_FILES}/{file}.csv" if numbers else "")
