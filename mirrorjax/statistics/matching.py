"""Comparing conditions at equal excess error and at equal training time: whether one is only further along."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.statistics.intervals import Interval, mean_interval

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Reached:
    """Where each network first reaches a target, arrays [N], nan for those that never do."""

    epoch: np.ndarray
    value: np.ndarray


@dataclass(frozen=True)
class Condition:
    """The measure of one condition's networks, matched both ways.

    Of `networks` with a trajectory `never` never reach the target: `at_excess` is the mean of the others where the
    excess error first does, at `epoch`, in paper epochs. `at_epoch` is the mean at the given paper epoch, at which
    `absent` have no value: their trajectory ends before, or begins after.
    """

    name: Hashable
    networks: int
    never: int
    at_excess: Interval[float]
    epoch: Interval[float]
    at_epoch: Interval[float]
    absent: int


def at_excess(epoch: object, excess: object, measure: object, target: float) -> Reached:
    """The measure where the excess error first is at or below a target, straight lines between checkpoints.

    Checkpoints at which any of the three is not finite are passed over, so that a measure that is taken now and then is
    matched among its own checkpoints. A network that is below the target from its first one has its value there.
    Trajectories are [N, T], time along T; or [T] where all are alike.
    """
    epoch, excess, measure = _trajectories(epoch=epoch, excess=excess, measure=measure)
    known = np.isfinite(epoch) & np.isfinite(excess) & np.isfinite(measure)
    reaches, before, after = _first(known, excess <= target)
    rows = np.arange(len(known))
    fall = excess[rows, before] - excess[rows, after]
    part = np.divide(excess[rows, before] - target, fall, out=np.ones(len(rows)), where=before < after)
    values = [each[rows, before] + part * (each[rows, after] - each[rows, before]) for each in (epoch, measure)]
    return Reached(*(np.where(reaches, each, np.nan) for each in values))


def at_epoch(epoch: object, measure: object, target: float) -> np.ndarray:
    """The measure at a paper epoch, lr·steps/.6144, straight lines between checkpoints: [N], nan outside a trajectory.

    Trajectories are [N, T], time rising along T; or [T] where all are alike.
    """
    epoch, measure = _trajectories(epoch=epoch, measure=measure)
    known = np.isfinite(epoch) & np.isfinite(measure)
    slack = _ROUNDING * max(abs(target), 1.0)  # epochs of whole steps
    reaches, before, after = _first(known, epoch >= target - slack)
    rows, starts = np.arange(len(known)), before == after
    exact = np.abs(epoch[rows, after] - target) <= slack
    before = np.where(exact, after, before)
    wide = epoch[rows, after] - epoch[rows, before]
    part = np.divide(target - epoch[rows, before], wide, out=np.zeros(len(rows)), where=before < after)
    value = measure[rows, before] + part * (measure[rows, after] - measure[rows, before])
    return np.where(reaches & (exact | ~starts), value, np.nan)


def common_excess(conditions: Sequence[np.ndarray]) -> float:
    """The least excess error that half of every condition's networks reach in training; nan if there is none.

    There is none where one condition begins below what another ever reaches. Conditions are excess errors [networks,
    checkpoints], nan where not known; medians are of logarithms.
    """
    least, first = [], []
    for excess in conditions:
        logs = np.log(np.where(excess > 0, excess, np.nan))
        logs = logs[np.isfinite(logs).any(axis=1)]
        if not len(logs):
            return np.nan
        least.append(np.median(np.nanmin(logs, axis=1)))
        first.append(np.median(logs[np.arange(len(logs)), np.isfinite(logs).argmax(axis=1)]))
    return float(np.exp(max(least))) if least and max(least) <= min(first) else np.nan


def compare(
    conditions: object, epoch: object, excess: object, measure: object, *, excess_target: float, epoch_target: float
) -> list[Condition]:
    """Compares conditions both ways, with 95 % bootstrap intervals over networks, in order of the conditions' names.

    `conditions` are of each network, [N], trajectories [N, T], or [T].
    """
    names = np.asarray(conditions)
    epoch, excess, measure = _trajectories(len(names), epoch=epoch, excess=excess, measure=measure)
    matched, timed = at_excess(epoch, excess, measure, excess_target), at_epoch(epoch, measure, epoch_target)
    return [
        Condition(
            name=name.item(),
            networks=int(own.sum()),
            never=int(np.isnan(matched.value[own]).sum()),
            at_excess=mean_interval(matched.value[own]),
            epoch=mean_interval(matched.epoch[own]),
            at_epoch=mean_interval(timed[own]),
            absent=int(np.isnan(timed[own]).sum()),
        )
        for name, own in ((name, names == name) for name in np.unique(names))
    ]


def _trajectories(networks: int | None = None, **named: object) -> list[np.ndarray]:
    arrays = {name: np.atleast_2d(np.asarray(each, np.float64)) for name, each in named.items()}
    try:
        shape = np.broadcast_shapes(*(each.shape for each in arrays.values()))
    except ValueError:
        shape = ()
    if len(shape) != 2 or not shape[1] or networks not in (None, shape[0]):
        given = ", ".join(f"{name} {each.shape}" for name, each in arrays.items())
        expected = "networks" if networks is None else networks
        raise InputError(f"{given}: trajectories should be [{expected}, checkpoints], all alike")
    return [np.broadcast_to(each, shape) for each in arrays.values()]


def _first(known: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether a known checkpoint is there, the first that is, and before it the known one before, if any; each [N]."""
    arrived = known & there
    after = arrived.argmax(axis=1)
    last = np.maximum.accumulate(np.where(known, np.arange(known.shape[1]), -1), axis=1)
    before = last[np.arange(len(known)), np.maximum(after - 1, 0)]
    return np.asarray(arrived.any(axis=1)), np.where((after > 0) & (before >= 0), before, after), after
