"""A network run with some of its units' activations taken from elsewhere."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.regimes.supervised import Params, Supervised


def run_with(
    regime: Supervised,
    params: Params,
    true_width: Int32[Array, ""],
    inputs: Float32[Array, "100 boards"],
    units: Bool[Array, " U"],
    instead: Float32[Array, "U boards"],
) -> Float32[Array, "4 boards"]:
    """The outputs over pictures, with the activations of `units` replaced.

    Args:
        regime, params, true_width: the member.
        inputs: pictures.
        units: hidden units, layer by layer.
        instead: their activations; those of other units are not looked at.
    """
    shape = (regime.depth, regime.width)
    gates = jnp.broadcast_to(regime.unit_mask(true_width)[None, :, None], (*shape, inputs.shape[-1]))
    replaced = units.reshape(*shape, 1), jnp.broadcast_to(instead, (len(units), inputs.shape[-1])).reshape(gates.shape)
    return regime.apply_inputs(params, inputs, gates, replaced)[0]
