"""The rule of reward: a policy gradient in the mean over acts, exact backpropagation with the weights as feedback."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.sources import Sources
from mirrorjax.errors import InputError
from mirrorjax.models.base import Affine
from mirrorjax.models.mlp import MLP
from mirrorjax.population.members import Member, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.base import World
from mirrorjax.regimes.rows.hebbian import CHANCE, Hebbian, grown, within_reach
from mirrorjax.testing import check_regime
from mirrorjax.training.step import init_state, train

pytestmark = pytest.mark.usefixtures("compiled_quickly")
INPUTS, UNITS, ACTS, ROWS = 6, 5, 4, 3
MEMBER = Member(regime="imitation", plasticity="hebbian", width=17, learning_rate=0.1)


def layers_of(params: list[jax.Array]) -> list[Affine]:
    return [Affine(*params[:2]), Affine(*params[2:])]


@pytest.fixture(scope="module")
def network() -> list[jax.Array]:
    keys = jax.random.split(jax.random.key(0), 4)
    shapes = ((UNITS, INPUTS), (UNITS,), (ACTS, UNITS), (ACTS,))
    return [jax.random.normal(key, shape) for key, shape in zip(keys, shapes, strict=True)]


def test_over_all_acts_the_rule_is_the_gradient_of_expected_reward(network):
    """Every act is tried with its chance; with B = Vᵀ the hidden layer's growth is that of backpropagation too."""
    inputs = jax.random.normal(jax.random.key(1), (INPUTS, ROWS))
    rewards = jax.random.uniform(jax.random.key(2), (ACTS, ROWS))

    def chances(params: list[jax.Array]) -> jax.Array:
        first, last = layers_of(params)
        hidden = jax.nn.relu(first.kernel @ inputs + first.bias[:, None])
        return jax.nn.softmax(last.kernel @ hidden + last.bias[:, None], axis=0)

    @jax.jit
    def both(params: list[jax.Array]) -> tuple[Any, Any]:
        chance = chances(params)
        of_each = [
            grown(layers_of(params), [params[2].T], inputs, jnp.full(ROWS, act), chance[act] * rewards[act])
            for act in range(ACTS)
        ]
        summed = jax.tree.map(lambda *each: sum(each), *of_each)
        return summed, jax.grad(lambda params: jnp.sum(chances(params) * rewards))(params)

    summed, gradient = both(network)
    for found, expected in zip(jax.tree.leaves(summed), gradient, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_synapses_stay_within_reach():
    layer = within_reach(Affine(jnp.array([[3.0, 4.0], [0.3, 0.4]]), jnp.array([2.0, 0.0])))
    np.testing.assert_allclose(layer.kernel, [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
    assert layer.bias.tolist() == [2.0, 0.0]


@pytest.fixture(scope="module")
def taught(dataset: Dataset) -> dict[str, Any]:
    """A member before and after 600 batches, and what it learnt from."""
    regime = regime_of(program_of(MEMBER))
    values = jax.tree.map(lambda x: x[0], stack_values([MEMBER], "", Sources.only(dataset)))
    world = regime.world(World(jnp.asarray(dataset.train), None, None, {"rows": dataset.train[:2000]}))
    start = init_state(regime, values)
    teach = jax.jit(lambda state: train(regime, state, values, jnp.uint32(0), jnp.uint32(600), world.train))
    still = replace(values, learning_rate=jnp.float32(0))
    once = jax.jit(lambda state: train(regime, state, still, jnp.uint32(0), jnp.uint32(1), world.train))
    return {"start": start.own, "still": once(start).own, "after": teach(start).own, "train": world.train}


@pytest.mark.slow
def test_it_comes_to_be_rewarded(taught):
    """The usual reward follows what is done: beyond the best constant answer of .43."""
    assert taught["start"].usual == CHANCE
    assert taught["after"].usual > 0.5
    assert taught["after"].count == 600


@pytest.mark.slow
def test_without_a_rate_nothing_but_long_synapses_changes(taught):
    """Inputs are standardised inside the rule alone: the weights are those of raw pictures."""
    start, still = (jax.device_get(taught[name].params) for name in ("start", "still"))
    deviation = np.asarray(taught["train"].deviation)[None, :]
    length = np.linalg.norm(start["hidden_1_kernel"] * deviation, axis=1)
    for name in ("hidden_1_kernel", "hidden_1_bias"):
        np.testing.assert_allclose(still[name][length < 1], start[name][length < 1], atol=1e-4)
    assert np.linalg.norm(still["hidden_1_kernel"] * deviation, axis=1).max() < 1 + 1e-5


def test_what_the_rule_does_not_know_is_refused():
    with pytest.raises(InputError, match=r"regime.plasticity is hebbian for .*allowed: gradient"):
        Hebbian(MLP(width=8, activation="tanh"))


@pytest.mark.slow
@pytest.mark.acceptance
def test_it_keeps_its_contract():
    def regime(width: int) -> Any:
        return regime_of(replace(program_of(MEMBER), width=width, batch=8))

    check_regime(regime)
