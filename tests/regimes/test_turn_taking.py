"""Who lives in the game without flies: nobody by itself, and those who give to each other."""

import jax
import numpy as np
import pytest

from mirrorjax.game.players import SCRIPTED, play_games, play_round
from mirrorjax.game.rollout import game_streams
from mirrorjax.game.state import GameParams
from mirrorjax.population.members import Member
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.simulations.turn_taking import TurnTaking
from tests.regimes.test_turns import scores

ROUNDS = 1024
pytestmark = pytest.mark.slow


def test_the_program_says_what_is_simulated():
    for member, told in (
        (Member(regime="turn_taking"), "64 pairs of reciprocal givers"),
        (Member(regime="turn_taking", turns_of="chain"), "64 pairs of chain"),
    ):
        assert str(regime_of(program_of(member))) == told


@pytest.mark.acceptance
@pytest.mark.parametrize(("who", "score", "within"), [("hop", 0.098, 0.007), ("random", 0.050, 0.005)])
def test_nobody_lives_alone(who: str, score: float, within: float):
    """Points a round and player over 1,536 rounds of 192 games; all of them early."""
    params = GameParams(fly_probability=0.0)
    streams = game_streams(jax.random.key(5), 192)
    one_round = jax.vmap(lambda state, chance: play_round(state, chance, (SCRIPTED[who], SCRIPTED[who]), params))
    frog, toad = jax.jit(lambda streams: play_games(streams, 1536, one_round, params))(streams)
    made = np.asarray(frog.score + toad.score) / 2 / 1536
    assert made.mean() == pytest.approx(score, abs=within)


@pytest.mark.acceptance
def test_givers_live_by_each_other():
    """Reciprocal gifts alternate, and gifts by chance keep everybody alive."""
    members = [Member(regime="turn_taking", gives_below=below) for below in (0, 2, 6, 12)]
    found = scores(TurnTaking(), members, ROUNDS)
    assert found["pair_alive"][0] < 0.1 < found["pair_alive"][1] < found["pair_alive"][2]
    assert (found["alternation"][1:] > found["alternation_null"][1:] + 0.1).all()
    assert (found["alternation_z"][1:] > 5).all()
    assert (found["transfer"][1:] > 0.03).all() and (np.abs(found["transfer_null"][1:]) < 0.002).all()
    assert (found["gift_locking"][1:] > 2 * found["gift_locking_null"][1:]).all()
    (share,) = (Member(regime="turn_taking", giving="blind", gives_share=0.35),)
    by_chance = {name: value[0] for name, value in scores(TurnTaking(giving="blind"), [share], ROUNDS).items()}
    assert by_chance["pair_alive"] == 1
    assert by_chance["pair_score_last"] == pytest.approx(0.638, abs=0.022)
    assert by_chance["transfer"] < 0.2 * found["transfer"][2]
