"""The measures that every checkpoint has, of one member."""

import jax
from jaxtyping import Array, Float32

from mirrorjax.measurement.battery.behaviour import behaviour
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.battery.bookkeeping import bookkeeping
from mirrorjax.measurement.battery.counterfactual import counterfactual
from mirrorjax.measurement.battery.decoding import decoding
from mirrorjax.measurement.battery.decomposition import decomposition
from mirrorjax.measurement.battery.discriminability import discriminability
from mirrorjax.measurement.battery.overlap import overlap
from mirrorjax.measurement.battery.responses import responses, shown_each
from mirrorjax.measurement.needs import fits
from mirrorjax.measurement.probe import Probe

# A measure of responses to matched boards; a new one is a file and a line here.
OF_RESPONSES = {
    "discriminability": discriminability,
    "counterfactual": counterfactual,
    "overlap": overlap,
    "decoding": decoding,
}
_CONDITIONS = ("x0", "xF", "xT", "xO0", "xO")


def observed(probe: Probe, boards: Boards) -> dict[str, Float32[Array, ""]]:
    """All observational measures of one member, by name, as far as its network has what they need."""
    found = responses(probe, boards.anywhere, _CONDITIONS)
    columns: dict[str, jax.Array] = {}
    for measure in OF_RESPONSES.values():
        if fits(measure, probe.network):
            columns |= measure(found)
    if fits(decomposition, probe.network):
        columns |= decomposition(found, probe.own)
    if fits(behaviour, probe.network):
        on_rescue = shown_each(probe, boards.rescue, ("x0", "xT"))
        columns |= behaviour({name: probe.answer(shown) for name, shown in on_rescue.items()})
    return columns | bookkeeping(found, probe)
