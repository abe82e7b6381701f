"""Curves of configurations that differ in rate or batch size alone, held against each other at matched time."""

from collections.abc import Sequence

import numpy as np

from mirrorjax.phases.collapse_words import verdict
from mirrorjax.phases.time_collapse import Condition, fallen, time_collapse
from mirrorjax.report.figure import View
from mirrorjax.report.load import Group, Population
from mirrorjax.report.observations import quoted
from mirrorjax.report.words import tidy_number

JUDGED = {"cmni": "CMNI", "accuracy": "accuracy", "mni_star": "MNI*"}  # in the report's words on rates
PACES = {"learning_rate": ("rates", "lr"), "batch_size": ("batch sizes", "batch")}


def condition(population: Population, group: Group, measure: str, name: str) -> Condition:
    """The trained checkpoints of one configuration's networks, diverged ones nan, on every clock that was recorded."""
    known = ["epoch", "step", *({"excess_error"} & population.measures)]
    columns = population.query(
        f"SELECT member_id, seed, checkpoint, CASE WHEN alive THEN {quoted(measure)} END AS value, {', '.join(known)} "
        "FROM observations WHERE group_index = ? AND step > 0 ORDER BY seed, member_id, checkpoint",
        [group.index],
    )
    checkpoints, place = np.unique(columns["checkpoint"], return_inverse=True)
    _, first, row = np.unique(columns["member_id"].astype(str), return_index=True, return_inverse=True)

    def spread(column: str) -> np.ndarray:
        made = np.full((len(first), len(checkpoints)), np.nan)
        made[row, place] = columns[column].astype(np.float64)
        return made

    clocks = {column: np.nanmedian(spread(column), axis=0)[None] for column in ("epoch", "step")} if len(first) else {}
    if "excess_error" in known:
        clocks["excess error"] = fallen(spread("excess_error"))
    return Condition(name, spread("value"), clocks, columns["seed"][first])


def rate_verdicts(view: View) -> list[str]:
    """Whether rates, and batch sizes, are one curve at matched lr · steps, and at matched steps; [] for one alone."""
    words = []
    for setting, (what, short) in PACES.items():
        groups = _alike_but(view, setting)
        if len(groups) < 2:
            continue
        names = [f"{short} {tidy_number(group.settings[setting])}" for group in groups]
        for measure, label in JUDGED.items():
            if measure not in view.population.measures:
                continue
            made = [
                condition(view.population, *each) for each in zip(groups, [measure] * len(groups), names, strict=True)
            ]
            words += verdicts(made, label, what, ("epoch", "step"))
    return words


def verdicts(made: Sequence[Condition], label: str, what: str, clocks: Sequence[str]) -> list[str]:
    """One sentence a clock that all conditions have."""
    shared = [clock for clock in clocks if all(clock in each.clocks for each in made)]
    return [verdict(time_collapse(made, clock), label, what) for clock in shared]


def _alike_but(view: View, setting: str) -> list[Group]:
    """The configurations that share all but one setting with that nearest the paper's, in its order."""
    headline = view.population.headline.settings
    same = [
        group
        for group in view.population.groups
        if all(group.settings[name] == headline[name] for name in headline if name != setting)
    ]
    return sorted(same, key=lambda group: group.settings[setting])
