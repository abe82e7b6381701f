"""`mirrorjax inspect`: one network in depth, in the terminal and as inspect_MEMBER.html."""

from html import escape
from pathlib import Path

from rich.console import Console

from mirrorjax.measures import label
from mirrorjax.member.inspection.facts import EFFECTS, end_lines, p_words, unit_rows
from mirrorjax.member.inspection.figures import ablation_bars, curves
from mirrorjax.member.inspection.firing import Firing, describe_no_mirror_units, strongest_boards
from mirrorjax.member.inspection.terminal import show
from mirrorjax.member.paper.analysis import Analysis, analyse
from mirrorjax.member.paper.page import cell_words, left_out, member_figures
from mirrorjax.report.page.html import page, panel_html, section
from mirrorjax.results.find import find_network, how_it_ended
from mirrorjax.results.read import Population
from mirrorjax.results.store import write_text

_HEADS = {"unit": "unit", "class": "class", "role": "role in the paper's tables"} | {
    name: label(name) for name in EFFECTS
}


def inspect_member(results: Path, member: str | None = None, console: Console | None = None) -> Path:
    """Prints a summary of one network and writes inspect_MEMBER.html into the results folder.

    Args:
        results: a sweep's folder, or one population's.
        member: its id, or the beginning of it; None takes the one with the highest CMNI at its end.
        console: where to print.

    Returns:
        The path of the page.

    Raises:
        InputError: no results, no such member or more than one, no weights, another dataset now, or the page cannot be
            written.
    """
    results = Path(results)
    population, network = find_network(results, member)
    analysis = analyse(population, network)
    firing = strongest_boards(analysis, population.dataset().test)
    path = results / f"inspect_{network.member_id}.html"
    write_text(path, page(f"Network {network.member_id} – mirrorjax", _body(population, analysis, firing)))
    show(analysis, firing, console or Console(), how_it_ended(population, network.member_id))
    return path


def _body(population: Population, analysis: Analysis, firing: list[Firing]) -> str:
    network = analysis.network
    facts = [*end_lines(analysis), *((name.replace("_", " "), value) for name, value in network.settings.items())]
    settings = "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>" for name, value in facts)
    drawn = {name: panel_html(panel, name) for name, panel in member_figures(analysis).items()}
    bars = "".join(drawn.pop(name, "") for name in ("figure-3", "figure-4"))
    circuits = _missing(left_out(analysis)) or "".join(drawn.values())
    ended = _missing(how_it_ended(population, network.member_id))
    parts = [
        f"<header><h1>Network {escape(network.member_id)}</h1>"
        f'<p class="subtitle">{escape(network.describe())} · population {escape(population.name)}</p>{ended}</header>',
        section("At its end", f'<dl class="facts">{settings}</dl>', "settings"),
        section("Training", panel_html(curves(population.records(), network.member_id), "curves"), "training"),
        section("Units", _units(analysis) + bars, "units"),
        section("Circuits", circuits, "circuits"),
        section("Ablation", panel_html(ablation_bars(analysis), "ablation"), "ablations"),
        section("Boards", _boards(analysis, firing), "boards"),
    ]
    return "\n".join(parts)


def _missing(sentence: str) -> str:
    return f'<p class="missing">{escape(sentence)}</p>' if sentence else ""


def _units(analysis: Analysis) -> str:
    head = '<th scope="col" aria-sort="none"><button type="button">{}</button></th>'
    heads = "".join(head.format(escape(words)) for words in _HEADS.values())
    cells = [[_cell(name, row[name], place) for name in _HEADS] for place, row in enumerate(unit_rows(analysis))]
    rows = [f"<tr>{''.join(row)}</tr>" for row in cells]
    return (
        f'<div class="scroll fitting"><table class="sortable"><thead><tr>{heads}</tr></thead>'
        f'<tbody>{"".join(rows)}</tbody></table></div><p class="caption">Matched boards of the hold-out: d′ of own '
        "(Frog) and of the partner's (Toad) distress against none, p of a sign-flip test, δ the change in units of "
        "rms. A unit that is never active there, or never varies, is dead.</p>"
    )


def _cell(name: str, value: str | float, place: int) -> str:
    words = p_words(float(value)) if name.startswith("p_") else cell_words(value)
    key = place if name == "unit" else "" if value != value else value  # L2N10 sorts after L2N9
    return f'<td data-value="{escape(str(key))}">{escape(words)}</td>'


def _boards(analysis: Analysis, firing: list[Firing]) -> str:
    if not firing:
        return _missing(describe_no_mirror_units(analysis.network))
    parts = [f"<p>{escape(each.headline())}</p><pre>{escape(each.board)}</pre>" for each in firing]
    return (
        "<p>Test rows on which the mirror units of the highest MNS are most active: flies above, players, ground below "
        "(/\\ is rough; a player on it is in distress).</p>" + "".join(parts)
    )
