"""The table of runs: one line a configuration, over all populations; and the facts of each population."""

from html import escape
from typing import Any

import numpy as np

from mirrorjax.measurement.learnt import LEARNT
from mirrorjax.measures import label, measure
from mirrorjax.report.page.acceptance import Requirement, acceptance, applicable, differing_settings
from mirrorjax.report.read.caused import ASKED, Caused, caused, verdicts
from mirrorjax.report.read.over_seeds import band
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import NOT_MEASURED, epoch_words, percent, plain_number
from mirrorjax.statistics.intervals import share

_CMNI = label("cmni")
_LEARNT = f"networks that have learnt their task at the last record: {LEARNT.words}; verdicts are of these"
_COLUMNS = (  # heading, explanation
    ("configuration", "hidden layers × units a layer, learning rate, and what else varies; below: population"),
    ("networks", "seeds; below: how many of them diverged"),
    (label("learnt"), _LEARNT),
    ("steps", "of the longest-running network; below: its time"),
    (label("val_loss"), "median at the last record; below: 5–95 % over networks (of fewer than 8: all)"),
    (label("accuracy"), "median at the last record"),
    (label("recall_help_rescue"), f"below: {label('recall_help_edge')}; medians, last record"),
    (f"{_CMNI} untrained", "median at checkpoint 0"),
    (f"{_CMNI} peak", "median over networks of each one's highest value after epoch 1.5; below: the median of when"),
    (f"{_CMNI} last", "median at the last record; below: 5–95 %"),
    (label("cmni_hidden"), "median at the last record"),
    (label("mne"), "the sum behind CMNI, median at the last record; below: share of it in the four output units"),
    ("robust at peak", "share of networks robust at the checkpoint of their own peak; below: Wilson 95 %"),
    ("robust, last", "share of networks robust at the last record; below: Wilson 95 %"),
)
_AFTER = 11  # columns, up to CMNI of the hidden units, come those of the calibrated measures
_CALIBRATED = {  # columns that are there if a population has them
    "cmni_z": "median at the last record",
    "ssi": "median at the last record",
    "mni_star": "median at the last record",
    "tr": "median over the asked networks where it is defined; below: in how many of those asked",
    "mirror": "share of the learnt networks that were asked; below: Wilson 95 %",
}


def runs_table(views: list[View]) -> str:
    """Builds the sortable table of all configurations."""
    several = len(views) > 1
    measures = {name for view in views for name in view.population.measures}
    if ASKED in measures:
        measures.add("mirror")  # the column is there without a verdict too, and says why
    known = [measure(name) for name in _CALIBRATED if name in measures]
    calibrated = ((each.label, f"{each.note.replace('`', '')}; {_CALIBRATED[each.name]}") for each in known)
    columns = [*_COLUMNS[:_AFTER], *calibrated, *_COLUMNS[_AFTER:]]
    head = "".join(
        f'<th scope="col" title="{escape(title)}" aria-sort="none"><button type="button">{escape(name)}</button></th>'
        for name, title in columns
    )
    rows = []
    for view in views:
        asked = {each.group.index: each for each in caused(view)}
        for group in view.population.groups:
            cells = _cells(view, group, several)
            further = [_calibrated(view, group, asked.get(group.index), each.name) for each in known]
            every = [*cells[:_AFTER], *further, *cells[_AFTER:]]
            row = "".join(f'<td data-value="{_sort_value(value)}">{text}</td>' for text, value in every)
            rows.append(f"<tr>{row}</tr>")
    return (
        f'<div class="scroll"><table class="sortable runs"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _calibrated(view: View, group: Group, asked: Caused | None, name: str) -> tuple[str, float]:
    """A cell of one calibrated measure: its text and what it is sorted by."""
    if name == "mirror":
        found = verdicts(view)[group.index]
        if not found.judged:
            return NOT_MEASURED if found.learnt else "not learnt", np.nan
        low, value, high = found.interval
        return _two(f"{found.mirror:,} of {found.judged:,}", _range(low, high)), value
    if name != "tr":
        value = float(band(view.networks.last[name][view.networks.of(group)]).median)
        return plain_number(value), value
    if asked is None:
        return NOT_MEASURED, np.nan
    value = float(band(asked.of("tr")).median)
    return _two(plain_number(value), f"{asked.defined('tr')} of {asked.networks}"), value


def _range(low: float, high: float) -> str:
    return f"{percent(low)[:-2]}–{percent(high)}"


def _cells(view: View, group: Group, several: bool) -> list[tuple[str, float | str]]:
    found, own = view.networks, view.networks.of(group)
    number, diverged = int(own.sum()), int((own & found.diverged).sum())

    def last(name: str) -> tuple[str, float]:
        value = float(band(found.last[name][own]).median)
        return plain_number(value), value

    def last_band(name: str) -> tuple[str, float]:
        values = band(found.last[name][own])
        below = f"{plain_number(values.low)}–{plain_number(values.high)}"
        return _two(plain_number(values.median), below), float(values.median)

    def robust(mask: np.ndarray, known: bool = True) -> tuple[str, float]:
        count = int((own & mask).sum())
        low, value, high = map(float, share(count, number))
        return (_two(percent(value), _range(low, high)), value) if number and known else (NOT_MEASURED, np.nan)

    peak, peak_epoch = band(found.peak[own]), band(found.peak_epoch[own])
    untrained, time = band(found.untrained[own]), view.population.time
    mne, part = band(found.last["mne"][own]), band(found.last["output_share"][own])
    steps, epochs = _highest(found.step[own]), _highest(found.epoch[own])
    words, learnt = escape(group.label), int(found.learnt[own].sum())
    if several:
        words = _two(words, f"<code>{escape(view.population.name)}</code>")
    return [
        (words, f"{group.settings['depth']:03d}{group.settings['width']:06d}{group.index:06d}"),
        (_two(f"{number:,}", f"{diverged} diverged") if diverged else f"{number:,}", number),
        (f"{learnt:,}", learnt),
        (_two(f"{steps:,.0f}" if np.isfinite(steps) else NOT_MEASURED, time.at(epochs)), steps),
        last_band("val_loss"),
        last("accuracy"),
        (_two(last("recall_help_rescue")[0], f"edge {last('recall_help_edge')[0]}"), last("recall_help_rescue")[1]),
        (plain_number(untrained.median), float(untrained.median)),
        (_two(plain_number(peak.median), time.at(peak_epoch.median)), float(peak.median)),
        last_band("cmni"),
        last("cmni_hidden"),
        (_two(plain_number(mne.median), f"{percent(part.median)} outputs"), float(mne.median)),
        robust(found.robust_at_peak, bool(np.isfinite(found.peak[own]).any())),
        robust(found.robust_last),
    ]


def _highest(values: np.ndarray) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else np.nan


def _sort_value(value: float | str) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.9g}" if np.isfinite(value) else ""


def _two(above: str, below: str) -> str:
    return above if above == NOT_MEASURED else f'{above}<span class="below">{below}</span>'


def acceptance_tables(views: list[View]) -> str:
    """Builds the comparison with the published run for every configuration that allows it; empty without one."""
    parts = []
    for view in views:
        for group in applicable(view):
            lines, differing = acceptance(view, group), differing_settings(group)
            rows = "".join(map(_acceptance_row, lines))
            note = f"This run differs from the published one: {differing}. " if differing else ""
            parts.append(
                f"<h3>{escape(group.label)} in population <code>{escape(view.population.name)}</code>: "
                f"{_met(lines)}</h3><p>{escape(note)}The dataset may differ too: see its config.</p>"
                '<div class="scroll fitting"><table class="acceptance"><thead><tr><th>compared</th><th>published</th>'
                "<th>measured (median)</th><th>5–95 % of networks</th><th>required</th><th>verdict</th></tr></thead>"
                f"<tbody>{rows}</tbody></table></div>"
            )
    return "".join(parts)


def acceptance_words(views: list[View]) -> str:
    """How many of the requirements are met, over all configurations that allow the comparison."""
    lines = [line for view in views for group in applicable(view) for line in acceptance(view, group)]
    return _met(lines) if lines else "no comparison"


def _met(lines: list[Requirement]) -> str:
    return f"{sum(line.met is True for line in lines)} of {len(lines)} met"


def _acceptance_row(line: Requirement) -> str:
    interval = f"{_measured(line.low)} to {_measured(line.high)}" if np.isfinite(line.low) else NOT_MEASURED
    cells = (line.name, line.published, _measured(line.measured), interval, line.required)
    row = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr>{row}<td class="{line.verdict.replace(" ", "-")}">{line.verdict}</td></tr>'


def _measured(value: float) -> str:
    return f"{value:.0f}" if value == np.round(value) else plain_number(value)


def manifest_facts(manifest: dict[str, Any]) -> str:
    """Builds the list of a population's facts, one a key of its manifest, nested ones in one line."""
    items = [
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(_fact(name, value))}</dd>"
        for name, value in manifest.items()
        if value not in (None, "", {}, [])
    ]
    return f'<dl class="facts">{"".join(items)}</dl>'


def _fact(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return " · ".join(f"{key} {_fact(key, each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(_fact(name, each) for each in value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if name == "checkpoints":
        return epoch_words(value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return plain_number(value)
