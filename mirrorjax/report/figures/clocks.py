"""Curves of configurations that differ in rate or batch size alone, held against each other at matched time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.map.axes import order_of
from mirrorjax.report.read.populations import Group, ReportedPopulation
from mirrorjax.report.read.view import View
from mirrorjax.report.words.findings import verdict
from mirrorjax.report.words.numbers import tidy_number
from mirrorjax.results.later import quoted
from mirrorjax.statistics.time_collapse import BY_ERROR, TimeCondition, fallen, time_collapse

JUDGED = ("cmni", "accuracy", "mni_star")  # in the report's words on rates
PACES = {"learning_rate": ("rates", "lr"), "batch_size": ("batch sizes", "batch")}


def condition(population: ReportedPopulation, group: Group, measure: str, name: str) -> TimeCondition:
    """The trained checkpoints of one configuration's networks, diverged ones nan, on every clock that was recorded."""
    made = trajectories(population, [group], [measure])
    known = ("epoch", "step") if len(made.seeds) else ()
    clocks = {clock: np.nanmedian(made.values[clock], axis=0)[None] for clock in known}
    if "excess_error" in made.values:
        clocks[BY_ERROR] = fallen(made.values["excess_error"])
    return TimeCondition(name, made.values[measure], clocks, made.seeds)


@dataclass(frozen=True)
class Trajectories:
    """The trained checkpoints of some configurations' networks.

    `values` has `epoch`, `step`, `excess_error` if it was recorded, and measures, each [networks, checkpoints];
    measures of diverged networks are nan.
    """

    groups: np.ndarray
    seeds: np.ndarray
    values: dict[str, np.ndarray]


def trajectories(population: ReportedPopulation, groups: Sequence[Group], measures: Sequence[str]) -> Trajectories:
    """Reads what networks were at their trained checkpoints."""
    asked = "".join(f", CASE WHEN alive THEN {quoted(name)} END AS {quoted(name)}" for name in measures)
    clocks = ["epoch", "step", *({"excess_error"} & population.measures - {*measures})]
    columns = population.query(
        f"SELECT group_index, member_id, seed, checkpoint, {', '.join(clocks)}{asked} FROM observations "
        "WHERE list_contains(?, group_index) AND step > 0 ORDER BY seed, member_id, checkpoint",
        [[group.index for group in groups]],
    )
    checkpoints, place = np.unique(columns["checkpoint"], return_inverse=True)
    _, first, row = np.unique(columns["member_id"].astype(str), return_index=True, return_inverse=True)

    def spread(column: str) -> np.ndarray:
        made = np.full((len(first), len(checkpoints)), np.nan)
        made[row, place] = columns[column].astype(np.float64)
        return made

    values = {name: spread(name) for name in (*clocks, *measures)}
    return Trajectories(columns["group_index"][first], columns["seed"][first], values)


def rate_verdicts(view: View) -> list[str]:
    """Whether rates, and batch sizes, are one curve at matched lr · steps, and at matched steps; [] for one alone."""
    words = []
    for setting, (what, short) in PACES.items():
        groups = alike_but(view, [setting])
        if len(groups) < 2:
            continue
        names = [f"{short} {tidy_number(group.settings[setting])}" for group in groups]
        for measure in (name for name in JUDGED if name in view.population.measures):
            made = [condition(view.population, group, measure, name) for group, name in zip(groups, names, strict=True)]
            shared = [clock for clock in ("epoch", "step") if all(clock in each.clocks for each in made)]
            words += [verdict(time_collapse(made, clock), label(measure), what) for clock in shared]
    return words


def alike_but(view: View, settings: Sequence[str]) -> list[Group]:
    """The configurations that share all but some settings with that nearest the paper's, in order of the first."""
    headline, groups = view.population.headline.settings, view.population.groups
    equal = [name for name in headline if name not in settings]
    same = [group for group in groups if all(group.settings[name] == headline[name] for name in equal)]
    return sorted(same, key=lambda group: order_of(group.settings[settings[0]]))
