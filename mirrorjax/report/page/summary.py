"""The report in plain words: sentences whose every number is computed from the records."""

from html import escape

import numpy as np

from mirrorjax.measurement.cmni import ROBUST_CMNI
from mirrorjax.measurement.learnt import LEARNT, ROBUST
from mirrorjax.measures import label
from mirrorjax.report.map.figure import cells_of
from mirrorjax.report.map.kinds import kind_of
from mirrorjax.report.map.sentences import map_sentences
from mirrorjax.report.read.caused import caused, verdict
from mirrorjax.report.read.over_seeds import BANDS, band, share_words
from mirrorjax.report.read.populations import PEAK_AFTER
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import (
    counted,
    epoch_words,
    interval_words,
    listed,
    percent,
    plain_number,
    spread_words,
    tidy_number,
)

_PLAYED_FOR = {  # what 0 and 1 of the excess error are to those who are paid, by their regime
    "reinforcement": "0 is a point in every round, 1 what one is paid who always hops",
    "cirl_learner": "0 is as much as the best scripted Frog of each goal gets, 1 as much as one that never helps",
    "turn_learners": "0 is a point of both in every round at the end, 1 none",
}


def what_was_run(view: View) -> str:
    """Networks, configurations, rates and how long they were trained."""
    groups, found = view.population.groups, view.networks
    if not groups:
        return "No networks are listed here (members.parquet is missing or empty)."
    capacities = list(dict.fromkeys(group.capacity for group in groups))
    names = listed(capacities) if len(capacities) <= 6 else f"{capacities[0]} to {capacities[-1]}"
    rates = spread_words((group.settings["learning_rate"] for group in groups), tidy_number)
    seeds = [group.networks for group in groups]
    per_group = str(min(seeds)) if min(seeds) == max(seeds) else f"{min(seeds)} to {max(seeds)}"
    length = ""
    if np.isfinite(found.step).any():
        own = [found.step[found.of(group)] for group in groups]
        longest = [float(np.nanmax(steps)) for steps in own if np.isfinite(steps).any()]
        length = (
            f", trained for {spread_words(longest, lambda value: f'{value:,.0f}')} steps "
            f"({epoch_words(np.nanmax(found.epoch))} {view.population.time.units} at most)"
        )
    status, state = view.population.status, ""
    if status not in (None, "done"):
        state = f" <strong>This population's status is “{escape(str(status))}”.</strong>"
    capacity = "one capacity" if len(capacities) == 1 else f"{len(capacities)} capacities"
    in_groups = "" if len(groups) == 1 else f"{len(groups)} configurations with {per_group} networks each, "
    return (
        f"<strong>{counted(sum(seeds), 'network')}</strong> of {capacity} (hidden layers × units: {escape(names)}), "
        f'{in_groups}learning rate <span class="nobreak">{escape(rates)}</span>{length}.{state}'
    )


def outcome(view: View) -> str:
    """How many learnt, how well, and what became of the others."""
    found, given = view.networks, verdict(view)
    known = [name for name in ("val_loss", "accuracy") if np.isfinite(found.last[name]).any()]
    medians = listed([f"the median {label(name)} is {interval_words(*band(found.last[name]))}" for name in known])
    mixed = ", which differ in more than their seeds" if len(view.population.groups) > 1 else ""
    diverged, stopped = int(found.diverged.sum()), int(found.stopped.sum())
    words = (
        f"<strong>{given.learnt_words[0].upper()}{given.learnt_words[1:]}</strong> ({escape(LEARNT.words)}: "
        f"{_excess(view)}). "
    )
    if known:
        words += f"At the last record {medians}; brackets hold {BANDS}{mixed}. "
    words += f"{counted(diverged, 'network')} diverged, and left medians and bands" if diverged else "None diverged"
    return words + (f"; {counted(stopped, 'network')} stopped early." if stopped else ".")


def _excess(view: View) -> str:
    """What 0 and 1 of the excess error are."""
    regime = str(view.population.headline.settings.get("regime"))
    return _PLAYED_FOR.get(regime, "0 is the best answer that the task leaves open, 1 the best constant one")


def cmni(view: View) -> str:
    """Raw CMNI of the configuration nearest the paper's, never without what stands beside it."""
    headline, found, time = view.population.headline, view.networks, view.population.time
    own = found.of(headline)
    if not own.any():
        return f"There are no records of {escape(headline.label)}, the configuration nearest the paper's."
    untrained, peak, epoch = (band(values[own]) for values in (found.untrained, found.peak, found.peak_epoch))
    start = "not measured"
    if np.isfinite(untrained.median):
        beside = _beside(view, found.untrained_hidden[own], found.untrained_z[own])
        start = f"{interval_words(*untrained)} ({beside})"
    words = (
        f"CMNI in the configuration nearest the paper's 2×17 (<strong>{escape(headline.label)}</strong>, "
        f"{counted(int(own.sum()), 'network')}): untrained {start}; "
    )
    if not np.isfinite(peak.median):
        return words + f"there is no checkpoint after {time.at(PEAK_AFTER)}, so no peak can be given."
    words += (
        f"after {time.at(PEAK_AFTER)} each network's highest value is {interval_words(*peak)} "
        f"({_beside(view, found.peak_hidden[own], found.peak_z[own])}), reached at "
        f"{time.at(epoch.median)} [{epoch_words(epoch.low)}, {epoch_words(epoch.high)}] "
        "(medians over seeds)"
    )
    end = float(np.nanmax(found.epoch[own]))
    if float(epoch.median) >= end - 1e-9:
        last = f"the last checkpoint ({time.at(end)}): this may be a rise cut short, no peak"
        words += f", <strong>{last}</strong>"
    ratio = float(untrained.median / peak.median) if peak.median > 0 else np.nan
    if np.isfinite(ratio):
        more, less = ("untrained value", "trained peak") if ratio >= 1 else ("trained peak", "untrained value")
        words += f"; the {more} is {plain_number(ratio if ratio >= 1 else 1 / ratio)} times the {less}"
    beside = _beside(view, found.last["cmni_hidden"][own], found.last["cmni_z"][own])
    return words + f". At the end CMNI is {interval_words(*band(found.last['cmni'][own]))} ({beside})."


def _beside(view: View, hidden: np.ndarray, z: np.ndarray) -> str:
    """What stands beside every raw CMNI: that of the hidden units, and z against untrained networks if it is known."""
    words = f"hidden units alone {plain_number(band(hidden).median)}"
    if "cmni_z" in view.population.measures:
        words += f", z {plain_number(band(z).median)}"
    return words


def chance(view: View) -> str:
    """Calibrated measures at the end, and whether CMNI was held against chance."""
    population, found = view.population, view.networks
    words = []
    if "cmni" in population.measures and "cmni_z" not in population.measures:
        words.append("CMNI was not held against untrained networks here: its z is not known.")
    known = [name for name in ("ssi", "mni_star") if name in population.measures]
    if known:
        own = found.of(population.headline)
        values = [f"{label(name)} {interval_words(*band(found.last[name][own]))}" for name in known]
        shown = escape(population.headline.label)
        words.append(f"Calibrated measures at the end, <strong>{shown}</strong>: {listed(values)}.")
    else:
        words.append("No calibrated measure was recorded.")
    return " ".join(words)


def causes(view: View) -> str:
    """The verdict on all networks, and TR of the configuration nearest the paper's."""
    given = verdict(view)
    words = f"<strong>{given.words[0].upper()}{given.words[1:]}.</strong>"
    each = next((each for each in caused(view) if each.group is view.population.headline), None)
    if each is None:
        return f"{words} None of the networks nearest the paper's was asked what its units cause."
    return (
        f"{words} Of {escape(each.group.label)}, {each.words}: TR is {interval_words(*band(each.of('tr')))}, and "
        f"undefined in {each.networks - each.defined('tr'):,} of {each.networks:,}."
    )


def robust(view: View) -> str:
    """Networks that are robust by the paper's thresholds."""
    found = view.networks
    number = len(found.group)
    at_end, ever = int(found.robust_last.sum()), int(found.robust_ever.sum())
    return (
        f"“Robust” by the paper's thresholds ({escape(ROBUST.words)}): <strong>{share_words(at_end, number)}</strong> "
        f"at the last record; {share_words(ever, number)} at some checkpoint after "
        f"{view.population.time.at(PEAK_AFTER)} (Wilson 95 % intervals; of all networks, diverged ones included)."
    )


def on_map(view: View) -> str:
    """What the map of settings supports; empty without one."""
    found = cells_of(view)
    if found is None:
        return ""
    told = kind.sentences(view) if (kind := kind_of(view)) else map_sentences(found, view)
    words = escape(" ".join(told))
    conditional = "conditional on the one dataset" if found.data_seeds == 1 else f"over {found.data_seeds} datasets"
    return f"{words} All intervals are {conditional}."


def warnings(view: View) -> str:
    """What makes every interval too small; empty where nothing does."""
    if any(group.settings["data_order"] == "shared" for group in view.population.groups):
        return (
            "<strong>Some networks share one data order: they share that noise, so that their spread over seeds, and "
            "every interval here, is too small.</strong>"
        )
    return ""


def caution(views: list[View]) -> str:
    """The standing caution, with this run's own numbers, as HTML."""
    parts = []
    for view in (view for view in views if len(view.networks.group)):
        name = f"Population <code>{escape(view.population.name)}</code>" if len(views) > 1 else "Measured here"
        parts.append(f"<li>{name}: {_caution_words(view)}</li>")
    return (
        "<p><strong>Read CMNI with care.</strong> Raw CMNI is a reference to the literature, no evidence of mirror "
        "neurons by itself. It is high before any training, changes when weights are rescaled without any effect on "
        "behaviour, and counts the four output units. Read it beside its untrained value and the value of the hidden "
        f"units alone.</p><ul>{''.join(parts)}</ul>"
    )


def _caution_words(view: View) -> str:
    found = view.networks
    untrained, part = band(found.untrained), band(found.last["output_share"])
    if np.isfinite(untrained.median):
        words = (
            f"untrained networks score {interval_words(*untrained)} "
            f"({_beside(view, found.untrained_hidden, found.untrained_z)}), "
            f"{plain_number(untrained.median / ROBUST_CMNI, 2)} times the “robust” threshold of {ROBUST_CMNI}; "
        )
    else:
        words = "untrained networks were not measured here (no checkpoint 0): CMNI has nothing to be held against; "
    if np.isfinite(part.median):
        share = f"{percent(part.median)} [{percent(part.low)}, {percent(part.high)}]"
        return f"{words}{share} of the score at the last record comes from the four output units."
    return words + "the share of the output units was not measured."
