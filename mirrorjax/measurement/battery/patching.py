"""Does another's distress reach the answer *help* through the same units as one's own?

y is the output for help on boards where Toad's distress makes it right, A the mirror units of the first site, and h0
← hX on A the network on x0 with the activations that A has on xX. Sufficiency is E[y(h0 ← hT on A) - y0]/E[yT - y0],
necessity E[yT - y(hT ← h0 on A)]/E[yT - y0], and TR = E[y(h0 ← hF on A) - y0] / E[y(h0 ← hT on A) - y0]: one for a
channel that does not ask whose distress it is. Intervals are the 5 and 95 % quantiles of a bootstrap over boards. An
empty A, or a denominator up to .05, leaves TR undefined.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.game.state import Action
from mirrorjax.measurement.battery.draws import choices
from mirrorjax.measurement.needs import needs
from mirrorjax.measurement.probe import Probe

SMALLEST = 0.05  # change of the output that a ratio is taken of
_BOOTSTRAPS = 400


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

    whole = helps["xT"] - helps["x0"]
    by_toad, by_frog = patched("x0", "xT") - helps["x0"], patched("x0", "xF") - helps["x0"]
    without = helps["xT"] - patched("xT", "x0")

    def ratio(above: jax.Array, below: jax.Array) -> jax.Array:
        defined = jnp.any(within) & (below > SMALLEST)
        return jnp.where(defined, above / jnp.where(defined, below, 1.0), jnp.nan)

    def again(chosen: Int32[Array, " boards"]) -> jax.Array:
        return by_frog[chosen].mean() / by_toad[chosen].mean()

    bootstrap = jax.lax.map(again, jnp.asarray(choices(_BOOTSTRAPS, len(whole))))
    tr = ratio(by_frog.mean(), by_toad.mean())
    low, high = jnp.quantile(bootstrap, jnp.asarray([0.05, 0.95], jnp.float32))
    return {
        "sufficiency": ratio(by_toad.mean(), whole.mean()),
        "necessity": ratio(without.mean(), whole.mean()),
        "tr": tr,
        "tr_low": jnp.where(jnp.isnan(tr), jnp.nan, low),
        "tr_high": jnp.where(jnp.isnan(tr), jnp.nan, high),
    }
