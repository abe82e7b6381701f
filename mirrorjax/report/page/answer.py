"""The report's first sentences: did these networks learn the task, how many are mirror networks, what that excludes."""

import math
from collections.abc import Callable
from html import escape

from mirrorjax.report.figures.first import Point, by_setting
from mirrorjax.report.map.kinds import kind_of
from mirrorjax.report.read.caused import Verdict, total
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted, listed
from mirrorjax.settings.groups import PLAYING
from mirrorjax.statistics.intervals import FEWEST_RESAMPLED

_MIRROR = (
    "A mirror network takes its partner's distress for its own: the two look alike inside it, move its answers alike, "
    "and it helps."
)
_LEARNT = {  # of whoever learns by playing, and of the others
    True: "Learnt: paid nearer to the best play that is known than to play without skill.",
    False: "Learnt: nearer to the best possible answers than to a constant one.",
}
_MOST_SETTINGS = 3  # that a sentence can tell apart


def headline(views: list[View]) -> str:
    """Answers in plain text, for a reader who knows none of the measures."""
    others = [(view, kind) for view in views if (kind := kind_of(view))]
    acting = [view for view in views if not kind_of(view)]
    told = [sentence for view, kind in others for sentence in kind.sentences(view)]
    ends = _unfinished([*acting, *(view for view, _ in others)])
    return " ".join([*(_acting(acting) if acting or not others else []), *told, *ends])


def _acting(views: list[View]) -> list[str]:
    found = total(views)
    if not found.networks:
        return ["Nothing has been measured here yet."]
    sentences = [_learnt(found, sum(int(view.networks.diverged.sum()) for view in views))]
    if found.judged:
        sentences += [_mirror(found), *_apart(found, by_setting(views))]
    elif found.learnt:
        lacking = "held against untrained networks" if found.asked else "tested for what its units cause"
        sentences.append(f"None of these was {lacking}, so there is no verdict on mirror networks.")
    return sentences


def _unfinished(views: list[View]) -> list[str]:
    unfinished = [view.population.status for view in views if view.population.status not in (None, "done")]
    if not unfinished or not any(len(view.networks.group) for view in views):
        return []
    return [f"Not finished: the run's status is {listed(sorted({f'“{status}”' for status in unfinished}))}."]


def headline_html(views: list[View]) -> str:
    """The same as HTML, with what its words mean."""
    unbroken = headline(views).replace(" %", "\u00a0%")
    others = [kind.meaning for view in views if (kind := kind_of(view))]
    playing = {view.regime in PLAYING for view in views if not kind_of(view)}
    acting = [_MIRROR, *(_LEARNT[each] for each in sorted(playing or {False}))] if playing or not others else []
    words = " ".join(dict.fromkeys([*acting, *others]))
    return f'<p class="headline">{escape(unbroken)}</p><p class="meaning">{escape(words)}</p>'


def _learnt(found: Verdict, diverged: int) -> str:
    networks = counted(found.networks, "network")
    if not found.learnt:
        which = f"None of the {networks}" if found.networks > 1 else "The one network here has not"
        words = f"{which} learnt the task: not learnt, so no verdict on mirror networks."
        which = "All" if diverged == found.networks else f"{diverged:,}"
        return f"{words} {which} diverged." if diverged else words
    if found.learnt == found.networks:
        return f"All {networks} learnt the task." if found.networks > 1 else "The one network here learnt the task."
    return f"{found.learnt:,} of {networks} learnt the task."


def _mirror(found: Verdict) -> str:
    """How many of the judged are mirror networks, and what that excludes."""
    low, _, high = found.interval
    least, most = _percent(low, math.floor), _percent(high, math.ceil)
    of = "them" if found.judged == found.learnt else f"the {found.judged:,} that were tested"
    is_one = found.judged == 1
    if not found.mirror:
        start = "It is no mirror network" if is_one else f"None of {of} is a mirror network"
        what = f"fewer than {most} of such networks are"
    elif found.mirror == found.judged:
        start = "It is a mirror network" if is_one else f"All of {of} are mirror networks"
        what = f"more than {least} of such networks are"
    else:
        start = f"{found.mirror:,} of {of} {'is a mirror network' if found.mirror == 1 else 'are mirror networks'}"
        what = f"{least} to {most} of such networks are"
    few = "; so few exclude little" if found.judged < FEWEST_RESAMPLED else ""
    return f"{start}: with 95 % confidence, {what}{few}."


def _apart(found: Verdict, points: list[Point]) -> list[str]:
    """The settings apart, where they are few and do not agree."""
    told = [point for point in points if point.verdict.judged]
    if not found.mirror or not 1 < len(told) <= _MOST_SETTINGS:
        return []
    words = [f"{point.label}: {point.verdict.mirror:,} of {point.verdict.judged:,}" for point in told]
    return [f"By setting: {'; '.join(words)}."]


def _percent(share: float, rounded: Callable[[float], int]) -> str:
    value = 100 * share
    return f"{rounded(round(value, 6))} %" if value >= 10 else f"{rounded(round(10 * value, 6)) / 10:g} %"
