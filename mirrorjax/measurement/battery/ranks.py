"""Where values come when they are sorted."""

import jax.numpy as jnp
from jaxtyping import Array, Int32, Shaped


def places(values: Shaped[Array, " N"]) -> Int32[Array, " N"]:
    """Each value's place, from 0, when they are sorted from the smallest on; equal ones in their order."""
    order = jnp.argsort(values)
    return jnp.zeros_like(order).at[order].set(jnp.arange(len(values), dtype=order.dtype), unique_indices=True)
