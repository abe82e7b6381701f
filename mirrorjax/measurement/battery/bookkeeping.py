"""What a trend in any measure may come from: sizes of activations and weights, dead and duplicate units."""

import jax.numpy as jnp
from jaxtyping import Array, Bool

from mirrorjax.measurement.battery.responses import Responses
from mirrorjax.regimes.supervised import Params


def bookkeeping(found: Responses, params: Params, exists: Bool[Array, " U"], depth: int) -> dict[str, Array]:
    """`rms_layer_N` of alive units, `norm_layer_N` and `norm_output` (Frobenius), `dead_fraction`, `unique_units`."""
    columns: dict[str, Array] = {}
    for layer in range(1, depth + 1):
        here = (found.layer == layer) & found.alive
        square = jnp.sum(jnp.where(here, found.rms, 0.0) ** 2) / jnp.maximum(jnp.sum(here), 1).astype(jnp.float32)
        columns[f"rms_layer_{layer}"] = jnp.sqrt(square)
        columns[f"norm_layer_{layer}"] = jnp.sqrt(jnp.sum(params[f"hidden_{layer}_kernel"] ** 2))
    columns["norm_output"] = jnp.sqrt(jnp.sum(params["output_kernel"] ** 2))
    columns["dead_fraction"] = 1 - jnp.sum(found.alive & exists) / jnp.sum(exists)
    columns["unique_units"] = jnp.sum(found.weight)
    return columns
