"""Training by the compiled step: serves every program, on every device; the reference for what is faster."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, UInt32

from mirrorjax.population.members import MemberValues
from mirrorjax.population.plan import ProgramSpec
from mirrorjax.training import programs
from mirrorjax.training.step import TrainState


def train(
    program: ProgramSpec,
    state: TrainState,
    values: MemberValues,
    start: UInt32[Array, " blocks"],
    stop: UInt32[Array, " blocks"],
    rows: Any,
) -> TrainState:
    """Trains the blocks of one device, one after the other, each from its `start` up to its `stop`.

    Args:
        program: of the members.
        state, values: of the members [blocks, block, ...].
        start, stop: steps.
        rows: what they learn from.
    """

    def one(number: Array, state: TrainState) -> TrainState:
        before, own = jax.tree.map(lambda x: x[number], (state, values))
        trained = programs.train(program, before, own, start[number], stop[number], rows)
        return jax.tree.map(lambda x, new: x.at[number].set(new), state, trained)

    waiting = stop > start  # in place, and from the first that waits to the last: the others cost nothing
    last = jnp.where(waiting.any(), len(waiting) - jnp.argmax(waiting[::-1]), 0)
    return jax.lax.fori_loop(jnp.argmax(waiting), last, one, state)
