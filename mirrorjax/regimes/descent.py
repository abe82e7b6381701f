"""What any regime with a loss is built of: batches of rows, dropout, and Keras' Adam, until a member diverges."""

from collections.abc import Callable
from typing import cast

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jaxtyping import Array, Bool, Float32, UInt32

from mirrorjax.models.base import Edit, Params, Site
from mirrorjax.population.members import MemberValues
from mirrorjax.randomness import permute, substream, word
from mirrorjax.regimes.base import Numbers, Step, Weights

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Keras' Adam (the published code)
DIVERGED = 1e4  # a batch loss from here on, or one that is no number, ends a member's training (untrained: below 100)


@struct.dataclass
class Learner:
    """The state of a member that descends a gradient."""

    params: Params
    moments: optax.ScaleByAdamState


def begin(params: Params) -> Learner:
    """A learner before its first update."""
    return Learner(params=params, moments=cast(optax.ScaleByAdamState, optax.scale_by_adam().init(params)))


def descend(
    loss: Callable[[Params], Float32[Array, ""]], learner: Learner, values: MemberValues
) -> tuple[Learner, Bool[Array, ""]]:
    """The learner after one update against the gradient of a loss, and whether it has not diverged."""
    value, gradient = jax.value_and_grad(loss)(learner.params)
    with jax.named_scope("update"):  # the names are for profiles
        params, moments = adam(learner.params, gradient, learner.moments, values.learning_rate)
        return Learner(params=params, moments=moments), value < DIVERGED


def adam(
    params: Params,
    gradient: Params,
    moments: optax.ScaleByAdamState,
    learning_rate: Float32[Array, ""],
    epsilon: float = EPSILON,
) -> tuple[Params, optax.ScaleByAdamState]:
    """One update by Adam as Keras has it: α·√(1 - β₂ᵗ)/(1 - β₁ᵗ) · m/(√v + ε), ε on the uncorrected root.

    (`optax.scale_by_adam` adds ε to the corrected one.) The corrections are one factor of the rate, so that nothing is
    divided by them: how such divisions are rounded is the compiler's choice, and changes with the number of devices.
    """
    mean = optax.tree.update_moment(gradient, moments.mu, BETA_1, 1)
    square = optax.tree.update_moment_per_elem_norm(gradient, moments.nu, BETA_2, 2)
    mean, square = jax.lax.optimization_barrier((mean, square))  # else they are computed again for the parameters
    count = jnp.asarray(moments.count) + 1
    steps = count.astype(jnp.float32)
    rate = learning_rate * jnp.sqrt(1 - BETA_2**steps) / (1 - BETA_1**steps)
    params = jax.tree.map(lambda p, m, v: p - rate * (m / (jnp.sqrt(v) + epsilon)), params, mean, square)
    return params, optax.ScaleByAdamState(count=count, mu=mean, nu=square)


def batch_indices(values: MemberValues, step: Step, batch: int, train_rows: UInt32[Array, ""] | int) -> Numbers:
    """Which of its `train_rows` a member sees at a step: a fresh order each pass, each row at most once a pass.

    A pass is as many whole batches as there are; the fewer than one batch of rows left out are others each time.
    The compiled batch is filled up with the last row, so that it costs no more look-ups than the member's own.
    """
    size = values.batch_size.astype(jnp.uint32)
    steps_a_pass = jnp.uint32(train_rows) // size
    position = (step % steps_a_pass) * size + jnp.minimum(jnp.arange(batch, dtype=jnp.uint32), size - 1)
    order = substream((values.order[0], values.order[1]), step // steps_a_pass)
    return permute(position, jnp.uint32(train_rows), order)


def batch_numbers(values: MemberValues, step: Step, batch: int) -> Numbers:
    """Which of all members' rows a member sees at a step."""
    return values.first_row + batch_indices(values, step, batch, values.train_rows)


def batch_weights(values: MemberValues, batch: int) -> Weights:
    """Of the rows of a batch as compiled: the member's own may be smaller, and the rest has no weight."""
    count = values.batch_size
    return (jnp.arange(batch) < count).astype(jnp.float32) / count.astype(jnp.float32)


def dropout_gates(
    sites: tuple[Site, ...], values: MemberValues, step: Step, batch: int
) -> dict[str, Float32[Array, "units batch"]]:
    """By what each site's units are multiplied: inverted dropout and the padding in one, 0 or 1/(1 - rate).

    A gate's draw is a hash of (member, step, site, unit, row): it does not depend on the padding.
    """
    at = substream((values.dropout_stream[0], values.dropout_stream[1]), step)
    row = jnp.arange(batch, dtype=jnp.uint32)[None, :]

    def of_site(number: int, site: Site) -> Float32[Array, "units batch"]:
        unit = jnp.arange(site.size, dtype=jnp.uint32)[:, None] << 14
        kept = word(at, jnp.uint32(number << 26) | unit | row) >= (values.dropout * 2.0**32).astype(jnp.uint32)
        scale = site.own(values.width).astype(jnp.float32) / (1 - values.dropout)
        return jnp.where(kept, scale[:, None], 0.0)

    return {site.name: of_site(number, site) for number, site in enumerate(sites)}


def dropout(sites: tuple[Site, ...], values: MemberValues, step: Step, batch: int) -> Edit:
    """The edit of one update: the member's dropout, and the padding."""
    with jax.named_scope("dropout"):
        gates = dropout_gates(sites, values, step, batch)
    return lambda site, units: units * gates[site.name]
