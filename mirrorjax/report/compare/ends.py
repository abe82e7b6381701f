"""What sweeps' networks have at the same paper epoch, and at the same excess error; whether their curves are one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mirrorjax.report.chart.figure import Cell, Table
from mirrorjax.report.compare.sweeps import Compared, times
from mirrorjax.report.figures.clocks import condition
from mirrorjax.report.words.findings import CLOCKS, verdict, where
from mirrorjax.report.words.numbers import interval_words, listed, plain_number
from mirrorjax.report.words.time import Time
from mirrorjax.statistics.intervals import mean_interval
from mirrorjax.statistics.matching import at_excess, common_excess
from mirrorjax.statistics.time_collapse import BY_ERROR, TimeCollapse, TimeCondition, time_collapse


@dataclass(frozen=True)
class Matched:
    """Values of every sweep's shown configuration at one place of a clock, or why nothing can be matched.

    `values` is by sweep and measure, over networks; nan where a network never gets there.
    """

    title: str
    clock: str
    at: float
    values: dict[tuple[str, str], np.ndarray]
    missing: str = ""


def conditions(sweeps: Sequence[Compared], measures: Sequence[str]) -> dict[str, list[TimeCondition]]:
    """By measure, the networks of every sweep's configuration nearest the paper's."""
    shown = [(sweep.name, *sweep.nearest) for sweep in sweeps]
    return {each: [condition(view.population, group, each, name) for name, view, group in shown] for each in measures}


def at_epoch(made: dict[str, list[TimeCondition]], counted: Sequence[Time]) -> Matched:
    """At the last paper epoch, or other time of one kind, that all sweeps have a checkpoint at, within 2 %."""
    time, *other = counted
    if other:
        return Matched("", "epoch", np.nan, {}, f"the sweeps count time in {listed([each.units for each in counted])}")
    clocks = [each.clocks["epoch"][0] if "epoch" in each.clocks else np.empty(0) for each in next(iter(made.values()))]
    first, *others = clocks
    shared = [at for at in first if all(np.any(np.abs(own - at) <= 0.02 * max(at, 1)) for own in others)]
    if not shared:
        return Matched("", "epoch", np.nan, {}, "the sweeps have no trained checkpoint at the same time")
    at = float(max(shared))
    every = [(name, each) for name, row in made.items() for each in row]
    places = [int(np.argmin(np.abs(each.clocks["epoch"][0] - at))) for _, each in every]
    values = {(each.name, name): each.values[:, place] for (name, each), place in zip(every, places, strict=True)}
    return Matched(f"at {time.at(at, paper=True)}", "epoch", at, values)


def at_error(made: dict[str, list[TimeCondition]], counted: Sequence[Time]) -> Matched:
    """At the smallest excess error that half of every sweep's networks reach."""
    first = next(iter(made.values()))
    if len(counted) > 1:
        return Matched(
            "", BY_ERROR, np.nan, {}, "excess error is of points where agents play, and of answers elsewhere"
        )
    if not all(BY_ERROR in each.clocks for each in first):
        return Matched("", BY_ERROR, np.nan, {}, "excess error was not recorded in all of them")
    errors = {each.name: np.exp(-each.clocks[BY_ERROR]) for each in first}
    target = common_excess(list(errors.values()))
    if np.isnan(target):
        return Matched("", BY_ERROR, np.nan, {}, "no excess error is passed by half of the networks of every sweep")
    values = {
        (each.name, name): at_excess(each.clocks["epoch"], errors[each.name], each.values, target).value
        for name, row in made.items()
        for each in row
    }
    return Matched(f"at excess error {plain_number(target)}", BY_ERROR, target, values)


def shown_table(sweeps: Sequence[Compared], measures: dict[str, str], matched: Sequence[Matched]) -> Table:
    """For the page, a column a sweep: means with their 95 % intervals."""
    rows: list[list[Cell]] = []
    for each in (each for each in matched if not each.missing):
        of_first = [each.values[sweep.name, next(iter(measures))] for sweep in sweeps]
        counts = (f"{int(np.isfinite(values).sum()):,} of {len(values):,}" for values in of_first)
        rows.append([each.title, "networks", *counts])
        for name, label in measures.items():
            means = (mean_interval(each.values[sweep.name, name]) for sweep in sweeps)
            rows.append(["", label, *(interval_words(*mean) for mean in means)])
    return Table(("matched", "measure", *(f"{sweep.name}: {sweep.nearest[1].label}" for sweep in sweeps)), rows)


def fewest(matched: Sequence[Matched]) -> int:
    """The fewest networks behind a mean; 0 without any."""
    return min((int(np.isfinite(own).sum()) for each in matched for own in each.values.values()), default=0)


def table(measures: dict[str, str], matched: Sequence[Matched]) -> Table:
    """For the file: the same numbers with all digits."""
    rows: list[list[Cell]] = []
    for each in matched:
        for (sweep, name), values in each.values.items():
            low, mean, high = mean_interval(values)
            known = int(np.isfinite(values).sum())
            rows.append([sweep, each.clock, each.at, name, known, len(values), mean, low, high])
    return Table(["sweep", "matched", "at", "measure", "networks", "of", "mean", "low_95", "high_95"], rows)


def tests(
    sweeps: Sequence[Compared], made: dict[str, list[TimeCondition]], measures: dict[str, str]
) -> list[tuple[str, TimeCollapse]]:
    """Whether the sweeps' curves are one, by measure, on every clock that all have."""
    # at one rate steps are the same clock as the epochs; where time is of several kinds there is none
    steps = ["epoch", *(["step"] if "learning rate" in differing(sweeps) else [])]
    clocks = [*steps, BY_ERROR] if len(times(sweeps)) == 1 else []
    found = []
    for name, row in made.items():
        shared = [clock for clock in clocks if all(clock in each.clocks for each in row)]
        shared = [clock for clock in shared if name != "excess_error" or clock != BY_ERROR]
        found += [(measures[name], time_collapse(row, clock)) for clock in shared]
    return found


def tests_table(found: Sequence[tuple[str, TimeCollapse]], whole: bool = False) -> Table:
    """For the page, or with the sentences for the file."""
    rows: list[list[Cell]] = []
    for label, each in found:
        cells: list[Cell] = [label, CLOCKS[each.clock], "nothing can be said", "", "", "", each.missing, ""]
        if not each.missing:
            place, refuted = each.widest[0], "refuted" if each.refuted else "not refuted"
            numbers = (plain_number(each.spread), plain_number(each.expected[1]), f"{each.p_value:.3f}")
            means = " · ".join(plain_number(mean) for mean in each.means[:, place])
            cells = [label, CLOCKS[each.clock], refuted, *numbers, where(each.clock, each.places[place]), means]
        rows.append([*cells, verdict(each, label, "sweeps")] if whole else cells)
    head = ("measure", "matched", "one curve", "spread", "by chance", "p", "widest at", "means there")
    return Table((*head, "verdict") if whole else head, rows)


def differing(sweeps: Sequence[Compared]) -> list[str]:
    """Settings in which the configurations shown differ."""
    groups = [sweep.nearest[1] for sweep in sweeps]
    names = groups[0].settings
    return [name.replace("_", " ") for name in names if len({str(each.settings.get(name)) for each in groups}) > 1]
