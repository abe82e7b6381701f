"""The measures that every checkpoint has, of one member."""

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float32, Int8, Int32

from mirrorjax.dataset.matched import CONDITIONS
from mirrorjax.measurement.battery.behaviour import behaviour
from mirrorjax.measurement.battery.bookkeeping import bookkeeping
from mirrorjax.measurement.battery.counterfactual import counterfactual
from mirrorjax.measurement.battery.decoding import decoding
from mirrorjax.measurement.battery.discriminability import discriminability
from mirrorjax.measurement.battery.overlap import overlap
from mirrorjax.measurement.battery.responses import forward, responses
from mirrorjax.regimes.supervised import Params, Supervised

# A measure of responses to matched boards; a new one is a file and a line here.
OF_RESPONSES = {
    "discriminability": discriminability,
    "counterfactual": counterfactual,
    "overlap": overlap,
    "decoding": decoding,
}
_CONDITIONS = ("x0", "xF", "xT", "xO0", "xO")


@struct.dataclass
class Boards:
    """Pictures of matched boards, on a device: anywhere, and where Toad's distress makes *help* right."""

    anywhere: Int8[Array, "conditions 100 boards"]
    rescue: Int8[Array, "conditions 100 rescue_boards"]


def cheap(
    regime: Supervised, params: Params, true_width: Int32[Array, ""], boards: Boards
) -> dict[str, Float32[Array, ""]]:
    """All cheap measures of one member, by name."""
    found = responses(regime, params, true_width, boards.anywhere, _CONDITIONS)
    columns: dict[str, jax.Array] = {}
    for measure in OF_RESPONSES.values():
        columns |= measure(found)
    names = list(CONDITIONS)
    rescue = {name: forward(regime, params, true_width, boards.rescue[names.index(name)])[0] for name in ("x0", "xT")}
    exists = jnp.tile(jnp.arange(regime.width) < true_width, regime.depth)
    return columns | behaviour(rescue) | bookkeeping(found, params, exists, regime.depth)
