"""Points of a scaling figure: what networks end with, against a setting in which they differ and in nothing else."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.read.over_seeds import Networks
from mirrorjax.report.read.populations import EPOCH_ROUNDING, PEAK_AFTER, Group, ReportedPopulation
from mirrorjax.report.words.numbers import tidy_number
from mirrorjax.results.later import quoted

_AT_THE_END = ("cmni", "mni_star", "ssi", "accuracy", "rescue_accuracy", "excess_error")
MEASURES = {"peak": f"peak {label('cmni')}", "peak_epoch": "epoch of the peak"} | {
    name: f"{label(name)} at the end" for name in _AT_THE_END
}
REGRESSORS = {
    "parameters": "parameters",
    "train_boards": "training boards",
    "learning_rate": "learning rate",
    "batch_size": "batch size",
    "step": "steps",
}
OWN = {  # the settings that a regressor stands for
    "parameters": {"depth", "width"},
    "train_boards": {"boards"},
    "learning_rate": {"learning_rate"},
    "batch_size": {"batch_size"},
}
FEWEST = 3  # places: a law takes three at least


@dataclass(frozen=True)
class ScalingSeries:
    """What networks end with at several places of a regressor.

    Attributes:
        regressor: into `REGRESSORS`.
        series: what is the same at all points, in words; empty where nothing else varies.
        x: the regressor at each point.
        labels: of the points.
        values: by measure, over the networks of each point; nan where not measured.
        paired: the same networks at every point, in the same order.
    """

    regressor: str
    series: str
    x: np.ndarray
    labels: tuple[str, ...]
    values: dict[str, list[np.ndarray]]
    paired: bool = False

    @property
    def against(self) -> str:
        """The regressor with the series, as an option names it."""
        return f"{REGRESSORS[self.regressor]} ({self.series})" if self.series else REGRESSORS[self.regressor]


def measured(population: ReportedPopulation) -> dict[str, str]:
    """Those of `MEASURES` that were recorded."""
    known = population.measures
    return {name: label for name, label in MEASURES.items() if (name if "peak" not in name else "cmni") in known}


@dataclass(frozen=True)
class Ends:
    """What each network ends with, and its settings; every array is over networks, diverged ones nan."""

    group: np.ndarray
    settings: dict[str, np.ndarray]
    values: dict[str, np.ndarray]


def ends(population: ReportedPopulation, networks: Networks) -> Ends:
    """Reads settings and last values; `networks` has the peaks, in the same order."""
    last = [name for name in measured(population) if "peak" not in name]
    columns = population.query(
        "WITH last AS (SELECT * FROM observations QUALIFY row_number() OVER (PARTITION BY member_id ORDER BY "
        "checkpoint DESC) = 1) SELECT last.group_index, CAST(last.alive AS INTEGER) AS alive, last.step, "
        "members.parameters, members.learning_rate, members.batch_size, members.train_boards, "
        f"{', '.join(f'last.{quoted(name)} AS {quoted(name)}' for name in last)} FROM last JOIN members USING "
        "(member_id) ORDER BY last.group_index, last.seed, last.member_id"
    )
    values = {name: np.where(columns["alive"] > 0, columns[name].astype(np.float64), np.nan) for name in last}
    settings = {name: columns[name].astype(np.float64) for name in (*OWN, "step")}
    return Ends(columns["group_index"], settings, values | {"peak": networks.peak, "peak_epoch": networks.peak_epoch})


def points_of(population: ReportedPopulation, networks: Networks) -> list[ScalingSeries]:
    """All series with at least three places, by regressor, that with most places first; the steps last."""
    if not len(networks.group):
        return []
    found, names = ends(population, networks), list(measured(population))
    result = []
    for regressor in OWN:
        series = [each for each in _series(population, found, names, regressor) if len(np.unique(each.x)) >= FEWEST]
        result += sorted(series, key=lambda each: -len(each.x))
    return result + _over_steps(population, names)


def _series(population: ReportedPopulation, found: Ends, names: list[str], regressor: str) -> list[ScalingSeries]:
    """Points of one regressor, apart by what else differs."""
    by_rest: dict[tuple[str, ...], list[Group]] = {}
    for group in population.groups:
        rest = tuple(f"{name}={group.settings[name]}" for name in sorted(set(group.settings) - OWN[regressor]))
        by_rest.setdefault(rest, []).append(group)
    result = []
    for rest, groups in by_rest.items():
        places = []
        for group in groups:
            own = found.group == group.index
            x = found.settings[regressor]
            places += [(float(at), group, own & (x == at)) for at in np.unique(x[own & np.isfinite(x) & (x > 0)])]
        places.sort(key=lambda place: (place[0], place[1].index))
        values = {name: [found.values[name][own] for _, _, own in places] for name in names}
        labels = tuple(group.label for _, group, _ in places)
        series = _differing(rest, list(by_rest)) if len(by_rest) > 1 else ""
        result.append(ScalingSeries(regressor, series, np.array([at for at, *_ in places]), labels, values))
    return result


def _differing(rest: tuple[str, ...], others: list[tuple[str, ...]]) -> str:
    """What tells this series from the others."""
    words = []
    for place, setting in enumerate(rest):
        if len({other[place] for other in others}) > 1:
            name, _, value = setting.partition("=")
            with suppress(ValueError):  # a word is written as it is
                value = tidy_number(float(value))
            words.append(f"{name.replace('learning_rate', 'lr').replace('_', ' ')} {value}")
    return ", ".join(words)


def _over_steps(population: ReportedPopulation, names: list[str]) -> list[ScalingSeries]:
    """The configuration nearest the paper's at its own checkpoints: compute, at a fixed size."""
    group = population.headline
    alive = "CASE WHEN alive THEN {} END AS {}"
    wanted = [name for name in names if "peak" not in name]
    columns = population.query(
        f"SELECT member_id, checkpoint, epoch, step, {', '.join(alive.format(quoted(n), quoted(n)) for n in wanted)} "
        "FROM observations WHERE group_index = ? AND step > 0 ORDER BY member_id, checkpoint",
        [group.index],
    )
    checkpoints, place = np.unique(columns["checkpoint"], return_inverse=True)
    if len(checkpoints) < FEWEST:
        return []
    _, member = np.unique(columns["member_id"].astype(str), return_inverse=True)

    def spread(name: str) -> np.ndarray:
        table = np.full((len(checkpoints), member.max() + 1), np.nan)
        table[place, member] = columns[name].astype(np.float64)
        return table

    values = {name: spread(name) for name in wanted}
    epochs = np.nanmedian(spread("epoch"), axis=1)
    if "peak" in names:
        late = epochs > PEAK_AFTER + EPOCH_ROUNDING
        values["peak"] = np.where(
            late[:, None], np.fmax.accumulate(np.where(late[:, None], values["cmni"], np.nan)), np.nan
        )
        values["peak_epoch"] = np.full_like(values["peak"], np.nan)  # a peak's time does not scale with time
    return [
        ScalingSeries(
            "step",
            group.label,
            np.nanmedian(spread("step"), axis=1),
            tuple(f"{group.label}, epoch {epoch:.3g}" for epoch in epochs),
            {name: list(table) for name, table in values.items()},
            paired=True,
        )
    ]
