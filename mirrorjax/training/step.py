"""One member in training: its regime's state, and whether it goes on."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, UInt32

from mirrorjax.population.members import MemberValues
from mirrorjax.regimes.base import Regime, State


@struct.dataclass
class TrainState:
    """One member in training; stacked on the leading axis for a population."""

    own: State  # of the regime
    alive: Bool[Array, ""]  # false once it has diverged; frozen from then on


def init_state(regime: Regime, values: MemberValues) -> TrainState:
    """A member before its first update."""
    return TrainState(own=regime.init(values), alive=jnp.bool_(True))


def train_step(
    regime: Regime, state: TrainState, values: MemberValues, step: UInt32[Array, ""], train: Any
) -> TrainState:
    """One update of one member.

    Args:
        regime: the program's static part.
        state, values: the member.
        step: number of the update, from 0.
        train: what the members of its world learn from.

    Returns:
        The member after the update; unchanged if it has diverged.
    """
    own, well = regime.update(state.own, values, step, train)
    with jax.named_scope("update"):  # the names are for profiles
        alive = state.alive & well
        after = TrainState(own=own, alive=alive)
        return jax.tree.map(lambda new, old: jnp.where(alive, new, old), after, replace(state, alive=alive))
