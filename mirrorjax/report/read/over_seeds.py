"""What is computed over seeds: bands over checkpoints, and each network's peak."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mirrorjax.report.read.populations import EPOCH_ROUNDING, PEAK_AFTER, Group, ReportedPopulation
from mirrorjax.report.words.numbers import NOT_MEASURED, percent
from mirrorjax.results.later import quoted
from mirrorjax.settings.columns import COORDINATES
from mirrorjax.statistics.intervals import FEWEST_RESAMPLED, share

CURVE_MEASURES = ("val_loss", "cmni", "cmni_hidden", "accuracy", "mne", "output_share")
LAST_MEASURES = (
    "val_loss", "accuracy", "recall_jump", "recall_leap", "recall_help", "recall_help_edge", "recall_help_rescue",
    "cmni", "cmni_hidden", "mne", "output_share", "cmni_z", "empathy", "ssi", "mni_star", "mni_star_z",
    "rescue_accuracy", "excess_error",
)  # fmt: skip
LOW, HIGH = 0.05, 0.95  # the 90 % band
BANDS = f"90 % of the networks (of fewer than {FEWEST_RESAMPLED}, all)"  # what bands and brackets hold


class Band(NamedTuple):
    """Median and 90 % band over networks: 5 % and 95 % quantiles, of fewer than 8 the least and the largest value.

    Numbers, or arrays over checkpoints.
    """

    low: np.ndarray
    median: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Curve:
    """One configuration over its checkpoints; every array is over checkpoints, rising."""

    checkpoint: np.ndarray
    epoch: np.ndarray  # or the time of a regime that has none
    step: np.ndarray
    networks: np.ndarray  # recorded there, diverged ones included; the divisor of shares
    alive: np.ndarray  # of these, not diverged; medians and bands are over them
    robust: np.ndarray  # of `networks`, CMNI ≥ .005 and validation loss < .06; a diverged network is not
    learnt: np.ndarray  # of `networks`, excess error below LEARNT_BELOW; a diverged network is not
    bands: dict[str, Band]  # by measure

    def at_epoch(self, epoch: float, tolerance: float = 0.02) -> int | None:
        """The place of the checkpoint at this paper epoch, None if none is within 2 %."""
        if not len(self.epoch):
            return None
        place = int(np.argmin(np.abs(self.epoch - epoch)))
        return place if abs(self.epoch[place] - epoch) <= tolerance * max(epoch, 1.0) else None


@dataclass(frozen=True)
class Networks:
    """What each network did; every array is over networks, nan where not measured.

    `last` holds `LAST_MEASURES` at its last record, `untrained` CMNI at checkpoint 0, `peak` its highest CMNI after
    paper epoch 1.5; beside both the CMNI of the hidden units alone and the z of CMNI at the same checkpoint.
    `sizes` holds what `members` has of each in numbers, `COORDINATES`.
    """

    group: np.ndarray
    member_id: np.ndarray
    seed: np.ndarray
    diverged: np.ndarray
    stopped: np.ndarray
    step: np.ndarray
    epoch: np.ndarray
    last: dict[str, np.ndarray]
    sizes: dict[str, np.ndarray]
    untrained: np.ndarray
    untrained_hidden: np.ndarray
    untrained_z: np.ndarray
    peak: np.ndarray
    peak_hidden: np.ndarray
    peak_z: np.ndarray
    peak_epoch: np.ndarray
    robust_last: np.ndarray
    robust_at_peak: np.ndarray
    robust_ever: np.ndarray
    learnt: np.ndarray

    def of(self, group: Group) -> np.ndarray:
        """Mask of a configuration's networks."""
        return self.group == group.index


def band(values: np.ndarray) -> Band:
    """Median and 90 % band of the finite values; nan without any."""
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return Band(*np.full(3, np.nan))
    if len(values) < FEWEST_RESAMPLED:
        return Band(*np.array([values.min(), np.median(values), values.max()]))
    return Band(*np.quantile(values, [LOW, 0.5, HIGH]))


def band_sql(value: str) -> dict[str, str]:
    """The low, median and high end of a band over the living networks of an expression, as SQL aggregates."""
    few = f"count({value}) FILTER (alive) < {FEWEST_RESAMPLED}"
    ends = {"low": ("min", LOW), "high": ("max", HIGH)}
    found = {
        word: f"CASE WHEN {few} THEN {least}({value}) FILTER (alive) "
        f"ELSE quantile_cont({value}, {place}) FILTER (alive) END"
        for word, (least, place) in ends.items()
    }
    return found | {"median": f"quantile_cont({value}, 0.5) FILTER (alive)"}


def share_words(count: int, number: int) -> str:
    """Writes `3 of 4 (75 % [30 %, 95 %])`, with Wilson's 95 % interval; n/a of nobody."""
    low, value, high = share(count, number)
    shown = f"{count:,} of {number:,} ({percent(value)} [{percent(low)}, {percent(high)}])"
    return shown if number else NOT_MEASURED


def settled(epochs: np.ndarray) -> np.ndarray:
    """Mask of the checkpoints that axes and colours are made for: from epoch 1.5 on, where untrained values are gone.

    A run without any shows what it has: all but checkpoint 0, or that.
    """
    for first in (PEAK_AFTER - EPOCH_ROUNDING, 1e-9):
        mask = epochs >= first
        if mask.any():
            return mask
    return np.ones(len(epochs), bool)


def after_peak_start(epochs: np.ndarray) -> np.ndarray:
    """Mask of the checkpoints among which a peak is looked for."""
    return epochs > PEAK_AFTER + EPOCH_ROUNDING


def curves(population: ReportedPopulation, measures: Sequence[str] = CURVE_MEASURES) -> dict[int, Curve]:
    """Computes every configuration's curve, by group index, with bands of some measures.

    One that was not recorded has bands of nan; `A - B` is the difference of two measures, network by network.
    """
    known = [name for name in measures if set(name.split(" - ")) <= population.measures]
    quantiles = "".join(
        f", {sql} AS {quoted(f'{name}_{word}')}"
        for name in known
        for word, sql in band_sql(" - ".join(map(quoted, name.split(" - ")))).items()
    )
    columns = population.query(
        "SELECT group_index, checkpoint, max(epoch) AS epoch, max(step) AS step, count(*) AS networks, "
        "count(*) FILTER (alive) AS alive, count(*) FILTER (robust) AS robust, "
        f"count(*) FILTER (learnt > 0) AS learnt{quantiles} FROM observations "
        "GROUP BY group_index, checkpoint ORDER BY group_index, checkpoint"
    )
    result = {}
    for group in population.groups:
        own = columns["group_index"] == group.index
        bands = {name: Band(*np.full((3, int(own.sum())), np.nan)) for name in measures}
        bands |= {name: Band(*(columns[f"{name}_{word}"][own] for word in Band._fields)) for name in known}
        plain = {name: columns[name][own] for name in Curve.__annotations__ if name != "bands"}
        result[group.index] = Curve(**plain, bands=bands)
    return result


def networks(population: ReportedPopulation) -> Networks:
    """Computes what each network did. Ties of a peak go to the earlier checkpoint."""
    known = population.measures
    last = ", ".join(f"{f'last.{name}' if name in known else 'NULL::DOUBLE'} AS last_{name}" for name in LAST_MEASURES)
    z = "cmni_z" if "cmni_z" in known else "NULL::DOUBLE"
    columns = population.query(
        "WITH last AS (SELECT * FROM observations "
        "QUALIFY row_number() OVER (PARTITION BY member_id ORDER BY checkpoint DESC) = 1), "
        f"trained AS (SELECT *, {z} AS z FROM observations WHERE alive AND epoch > {PEAK_AFTER + EPOCH_ROUNDING}), "
        "peak AS (SELECT * FROM trained WHERE cmni IS NOT NULL "
        "QUALIFY row_number() OVER (PARTITION BY member_id ORDER BY cmni DESC, checkpoint) = 1), "
        "ever AS (SELECT member_id, bool_or(robust) AS robust FROM trained GROUP BY member_id), "
        f"start AS (SELECT member_id, cmni, cmni_hidden, {z} AS z FROM observations WHERE checkpoint = 0) "
        f"SELECT last.group_index, last.member_id, last.seed, last.status, last.step, last.epoch, {last}, "
        f"{', '.join(f'members.{name} AS size_{name}' for name in COORDINATES)}, "
        "last.robust AS robust_last, last.learnt > 0 AS learnt, "
        "start.cmni AS untrained, start.cmni_hidden AS untrained_hidden, start.z AS untrained_z, "
        "peak.cmni AS peak, peak.cmni_hidden AS peak_hidden, peak.z AS peak_z, peak.epoch AS peak_epoch, "
        "coalesce(peak.robust, false) AS robust_at_peak, coalesce(ever.robust, false) AS robust_ever "
        "FROM last JOIN members USING (member_id) "
        "LEFT JOIN start USING (member_id) LEFT JOIN peak USING (member_id) LEFT JOIN ever USING (member_id) "
        "ORDER BY last.group_index, last.seed, last.member_id"
    )
    found = {name: values for name, values in columns.items() if name in Networks.__annotations__}
    diverged = columns["status"] == "diverged"

    def of_survivors(name: str) -> np.ndarray:
        # a diverged network keeps its last finite values, which are no results
        return np.where(diverged, np.nan, columns[name].astype(np.float64))

    found |= {name: of_survivors(name) for name in ("peak", "peak_hidden", "peak_z", "peak_epoch")}
    found |= {name: found[name].astype(bool) for name in ("robust_last", "robust_at_peak", "robust_ever", "learnt")}
    found |= {
        "member_id": columns["member_id"].astype(str),
        "untrained_z": columns["untrained_z"].astype(np.float64),
        "robust_at_peak": found["robust_at_peak"] & ~diverged,
    }
    found |= {"group": columns["group_index"], "diverged": diverged, "stopped": columns["status"] == "stopped"}
    measured = {name: of_survivors(f"last_{name}") for name in LAST_MEASURES}
    sizes = {name: columns[f"size_{name}"].astype(np.float64) for name in COORDINATES}
    return Networks(**found, last=measured, sizes=sizes)
