"""Does another's distress reach the answer *help* through the same units as one's own?

y is the output for help on boards where Toad's distress makes it right, A the mirror units of the first site, and h0
← hX on A the network on x0 with the activations that A has on xX. Sufficiency is E[y(h0 ← hT on A) - y0]/E[yT - y0],
necessity E[yT - y(hT ← h0 on A)]/E[yT - y0], and TR = E[y(h0 ← hF on A) - y0] / E[y(h0 ← hT on A) - y0]: one for a
channel that does not ask whose distress it is. Intervals are the 5 and 95 % quantiles of a bootstrap over boards. An
empty A, or a denominator up to .05, leaves TR undefined.
"""

from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.game.state import Action
from mirrorjax.measurement.battery.draws import choices
from mirrorjax.measurement.needs import needs
from mirrorjax.measurement.probe import Probe

SMALLEST = 0.05  # change of the output that a ratio is taken of
_BOOTSTRAPS = 400
Rows = TypeVar("Rows", jax.Array, np.ndarray)


@needs("acts")
def patching(
    probe: Probe, boards: dict[str, Float32[Array, "100 boards"]], units: Bool[Array, " U"]
) -> dict[str, Float32[Array, ""]]:
    """Patches of A, those of the units that are at the first site, between conditions.

    Returns:
        `sufficiency`, `necessity`, `tr`, `tr_low`, `tr_high`; NaN where they are undefined.
    """
    within = units & jnp.asarray(probe.site == 1)
    seen = {name: probe.show(pictures) for name, pictures in boards.items()}
    helps = {name: probe.answer(shown)[Action.HELP] for name, shown in seen.items()}

    def patched(onto: str, source: str) -> jax.Array:
        edit = probe.replacing(within, probe.row(seen[source]))
        return probe.answer(probe.show(boards[onto], edit))[Action.HELP]

    shares = shares_of(helps["x0"], helps["xT"], patched("x0", "xT"), patched("x0", "xF"), patched("xT", "x0"))
    by_frog, by_toad = shares["tr"]

    def ratio(above: jax.Array, below: jax.Array) -> jax.Array:
        defined = jnp.any(within) & (below > SMALLEST)
        return jnp.where(defined, above / jnp.where(defined, below, 1.0), jnp.nan)

    def again(chosen: Int32[Array, " boards"]) -> jax.Array:
        return by_frog[chosen].mean() / by_toad[chosen].mean()

    bootstrap = jax.lax.map(again, jnp.asarray(choices(_BOOTSTRAPS, len(by_toad))))
    found = {name: ratio(above.mean(), below.mean()) for name, (above, below) in shares.items()}
    low, high = jnp.quantile(bootstrap, jnp.asarray([0.05, 0.95], jnp.float32))
    undefined = jnp.isnan(found["tr"])
    return {
        **found,
        "tr_low": jnp.where(undefined, jnp.nan, low),
        "tr_high": jnp.where(undefined, jnp.nan, high),
    }


def shares_of(none: Rows, other: Rows, by_other: Rows, by_self: Rows, without: Rows) -> dict[str, tuple[Rows, Rows]]:
    """What each ratio is the share of, row by row: what is above the line and what below.

    Args:
        none: y where nobody is in distress [rows].
        other: where the other is.
        by_other: y(none ← other), where nobody is and A is as if the other were.
        by_self: y(none ← self).
        without: y(other ← none).
    """
    whole = other - none
    return {
        "sufficiency": (by_other - none, whole),
        "necessity": (other - without, whole),
        "tr": (by_self - none, by_other - none),
    }
