"""Everything below the report's first screen: raw CMNI with its caution, and the rest folded by question."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from mirrorjax.report.map.figure import cells_of
from mirrorjax.report.map.kinds import kind_of
from mirrorjax.report.page import summary
from mirrorjax.report.page.html import details, link, section, table_html
from mirrorjax.report.page.methods import methods
from mirrorjax.report.page.played import own_table, table
from mirrorjax.report.page.runs_table import acceptance_tables, acceptance_words, manifest_facts, runs_table
from mirrorjax.report.read.caused import total
from mirrorjax.report.read.over_seeds import band
from mirrorjax.report.read.played import PAIRS, SCRIPTED, WATCHERS, columns_of, played
from mirrorjax.report.read.populations import ReportedFolder, ReportedPopulation, Sweep
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted, listed, plain_number, short_number

_CHANCE = "Do units answer to the other's distress more than chance?"
MOST_UNFOLDED = 3  # populations whose CMNI is told without a click
MOST_PROBLEMS = 5  # that are told without a click
_OWN = {  # columns of games of their own, whose they are, and what is said of them
    PAIRS: (
        "pairs",
        "Two networks that learnt to play with each other, in fresh games of their own: medians over pairs, over their "
        "last 256 rounds. Neither gifts that alternate beyond permutation nor transfer entropy beyond that of players "
        "who never met say that a pair listens: who has nothing cannot give, so that givers by chance have both. Deaf "
        "and loud pairs have the same weights, and another κ.",
    ),
    WATCHERS: (
        "Frog",
        "Networks that learnt beside a Toad that is after something, in fresh games. Regret is beside the best "
        "scripted Frog of each goal, in points a round, and the value of information what knowing the goal is worth to "
        "these: who sees the board may do as well without.",
    ),
}


@dataclass(frozen=True)
class Question:
    """A part that is folded under its question.

    `name` is its anchor, and figures are filed under it in `registry.OF_QUESTIONS`; `nav` is the title in few words,
    `short` what is answered in few words, `content` HTML.
    """

    name: str
    title: str
    nav: str
    short: str
    content: str


Figures = Mapping[tuple[str, str], str]  # HTML, by question and population


def questions(sweep: Sweep, views: list[View], figures: Figures, ways: str = "") -> list[Question]:
    """All parts, in their order; `ways` is the content of the one about ways to learn, empty where there is one way."""

    def told(name: str, sentence: Callable[[View], str]) -> str:
        return _by_population(views, lambda view: _paragraph(sentence(view)) + figures[name, view.population.name])

    title, short = _settings(views)
    settings = Question("settings", title, "Which settings?", short, told("settings", summary.on_map))
    last = [
        Question("run", "What was run?", "What was run?", _run(views), _what_was_run(views)),
        Question("methods", "How is it computed?", "How computed?", "", methods()),
        Question("data", "Raw data", "Raw data", "", _raw_files(sweep)),
    ]
    if views and all(map(kind_of, views)):  # nobody acts
        return [settings, *last]
    found = total(views)
    learnt = f"{found.learnt:,} of {found.networks:,} networks"
    mirror = f"{found.mirror:,} of {found.judged:,} are mirror networks" if found.judged else found.missing
    return [
        Question("learnt", "Did they learn the task?", "Did they learn?", learnt, told("learnt", summary.outcome)),
        Question("chance", _CHANCE, "More than chance?", _chance(views), told("chance", summary.chance)),
        Question("causes", "What do these units cause?", "What do they cause?", mirror, told("causes", summary.causes)),
        *([Question("play", "What do they do in the game?", "In the game?", *_play(views))] if _plays(views) else []),
        settings,
        *([Question("ways", "What do ways to learn make of it?", "Ways to learn", "", ways)] if ways else []),
        Question("paper", "Does it agree with the paper?", "Like the paper?", acceptance_words(views), _paper(views)),
        *last,
    ]


def cmni(views: list[View]) -> str:
    """Raw CMNI, never without its caution; of networks that have one."""
    views = [view for view in views if "cmni" in view.population.measures]
    known = [view for view in views if len(view.networks.group) and not kind_of(view)]
    if not known:
        return ""
    told = _by_population(known, lambda view: _paragraph(summary.cmni(view)) + _paragraph(summary.warnings(view)))
    if len(known) > MOST_UNFOLDED:
        told = details("CMNI of every population", told)
    box = f'<div class="caution">{summary.caution(known if len(known) <= MOST_UNFOLDED else [])}</div>'
    return section("CMNI, the published index", told + box, "cmni")


def problems(sweep: Sweep) -> str:
    """What was found while loading; empty where nothing was."""
    if not sweep.problems:
        return ""
    first, more = (
        f'<ul class="problems">{"".join(f"<li>{escape(problem)}</li>" for problem in part)}</ul>'
        for part in (sweep.problems[:MOST_PROBLEMS], sweep.problems[MOST_PROBLEMS:])
    )
    number = len(sweep.problems) - MOST_PROBLEMS
    told = first + (details(f"{number:,} more", more) if number > 0 else "")
    return section("Problems found while loading", told, "problems")


def _paragraph(text: str) -> str:
    return f"<p>{text}</p>" if text else ""


def _by_population(views: list[View], content: Callable[[View], str]) -> str:
    """One after the other, each under its name where there are several."""
    parts = []
    for view in views:
        if len(views) > 1:
            parts.append(f"<h3>Population <code>{escape(view.population.label)}</code></h3>")
        parts.append(content(view) if len(view.networks.group) else '<p class="missing">No records yet.</p>')
    return "".join(parts)


def _chance(views: list[View]) -> str:
    """The median z of the calibrated measure of single units, where the first population has one."""
    if len(views) != 1 or "mni_star_z" not in views[0].population.measures:
        return ""
    return f"median z of MNI* at the end: {plain_number(band(views[0].networks.last['mni_star_z']).median)}"


def _plays(views: list[View]) -> bool:
    return any(columns_of(view) or any(_in_games_of(view, columns) for columns in _OWN) for view in views)


def _in_games_of(view: View, columns: tuple[str, ...]) -> bool:
    return bool(columns_of(view, columns)) and not kind_of(view)


def _play(views: list[View]) -> tuple[str, str]:
    """The score beside a Toad that starves unless it is helped, in few words; and tables."""
    tables = _by_population(views, lambda view: table_html(table(rows)) if (rows := played(view)) else "")
    short = ""
    if len(views) == 1 and columns_of(views[0]):
        helps, alone = (short_number(SCRIPTED[name]["hop"].own) for name in ("expert", "expert_no_help"))
        own = short_number(played(views[0])[0].medians["play_hop_own"])
        short = f"{own} points a round beside a Toad that hops; an expert {helps}, without help {alone}"
    note = (
        "<p>Each network plays Frog as it is, with its true energy, beside scripted players as Toad: 512 rounds a game "
        "from its start, points a round, medians over networks. A Toad that only hops starves on rock and stops Frog, "
        "unless it is helped; one that feeds itself needs no help.</p>"
    )
    return short, (note + tables if any(map(columns_of, views)) else "") + _in_their_games(views)


def _in_their_games(views: list[View]) -> str:
    """What those do that learnt in a game with a partner of its own; empty without any."""
    return "".join(_own_tables(views, columns) for columns in _OWN)


def _own_tables(views: list[View], columns: tuple[str, ...]) -> str:
    (who, note), those = _OWN[columns], [view for view in views if _in_games_of(view, columns)]
    tables = _by_population(those, lambda view: table_html(own_table(played(view, columns), who, columns)))
    return f"<p>{note}</p>{tables}" if those else ""


def _settings(views: list[View]) -> tuple[str, str]:
    """The question, with the axes of the map where there is one, and its short answer."""
    found = cells_of(views[0]) if len(views) == 1 else None
    if found:
        letters = listed([axis.letters for axis in found.axes][:3])
        return f"How does it depend on {letters}?", counted(len(found.place), "cell")
    is_one = len(views) == 1 and len(views[0].population.groups) == 1
    return "How does it depend on the settings?", "one configuration" if is_one else ""


def _paper(views: list[View]) -> str:
    robust = _by_population(views, lambda view: _paragraph(summary.robust(view)))
    tables = acceptance_tables(views)
    if not tables:
        return f'{robust}<p class="missing">No comparison: it takes at least 8 networks of 2×17 at batch size 25.</p>'
    intro = (
        "<p>Measured values are medians over networks; the peak is that of the median curve after epoch 1.5, with the "
        "spread of the networks' own peaks beside it. A value that the run has no checkpoint for is “not measured”, "
        "which is not “met”.</p>"
    )
    return robust + intro + tables


def _run(views: list[View]) -> str:
    networks = sum(group.networks for view in views for group in view.population.groups)
    words = [counted(networks, "network"), counted(sum(len(view.population.groups) for view in views), "configuration")]
    return ", ".join(words + ([counted(len(views), "population")] if len(views) > 1 else []))


def _what_was_run(views: list[View]) -> str:
    hashes = {view.population.dataset_hash for view in views}
    parts = []
    if len(views) > 1:
        on = "one dataset" if len(hashes) == 1 else f"<strong>{len(hashes)} different datasets</strong>"
        shown = "Populations are shown one after the other; no figure pools them."
        parts.append(f"<p>{_run(views)}, trained on {on}. {shown}</p>")
    for view in views:
        population = view.population
        parts.append(f'<h3 id="population-{escape(population.name)}">Population <code>{escape(population.name)}</code>')
        parts.append(f"</h3><p>{kind.was_run(view) if (kind := kind_of(view)) else summary.what_was_run(view)}</p>")
        parts.append(f"<p>Dataset <code>{escape(population.dataset_hash)}</code>.</p>")
        if population.extensions:
            names = listed([f"<code>{escape(each.name)}</code>" for each in population.extensions])
            parts.append(f"<p>With {names}, which extended it: together they count as one population.</p>")
    facts = "".join(_facts(view.population) for view in views)
    acting = [view for view in views if not kind_of(view)]
    table = f'<h3 id="runs">Configurations</h3>{runs_table(acting)}{_TABLE_NOTE}' if acting else ""
    return f'{"".join(parts)}{table}<div id="populations">{facts}</div>'


_TABLE_NOTE = (
    '<p class="caption">One line a configuration; click a heading to sort, point at it for its meaning. Lines of '
    "different populations stand beside each other and are not pooled.</p>"
)


def _facts(population: ReportedFolder) -> str:
    facts = manifest_facts(population.manifest) if population.manifest else '<p class="missing">No manifest.</p>'
    text = escape(json.dumps(population.config, indent=2, ensure_ascii=False, default=str))
    config = details("Resolved config", f"<pre>{text}</pre>") if population.config else ""
    kind, extensions = "Extension", []
    if isinstance(population, ReportedPopulation):
        kind, extensions = "Population", population.extensions
    parts = [f"<h3>{kind} <code>{escape(population.name)}</code></h3>{facts}{config}"]
    return "".join([*parts, *map(_facts, extensions)])


_RAW = ["members.parquet", "records/", "units/", "nulls.parquet", "config.yaml", "manifest.json", "weights.safetensors"]


def _raw_files(sweep: Sweep) -> str:
    items = []
    for population in (each for found in sweep.populations for each in (found, *found.extensions)):
        there = [name for name in _RAW if (population.folder / name).exists()]
        links = [link(f"{population.path}/{name}", name) for name in there]
        items.append(f"<li><code>{escape(population.name)}</code>: {' · '.join(links)}</li>")
    return (
        "<p>Everything above was computed from these Parquet files (links work while this page lies in its results "
        f"folder).</p><ul>{''.join(items)}</ul>"
    )
