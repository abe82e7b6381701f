"""Advantages against a double loop, and what decisions of either seat led to against a plain one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game.env import Gain, Reward
from mirrorjax.regimes.players.returns import advantages
from mirrorjax.regimes.players.rollouts import PlayedTurn, Rollout, frogs, toads

TIME, GAMES = 12, 3


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    names = ("reward", "value", "next_value")
    carry = (random.random((TIME, GAMES)) < 0.7).astype(np.float32)
    return {name: random.normal(size=(TIME, GAMES)).astype(np.float32) for name in names} | {"carry": carry}


def test_advantages_are_those_of_a_double_loop(drawn):
    discount, trace = 0.93, 0.8
    given = {name: jnp.asarray(values) for name, values in drawn.items()}
    found = advantages(**given, discount=discount, trace=trace)
    for start in range(TIME):
        for game in range(GAMES):
            total, factor = 0.0, 1.0
            for time in range(start, TIME):
                reward, value, after, carry = (drawn[name][time, game] for name in drawn)
                total += factor * (reward + discount * after - value)
                factor *= discount * trace * carry
            assert found[start, game] == pytest.approx(total, abs=1e-5)


def test_without_discount_and_trace_they_are_monte_carlo_returns(drawn):
    reward, value = drawn["reward"], drawn["value"]
    after = np.concatenate([value[1:], np.zeros((1, GAMES), np.float32)])  # it is over then
    rewards, values, afterwards, carry = (jnp.asarray(each) for each in (reward, value, after, np.ones_like(reward)))
    found = advantages(rewards, values, afterwards, carry, 1.0, 1.0)
    np.testing.assert_allclose(np.asarray(found) + value, reward[::-1].cumsum(0)[::-1], atol=1e-5)


def test_what_decisions_of_either_seat_led_to():
    """Two games of five rounds: the first is cut off behind its second, the other is not."""
    random = np.random.default_rng(1)
    score = random.integers(0, 2, (2, 5, 2, 2)).astype(np.int32)  # by seat, time, game and who scored
    nothing = jnp.zeros((5, 2), jnp.int32)

    def decision(seat: int) -> PlayedTurn:
        return PlayedTurn(nothing[..., None].astype(jnp.int8), nothing, Gain(jnp.asarray(score[seat]), score[seat]))

    cut = np.zeros((5, 2), bool)
    cut[1, 0] = True
    value, last, now = (jnp.asarray(random.normal(size=shape), jnp.float32) for shape in ((5, 2), (2,), (2,)))
    seen = jnp.zeros((2, 1), jnp.int8)
    rollout = Rollout(decision(0), decision(1), jnp.asarray(cut), seen, seen)
    frog, toad = frogs(rollout, value, last, now, Reward(sharing=1.0)), toads(rollout, value, Reward())
    found = jax.device_get((frog, toad))
    assert np.array_equal(found[0].reward, (score[0] + score[1]).sum(-1) / 2)
    assert found[0].weight.all() and np.array_equal(found[0].carry, ~cut)
    assert found[0].next_value[1].tolist() == [last[0], value[2, 1]] and found[0].next_value[4].tolist() == now.tolist()
    assert found[1].weight.tolist() == [[1, 1], [0, 1], [1, 1], [1, 1], [0, 0]], "Frog's turn behind it is not known"
    assert found[1].carry[:4].tolist() == [[0, 1], [1, 1], [1, 1], [0, 0]], "its episode is cut at its own decision"
    known = found[1].weight > 0
    assert np.array_equal(found[1].next_value[known], np.asarray(value)[np.roll(known, 1, 0)])
    own = score[1][..., 1] + np.concatenate([score[0][1:], score[0][:1]])[..., 1]
    assert np.array_equal(found[1].reward[known], own[known])
