"""Beliefs over what Toad is after are exact: they move by Bayes, drift nowhere, and come true as often as they say."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game.goals import GOALS, drawn, log_policies
from mirrorjax.game.players import Policy, play_round
from mirrorjax.game.rollout import chance_of_round, game_streams, new_game
from mirrorjax.game.state import MAX_ENERGY, Action, GameParams, GameState
from mirrorjax.population.members import Member, MemberValues, stack_values
from mirrorjax.regimes.simulations.cirl import BAYES, FROGS, POLICIES, Cirl, beliefs
from mirrorjax.training.step import init_state, train

GAMES, ROUNDS = 96, 16
RATIONALITIES = (0.0, 0.5, 2.0)


@pytest.fixture(scope="module")
def watched() -> dict[str, np.ndarray]:
    """Log-odds of the believing Frog after each round [rationalities, rounds, goals, games], and scores at the end."""
    regime = Cirl(GAMES, practice=0)
    values = stack_values([Member(regime="cirl", rationality=each) for each in RATIONALITIES], "")

    def one(values: MemberValues) -> tuple[jax.Array, dict[str, jax.Array]]:
        def round_of(state, step):
            state, _ = regime.update(state, values, step, regime.draw(values, step), ())
            return state, state.now.log_odds[BAYES]

        state, log_odds = jax.lax.scan(round_of, regime.init(values), jnp.arange(ROUNDS, dtype=jnp.uint32))
        return log_odds, regime.score(regime.policy(state, values, ()), values, ())

    log_odds, scores = jax.jit(jax.vmap(one))(values)
    return {"log_odds": np.asarray(log_odds), **{name: np.asarray(each) for name, each in scores.items()}}


@pytest.mark.usefixtures("compiled_quickly")
@pytest.mark.slow
class TestBeliefs:
    def test_who_acts_by_chance_says_nothing(self, watched):
        assert (watched["log_odds"][0] == 0).all()
        assert watched["belief_truth"][0] == watched["belief_right"][0] == 0.5
        assert watched["voi_toad"][0] >= 0 and watched["rounds_to_certain"][0] == ROUNDS

    def test_the_mean_belief_stays_at_the_prior(self, watched):
        """After every round, over goals as likely as they are held to be: within three standard errors."""
        for log_odds in watched["log_odds"][1:]:
            mean = (1 / (1 + np.exp(-log_odds.astype(float)))).mean(axis=1)  # over both goals, of each game
            error = mean.std(axis=1) / GAMES**0.5
            assert (np.abs(mean.mean(axis=1) - 0.5) < 3 * error + 1e-9).all()

    def test_more_reason_is_seen_sooner(self, watched):
        assert watched["belief_truth"][0] < watched["belief_truth"][1] < watched["belief_truth"][2]
        assert watched["belief_truth"][2] == pytest.approx(0.965, abs=0.03)  # .95 and .99 of the two goals, 96 games
        assert watched["rounds_to_certain"][2] < watched["rounds_to_certain"][1]

    def test_worth_of_a_frog_is_that_of_its_parts(self, watched):
        for frog in FROGS:
            for goal in ("progress", "energy"):
                own, after = (watched[f"cirl_{goal}_{frog}_{what}"] for what in ("own", goal))
                np.testing.assert_allclose(watched[f"cirl_{goal}_{frog}_common"], own + after, rtol=1e-6)
        assert (watched["voi"] >= -1e-6).all()


def test_beliefs_that_come_true_as_often_as_they_say_are_calibrated():
    """Half of the games are of either goal: of a thousand with .8 for progress, 800 are."""
    odds = np.log(4)
    progress, energy = np.full(1000, odds), np.full(1000, -odds)
    progress[800:], energy[800:] = -odds, odds
    found = beliefs(*(jnp.asarray(each, jnp.float32) for each in (np.stack([progress, energy]), np.ones((2, 1000)))))
    assert float(found["belief_calibration"]) == pytest.approx(0, abs=1e-5)
    assert float(found["belief_truth"]) == pytest.approx(0.8 * 0.8 + 0.2 * 0.2, abs=1e-5)
    assert float(found["belief_right"]) == pytest.approx(0.8)
    assert float(found["belief_log_loss"]) == pytest.approx(-(0.8 * np.log(0.8) + 0.2 * np.log(0.2)), abs=1e-5)
    too_sure = beliefs(jnp.full((2, 100), 9.0), jnp.ones((2, 100)))
    assert float(too_sure["belief_calibration"]) == pytest.approx(0.5, abs=1e-3)


# With Toad's rationality 2: what each Frog makes of it a round, 96 games of 512 rounds; and 95 % over such games.
SPECIFIED = {
    "progress": {
        "greedy": {"progress": (0.534, 0.009), "energy": (0.226, 0.013), "own": (0.929, 0.004)},
        "giver": {"progress": (0.700, 0.005), "energy": (0.657, 0.028), "own": (0.875, 0.003)},
        "never": {"progress": (0.421, 0.014), "energy": (0.183, 0.010), "own": (0.714, 0.020)},
    },
    "energy": {
        "greedy": {"progress": (0.265, 0.004), "energy": (0.965, 0.001), "own": (0.756, 0.006)},
        "giver": {"progress": (0.251, 0.006), "energy": (0.983, 0.001), "own": (0.513, 0.014)},
        "never": {"progress": (0.238, 0.006), "energy": (0.971, 0.002), "own": (0.478, 0.012)},
    },
}


@pytest.mark.slow
@pytest.mark.acceptance
def test_what_it_is_worth_to_know_what_toad_is_after():
    """The matrix within two intervals, the value of information, and what a belief gains of it."""
    regime = Cirl()
    values = stack_values([Member(regime="cirl", seed=seed) for seed in range(4)], "")

    def one(values: MemberValues) -> dict[str, jax.Array]:
        state = train(regime, init_state(regime, values), values, jnp.uint32(0), jnp.uint32(512), ())
        return regime.score(regime.policy(state.own, values, ()), values, ())

    found = {name: np.asarray(each).mean() for name, each in jax.jit(jax.vmap(one))(values).items()}
    for goal, frogs in SPECIFIED.items():
        for frog, kept in frogs.items():
            for what, (value, within) in kept.items():
                got = found[f"cirl_{goal}_{frog}_{what}"]
                assert got == pytest.approx(value, abs=2 * within), f"{goal}, {frog}: {what}"
    assert found["voi"] == pytest.approx(0.056, abs=0.006)
    assert found["voi_toad"] == pytest.approx(0, abs=0.002), "without Frog's score a giver is as good for either"
    assert found["voi_gained"] >= 0.95
    assert found["right_help_late"] >= 0.95
    assert -0.002 <= found["cirl_regret"] <= found["voi"], "between one who is told and one who knows the prior alone"
    assert found["rounds_to_certain"] < 16


@pytest.mark.slow
@pytest.mark.nightly
@pytest.mark.usefixtures("compiled_quickly")
def test_who_sees_the_board_need_not_know():
    """What knowing is worth is worth it to scripted Frogs alone: a giver that helps at the last column plays as well.

    The giver of the matrix stands still there beside a Toad that is full. One without a belief, that gives whenever a
    whole gift fits and helps at the last column too, is worth more than whoever of both is right for each goal.
    """
    params = GameParams()

    def watchful(state: GameState, bits: jax.Array) -> jax.Array:
        greedy = POLICIES["greedy"](state, bits)
        return jnp.where(greedy == Action.HELP, greedy, POLICIES["giver"](state, bits))

    def toad(goal: int) -> Policy:
        return lambda state, bits: drawn(log_policies(state, 2.0)[goal], bits)

    streams = game_streams(jax.random.key(1), 48)
    pairs = [(frog, toad(goal)) for frog in (*list(POLICIES.values())[:2], watchful) for goal in range(len(GOALS))]

    def one_round(states: list[GameState], number: jax.Array) -> tuple[list[GameState], jax.Array]:
        chance = jax.vmap(lambda stream: chance_of_round(stream, number, params))(streams)
        each = [jax.vmap(lambda *game, of=pair: play_round(*game, of, params)[0]) for pair in pairs]
        then = [play(state, chance) for play, state in zip(each, states, strict=True)]
        return then, jnp.stack([jnp.mean(jnp.maximum(state.toad.energy, 0) / MAX_ENERGY) for state in then])

    start = jax.vmap(lambda stream: new_game(stream, params))(streams)
    run = jax.jit(lambda: jax.lax.scan(one_round, [start] * len(pairs), jnp.arange(512, dtype=jnp.uint32)))
    states, energy = run()
    own, made = (np.array([np.mean(getattr(each, who).score) for each in states]) / 512 for who in ("frog", "toad"))
    after = np.stack([made.reshape(3, 2)[:, 0], np.asarray(energy).mean(0).reshape(3, 2)[:, 1]], axis=1)
    *fixed, best = own.reshape(3, 2) + after
    told, untold = np.max(fixed, axis=0).mean(), np.mean(fixed, axis=1).max()
    assert told - untold == pytest.approx(0.056, abs=0.012)  # 48 games: their 95 % are .009
    assert best.mean() > told


def test_regimes_of_more_games_are_others():
    assert Cirl(8) != Cirl() and replace(Cirl(8), games=96) == Cirl()
