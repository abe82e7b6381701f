"""The names of the calibrated measures, and the columns that each makes: found by their shapes, nothing is computed."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from mirrorjax.dataset.matched import CONDITIONS
from mirrorjax.game.observation import OBSERVATION_SIZE
from mirrorjax.measurement.activations import TRUTHS
from mirrorjax.measurement.battery.boards import OF_EACH, Boards, TaskRows
from mirrorjax.measurement.battery.cheap import OF_RESPONSES, cheap
from mirrorjax.measurement.battery.dear import dear, named
from mirrorjax.measurement.battery.nulls import RAW, SCALE_FREE
from mirrorjax.measurement.battery.responses import responses
from mirrorjax.regimes.supervised import Params, Supervised

CAUSES = "causes"  # all of the dear measures, and the verdict, which takes them
VERDICT = ("mirror", "mirror_code")
Z = tuple(f"{name}_z" for name in (*SCALE_FREE, *RAW))
_BOARDS, _WIDTH = 64, 4  # any numbers


def cheap_names(regime: Supervised) -> dict[str, frozenset[str]]:
    """Columns of each measure of responses and, by its own name, of every cheap column; and of z.

    Args:
        regime: of an architecture, for columns that are of a layer.
    """
    params, width, boards = _shapes(regime)
    of_responses = jax.eval_shape(
        lambda params, width, pictures: responses(regime, params, width, pictures, tuple(CONDITIONS)),
        params, width, boards.anywhere,
    )  # fmt: skip
    names = {name: frozenset(jax.eval_shape(measure, of_responses)) for name, measure in OF_RESPONSES.items()}
    single = [*jax.eval_shape(partial(cheap, regime), params, width, boards), *Z]
    return {**{name: frozenset({name}) for name in single}, **names}


def dear_names(regime: Supervised) -> dict[str, frozenset[str]]:
    """Columns of the dear measures together and, by its own name, of each; and of the verdict."""
    params, width, boards = _shapes(regime)
    scores = jax.ShapeDtypeStruct((regime.depth * regime.width,), jnp.float32)
    of_member, _ = jax.eval_shape(partial(dear, regime), params, width, boards, scores)
    columns = [*named({name: np.zeros((1, *each.shape), each.dtype) for name, each in of_member.items()}), *VERDICT]
    return {**{name: frozenset({name}) for name in columns}, CAUSES: frozenset(columns)}


def _shapes(regime: Supervised) -> tuple[Params, Array, Boards]:
    params = jax.eval_shape(regime.init, jax.random.key(0), jnp.int32(_WIDTH))
    pictures = jnp.zeros((len(CONDITIONS), OBSERVATION_SIZE, _BOARDS), jnp.int8)
    rows = len(TRUTHS) * OF_EACH
    task = TaskRows(words=jnp.zeros((rows, 2), jnp.uint32), weight=jnp.zeros((len(TRUTHS), rows)))
    return params, jnp.int32(_WIDTH), Boards(anywhere=pictures, rescue=pictures, task=task)
