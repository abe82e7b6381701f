"""Points of a scaling figure: what networks end with, against a setting in which they differ and in nothing else."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.figures.clocks import trajectories
from mirrorjax.report.read.over_seeds import Networks
from mirrorjax.report.read.populations import EPOCH_ROUNDING, PEAK_AFTER, Group, ReportedPopulation
from mirrorjax.report.words.numbers import tidy_number

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
_RATES = ("learning_rate", "batch_size")
# the settings that a regressor stands for
OWN = {"parameters": {"depth", "width"}, "train_boards": {"boards"}} | {name: {name} for name in _RATES}
FEWEST = 3  # places: a law takes three at least


@dataclass(frozen=True)
class ScalingSeries:
    """What networks end with at several places of a regressor.

    `series` says what is the same at all points, empty where nothing else varies; `values` is by measure, over the
    networks of each point, nan where not measured; if `paired` these are the same networks at every point, in the same
    order.
    """

    regressor: str
    series: str
    x: np.ndarray
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


def places_of(population: ReportedPopulation, found: Networks) -> dict[str, np.ndarray]:
    """Where each network is on every regressor, [networks] each; nan where that is not known."""
    groups = [population.groups[int(index)] for index in found.group]
    rates = {name: np.array([each.settings[name] for each in groups], np.float64) for name in _RATES}
    return {name: found.sizes[name] for name in ("parameters", "train_boards")} | rates | {"step": found.step}


def ends_of(population: ReportedPopulation, found: Networks) -> dict[str, np.ndarray]:
    """What each network ends with, by measure, [networks] each; diverged ones nan."""
    every = found.last | {"peak": found.peak, "peak_epoch": found.peak_epoch}
    return {name: every[name] for name in measured(population)}


def points_of(population: ReportedPopulation, networks: Networks) -> list[ScalingSeries]:
    """All series with at least three places, by regressor, that with most places first; the steps last."""
    if not len(networks.group):
        return []
    result = []
    for regressor in OWN:
        series = [each for each in _series(population, networks, regressor) if len(np.unique(each.x)) >= FEWEST]
        result += sorted(series, key=lambda each: -len(each.x))
    return result + _over_steps(population)


def _series(population: ReportedPopulation, networks: Networks, regressor: str) -> list[ScalingSeries]:
    """Points of one regressor, apart by what else differs."""
    x, ends = places_of(population, networks)[regressor], ends_of(population, networks)
    by_rest: dict[tuple[tuple[str, str], ...], list[Group]] = {}
    for group in population.groups:
        rest = tuple((name, str(group.settings[name])) for name in sorted(set(group.settings) - OWN[regressor]))
        by_rest.setdefault(rest, []).append(group)
    result = []
    for rest, groups in by_rest.items():
        places = []
        for group in groups:
            own = networks.of(group)
            places += [(float(at), group, own & (x == at)) for at in np.unique(x[own & np.isfinite(x) & (x > 0)])]
        places.sort(key=lambda place: (place[0], place[1].index))
        values = {name: [every[own] for _, _, own in places] for name, every in ends.items()}
        series = _differing(rest, list(by_rest)) if len(by_rest) > 1 else ""
        result.append(ScalingSeries(regressor, series, np.array([at for at, *_ in places]), values))
    return result


def _differing(rest: tuple[tuple[str, str], ...], others: list[tuple[tuple[str, str], ...]]) -> str:
    """What tells this series from the others."""
    words = []
    for name, value in (own for place, own in enumerate(rest) if len({other[place] for other in others}) > 1):
        with suppress(ValueError):  # a word is written as it is
            value = tidy_number(float(value))
        words.append(f"{name.replace('learning_rate', 'lr').replace('_', ' ')} {value}")
    return ", ".join(words)


def _over_steps(population: ReportedPopulation) -> list[ScalingSeries]:
    """The configuration nearest the paper's at its own checkpoints: compute, at a fixed size."""
    group, names = population.headline, measured(population)
    made = trajectories(population, [group], [name for name in names if "peak" not in name])
    values = {name: np.ascontiguousarray(each.T) for name, each in made.values.items()}  # [checkpoints, networks]
    if len(values["epoch"]) < FEWEST:
        return []
    epochs, steps = (np.nanmedian(values.pop(clock), axis=1) for clock in ("epoch", "step"))
    if "peak" in names:
        late = (epochs > PEAK_AFTER + EPOCH_ROUNDING)[:, None]
        so_far = np.fmax.accumulate(np.where(late, values["cmni"], np.nan))
        values["peak"] = np.where(late, so_far, np.nan)
        values["peak_epoch"] = np.full_like(so_far, np.nan)  # a peak's time does not scale with time
    shown = {name: list(values[name]) for name in names}
    return [ScalingSeries("step", group.label, steps, shown, paired=True)]
