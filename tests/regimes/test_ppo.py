"""The learner on tasks whose answers are known: a bandit, and a chain that is cut off."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.models.mlp import MLP
from mirrorjax.randomness import stream_from_key, substream, uniform, word
from mirrorjax.regimes.descent import begin
from mirrorjax.regimes.players.ppo import Decisions, Passes, improved, log_probs, loss, sampled
from mirrorjax.regimes.players.returns import advantages
from mirrorjax.regimes.players.rollouts import next_values

pytestmark = pytest.mark.usefixtures("compiled_quickly")
STREAM = stream_from_key(jax.random.key(0))


def tabular(params: dict[str, jax.Array], seen: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Logits and values by state."""
    return params["logits"][:, seen], params["values"][seen]


def test_a_bandit_is_learnt():
    """Four arms of noisy rewards .2, .8, .5 and .1."""
    means = jnp.asarray([0.2, 0.8, 0.5, 0.1])
    learner = begin({"logits": jnp.zeros((4, 1)), "values": jnp.zeros(1)})

    def update(learner, number):
        own = substream(STREAM, number)
        drawn = uniform(jax.vmap(lambda each: word(own, each))(jnp.arange(512, dtype=jnp.uint32)))
        seen = jnp.zeros(256, jnp.int32)
        logits, value = tabular(learner.params, seen)
        action = jax.vmap(sampled, (1, 0))(logits, drawn[:256])
        reward = means[action] + drawn[256:] - 0.5
        decisions = Decisions(seen, action, log_probs(logits, action), value, reward - value, jnp.ones(256))
        learner, told = improved(tabular, learner, decisions, Passes(4, 2), own, 0.02, 0.0)
        return learner, told.entropy

    learner, entropy = jax.jit(lambda each: jax.lax.scan(update, each, jnp.arange(80, dtype=jnp.uint32)))(learner)
    share = jax.nn.softmax(learner.params["logits"][:, 0])
    assert share.argmax() == 1 and share[1] > 0.95
    assert entropy[0] == pytest.approx(np.log(4), abs=0.05) and entropy[-1] < 0.3
    assert learner.params["values"][0] == pytest.approx(0.8, abs=0.06)


WRONG = [pytest.param(each, marks=pytest.mark.slow) for each in ("the next game", "nothing")]


@pytest.mark.parametrize("cut", ["what was seen last", *WRONG])
def test_a_chain_that_is_cut_off(cut: str):
    """Five states, each leading to the next and the last to itself, which pays 1: V = γ^(4 − s)/(1 − γ).

    Episodes begin anywhere and are cut after three steps. To go on with the next game's value, or with none, is wrong.
    """
    discount, games, time = 0.9, 40, 12
    learner = begin({"logits": jnp.zeros((2, 5)), "values": jnp.zeros(5)})
    random = np.random.default_rng(0)
    starts = random.integers(0, 5, (time // 3 + 1, games))
    state = np.array([np.minimum(starts[at // 3] + at % 3, 4) for at in range(time)])
    truncated = jnp.asarray(np.repeat(np.arange(time) % 3 == 2, games).reshape(time, games))
    seen, reward = jnp.asarray(state), jnp.asarray(state == 4, jnp.float32)
    # each game is cut four times here: what was seen last is told by decision, as the game has it once a rollout
    last, now = jnp.asarray(np.minimum(state + 1, 4)), jnp.asarray(starts[-1])

    def update(learner, number):
        logits, value = tabular(learner.params, seen.ravel())
        value = value.reshape(time, games)
        behind = {"what was seen last": learner.params["values"][last], "nothing": jnp.zeros_like(value)}
        anew = jnp.concatenate([value[1:], learner.params["values"][now][None]])
        ends = learner.params["values"][now]
        rows = [next_values(value, truncated, row, ends)[at] for at, row in enumerate(behind.get(cut, anew))]
        carry = 1.0 - truncated.astype(jnp.float32)
        advantage = advantages(reward * (1 - discount), value, jnp.stack(rows), carry, discount, 0.95).ravel()
        action = jnp.zeros(time * games, jnp.int32)
        decisions = Decisions(
            *(seen.ravel(), action, log_probs(logits, action), value.ravel()), advantage, jnp.ones(time * games)
        )
        rate = 0.02 * (1 - number.astype(jnp.float32) / 250)
        return improved(tabular, learner, decisions, Passes(4, 1), substream(STREAM, number), rate, 0.0)[0], None

    learner, _ = jax.jit(lambda each: jax.lax.scan(update, each, jnp.arange(250, dtype=jnp.uint32)))(learner)
    found, exact = np.asarray(learner.params["values"]) / (1 - discount), discount ** np.arange(4, -1, -1) / 0.1
    error = np.abs(found / exact - 1).max()
    assert error < 0.01 if cut == "what was seen last" else error > 0.1, found


def decided(network: MLP, params: Any, seen: jax.Array, seed: int) -> Decisions:
    def evaluate(params: Any, seen: jax.Array) -> tuple[jax.Array, jax.Array]:
        return network.run(params, seen.T).outputs, seen[:, 0]

    random, count = np.random.default_rng(seed), len(seen)
    action = jnp.asarray(random.integers(0, 4, count), jnp.int32)
    logits, value = evaluate(params, seen)
    weight = jnp.asarray(random.random(count) < 0.8, jnp.float32)
    return Decisions(seen, action, log_probs(logits, action), value, jnp.asarray(random.normal(size=count)), weight)


@pytest.mark.slow
def test_one_pass_is_the_advantage_actor_critic():
    """Before the first update every ratio is 1: the gradient is that of A · log π, and nothing is clipped."""
    network = MLP(width=6, depth=1, inputs=5)
    params = network.init(jax.random.key(3), jnp.int32(6))
    seen = jax.random.normal(jax.random.key(1), (32, 5))
    batch = jax.tree.map(lambda x: x.astype(jnp.float32) if x.dtype == float else x, decided(network, params, seen, 0))

    def evaluate(params: Any, seen: jax.Array) -> tuple[jax.Array, jax.Array]:
        return network.run(params, seen.T).outputs, seen[:, 0]

    def plain(params: Any) -> jax.Array:
        share = batch.weight / batch.weight.sum()
        centred = batch.advantage - batch.advantage @ share
        advantage = centred / jnp.sqrt(centred**2 @ share)
        logits = network.run(params, seen.T).outputs
        entropy = -(jax.nn.softmax(logits, 0) * jax.nn.log_softmax(logits, 0)).sum(0) @ share
        return -(advantage * log_probs(logits, batch.action)) @ share - 0.1 * entropy

    (_, told), slope = jax.jit(jax.value_and_grad(lambda each: loss(each, evaluate, batch, 0.1), has_aux=True))(params)
    for name, expected in jax.jit(jax.grad(plain))(params).items():
        np.testing.assert_allclose(slope[name], expected, atol=1e-6, err_msg=name)
    assert told.kl == 0
