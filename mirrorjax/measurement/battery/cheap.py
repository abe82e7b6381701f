"""The measures that every checkpoint has, of one member."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32

from mirrorjax.measurement.battery.behaviour import behaviour
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.battery.bookkeeping import bookkeeping
from mirrorjax.measurement.battery.counterfactual import counterfactual
from mirrorjax.measurement.battery.decoding import decoding
from mirrorjax.measurement.battery.decomposition import decomposition
from mirrorjax.measurement.battery.discriminability import discriminability
from mirrorjax.measurement.battery.overlap import overlap
from mirrorjax.measurement.battery.responses import forward_each, responses
from mirrorjax.regimes.supervised import Params, Supervised

# A measure of responses to matched boards; a new one is a file and a line here.
OF_RESPONSES = {
    "discriminability": discriminability,
    "counterfactual": counterfactual,
    "overlap": overlap,
    "decoding": decoding,
}
_CONDITIONS = ("x0", "xF", "xT", "xO0", "xO")


def cheap(
    regime: Supervised, params: Params, true_width: Int32[Array, ""], boards: Boards
) -> dict[str, Float32[Array, ""]]:
    """All cheap measures of one member, by name."""
    found = responses(regime, params, true_width, boards.anywhere, _CONDITIONS)
    columns: dict[str, jax.Array] = {}
    for measure in OF_RESPONSES.values():
        columns |= measure(found)
    on_rescue = forward_each(regime, params, true_width, boards.rescue, ("x0", "xT"))
    rescue = {name: outputs for name, (outputs, _) in on_rescue.items()}
    exists = jnp.tile(jnp.arange(regime.width) < true_width, regime.depth)
    columns |= decomposition(found, exists)
    return columns | behaviour(rescue) | bookkeeping(found, params, exists, regime.depth)
