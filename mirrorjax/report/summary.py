"""The report in plain words: sentences whose every number is computed from the records."""

from html import escape

import numpy as np

from mirrorjax.measurement.cmni import ROBUST_CMNI
from mirrorjax.phases.intervals import wilson
from mirrorjax.report.dear import dear, share
from mirrorjax.report.figure import View
from mirrorjax.report.load import PEAK_AFTER
from mirrorjax.report.phase_map import cells_of
from mirrorjax.report.phase_words import map_sentences
from mirrorjax.report.statistics import Band, band
from mirrorjax.report.words import (
    counted,
    epoch_words,
    interval_words,
    listed,
    percent,
    plain_number,
    spread_words,
    tidy_number,
)


def summary(views: list[View]) -> str:
    """Writes one paragraph a population, as HTML: populations are never pooled."""
    if len(views) == 1:
        return "".join(f"<p>{sentence}</p>" for sentence in _sentences(views[0]))
    members = sum(group.networks for view in views for group in view.population.groups)
    hashes = {view.population.dataset_hash for view in views}
    parts = [
        f"<p>{counted(members, 'network')} in {counted(len(views), 'population')}, trained on "
        + ("one dataset. " if len(hashes) == 1 else f"<strong>{len(hashes)} different datasets</strong>. ")
        + "Populations are shown one after the other; no figure pools them.</p>"
    ]
    for view in views:
        name = escape(view.population.name)
        parts.append(f'<h3><a href="#population-{name}">Population <code>{name}</code></a></h3>')
        parts += [f"<p>{sentence}</p>" for sentence in _sentences(view)]
    return "".join(parts)


def _sentences(view: View) -> list[str]:
    """Escaped sentences about one population."""
    groups = view.population.groups
    if not groups:
        return ["No networks are listed here (members.parquet is missing or empty)."]
    sentences = [_what_was_run(view)]
    if not len(view.networks.group):
        return [*sentences, "There are no records yet."]
    return [*sentences, _outcome(view), _cmni(view), _calibrated(view), _robust(view), *_map(view), *_warnings(view)]


def _what_was_run(view: View) -> str:
    groups, found = view.population.groups, view.networks
    capacities = list(dict.fromkeys(group.capacity for group in groups))
    names = listed(capacities) if len(capacities) <= 6 else f"{capacities[0]} to {capacities[-1]}"
    rates = spread_words((group.settings["learning_rate"] for group in groups), tidy_number)
    seeds = [group.networks for group in groups]
    per_group = str(min(seeds)) if min(seeds) == max(seeds) else f"{min(seeds)} to {max(seeds)}"
    number = sum(seeds)
    length = ""
    if np.isfinite(found.step).any():
        length = (
            f", trained for {spread_words(_longest(view, found.step), lambda value: f'{value:,.0f}')} steps "
            f"({epoch_words(float(np.nanmax(found.epoch)))} paper epochs at most)"
        )
    status = view.population.status
    state = (
        "" if status in (None, "done") else f" <strong>This population's status is “{escape(str(status))}”.</strong>"
    )
    capacity = "one capacity" if len(capacities) == 1 else f"{len(capacities)} capacities"
    in_groups = "" if len(groups) == 1 else f"{len(groups)} configurations with {per_group} networks each, "
    return (
        f"<strong>{counted(number, 'network')}</strong> of {capacity} (hidden layers × units: {escape(names)}), "
        f'{in_groups}learning rate <span class="nobreak">{escape(rates)}</span>{length}.{state}'
    )


def _longest(view: View, values: np.ndarray) -> list[float]:
    """The highest finite value of each configuration."""
    highest = []
    for group in view.population.groups:
        own = values[view.networks.of(group)]
        if np.isfinite(own).any():
            highest.append(float(np.nanmax(own)))
    return highest


def _outcome(view: View) -> str:
    found = view.networks
    loss, accuracy = band(found.last["val_loss"]), band(found.last["accuracy"])
    mixed = ", which differ in more than their seeds" if len(view.population.groups) > 1 else ""
    diverged, stopped = int(found.diverged.sum()), int(found.stopped.sum())
    words = (
        f"At the last record the median validation loss is {_with_band(loss)} and the median test accuracy "
        f"{_with_band(accuracy)}; brackets hold 90 % of the networks{mixed}. "
    )
    words += f"{counted(diverged, 'network')} diverged" if diverged else "None diverged"
    if diverged:
        words += ", and left medians and bands"
    return words + (f"; {counted(stopped, 'network')} stopped early." if stopped else ".")


def _cmni(view: View) -> str:
    headline, found = view.population.headline, view.networks
    own = found.of(headline)
    if not own.any():
        return f"There are no records of {escape(headline.label)}, the configuration nearest the paper's."
    untrained, peak, epoch = (band(values[own]) for values in (found.untrained, found.peak, found.peak_epoch))
    words = f"CMNI in the configuration nearest the paper's 2×17 (<strong>{escape(headline.label)}</strong>, "
    words += f"{counted(int(own.sum()), 'network')}): "
    if np.isfinite(untrained.median):
        beside = _beside(view, found.untrained_hidden[own], found.untrained_z[own])
        words += f"untrained {_with_band(untrained)} ({beside}); "
    else:
        words += "untrained not measured; "
    if not np.isfinite(peak.median):
        return words + f"there is no checkpoint after epoch {PEAK_AFTER}, so no peak can be given."
    words += (
        f"after epoch {PEAK_AFTER} each network's highest value is {_with_band(peak)} "
        f"({_beside(view, found.peak_hidden[own], found.peak_z[own])}), reached at epoch "
        f"{epoch_words(float(epoch.median))} [{epoch_words(float(epoch.low))}, {epoch_words(float(epoch.high))}] "
        "(medians over seeds)"
    )
    end = float(np.nanmax(found.epoch[own]))
    if float(epoch.median) >= end - 1e-9:
        words += (
            f", <strong>the last checkpoint (epoch {epoch_words(end)}): this may be a rise cut short, no peak</strong>"
        )
    ratio = float(untrained.median / peak.median) if peak.median > 0 else np.nan
    if np.isfinite(ratio):
        words += (
            f"; the untrained value is {plain_number(ratio)} times the trained peak"
            if ratio >= 1
            else f"; the trained peak is {plain_number(1 / ratio)} times the untrained value"
        )
    beside = _beside(view, found.last["cmni_hidden"][own], found.last["cmni_z"][own])
    return words + f". At the end CMNI is {_with_band(band(found.last['cmni'][own]))} ({beside})."


def _beside(view: View, hidden: np.ndarray, z: np.ndarray) -> str:
    """What stands beside every raw CMNI: that of the hidden units, and z against untrained networks if it is known."""
    words = f"hidden units alone {plain_number(band(hidden).median)}"
    if "cmni_z" in view.population.measures:
        words += f", z {plain_number(band(z).median)}"
    return words


def _calibrated(view: View) -> str:
    """What is to be believed rather than CMNI."""
    population, found = view.population, view.networks
    words = []
    if "cmni_z" not in population.measures:
        words.append("CMNI was not held against untrained networks here: its z is not known.")
    known = [(name, label) for name, label in (("ssi", "SSI"), ("mni_star", "MNI*")) if name in population.measures]
    if known:
        own = found.of(population.headline)
        values = [f"{label} {_with_band(band(found.last[name][own]))}" for name, label in known]
        words.append(f"Calibrated measures of the same networks at the end: {listed(values)}.")
    else:
        words.append("No calibrated measure was recorded.")
    asked = [each for each in dear(view) if each.group is population.headline]
    if not asked:
        return " ".join([*words, "None of these networks was asked what its units cause."])
    (each,) = asked
    verdict, ratio = share(each.of("mirror")), band(each.of("tr"))
    called = _share(verdict.count, verdict.number) if verdict.number else "not known: there is no null"
    undefined = each.networks - each.defined("tr")
    return " ".join(
        [
            *words,
            f"Of {counted(each.networks, 'network')} asked what their units cause (epoch {epoch_words(each.epoch)}), "
            f"the verdict calls mirror networks: <strong>{called}</strong>; TR is {_with_band(ratio)}, and undefined "
            f"in {undefined:,} of {each.networks:,}.",
        ]
    )


def _robust(view: View) -> str:
    found = view.networks
    number = len(found.group)
    at_end, ever = int(found.robust_last.sum()), int(found.robust_ever.sum())
    return (
        "“Robust” by the paper's thresholds (CMNI ≥ 0.005 and validation loss < 0.06): "
        f"<strong>{_share(at_end, number)}</strong> at the last record; "
        f"{_share(ever, number)} at some checkpoint after epoch {PEAK_AFTER} (Wilson 95 % intervals; diverged networks "
        "are in the divisor)."
    )


def _map(view: View) -> list[str]:
    found = cells_of(view)
    if found is None:
        return []
    words = escape(" ".join(map_sentences(found, view.population)))
    conditional = "conditional on the one dataset" if found.data_seeds == 1 else f"over {found.data_seeds} datasets"
    return [f"{words} All intervals are {conditional}."]


def _warnings(view: View) -> list[str]:
    if any(group.settings["data_order"] == "shared" for group in view.population.groups):
        return [
            "<strong>Some networks share one data order: they share that noise, so that their spread over seeds, and "
            "every interval here, is too small.</strong>"
        ]
    return []


def caution(views: list[View]) -> str:
    """The standing caution, with this run's own numbers, as HTML."""
    parts = []
    for view in views:
        words = _caution_words(view)
        if words:
            prefix = (
                f"Population <code>{escape(view.population.name)}</code>: " if len(views) > 1 else "Measured here: "
            )
            parts.append(f"<li>{prefix}{words}</li>")
    return (
        "<p><strong>Read CMNI with care.</strong> Raw CMNI is a reference to the literature, no evidence of mirror "
        "neurons by itself. It is high before any training, changes when weights are rescaled without any effect on "
        "behaviour, and counts the four output units. Read it beside its untrained value and the value of the hidden "
        f"units alone.</p><ul>{''.join(parts)}</ul>"
    )


def _caution_words(view: View) -> str:
    found = view.networks
    if not len(found.group):
        return ""
    untrained, part = band(found.untrained), band(found.last["output_share"])
    if np.isfinite(untrained.median):
        words = (
            f"untrained networks score {_with_band(untrained)} "
            f"({_beside(view, found.untrained_hidden, found.untrained_z)}), "
            f"{plain_number(untrained.median / ROBUST_CMNI, 2)} times the “robust” threshold of {ROBUST_CMNI}; "
        )
    else:
        words = "untrained networks were not measured here (no checkpoint 0): CMNI has nothing to be held against; "
    if np.isfinite(part.median):
        return words + (
            f"{percent(float(part.median))} [{percent(float(part.low))}, {percent(float(part.high))}] of the score "
            "at the last record comes from the four output units."
        )
    return words + "the share of the output units was not measured."


def _share(count: int, number: int) -> str:
    low, high = wilson(count, number)
    return f"{count:,} of {number:,} ({percent(count / number)} [{percent(float(low))}, {percent(float(high))}])"


def _with_band(values: Band) -> str:
    return interval_words(values.low, values.median, values.high)
