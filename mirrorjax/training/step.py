"""One member in training: its regime's state, and whether it goes on."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool

from mirrorjax.population.members import MemberValues
from mirrorjax.regimes.base import Regime, State, Step

STEPS_AHEAD = 8  # that are drawn for together: in a step's own loop the compiler would draw anew for each use


@struct.dataclass
class TrainState:
    """One member in training; stacked on the leading axis for a population."""

    own: State  # of the regime
    alive: Bool[Array, ""]  # false once it has diverged; frozen from then on


def init_state(regime: Regime, values: MemberValues) -> TrainState:
    """A member before its first update."""
    return TrainState(own=regime.init(values), alive=jnp.bool_(True))


def train_step(
    regime: Regime, state: TrainState, values: MemberValues, step: Step, drawn: Any, train: Any
) -> TrainState:
    """One update of one member, number `step` from 0; unchanged if it has diverged."""
    own, well = regime.update(state.own, values, step, drawn, train)
    if well is True:
        return replace(state, own=own)
    with jax.named_scope("update"):  # the names are for profiles
        alive = state.alive & well
        after = TrainState(own=own, alive=alive)
        return jax.tree.map(lambda new, old: jnp.where(alive, new, old), after, replace(state, alive=alive))


def train(
    regime: Regime, state: TrainState, values: MemberValues, start: Step, stop: Step, learnt_from: Any
) -> TrainState:
    """One member from step `start` up to `stop`."""

    def some_steps(number: jax.Array, state: TrainState) -> TrainState:
        """Those from `number` * STEPS_AHEAD on."""
        first = number * STEPS_AHEAD
        ahead = jax.vmap(lambda step: regime.draw(values, step))(first + jnp.arange(STEPS_AHEAD, dtype=jnp.uint32))

        def one_step(step: jax.Array, state: TrainState) -> TrainState:
            drawn = jax.tree.map(lambda each: each[step - first], ahead)
            return train_step(regime, state, values, step, drawn, learnt_from)

        return jax.lax.fori_loop(jnp.maximum(start, first), jnp.minimum(stop, first + STEPS_AHEAD), one_step, state)

    last = (stop + STEPS_AHEAD - 1) // STEPS_AHEAD
    return jax.lax.fori_loop(start // STEPS_AHEAD, last, some_steps, state)
