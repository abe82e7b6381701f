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
    scale = bins_by(low, high)

    def tally(histogram, piece):
        words, group = piece
        place = binned(units_of(words), low, scale)
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

    def counts(union: str) -> jax.Array:
        indices = jnp.asarray([GROUPS.index(group) for group in UNIONS[union]])
        return jnp.sum(histogram[indices], axis=0)

    return {name: divergence(counts(p), counts(q)) for name, (p, q) in PAIRS.items()}


def bins_by(low: Float32[Array, " U"], high: Float32[Array, " U"]) -> Float32[Array, " U"]:
    """Bins by activation, of units with such a range; 0 where a unit never varies."""
    return jnp.where(high > low, BINS / (high - low), 0.0)


def binned(units: Float32[Array, "U rows"], low: Float32[Array, " U"], scale: Float32[Array, " U"]) -> Array:
    """The bin of each activation int32 [U, rows]."""
    place = ((units - low[:, None]) * scale[:, None]).astype(jnp.int32)
    return jnp.clip(place, 0, BINS - 1)


def divergence(one: Float32[Array, "U bins"], other: Float32[Array, "U bins"]) -> Float32[Array, " U"]:
    """D(p ‖ q) of two histograms a unit, in nats."""
    one, other = one + PSEUDO_COUNT, other + PSEUDO_COUNT
    p, q = one / one.sum(-1, keepdims=True), other / other.sum(-1, keepdims=True)
    return jnp.sum(p * jnp.log(p / q), axis=-1)
