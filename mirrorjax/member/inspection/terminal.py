"""The summary of one network in the terminal."""

import math

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mirrorjax.dataset.knobs import PAPER
from mirrorjax.measurement.stream import TRUTHS
from mirrorjax.measures import label
from mirrorjax.member.inspection.facts import EFFECTS, ablations, end_lines, p_words, unit_rows
from mirrorjax.member.inspection.firing import Firing, describe_no_mirror_units
from mirrorjax.member.paper.analysis import Analysis
from mirrorjax.member.paper.page import left_out
from mirrorjax.settings.groups import PLAYING

MOST_UNITS = 24  # rows of the table; the page has all
_STYLES = {"mirror": "green", "toad only": "red", "frog only": "yellow", "suppressed": "magenta", "opposed": "magenta"}


def show(analysis: Analysis, firing: list[Firing], console: Console, ended: str = "") -> None:
    """Prints settings, values at the end, units, circuits, ablations and boards; and how it ended, if that is told."""
    console.print(Text(analysis.network.describe(), style="bold"))
    if ended:
        console.print(Text(ended))
    settings = Table(show_header=False, box=None)
    for name, value in [*_settings(analysis), *end_lines(analysis)]:
        settings.add_row(name, value)
    console.print(settings)
    console.print(_units(analysis))
    for hub in analysis.hubs:
        console.print(Text(hub.note()))
    if sentence := left_out(analysis):
        console.print(Text(sentence))
    console.print(_ablations(analysis))
    if not firing:
        console.print(Text(describe_no_mirror_units(analysis.network)))
    for each in firing:
        console.print(Text(f"\n{each.headline()}\n{each.board}"), soft_wrap=True, highlight=False)


def _settings(analysis: Analysis) -> list[tuple[str, str]]:
    settings, own = analysis.network.settings, analysis.network.regime.settings
    of_rows = "activation", "batch_size", "dropout", "l2", *PAPER, "data_order"
    names = (*(own if settings.get("regime") in PLAYING else of_rows), "parameters")
    return [(name.replace("_", " "), str(settings[name])) for name in names if name in settings]


def _units(analysis: Analysis) -> Table:
    rows = unit_rows(analysis)
    chosen = [row for row in rows if row["class"] not in ("none", "dead")]
    title = f"Units with a response to distress (Frog's own, Toad's): {len(chosen)} of {len(rows)}"
    if len(chosen) > MOST_UNITS:
        title += f", the first {MOST_UNITS}"
    table = _table(title, "unit", "class", *(label(name).replace(" ", "\n") for name in EFFECTS))
    for row in chosen[:MOST_UNITS]:
        cells = [p_words(float(row[name])) if name.startswith("p_") else f"{row[name]:.2f}" for name in EFFECTS]
        kind = str(row["class"])
        table.add_row(str(row["unit"]), Text(kind, style=_STYLES.get(kind, "")), *cells)
    return table


def _ablations(analysis: Analysis) -> Table:
    heads = [truth.removeprefix("help_") for truth in TRUTHS]
    title = "Right answers won or lost by mean ablation in layer 1 (random sets); edge, rescue: of help"
    table = _table(title, "set", "units", *heads)
    for each in ablations(analysis):
        pairs = zip(each.effect, each.at_random, strict=True)
        cells = ["–" if math.isnan(own) else f"{own:+.2f}\n({control:+.2f})" for own, control in pairs]
        table.add_row(each.name, str(each.size), *cells)
    return table


def _table(title: str, *heads: str) -> Table:
    """Narrow enough for eighty columns."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title=Text(title, style="bold"), title_justify="left")
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place == 0 else "right", no_wrap=True)
    return table
