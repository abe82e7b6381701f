"""The measures that populations have, of a part of the units of a network that is not in a population."""

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.measurement.battery.counterfactual import changed_by_both
from mirrorjax.measurement.battery.discriminability import d_prime, told_apart
from mirrorjax.measurement.battery.overlap import Apart, apart
from mirrorjax.measurement.battery.responses import Responses, standardised
from mirrorjax.measurement.histograms import BINS, binned, bins_by, divergence

NAMES = {"none": "x0", "self": "xF", "other": "xT", "both": "xFT", "object": "xO", "object_baseline": "xO0"}
_BLOCK = 64  # rows that are turned at a time
_BEFORE = {"self": "none", "other": "none", "object": "object_baseline", "both": "none"}


def turned(rows: np.ndarray) -> np.ndarray:
    """Activations [rows, U] as populations have them [U, rows]; by blocks, which stay in the cache."""
    found = np.empty(rows.shape[::-1], rows.dtype)
    for first in range(0, len(rows), _BLOCK):
        found[:, first : first + _BLOCK] = rows[first : first + _BLOCK].T
    return found


def sized(pictures: dict[str, np.ndarray], places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which units are alive, their rms, and standardised activations [U, places], over all conditions [rows, U]."""
    alive, rms, standard = _sized([turned(each) for each in pictures.values()], places)
    return np.asarray(alive), np.asarray(rms), np.asarray(standard)


@jax.jit
def _sized(pictures: list[jax.Array], places: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    alive, rms, standard = standardised(jnp.concatenate(pictures, axis=-1))
    return alive, rms, standard[:, places]


def of_units(
    pictures: dict[str, np.ndarray], rms: np.ndarray, scale: np.ndarray, alive: np.ndarray, weight: np.ndarray
) -> tuple[dict[str, np.ndarray], Apart | None]:
    """Columns by unit [U] from activations [rows, U] by condition, and what overlap is a sum of.

    Args:
        pictures: by condition.
        rms: of each unit [U].
        scale: what each unit is divided by where a measure is not blind to it [U].
        alive: which units are.
        weight: of each unit [U].
    """
    hidden = {name: turned(values) for name, values in pictures.items()}
    columns, sums = _of_units(hidden, np.float32(rms), np.float32(scale), alive, np.float32(weight))
    found = {name: np.asarray(values) for name, values in columns.items()}
    if {"none", "both"} <= {*pictures}:
        found["kl_none_both"] = _from_none_to_both(hidden)
    return found, sums


def _from_none_to_both(hidden: dict[str, np.ndarray]) -> np.ndarray:
    """KL divergence by unit [U], bins over the range of all conditions, as populations have it."""
    low, high = (getattr(np, name)([getattr(each, name)(1) for each in hidden.values()], 0) for name in ("min", "max"))
    units = np.arange(len(low))[:, None] * BINS

    def counts(name: str) -> np.ndarray:  # a sum by place takes XLA ten times as long
        places = units + np.asarray(_binned(hidden[name], low, high))
        return np.bincount(places.ravel(), minlength=units.size * BINS).reshape(-1, BINS).astype(np.float32)

    return np.asarray(_divergence(counts("none"), counts("both")))


_divergence = jax.jit(divergence)


@jax.jit
def _binned(units: jax.Array, low: jax.Array, high: jax.Array) -> jax.Array:
    return binned(units, low, bins_by(low, high))


@jax.jit
def _of_units(
    pictures: dict[str, jax.Array], rms: jax.Array, scale: jax.Array, alive: jax.Array, weight: jax.Array
) -> tuple[dict[str, jax.Array], Apart | None]:
    hidden = {NAMES[name]: values for name, values in pictures.items()}
    layer = jnp.ones(len(rms), jnp.int32)
    found = Responses(hidden, {}, rms=rms, alive=alive, weight=weight, layer=layer)
    scaled = Responses(hidden, {}, rms=scale, alive=alive, weight=weight, layer=layer)
    columns = {f"mean_{name}": values.mean(-1) for name, values in pictures.items()}
    changed = [name for name, before in _BEFORE.items() if {name, before} <= {*pictures}]
    for name in changed:
        columns[f"d_{name}"] = d_prime(found, NAMES[name], NAMES[_BEFORE[name]])
        columns[f"delta_{name}"] = scaled.change(NAMES[name], NAMES[_BEFORE[name]])
    if {"self", "other"} <= {*changed}:
        columns |= told_apart(found)
        columns |= changed_by_both(columns["delta_self"], columns["delta_other"], columns.get("delta_object"))
    return columns, apart(scaled) if {"self", "other"} <= {*pictures} else None
