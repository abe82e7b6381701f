"""Writes the paper's tables and figures: paper_tables.html, one file, and tables/table_N.csv."""

from html import escape
from pathlib import Path

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.member.paper.analysis import Analysis, analyse
from mirrorjax.member.paper.circuit_figure import circuit
from mirrorjax.member.paper.figures import layer_bars, training_run
from mirrorjax.member.paper.population_tables import population_tables
from mirrorjax.member.paper.tables import Cell, PaperTable, member_tables
from mirrorjax.report.chart.figure import Panel
from mirrorjax.report.page.html import page, panel_html, section
from mirrorjax.report.read.populations import load
from mirrorjax.report.words.numbers import NOT_MEASURED, epoch_words, plain_number, tidy_number
from mirrorjax.results.find import find_network, how_it_ended
from mirrorjax.results.store import write_text

WITHOUT_CIRCUITS = (
    "Tables 7 to 10 and Figures 5 to 7 describe circuits of two hidden layers; this network has {depth}, so that they "
    "are left out."
)
WITHOUT_HUBS = "No unit of the second layer is alive, so that Tables 7 to 10 and Figures 5 to 7 are left out."


def write_paper_tables(results: Path, member: str | None = None, out: Path | None = None) -> Path:
    """Writes the tables and figures of a results folder and of one of its members.

    Args:
        results: a sweep's folder, or one population's.
        member: its id, or the beginning of it; None takes the one with the highest CMNI at its end.
        out: where to write; None is RESULTS/paper_tables.

    Returns:
        The path of paper_tables.html.

    Raises:
        InputError: no results, no such member or more than one, no weights, another dataset now, or `out` cannot be
            written.
    """
    results = Path(results)
    source, network = find_network(results, member)
    folder = Path(out) if out is not None else results / "paper_tables"
    sweep = load(results)
    population = next(each for each in sweep.populations if source.name in each.names)
    analysis = analyse(source, network)
    try:
        (folder / "tables").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder / 'tables'}: cannot be made: {error.strerror or error}") from error
    of_population, of_member = population_tables(sweep), member_tables(analysis)
    for stale in (folder / "tables").glob("table_*.csv"):  # of another network, which may have had more of them
        stale.unlink()
    for table in [*of_population, *of_member]:
        table.write(folder / "tables")
    sentences = [sentence for sentence in (how_it_ended(source, network.member_id), left_out(analysis)) if sentence]
    missing = [f'<p class="missing">{escape(sentence)}</p>' for sentence in sentences]
    figure_2 = panel_html(training_run(population, network.member_id), "figure-2")
    drawn = [panel_html(panel, name) for name, panel in member_figures(analysis).items()]
    parts = [
        _header(sweep.name, network.describe()),
        section("The population", "".join([*map(table_html, of_population), figure_2]), "population"),
        section(f"Network {network.member_id}", "".join([*missing, *map(table_html, of_member)]), "member"),
        section("Its figures", "".join(drawn), "figures"),
    ]
    path = folder / "paper_tables.html"
    write_text(path, page(f"{sweep.name} – the paper's tables", "\n".join(parts)))
    return path


def _header(name: str, network: str) -> str:
    return (
        f"<header><h1>{escape(name)}: the paper's tables and figures</h1>"
        f'<p class="subtitle">Population tables over all networks; the others of {escape(network)}</p>'
        "</header>"
        '<div class="caution"><p>One network is no evidence: classes and circuits are found by rules, CMNI is high in '
        "untrained networks too, and a network that is chosen for its CMNI is not typical. The report has seeds and "
        "untrained values.</p></div>"
    )


def left_out(analysis: Analysis) -> str:
    """Which tables and figures this network does not have, and why; empty if it has all."""
    if analysis.depth != 2:
        return WITHOUT_CIRCUITS.format(depth=analysis.depth)
    return "" if analysis.hubs else WITHOUT_HUBS


def member_figures(analysis: Analysis) -> dict[str, Panel]:
    """Figures 3 to 7 by name: 4 takes a second layer, 5 to 7 circuits."""
    figures = {f"figure-{layer + 2}": layer_bars(analysis, layer) for layer in range(1, min(analysis.depth, 2) + 1)}
    for number, hub in enumerate(analysis.hubs, start=5):
        figures[f"figure-{number}"] = circuit(analysis, number, hub)
    return figures


def table_html(table: PaperTable) -> str:
    """A table with its title and note."""
    heads = "".join(f'<th scope="col">{escape(column)}</th>' for column in table.columns)
    cells = [
        [f"<td>{escape(cell_words(cell, column))}</td>" for column, cell in zip(table.columns, row, strict=True)]
        for row in table.rows
    ]
    rows = "".join(f"<tr>{''.join(row)}</tr>" for row in cells)
    empty = "" if table.rows else '<p class="missing">No row meets this.</p>'
    return (
        f'<section id="table-{table.number}"><h3>Table {table.number}: {escape(table.title)}</h3>'
        f'<div class="scroll fitting"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
        f'{empty}<p class="caption">{escape(table.note)}</p></section>'
    )


def cell_words(cell: Cell, column: str = "") -> str:
    """A cell as a reader expects it: counts whole, measured values with four decimals."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int | np.integer):
        return f"{cell:,}"
    if not np.isfinite(cell):
        return NOT_MEASURED
    if column == "learning rate":
        return tidy_number(cell)
    if column == "epoch":
        return epoch_words(cell)
    return f"{cell:.4f}" if abs(cell) >= 5e-5 or cell == 0 else plain_number(cell, 2)
