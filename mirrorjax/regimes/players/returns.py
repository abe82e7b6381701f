"""What decisions were worth: advantages by generalised advantage estimation, over episodes that are cut off."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32


def advantages(
    reward: Float32[Array, "time ..."],
    value: Float32[Array, "time ..."],
    next_value: Float32[Array, "time ..."],
    carry: Float32[Array, "time ..."],
    discount: Float32[Array, ""] | float,
    trace: Float32[Array, ""] | float,
) -> Float32[Array, "time ..."]:
    """By how much each decision was better than its value (Schulman et al. 2015, arXiv 1506.02438).

    A_t = δ_t + γλ·A_{t+1}, δ_t = r_t + γ·V' − V_t; the sum goes no further than to where an episode was cut off. What
    A_t and V_t add up to is what V_t should have been.

    Args:
        reward: of each decision in turn.
        value: of what it was made of.
        next_value: of what it led to; where an episode was cut off that of the last it showed, and 0 where it was over.
        carry: 0 where the next decision in turn is of another episode, or is unknown; else 1.
        discount: γ.
        trace: λ.
    """
    surprise = reward + discount * next_value - value

    def before(later: jax.Array, at: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        delta, goes_on = at
        advantage = delta + discount * trace * goes_on * later
        return advantage, advantage

    return jax.lax.scan(before, jnp.zeros_like(value[0]), (surprise, carry), reverse=True)[1]
