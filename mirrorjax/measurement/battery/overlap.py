"""Self-other overlap: how far activations in one's own distress are from those in the partner's, on the same boards.

After Carauleanu et al., *Towards Safe and Honest AI Agents with Neural Self-Other Overlap* (arXiv 2412.16325), who
train it down; here it is only looked at, on activations divided by rms: `soo_mse` is the mean over unique alive units
and boards of (h(xF) - h(xT))², `soo_nmse` the same over the mean variance of the unit in the two conditions (2:
unrelated), `soo_cos` the mean cosine of the two patterns.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float32

from mirrorjax.measurement.battery.responses import Responses


def overlap(found: Responses) -> dict[str, Float32[Array, ""]]:
    """`soo_mse`, `soo_nmse`, `soo_cos`."""
    frog, toad, weight = found.scaled("xF"), found.scaled("xT"), found.weight[:, None]
    squared = found.mean(jnp.mean((frog - toad) ** 2, axis=-1))
    both = jnp.concatenate([frog, toad], axis=-1)
    spread = found.mean(both.var(-1))
    length = jnp.sqrt(jnp.sum(weight * frog**2, axis=0) * jnp.sum(weight * toad**2, axis=0))
    cosines = jnp.sum(weight * frog * toad, axis=0) / jnp.where(length > 0, length, 1.0)
    return {
        "soo_mse": squared,
        "soo_nmse": jnp.where(spread > 0, squared / jnp.where(spread > 0, spread, 1.0), 0.0),
        "soo_cos": jnp.mean(cosines),
    }
