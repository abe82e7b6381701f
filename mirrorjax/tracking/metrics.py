"""Sums a population up for a dashboard: a few dozen numbers a checkpoint, however many members there are."""

from collections.abc import Mapping

import numpy as np

from mirrorjax.measurement.learnt import LEARNT, ROBUST
from mirrorjax.tracking import keys
from mirrorjax.tracking.keys import DIVERGED, HISTOGRAMS, MIRROR, OF_SOME, QUANTITIES, STATISTICS, key, statistics_of

IMAGES = 8  # figures that are logged once, at the end
FINAL_KEYS = IMAGES + 2  # and an interactive one, and the table of cells
MAX_KEYS = 107  # of one run, so that its dashboard stays a page
_ROOM = MAX_KEYS - 2 - FINAL_KEYS - len(QUANTITIES) * len(STATISTICS) - len(HISTOGRAMS) - 6  # 2: the axes, 6: shares
_BINS = 64


def population_metrics(
    records: Mapping[str, np.ndarray], extra: Mapping[str, float] | None = None
) -> dict[str, float | tuple[np.ndarray, np.ndarray]]:
    """What is logged about one checkpoint, by key; histograms as counts and edges. Pure.

    Statistics are over the networks that have not diverged, shares over all, a diverged one counting as neither robust
    nor learnt. A verdict is of those alone that have learnt their task, so that there is none where nobody has.

    Args:
        records: columns of the records table, one entry a member. Missing ones and values not finite are left out.
        extra: further numbers, for instance `model_steps_per_second`; as many as there is room for.
    """
    metrics: dict[str, float | tuple[np.ndarray, np.ndarray]] = {}
    # a diverged network keeps its last finite values, which are no results
    alive = np.asarray(records["status"]) != "diverged" if "status" in records else np.asarray(True)
    finite = {name: _finite(records[name], alive) for name in (*QUANTITIES, *OF_SOME) if name in records}
    for name, values in finite.items():
        if values.size:
            low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
            numbers, told = (median, np.mean(values), low, high), statistics_of(name)
            metrics |= {key(name, what): float(n) for what, n in zip(STATISTICS, numbers, strict=True) if what in told}
    for name in HISTOGRAMS:
        if name in finite and finite[name].size:
            metrics[key(name, "histogram")] = _histogram(finite[name])
    if "status" in records:
        metrics[DIVERGED] = float(np.mean(~alive))
    if "cmni" in records and "val_loss" in records:
        metrics[keys.ROBUST] = float(np.mean(ROBUST.met(records) & alive))
    if "excess_error" in records:
        able = LEARNT.met(records) & alive
        metrics[keys.LEARNT] = float(np.mean(able))
        verdicts = np.asarray(records.get("mirror", np.nan), np.float64)
        if trials := int(np.sum(able & np.isfinite(verdicts))):
            successes = int(np.sum(able & (verdicts == 1)))
            from mirrorjax.statistics.intervals import wilson  # a second, which a population without verdicts saves

            metrics |= dict(zip(MIRROR, map(float, (successes / trials, *wilson(successes, trials))), strict=True))
    metrics |= {f"speed/{name}": float(number) for name, number in list((extra or {}).items())[:_ROOM]}
    return metrics


def _histogram(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = float(np.min(values)), float(np.max(values))
    if high - low <= _BINS * np.spacing(max(abs(low), abs(high))):  # NumPy refuses bins narrower than numbers are apart
        low, high = low - 0.5, high + 0.5
    return np.histogram(values, bins=_BINS, range=(low, high))


def _finite(values: np.ndarray, alive: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    return values[np.isfinite(values) & alive]
