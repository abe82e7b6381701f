"""Contrastive alignment of two views of the same situations: done by oneself, and seen done by the other.

InfoNCE in both directions as Zhu et al. (*Embodied Representation Alignment with Mirror Neurons*, ICCV 2025, arXiv
2509.21136) have it: in a batch, the view of one's own row is to find its own other view among all, or those of rows
with the same act.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32

TINY = 1e-6  # inside the root: an embedding of zeros has a direction, and its gradient is finite
_NEVER = -1e9  # the logit of a row that is not there; -inf would make the gradient NaN


Directions = Float32[Array, "dimensions batch"]


def embedded(kernel: Float32[Array, "dimensions units"], units: Float32[Array, "units batch"]) -> Directions:
    """Directions of length 1 (0 for units that are all 0) in the space that both views are compared in."""
    z = kernel @ units
    return z * jax.lax.rsqrt(jnp.sum(z * z, axis=0, keepdims=True) + TINY)


def info_nce(
    own: Directions,
    seen: Directions,
    temperature: Float32[Array, ""] | float,
    weights: Float32[Array, " batch"],
    acts: Int32[Array, " batch"] | None = None,
) -> Float32[Array, ""]:
    """½[CE(S) + CE(Sᵀ)], S_ij = own_i · seen_j / τ, in nats.

    Args:
        own, seen: directions of both views; column i of one belongs to column i of the other.
        temperature: τ.
        weights: of each row; one of weight 0 neither asks nor is offered.
        acts: of each row: all that have the same one are what it is to find, in equal shares; None: its own view alone.

    Returns:
        The mean over rows; ln of their number where the views tell nothing, 0 if there is no row.
    """
    offered = jnp.where(weights > 0, 0.0, _NEVER)
    logits = own.T @ seen / temperature
    forth = jax.nn.log_softmax(logits + offered[None, :], axis=1)
    back = jax.nn.log_softmax(logits + offered[:, None], axis=0)
    if acts is None:
        forth, back = jnp.diagonal(forth), jnp.diagonal(back)
    else:
        same = ((acts[:, None] == acts[None, :]) & (weights > 0)[None, :]).astype(jnp.float32)
        share = same / jnp.maximum(jnp.sum(same, axis=1, keepdims=True), 1.0)
        forth, back = jnp.sum(share * forth, axis=1), jnp.sum(share * back.T, axis=1)
    asked = jnp.where(weights > 0, forth + back, 0.0)
    return -jnp.sum(asked * weights) / (2 * jnp.maximum(jnp.sum(weights), TINY))
