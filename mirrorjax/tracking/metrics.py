"""Sums a population up for a dashboard: a few dozen numbers a checkpoint, however many members there are."""

from collections.abc import Mapping

import numpy as np

from mirrorjax.measurement.cmni import ROBUST_CMNI, ROBUST_LOSS

QUANTITIES = ("val_loss", "cmni", "cmni_hidden", "cmni_z", "mni_star", "ssi", "accuracy", "recall_help_rescue")
STATISTICS = ("median", "mean", "q05", "q95")
HISTOGRAMS = ("val_loss", "cmni")
AXES = 2  # checkpoint/epoch and checkpoint/step
FINAL_KEYS = 8  # kept free for what is logged once, at the end
MAX_KEYS = 50  # of one run, so that its dashboard stays a page
_ROOM = MAX_KEYS - AXES - FINAL_KEYS - len(QUANTITIES) * len(STATISTICS) - len(HISTOGRAMS) - 3  # 3: the shares
_BINS = 64


def population_metrics(
    records: Mapping[str, np.ndarray], extra: Mapping[str, float] | None = None
) -> dict[str, float | tuple[np.ndarray, np.ndarray]]:
    """What is logged about one checkpoint, by key; histograms as counts and edges. Pure.

    Args:
        records: columns of the records table, one entry a member. Missing ones and values not finite are left out.
        extra: further numbers, for instance `model_steps_per_second`; as many as there is room for.
    """
    metrics: dict[str, float | tuple[np.ndarray, np.ndarray]] = {}
    finite = {name: _finite(records[name]) for name in QUANTITIES if name in records}
    for name, values in finite.items():
        if values.size:
            low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
            numbers = (median, np.mean(values), low, high)
            metrics |= {f"pop/{name}_{what}": float(number) for what, number in zip(STATISTICS, numbers, strict=True)}
    for name in HISTOGRAMS:
        if name in finite and finite[name].size:
            metrics[f"pop/{name}_histogram"] = _histogram(finite[name])
    if "status" in records:
        metrics["pop/share_diverged"] = float(np.mean(np.asarray(records["status"]) == "diverged"))
    if "cmni" in records and "val_loss" in records:
        robust = (np.asarray(records["cmni"]) >= ROBUST_CMNI) & (np.asarray(records["val_loss"]) < ROBUST_LOSS)
        metrics["pop/share_robust"] = float(np.mean(robust))
    if "mirror" in records and (verdicts := _finite(records["mirror"])).size:
        metrics["pop/share_mirror"] = float(np.mean(verdicts))
    metrics |= {f"pop/{name}": float(number) for name, number in list((extra or {}).items())[:_ROOM]}
    return metrics


def _histogram(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = float(np.min(values)), float(np.max(values))
    if high - low <= _BINS * np.spacing(max(abs(low), abs(high))):  # NumPy refuses bins narrower than numbers are apart
        low, high = low - 0.5, high + 0.5
    return np.histogram(values, bins=_BINS, range=(low, high))


def _finite(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, np.float64)
    return values[np.isfinite(values)]
