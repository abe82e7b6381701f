"""Units with known answers, and small networks, for the tests of the battery."""

import functools
from collections.abc import Mapping, Sequence

import jax
import numpy as np

from mirrorjax.measurement.battery.boards import Boards, boards_of
from mirrorjax.measurement.battery.responses import Responses, of_activations
from mirrorjax.models.base import Params
from mirrorjax.models.mlp import MLP
from tests.datasets import FEW_TEST_ROWS, built

CONDITIONS = ("x0", "xF", "xT", "xO0", "xO")
BOARDS = 1000


def planted(effects: Sequence[Mapping[str, float]], jitter: float = 0.0) -> Responses:
    """Units of one layer: a base of 3, noise of deviation one on every board, effects by condition.

    Args:
        effects: of each unit.
        jitter: deviation of what else differs between the conditions of one board.
    """
    random = np.random.default_rng(0)
    base = 3 + random.normal(size=(len(effects), BOARDS))
    hidden = {}
    for name in CONDITIONS:
        effect = np.array([each.get(name, 0.0) for each in effects])[:, None]
        hidden[name] = np.float32(base + effect + jitter * random.normal(size=base.shape))
    return _of_activations(hidden, {}, np.ones(len(effects), np.int32))


_of_activations = jax.jit(of_activations)


MIRROR = {"xF": 2.0, "xT": 2.0}
TOAD_ONLY = {"xT": 2.0}
FROG_ONLY = {"xF": 2.0}
ANY_NINE = {"xF": 2.0, "xT": 2.0, "xO": 2.0}
SUPPRESSED = {"xF": -2.0, "xT": -2.0}
OPPOSED = {"xF": 2.0, "xT": -2.0}
NOTHING: dict[str, float] = {}


@functools.cache
def small_boards() -> Boards:
    """Matched boards of a small dataset."""
    return boards_of(built(FEW_TEST_ROWS), 512, 128)


def untrained(network: MLP, seed: int = 0, width: int | None = None) -> dict[str, np.ndarray]:
    """Weights with biases, so that units are not homogeneous in the input."""
    params = jax.device_get(_initial(network, seed, width or network.width))
    random = np.random.default_rng(seed)
    own = np.arange(network.width) < (width or network.width)
    return {
        name: value + np.asarray(0.3 * random.normal(size=value.shape) * own, np.float32)
        if "hidden" in name and "bias" in name
        else value
        for name, value in params.items()
    }


@functools.partial(jax.jit, static_argnums=0)
def _initial(network: MLP, seed: jax.Array, width: jax.Array) -> Params:
    return network.init(jax.random.key(seed), width)


def rescaled(params: dict[str, np.ndarray], unit_factors: np.ndarray) -> dict[str, np.ndarray]:
    """The same function: first-layer units times positive factors, their outgoing weights divided by them."""
    factors = np.asarray(unit_factors, np.float32)
    return params | {
        "hidden_1_kernel": params["hidden_1_kernel"] * factors[:, None],
        "hidden_1_bias": params["hidden_1_bias"] * factors,
        "hidden_2_kernel": params["hidden_2_kernel"] / factors[None, :],
    }
