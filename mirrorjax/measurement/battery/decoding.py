"""Cross-decoding: does what tells the partner's distress tell one's own?

A ridge classifier in closed form (λ = .01 · trace/n of the second moments of n unique units) on activations divided
by rms, trained on half of the boards to tell none from Toad's distress, is tested on the other half on none against
Frog's; and the other way round. From the mean of the two accuracies `cross_decoding` subtracts that of its control,
trained with the labels of half of the boards exchanged (eight times, other halves). `cross_decoding_object` is the
accuracy from the token's distress to Frog's, less the same control, and `cross_decoding_social` the difference of the
two.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from mirrorjax.measurement.battery.responses import Responses
from mirrorjax.randomness import mix

_RIDGE = 0.01
_TIE = 0.01  # of the margins' size: answers nearer to the threshold count in part, so that no rounding turns one round
_CONTROLS = 8  # each exchanges the labels of another half of the boards


Shown = Float32[Array, "U boards"]
Classifier = tuple[Float32[Array, " U"], Float32[Array, ""]]  # weights and threshold


def _trained(before: Shown, after: Shown, sign: Float32[Array, " boards"], units: Float32[Array, ""]) -> Classifier:
    """What tells `after` from `before`; a board with sign -1 has its two labels exchanged."""
    middle = (before.mean(-1) + after.mean(-1)) / 2
    both = jnp.concatenate([before, after], axis=-1) - middle[:, None]
    gram = both @ both.T / both.shape[-1]
    ridge = _RIDGE * jnp.trace(gram) / units + 1e-12
    target = (after - before) @ sign / both.shape[-1]
    factor = jax.scipy.linalg.cho_factor(gram + ridge * jnp.eye(len(gram), dtype=gram.dtype))
    weights = jax.scipy.linalg.cho_solve(factor, target)
    return weights, weights @ middle


def _accuracy(classifier: Classifier, before: Shown, after: Shown) -> Float32[Array, ""]:
    """Share of right answers on none and on distress, each half; an answer on the threshold counts half."""
    weights, threshold = classifier
    margins = weights @ jnp.concatenate([before, after], axis=-1) - threshold
    size = jnp.sqrt(jnp.mean(margins**2))
    above = jnp.clip(margins / jnp.where(size > 0, _TIE * size, 1.0), -1.0, 1.0)
    on_before, on_after = jnp.split(above, 2)
    return 0.5 + (on_after.mean() - on_before.mean()) / 4


def decoding(found: Responses) -> dict[str, Float32[Array, ""]]:
    """`cross_decoding`, `cross_decoding_object`, `cross_decoding_social`."""
    alike = jnp.sqrt(found.weight)[:, None]  # units that are alike weigh as one
    unique = jnp.maximum(jnp.sum(found.weight), 1.0)
    at = {name: found.scaled(name) * alike for name in ("x0", "xF", "xT", "xO0", "xO")}
    half = at["x0"].shape[-1] // 4 * 2
    train, test = ({name: h[:, part] for name, h in at.items()} for part in (slice(half), slice(half, None)))
    as_they_are = jnp.ones(half, jnp.float32)
    draw = mix(jnp.arange(_CONTROLS * half, dtype=jnp.uint32)).reshape(_CONTROLS, half)
    rank = jnp.argsort(jnp.argsort(draw, axis=-1), axis=-1)
    exchanged = 1.0 - 2.0 * (rank % 2).astype(jnp.float32)  # of exactly half, else some of the effect is left

    def across(one: str, other: str, sign: jax.Array) -> jax.Array:
        base = "xO0" if one == "xO" else "x0"
        return _accuracy(_trained(train[base], train[one], sign, unique), test["x0"], test[other])

    def both(sign: jax.Array) -> jax.Array:
        return (across("xT", "xF", sign) + across("xF", "xT", sign)) / 2

    both_ways, control = both(as_they_are), jax.vmap(both)(exchanged).mean()
    thing = across("xO", "xF", as_they_are)
    return {
        "cross_decoding": both_ways - control,
        "cross_decoding_object": thing - control,
        "cross_decoding_social": both_ways - thing,
    }
