"""What a trend in any measure may come from: sizes of activations and weights, dead and duplicate units."""

import jax.numpy as jnp
from jaxtyping import Array

from mirrorjax.measurement.battery.responses import Responses
from mirrorjax.measurement.probe import Probe


def bookkeeping(found: Responses, probe: Probe) -> dict[str, Array]:
    """`rms_layer_N` of a site's alive units, `norm_layer_N`, `norm_output`, `dead_fraction`, `unique_units`."""
    columns = {f"norm_{name}": norm for name, norm in probe.network.norms(probe.params).items()}
    for layer in range(1, len(probe.sites) + 1):
        here = (found.layer == layer) & found.alive
        square = jnp.sum(jnp.where(here, found.rms, 0.0) ** 2) / jnp.maximum(jnp.sum(here), 1).astype(jnp.float32)
        columns[f"rms_layer_{layer}"] = jnp.sqrt(square)
    columns["dead_fraction"] = 1 - jnp.sum(found.alive & probe.own) / jnp.sum(probe.own)
    columns["unique_units"] = jnp.sum(found.weight)
    return columns
