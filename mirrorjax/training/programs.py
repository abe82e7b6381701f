"""What is compiled: functions of the members of one block, stacked on the leading axis."""

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32

from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.battery.caused import caused
from mirrorjax.measurement.battery.observed import observed
from mirrorjax.measurement.histograms import divergences as divergences_of_member
from mirrorjax.measurement.histograms import histograms
from mirrorjax.measurement.played import played
from mirrorjax.measurement.probe import Probe
from mirrorjax.measurement.stream import MeasuredRows, Statistics
from mirrorjax.measurement.stream import measure as measure_member
from mirrorjax.models.base import Params
from mirrorjax.population.members import MemberValues
from mirrorjax.population.plan import ProgramSpec
from mirrorjax.randomness import Stream
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.base import Regime, State, Step
from mirrorjax.regimes.seats import seat_scores
from mirrorjax.training.step import TrainState, init_state
from mirrorjax.training.step import train as train_member

# of the members of a block with one order
_ALIKE = ("order", "batch_size", "first_row", "train_rows", "first_pair", "train_pairs")


def train(
    program: ProgramSpec, state: TrainState, values: MemberValues, start: Step, stop: Step, rows: Any
) -> TrainState:
    """Trains the members of one block from step `start` up to `stop`, on what they learn from."""
    own = jax.tree.map(lambda _: 0, values)
    if program.data_order == "shared":  # one order, one batch: the inputs are computed once and layer 1 is one product
        alike = {name: getattr(values, name)[0] for name in _ALIKE}
        values, own = replace(values, **alike), replace(own, **dict.fromkeys(_ALIKE))

    of_member = partial(train_member, regime_of(program))
    return jax.vmap(of_member, in_axes=(0, own, None, None, None))(state, values, start, stop, rows)


def init(regime: Regime, values: MemberValues) -> TrainState:
    """The members before their first step."""
    return jax.vmap(lambda values: init_state(regime, values))(values)


def policy(regime: Regime, state: State, values: MemberValues, training: Any) -> Params:
    """The parameters of the members' networks."""
    return jax.vmap(lambda state, values: regime.policy(state, values, training))(state, values)


def measure(regime: Regime, params: Params, values: MemberValues, rows: MeasuredRows) -> Statistics:
    """The members' streamed statistics."""
    return jax.vmap(measure_member, in_axes=(0, None))(Probe(regime, params, values), rows)


def battery(
    regime: Regime, params: Params, values: MemberValues, boards: Boards, *, together: int
) -> dict[str, Float32[Array, " block"]]:
    """The members' calibrated measures; `together` of them are shown the boards side by side."""
    return jax.lax.map(lambda probe: observed(probe, boards), Probe(regime, params, values), batch_size=together)


def games(regime: Regime, params: Params, values: MemberValues, streams: Stream) -> dict[str, Float32[Array, " block"]]:
    """What the members do in the game, all of them side by side."""
    return played(Probe(regime, params, values), streams)


def seats(regime: Regime, params: Params, values: MemberValues, held: Any) -> dict[str, Float32[Array, " block"]]:
    """How alike the members take their own seat and the other's."""
    return jax.lax.map(lambda member: seat_scores(regime, member[0], member[1], held), (params, values))


def causes(
    regime: Regime,
    params: Params,
    values: MemberValues,
    scores: Float32[Array, "block U"],
    asked: Bool[Array, " block"],
    boards: Boards,
    *,
    together: int,
) -> tuple[dict[str, Array], dict[str, Array]]:
    """The causal measures of the members that are asked, and of their units; of others whatever it may be.

    `together` of them, which divides their number, are looked at side by side, those that are asked first, and where
    nobody is asked nothing is done.
    """
    once = jax.jit(caused, inline=True)  # else traced anew for the shapes of its results

    def of_members(members: Probe, scores: Array) -> Any:
        if together == 1:
            return once(members, boards, scores)
        return jax.vmap(lambda member, scores: once(member, boards, scores))(members, scores)

    def if_asked(chosen: tuple[Probe, Array, Array]) -> Any:
        members, scores, asked = chosen
        measured = partial(of_members, members, scores)
        nothing = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(measured))
        return jax.lax.cond(jnp.any(asked), measured, lambda: nothing)

    whole = Probe(regime, params, values), scores, asked
    if together == 1:
        return jax.lax.map(if_asked, whole)
    order = jnp.argsort(~asked)  # of equal ones as they were
    groups = jax.tree.map(lambda x: x[order].reshape(-1, together, *x.shape[1:]), whole)
    found = jax.lax.map(if_asked, groups)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:])[jnp.argsort(order)], found)


def divergences(
    regime: Regime, params: Params, values: MemberValues, rows: MeasuredRows, *, counted: int, together: int
) -> dict[str, Float32[Array, "block U"]]:
    """KL divergences of the members' units, by pair of scenarios.

    Rows are counted into bins of `counted` members side by side; logarithms are taken of `together`, for side by side
    they are rounded otherwise. Both divide their number.
    """
    probes = Probe(regime, params, values)
    if counted == together == 1:
        return jax.lax.map(lambda probe: divergences_of_member(histograms(probe, rows)), probes)
    counts = jax.lax.map(lambda probe: histograms(probe, rows), probes, batch_size=counted)
    return jax.lax.map(divergences_of_member, counts, batch_size=together)
