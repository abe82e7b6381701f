"""The names of the calibrated measures, and the columns that each makes: found by their shapes, nothing is computed."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.dataset.matched import CONDITIONS
from mirrorjax.game.observation import OBSERVATION_SIZE
from mirrorjax.measurement.battery.boards import OF_EACH, Boards, TaskRows
from mirrorjax.measurement.battery.caused import caused, named
from mirrorjax.measurement.battery.observed import OF_RESPONSES, observed
from mirrorjax.measurement.battery.responses import Pictures, Responses, responses
from mirrorjax.measurement.needs import fits
from mirrorjax.measurement.probe import Probe
from mirrorjax.measurement.stream import TRUTHS
from mirrorjax.measures import Chosen
from mirrorjax.population.members import Member, stack_values
from mirrorjax.regimes import own_regime

CAUSES = "causes"  # all of the causal measures, and the verdict, which takes them
VERDICT = ("mirror", "mirror_code")
Z = Chosen(lambda each: each.has_z, ending="_z")
_BOARDS = 64  # any number


def observed_names(member: Member) -> dict[str, frozenset[str]]:
    """Columns of each measure of responses and, by its own name, of every observed column; and of z.

    Columns of a site are those of the member's architecture.
    """
    probe, boards = _shapes(member)
    of_responses = jax.eval_shape(_responses, probe, boards.anywhere)
    measures = {name: measure for name, measure in OF_RESPONSES.items() if fits(measure, probe.network)}
    names = {name: frozenset(jax.eval_shape(measure, of_responses)) for name, measure in measures.items()}
    single = [*jax.eval_shape(observed, probe, boards), *Z]
    return {**{name: frozenset({name}) for name in single}, **names}


def made_of_responses(measure: Callable[[Responses], dict[str, jax.Array]]) -> dict[str, jax.ShapeDtypeStruct]:
    """The columns that a measure of responses makes, of a network with two layers."""
    probe, boards = _shapes(Member(width=4))
    return jax.eval_shape(lambda probe, pictures: measure(_responses(probe, pictures)), probe, boards.anywhere)


def caused_names(member: Member) -> dict[str, frozenset[str]]:
    """Columns of the causal measures together and, by its own name, of each; and of the verdict."""
    probe, boards = _shapes(member)
    scores = jax.ShapeDtypeStruct((probe.count,), jnp.float32)
    of_member, _ = jax.eval_shape(caused, probe, boards, scores)
    columns = [*named({name: np.zeros((1, *each.shape), each.dtype) for name, each in of_member.items()}), *VERDICT]
    return {**{name: frozenset({name}) for name in columns}, CAUSES: frozenset(columns)}


def _responses(probe: Probe, pictures: Pictures) -> Responses:
    return responses(probe, pictures, tuple(CONDITIONS))


def _shapes(member: Member) -> tuple[Probe, Boards]:
    regime = own_regime(member)
    values = jax.tree.map(lambda each: each[0], stack_values([member], ""))
    params = jax.eval_shape(lambda width: regime.network.init(jax.random.key(0), width), values.width)
    pictures = jnp.zeros((len(CONDITIONS), OBSERVATION_SIZE, _BOARDS), jnp.int8)
    rows = len(TRUTHS) * OF_EACH
    task = TaskRows(words=jnp.zeros((rows, 2), jnp.uint32), weight=jnp.zeros((len(TRUTHS), rows)))
    return Probe(regime, params, values), Boards(anywhere=pictures, rescue=pictures, task=task)
