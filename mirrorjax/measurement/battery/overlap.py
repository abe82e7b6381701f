"""Self-other overlap: how far activations in one's own distress are from those in the partner's, on the same boards.

After Carauleanu et al., *Towards Safe and Honest AI Agents with Neural Self-Other Overlap* (arXiv 2412.16325), who
train it down; here it is only looked at, on activations divided by rms: `soo_mse` is the mean over unique alive units
and boards of (h(xF) - h(xT))², `soo_nmse` the same over the mean variance of the unit in the two conditions (2:
unrelated), `soo_cos` the mean cosine of the two patterns.
"""

import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float32

from mirrorjax.measurement.battery.responses import Responses


@struct.dataclass
class Apart:
    """What self-other overlap is made of; of several parts of a network's units it is the sum of theirs."""

    squared: Float32[Array, ""]  # sums over units, by weight: of the mean squared differences, and of the variances
    spread: Float32[Array, ""]
    # of every board, over units, by weight: products of the two patterns, and their squared lengths
    inner: Float32[Array, " boards"]
    frog: Float32[Array, " boards"]
    toad: Float32[Array, " boards"]
    weight: Float32[Array, ""]


def apart(found: Responses) -> Apart:
    """The sums of these units."""
    frog, toad, weight = found.scaled("xF"), found.scaled("xT"), found.weight[:, None]
    both = jnp.concatenate([frog, toad], axis=-1)
    total = jnp.sum(found.weight)
    return Apart(
        squared=jnp.sum(found.weight * jnp.mean((frog - toad) ** 2, axis=-1)),
        spread=jnp.sum(found.weight * both.var(-1)),
        inner=jnp.sum(weight * frog * toad, axis=0),
        frog=jnp.sum(weight * frog**2, axis=0),
        toad=jnp.sum(weight * toad**2, axis=0),
        weight=total,
    )


def of_apart(sums: Apart) -> dict[str, Float32[Array, ""]]:
    """`soo_mse`, `soo_nmse`, `soo_cos`."""
    units = jnp.maximum(sums.weight, 1.0)
    squared, spread = sums.squared / units, sums.spread / units
    length = jnp.sqrt(sums.frog * sums.toad)
    return {
        "soo_mse": squared,
        "soo_nmse": jnp.where(spread > 0, squared / jnp.where(spread > 0, spread, 1.0), 0.0),
        "soo_cos": jnp.mean(sums.inner / jnp.where(length > 0, length, 1.0)),
    }


def overlap(found: Responses) -> dict[str, Float32[Array, ""]]:
    """`soo_mse`, `soo_nmse`, `soo_cos`."""
    return of_apart(apart(found))
