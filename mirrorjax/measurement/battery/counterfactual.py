"""Counterfactual responses, and what is left of them beyond a response to any rough tile with a 9.

δ^X = E[h(xX) - h(x0)]/rms on the same boards; CF-MNI is the mean over unique alive units of max(0, min(δ^F, δ^T)).
δ^O is that of an inanimate token, against its own baseline xO0: MNI* = mean of max(0, min(δ^F, δ^T) - max(0, min(δ^F,
δ^O))), and as a pattern over units SSI = cos(δ^F, δ^T) - ½[cos(δ^F, δ^O) + cos(δ^T, δ^O)]. The first
layer reads cells one by one, so that most of its units answer to any 9 there, whatever the network has learnt:
`ssi_last` is the SSI of the last hidden layer, which the answers are made from. `mni_star_permuted` is what MNI* is
on average when the δ^T of the unique alive units are permuted, a null within the network.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float32

from mirrorjax.measurement.battery.responses import Responses

_NOTHING = 1e-5  # length of a pattern, in units of rms


def cosine(one: Float32[Array, " U"], other: Float32[Array, " U"], weight: Float32[Array, " U"]) -> Float32[Array, ""]:
    """Of two patterns over units, alike ones counted once; 0 where one is nothing but rounding."""
    lengths = jnp.sqrt(jnp.sum(weight * one * one)), jnp.sqrt(jnp.sum(weight * other * other))
    defined = jnp.minimum(*lengths) > _NOTHING
    return jnp.where(defined, jnp.sum(weight * one * other) / jnp.where(defined, lengths[0] * lengths[1], 1.0), 0.0)


def changed_by_both(
    frog: Float32[Array, " U"], toad: Float32[Array, " U"], thing: Float32[Array, " U"] | None = None
) -> dict[str, Float32[Array, " U"]]:
    """What each unit adds to `cf_mni` and, if there is an object, to `mni_star`."""
    social = jnp.minimum(frog, toad)
    found = {"cf_mni": jnp.maximum(social, 0.0)}
    if thing is not None:
        found["mni_star"] = jnp.maximum(social - jnp.maximum(jnp.minimum(frog, thing), 0.0), 0.0)
    return found


def counterfactual(found: Responses) -> dict[str, Float32[Array, ""]]:
    """`cf_mni`, `mni_star`, `mni_star_permuted`, `ssi`, `ssi_last`, and the cosines that SSI is made of."""
    frog, toad, thing = found.change("xF"), found.change("xT"), found.change("xO", "xO0")
    any_nine = jnp.maximum(jnp.minimum(frog, thing), 0.0)
    exchanged = jnp.maximum(jnp.minimum(frog[:, None], toad[None, :]) - any_nine[:, None], 0.0)
    by_chance = exchanged @ found.weight / jnp.maximum(jnp.sum(found.weight), 1.0)
    pairs = ((frog, toad), (frog, thing), (toad, thing))
    frog_toad, frog_object, toad_object = (cosine(one, other, found.weight) for one, other in pairs)
    last = jnp.where(found.layer == found.layer.max(), found.weight, 0.0)
    of_last = [cosine(one, other, last) for one, other in pairs]
    return {
        **{name: found.mean(values) for name, values in changed_by_both(frog, toad, thing).items()},
        "mni_star_permuted": found.mean(by_chance),
        "ssi": frog_toad - (frog_object + toad_object) / 2,
        "ssi_last": of_last[0] - (of_last[1] + of_last[2]) / 2,
        "cos_frog_toad": frog_toad,
        "cos_frog_object": frog_object,
        "cos_toad_object": toad_object,
    }
