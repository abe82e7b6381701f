"""Ways to learn, held against networks that never learnt to act: what may be claimed of them, the table, the figure."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.figures import ways as figure
from mirrorjax.report.page import at_play
from mirrorjax.report.page.files import TABLE_FILES, write_csv, write_figure
from mirrorjax.report.page.html import link, table_html
from mirrorjax.report.read.configurations import BY_NAME
from mirrorjax.report.read.view import View
from mirrorjax.report.read.ways import (
    BEYOND_OBJECT,
    OF_MIRRORS,
    SHARED_BY_OBJECT,
    Way,
    beyond,
    differ,
    lacking,
    ways,
)
from mirrorjax.report.words.numbers import counted, listed
from mirrorjax.statistics.line_to_beat import FEWEST, Excess, discoveries

Tests = dict[tuple[str, str], tuple[Excess, bool]]  # by the name of a way and the measure; whether it is a discovery

_TABLE = (
    "Means over networks at their last records with 95 % intervals, in the order of the registry: no ranking. z is "
    "(mean − mean of a predictor) / standard deviation of its networks, the smaller of those against random and next; "
    "behind “untrained” is the mean z against untrained networks of the same architecture."
)


def of_ways(views: Sequence[View], out: Path) -> str:
    """The content for the report of a sweep of several populations; empty where there is one way, or too many."""
    found = ways(views) if len(views) > 1 else []
    return content(found, out) if differ(found) else ""


def content(found: Sequence[Way], out: Path, measures: Sequence[str] = ()) -> str:
    """The section's HTML; its figure and its table are written below `out`."""
    held = against_predictors(found)
    write_csv(figure.table(found, held, measures), out / TABLE_FILES / "ways.csv")
    told = "".join(f"<p>{escape(each)}</p>" for each in (claims(found, held), *_notes(found)) if each)
    played = at_play.content(found, out)
    drawn = write_figure(figure.panel(found, measures), None, out, "ways", "ways-figure")
    return (
        f'{told}{table_html(figure.shown_table(found, measures))}<p class="caption">{_TABLE}</p>'
        f'<p class="copies">All numbers: {link(f"{TABLE_FILES}/ways.csv", "CSV")}</p>{drawn}{played}'
    )


def against_predictors(found: Sequence[Way]) -> Tests:
    """Each way and measure of mirroring against the predictors; false discoveries are held over all of them."""
    made = {(way.name, name): beyond(found, way, name) for way in found for name in OF_MIRRORS if not way.predictor}
    says = discoveries([each.p for each in made.values()])
    return {key: (each, bool(own)) for (key, each), own in zip(made.items(), says, strict=True)}


def claims(found: Sequence[Way], held: Tests) -> str:
    """What the data support beyond prediction and beyond an object, in words; nothing without predictors."""
    if missing := lacking(found):
        return (
            f"Nothing is claimed: there are no networks of regime=predictive with objective {listed(missing)}, which "
            "never learnt to act, and they are the line to beat, not zero."
        )
    number = sum(np.isfinite(each.p) for each, _ in held.values())
    if not number:
        return f"Nothing is claimed: no measure was recorded of {FEWEST} networks of a way and of both predictors."
    start = (
        "Beyond prediction (both random and next: one-sided Mann-Whitney tests, false discoveries held at 5 % over "
        f"{counted(number, 'test')}) and beyond an object (above zero by a sign test)"
    )
    words = [_claimed(start, held), _of_predictors(found, held), _shared(held), _untested(held)]
    return " ".join(filter(None, words))


def _beyond(held: Tests, name: str) -> list[str]:
    return [way for (way, measure), (_, is_beyond) in held.items() if measure == name and is_beyond]


def _tested(held: Tests, names: Sequence[str]) -> list[str]:
    return [name for name in names if any(key[1] == name and np.isfinite(one.p) for key, (one, _) in held.items())]


def _claimed(start: str, held: Tests) -> str:
    names = _tested(held, BEYOND_OBJECT)
    if not any(_beyond(held, name) for name in names):
        return f"{start} the data support no claim about any of these ways."
    each = [f"{label(name)}: {listed(_beyond(held, name)) or 'none'}" for name in names]
    return f"{start} the data support more {'; '.join(each)}."


def _of_predictors(found: Sequence[Way], held: Tests) -> str:
    named = {way for name in BEYOND_OBJECT for way in _beyond(held, name)}
    never = [way.name for way in found if way.regime == "predictive" and way.name in named]
    return f"{listed(never)} never acted either: what it has needs no policy." if never else ""


def _shared(held: Tests) -> str:
    names = _tested(held, SHARED_BY_OBJECT)
    if not names:
        return ""
    each = [f"{label(name)} ({listed(_beyond(held, name)) or 'none'} beyond both)" for name in names]
    return f"An object may share what these measure, and no claim rests on them: {', '.join(each)}."


def _untested(held: Tests) -> str:
    names = [label(name) for name in OF_MIRRORS if name not in _tested(held, OF_MIRRORS)]
    return f"Not tested, for want of values in predictors or ways: {listed(names)}." if names else ""


def _notes(found: Sequence[Way]) -> list[str]:
    """In what the ways differ besides, and what was left out of them."""
    words = []
    sizes = {(each.group.capacity, each.group.parameters) for each in found}
    if len(sizes) > 1:
        words.append("The ways are not of one size: they may differ for that reason alone.")
    names = ("learning_rate", "batch_size", "l2", "dropout", "activation")
    values = {name: {str(each.group.settings.get(name)) for each in found} for name in names}
    if differing := [BY_NAME[name].label for name, own in values.items() if len(own) > 1]:
        words.append(f"They also differ in {listed(differing)}.")
    if left_out := [f"{each.name} ({each.left_out})" for each in found if each.left_out]:
        words.append(
            f"Other configurations of a way than the one nearest the paper's are left out: {listed(left_out)}."
        )
    by_epochs = [each.epoch for each in found if np.isfinite(each.epoch) and each.predictor != "random"]
    if len({round(each, 2) for each in by_epochs}) > 1:
        words.append("They were not trained for as many paper epochs.")
    if others := [each.name for each in found if np.isnan(each.epoch) and each.networks]:
        words.append(f"Time is counted otherwise than in paper epochs for {listed(others)}.")
    return words
