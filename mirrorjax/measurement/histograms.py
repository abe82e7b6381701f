"""KL divergence between scenarios of a unit's activations, from histograms of fifty bins."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from mirrorjax.measurement.probe import Probe, pictures_of
from mirrorjax.measurement.stream import GROUPS, UNIONS, MeasuredRows

BINS = 50
PSEUDO_COUNT = 0.5  # added to every bin, so that an empty one does not make the divergence infinite
_COMPARED = (("none", "frog"), ("none", "toad"), ("none", "both"), ("frog", "toad"))
PAIRS = {f"kl_{one}_{other}": (one, other) for one, other in _COMPARED}


Histograms = Float32[Array, "groups U bins"]


def histograms(probe: Probe, rows: MeasuredRows) -> Histograms:
    """How often each of a member's units is in each bin, by group of test rows (`stream.GROUPS`).

    The bins divide the range of the unit's activations over all test rows.
    """

    def units_of(words: jax.Array) -> jax.Array:
        return probe.everything(probe.show(pictures_of(words)))

    def extend(limits, piece):
        words, group = piece
        units = units_of(words)
        real = (group >= 0)[None, :]
        low = jnp.min(jnp.where(real, units, jnp.inf), axis=1)
        high = jnp.max(jnp.where(real, units, -jnp.inf), axis=1)
        return (jnp.minimum(limits[0], low), jnp.maximum(limits[1], high)), None

    count = probe.count + probe.network.outputs
    start = (jnp.full(count, jnp.inf, jnp.float32), jnp.full(count, -jnp.inf, jnp.float32))
    (low, high), _ = jax.lax.scan(extend, start, (rows.test, rows.group))
    scale = jnp.where(high > low, BINS / (high - low), 0.0)

    def tally(histogram, piece):
        words, group = piece
        place = ((units_of(words) - low[:, None]) * scale[:, None]).astype(jnp.int32)
        place = jnp.clip(place, 0, BINS - 1)
        unit = jnp.broadcast_to(jnp.arange(count, dtype=jnp.int32)[:, None], place.shape)
        which = jnp.broadcast_to(jnp.where(group >= 0, group, len(GROUPS))[None, :], place.shape)
        return histogram.at[which, unit, place].add(1.0, mode="drop"), None

    empty = jnp.zeros((len(GROUPS), count, BINS), jnp.float32)
    histogram, _ = jax.lax.scan(tally, empty, (rows.test, rows.group))
    return histogram


def divergences(histogram: Histograms) -> dict[str, Float32[Array, " U"]]:
    """D(p ‖ q) = Σ p log(p/q) in nats for the pairs in PAIRS, unfiltered scenarios, per unit of one member.

    Every bin gets half a count more.
    """

    def density(union: str) -> jax.Array:
        indices = jnp.asarray([GROUPS.index(group) for group in UNIONS[union]])
        counts = jnp.sum(histogram[indices], axis=0) + PSEUDO_COUNT
        return counts / counts.sum(-1, keepdims=True)

    return {name: jnp.sum(density(p) * jnp.log(density(p) / density(q)), axis=-1) for name, (p, q) in PAIRS.items()}
