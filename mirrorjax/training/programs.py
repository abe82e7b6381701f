"""What is compiled: functions of the members of one block, stacked on the leading axis."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, UInt32

from mirrorjax.measurement.activations import MeasuredRows, Statistics
from mirrorjax.measurement.activations import measure as measure_member
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.battery.cheap import cheap
from mirrorjax.measurement.battery.dear import dear
from mirrorjax.measurement.histograms import divergences as divergences_of_member
from mirrorjax.measurement.probe import Probe
from mirrorjax.models.base import Params
from mirrorjax.population.members import MemberValues
from mirrorjax.population.plan import ProgramSpec
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.supervised import Supervised
from mirrorjax.training.step import TrainState, batch_indices, init_state, train_step

_ALIKE = ("order", "batch_size", "first_row", "train_rows")  # of the members of a block with one order
STEPS_AHEAD = 8  # whose rows are numbered together: in the step's own loop the compiler would do it anew for each use


def train(
    program: ProgramSpec,
    state: TrainState,
    values: MemberValues,
    start: UInt32[Array, ""],
    stop: UInt32[Array, ""],
    rows: UInt32[Array, "rows 2"],
) -> TrainState:
    """Trains the members of one block from step `start` up to `stop`."""
    common = jax.tree.map(lambda _: 0, values)
    own_order = program.data_order != "shared"
    if not own_order:  # one order, one batch: the inputs are computed once and layer 1 is one product
        alike = {name: getattr(values, name)[0] for name in _ALIKE}
        values, common = replace(values, **alike), replace(common, **dict.fromkeys(_ALIKE))
    regime = regime_of(program, program.knobs)

    def indices(values: MemberValues, step: jax.Array) -> jax.Array:
        return values.first_row + batch_indices(values, step, program.batch, values.train_rows)

    def some_steps(number: jax.Array, state: TrainState) -> TrainState:
        """The steps of [start, stop) from `number` * STEPS_AHEAD on."""
        first = number * STEPS_AHEAD
        steps = first + jnp.arange(STEPS_AHEAD, dtype=jnp.uint32)
        of_members = jax.vmap(indices, in_axes=(common, None), out_axes=0 if own_order else None)
        ahead = jax.vmap(of_members, in_axes=(None, 0))(values, steps)

        def one_step(step: jax.Array, state: TrainState) -> TrainState:
            def one_member(state: TrainState, values: MemberValues, batch: jax.Array) -> TrainState:
                return train_step(regime, program.batch, state, values, step, rows[batch])

            in_axes = (0, common, 0 if own_order else None)
            return jax.vmap(one_member, in_axes=in_axes)(state, values, ahead[step - first])

        return jax.lax.fori_loop(jnp.maximum(start, first), jnp.minimum(stop, first + STEPS_AHEAD), one_step, state)

    last = (stop + STEPS_AHEAD - 1) // STEPS_AHEAD
    return jax.lax.fori_loop(start // STEPS_AHEAD, last, some_steps, state)


def init(regime: Supervised, values: MemberValues) -> TrainState:
    """The members before their first step."""
    return jax.vmap(lambda values: init_state(regime, values))(values)


def measure(regime: Supervised, params: Params, values: MemberValues, rows: MeasuredRows) -> Statistics:
    """The members' streamed statistics."""
    return jax.vmap(measure_member, in_axes=(0, None))(Probe(regime, params, values), rows)


def battery(
    regime: Supervised, params: Params, values: MemberValues, boards: Boards, *, together: int
) -> dict[str, Float32[Array, " block"]]:
    """The members' calibrated measures; `together` of them are shown the boards side by side."""
    return jax.lax.map(lambda probe: cheap(probe, boards), Probe(regime, params, values), batch_size=together)


def causes(
    regime: Supervised,
    params: Params,
    values: MemberValues,
    scores: Float32[Array, "block U"],
    asked: Bool[Array, " block"],
    boards: Boards,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """The dear measures of the members that are asked, and of their units; zero for others."""

    def one(member: tuple[Probe, Array, Array]) -> Any:
        probe, scores, asked = member

        def measured() -> Any:
            return dear(probe, boards, scores)

        nothing = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(measured))
        return jax.lax.cond(asked, measured, lambda: nothing)

    return jax.lax.map(one, (Probe(regime, params, values), scores, asked))


def divergences(
    regime: Supervised, params: Params, values: MemberValues, rows: MeasuredRows
) -> dict[str, Float32[Array, "block U"]]:
    """KL divergences of the members' units, by pair of scenarios."""
    return jax.lax.map(lambda probe: divergences_of_member(probe, rows), Probe(regime, params, values))
