"""Frog learns what a Toad gains whose goal it believes, does not know, or was told: what is known is exact."""

from dataclasses import replace
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game.env import EPISODE
from mirrorjax.game.rollout import game_streams
from mirrorjax.population.members import Member, stack_values
from mirrorjax.regimes import own_regime
from mirrorjax.regimes.players.cirl_learner import CirlLearner, goal_of, worth

pytestmark = pytest.mark.usefixtures("compiled_quickly")
KIND = Member(regime="cirl_learner", width=5, partner_energy="seen", parallel_games=48, horizon=12, learning_rate=1e-3)


@pytest.fixture(scope="module")
def learner():
    """One that has played and learnt once, its games all near the end of an episode; and what it played."""
    regime = cast(CirlLearner, own_regime(KIND))
    values = jax.tree.map(lambda x: x[0], stack_values([KIND], ""))

    @jax.jit
    def of_member(values):
        state = regime.init(values)
        games = replace(state.games, round=jnp.full(48, EPISODE - 6, jnp.uint32))
        return regime._played(replace(state, games=games), values)

    return regime, jax.device_get(of_member(values))


@pytest.mark.slow
def test_a_belief_begins_with_each_episode_and_drifts_nowhere(learner):
    """Behind the cut it is one half again; before, its mean over goals is one half, and it tends to the truth."""
    _, (_, (log_odds, goal), rollout) = learner
    belief, wants = rollout.frog.seen[..., -1], rollout.toad.seen
    assert (belief[0] == 0.5).all() and (belief[6] == 0.5).all() and (belief[1:6] != 0.5).any(1).all()
    assert (wants[:6] == wants[0]).all() and (wants[6:] == wants[6]).all() and (wants[0] != wants[6]).any()
    assert np.array_equal(goal, wants[-1]) and log_odds.shape == (48,)
    said = belief[5] - 0.5
    assert np.mean(said) == pytest.approx(0, abs=3 * float(said.std()) / 48**0.5)
    assert np.mean(np.where(wants[5] == 0, said, -said)) > 0.15


@pytest.mark.slow
def test_both_are_paid_by_what_toad_is_after(learner):
    """Points of Frog, and Toad's points or its energy as a share; nothing else."""
    regime, (_, _, rollout) = learner
    values = jax.tree.map(lambda x: x[0], stack_values([KIND], ""))
    nothing = jnp.zeros((12, 48))
    led = jax.jit(lambda rollout: regime._led(values, rollout, nothing, nothing[0], nothing[0]))
    found = np.asarray(led(rollout).reward)
    points = rollout.frog.gain.score + rollout.toad.gain.score
    energy = np.maximum(rollout.toad.gain.energy[..., 1], 0) / 20
    expected = points[..., 0] + np.where(rollout.toad.seen == 0, points[..., 1], energy)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert 0 < (rollout.toad.seen == 0).mean() < 1


def test_what_is_known_is_an_input_of_its_own():
    streams = game_streams(jax.random.key(0), 64)
    goals = jax.vmap(goal_of)(streams)
    assert 16 < int(goals.sum()) < 48, "as likely as each other"
    for knows, at_start in (("belief", 0.0), ("masked", 0.0), ("told", 30.0)):
        regime = cast(CirlLearner, own_regime(replace(KIND, knows=knows)))
        assert regime.network.inputs == 102 == len(regime._scale) and regime.knows == knows
        assert np.array_equal(regime._at_start(goals), np.where(goals == 0, at_start, -at_start))


def test_regret_is_beside_the_best_scripted_frog_of_each_goal():
    """By hand: told 3 and 2, so 2.5 a round; never 1 and 1; the learner 3 and 1, its best acts 3 and 2."""
    matrix = jnp.asarray([[3.0, 1], [2, 2], [1, 1], [3, 1], [3, 2]])
    means = {"own": matrix, "progress": 0 * matrix, "energy": 0 * matrix}
    asked = jnp.full((2, 5, 2), 10.0)
    gave = jnp.asarray([[0.0, 0]] * 3 + [[8, 4], [10, 0]])[None] * jnp.ones((2, 1, 1))
    found = {name: float(value) for name, value in jax.jit(worth)(means, asked, gave).items()}
    assert (found["cirl_told"], found["cirl_untold"], found["voi"]) == (2.5, 2, 0.5)
    assert (found["cirl_regret"], found["cirl_regret_greedy"]) == (0.5, 0)
    assert found["right_help"] == pytest.approx(0.7) and found["right_help_greedy"] == 1
    assert found["excess_error"] == pytest.approx(0.5 / 1.5)
    assert found["cirl_progress_learner_common"] == 3 and found["cirl_energy_giver_own"] == 1
