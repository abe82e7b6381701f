"""Agents and networks that were told what is right, where they first play as well: what differs, table and figure."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.figures import ways as figure
from mirrorjax.report.figures.at_play import AtPlay, Difference, at_play, differences
from mirrorjax.report.page.files import TABLE_FILES, write_csv, write_figure
from mirrorjax.report.page.html import link, table_html
from mirrorjax.report.read.ways import Way
from mirrorjax.report.words.numbers import counted, listed, plain_number

_FILE = "ways-at-play"
_TABLE = (
    "Means over networks with 95 % intervals where each first reaches that score, straight lines between the "
    "checkpoints at which it played; who never does is left out."
)


def content(found: Sequence[Way], out: Path) -> str:
    """The part's HTML, its figure and table written below `out`; empty without agents and others that played."""
    matched = at_play(found)
    if matched is None:
        return ""
    start = f"<h3>At matched play</h3><p>{escape(sentence(matched))}</p>"
    if not np.isfinite(matched.score):
        return start
    write_csv(figure.table(matched.ways, {}, ()), out / TABLE_FILES / f"{_FILE}.csv")
    drawn = figure.panel(matched.ways, at=f"where it first scores {plain_number(matched.score)} a round")
    drawn.title = "At matched play, network by network"
    return (
        f'{start}{table_html(figure.shown_table(matched.ways))}<p class="caption">{_TABLE}</p>'
        f'<p class="copies">All numbers: {link(f"{TABLE_FILES}/{_FILE}.csv", "CSV")}</p>'
        f"{write_figure(drawn, None, out, _FILE, f'{_FILE}-figure')}"
    )


def sentence(matched: AtPlay) -> str:
    """What agents have more or less of, at the same score."""
    names = listed([way.name for way in matched.ways])
    if not np.isfinite(matched.score):
        return f"Not matched: there is no score that half of the networks of each of {names} pass in training."
    reach = listed([f"{matched.reaching(way)} of {way.networks} of {way.name}" for way in matched.ways])
    made = differences(matched)
    start = (
        f"Where networks first score {plain_number(matched.score)} a round, the mean over four scripted Toads and the "
        f"best that half of each way reach ({reach} do)"
    )
    if not made:
        return f"{start}, too few have measures to be told apart."
    tests = f"two-sided Mann-Whitney tests, false discoveries held at 5 % over {counted(len(made), 'test')}"
    left_out = f" Never as well as agents, or better from the start: {listed(matched.left_out)}."
    return f"{start}, {'; '.join(_told(made))} ({tests}).{left_out if matched.left_out else ''}"


def _told(made: Sequence[Difference]) -> Iterator[str]:
    for agents, other in dict.fromkeys((each.agents, each.other) for each in made):
        own = [each for each in made if (each.agents, each.other) == (agents, other)]
        more = [_values(each) for each in own if each.is_found and each.medians[0] > each.medians[1]]
        less = [_values(each) for each in own if each.is_found and each.medians[0] <= each.medians[1]]
        open_ = [label(each.measure) for each in own if not each.is_found]
        parts = [f"more {listed(more)}"] if more else []
        parts += [f"less {listed(less)}"] if less else []
        parts += [f"no difference that is shown in {listed(open_)}"] if open_ else []
        yield f"{agents} has against {other} {listed(parts)}"


def _values(each: Difference) -> str:
    return f"{label(each.measure)} ({' for '.join(map(plain_number, each.medians))})"
