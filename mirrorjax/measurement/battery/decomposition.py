"""What raw CMNI of hidden units is made of, beside its layers: composition, value coding, and what is left.

CMNI compares rows of different boards. On matched boards, in the units' own activations, `cmni_matched` is the mean
over all hidden units of max(0, min(Δ^F, Δ^T)); what raw CMNI has beyond it is *composition*: the scenarios differ in
more than distress. `cmni_social` is the same less max(0, min(Δ^F, Δ^O)), unit by unit and not below zero; the
difference of the two is *value coding*, a response to any 9 on rough ground, and `cmni_social` the residual.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32

from mirrorjax.measurement.battery.responses import Responses
from mirrorjax.measurement.needs import needs


@needs("rates")
def decomposition(found: Responses, exists: Bool[Array, " U"]) -> dict[str, Float32[Array, ""]]:
    """`cmni_matched`, `cmni_social`; to be held against `cmni_hidden`."""

    def change(condition: str, before: str = "x0") -> Float32[Array, " U"]:
        return jnp.mean(found.hidden[condition] - found.hidden[before], axis=-1)

    frog, both = change("xF"), jnp.maximum(jnp.minimum(change("xF"), change("xT")), 0.0)
    any_nine = jnp.maximum(jnp.minimum(frog, change("xO", "xO0")), 0.0)
    count = jnp.sum(exists).astype(jnp.float32)
    return {
        "cmni_matched": jnp.sum(jnp.where(exists, both, 0.0)) / count,
        "cmni_social": jnp.sum(jnp.where(exists, jnp.maximum(both - any_nine, 0.0), 0.0)) / count,
    }
