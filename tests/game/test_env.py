"""The environment against a plain loop in both seats, its rewards against arithmetic, and how episodes are cut off."""

import re
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game.env import Environment, Gain, Reward, drive, gain, paid, play, staggered
from mirrorjax.game.observation import view
from mirrorjax.game.players import SCRIPTED
from mirrorjax.game.rollout import game_streams, new_game
from mirrorjax.game.state import MAX_ENERGY, Action, Actor, GameParams
from mirrorjax.game.turn import sample_draws
from mirrorjax.randomness import substream
from tests.game import reference
from tests.game.cases import cells, chance_of, states_of
from tests.game.reference import Board
from tests.game.test_players import plain

pytestmark = pytest.mark.usefixtures("compiled_quickly")
PARAMS = GameParams()
REWARD = Reward(sharing=0.25, score=0.5, drive=2.0, empathy=0.75)
STEPS, CUT = 45, 20


def hunger(energy: int) -> float:
    return ((20 - energy) / 20) ** 2


def plain_episodes(seat: Actor, actions: np.ndarray, flies: np.ndarray, draws: list) -> list[dict]:
    """What a player meets in steps one after the other, beside a greedy partner, by plain rules."""
    met, episode, number = [], 0, 0

    def turn_of(board: Board, act: int) -> Board:
        return reference.play(board, act, chance_of(draws[episode], turns.pop(0)))

    def begun() -> Board:
        board = Board([False] * 32, cells(int(flies[episode])), [], 0, [15, 16], [20, 20], [0, 0], [4, 5], 0)
        return turn_of(board, plain("greedy", board)) if seat == Actor.TOAD else board

    turns = list(range(2 * CUT + 1))
    board = begun()
    for action in actions:
        score = list(board.score)
        board = turn_of(board, int(action))
        board = turn_of(board, plain("greedy", board))
        made, number = np.subtract(board.score, score), number + 1
        own, other = seat, seat.partner
        points = 0.875 * made[own] + 0.125 * made[other]
        reward = 0.5 * points - 2 * (hunger(board.energy[own]) + 0.75 * hunger(board.energy[other]))
        last, cut = board, number == CUT
        if cut:
            episode, number, turns = episode + 1, 0, list(range(2 * CUT + 1))
            board = begun()
        met.append({"board": board, "last": last, "reward": reward, "cut": cut, "energy": list(last.energy)})
    return met


@pytest.mark.parametrize("seat", [Actor.TOAD, pytest.param(Actor.FROG, marks=pytest.mark.slow)])
def test_steps_are_those_of_a_plain_loop(seat: Actor):
    environment = Environment("greedy", seat, PARAMS, REWARD, CUT)
    actions = np.random.default_rng(int(seat)).choice(4, STEPS, p=[0.5, 0.2, 0.1, 0.2])
    stream = jax.tree.map(lambda words: words[0], game_streams(jax.random.key(3), 1))

    @jax.jit
    def stepped(actions):
        env, first = environment.reset(stream)
        return first, jax.lax.scan(environment.step, env, actions)[1]

    @jax.jit
    def chances(stream):
        numbers = jnp.arange(1, 2 * CUT + 2, dtype=jnp.uint32)
        drawn = jax.vmap(lambda at: sample_draws(stream, PARAMS, turn=at, tiles=PARAMS.play_scroll))(numbers)
        return new_game(stream, PARAMS).flies, drawn

    streams = [stream]
    for _ in range(STEPS // CUT):
        streams.append(substream(streams[-1], jnp.uint32(1)))
    flies, draws = zip(*(jax.device_get(chances(each)) for each in streams), strict=True)
    first, found = jax.device_get(stepped(jnp.asarray(actions, jnp.int32)))
    met = plain_episodes(seat, actions, np.asarray(flies), list(draws))
    see = jax.jit(jax.vmap(view, (0, None)), static_argnums=1)
    for name, views in (("board", found.view), ("last", found.last_view)):
        boards = [replace(each[name], actor=int(seat)) for each in met]
        assert np.array_equal(views, see(states_of(boards), seat)), name
    assert first[97] == 20 and first[[96, 98, 99]].tolist() == [0, 0, 0]
    assert found.truncated.tolist() == [each["cut"] for each in met] and found.truncated.sum() == STEPS // CUT
    np.testing.assert_allclose(found.reward, [each["reward"] for each in met], rtol=1e-5, atol=1e-6)
    assert found.gain.energy.tolist() == [each["energy"] for each in met]


@pytest.fixture(scope="module")
def played():
    """Games of a random Frog and an expert Toad, cut off after 16 rounds one after the other; before and behind."""
    envs = staggered(game_streams(jax.random.key(5), 8), PARAMS, 16)
    policies = SCRIPTED["random"], SCRIPTED["expert"]

    @jax.jit
    def rounds(envs):
        def one(envs, _):
            return jax.vmap(lambda env: play(env, policies, PARAMS, gain, 16))(envs)

        return jax.lax.scan(one, envs, None, 30)

    return envs, *jax.device_get(rounds(envs))


def test_games_are_cut_off_one_after_the_other(played):
    envs, after, found = played
    assert envs.round.tolist() == list(range(0, 16, 2))
    assert np.array_equal(np.argwhere(found.truncated[:16])[::-1], [[15 - 2 * game, game] for game in range(8)])
    assert after.round.tolist() == [(2 * game + 30) % 16 for game in range(8)]
    assert not np.isin(after.stream[0], envs.stream[0]).any()
    behind = found.last.frog.score[15], found.kept[0].score[:16, :, 0].sum(0)
    assert behind[0][0] == behind[1][0] and (behind[0][1:] < behind[1][1:]).all(), "others began anew on the way"


def test_toad_is_paid_for_frogs_turn_of_the_next_round(played):
    """At D = 1 both are paid all points of their own steps; at D = 0 each its own, which are made in its own turn."""
    _, _, found = played
    frog, toad = (jax.tree.map(lambda turns: turns[:, 0], kept) for kept in found.kept)  # of one game
    then = jax.tree.map(lambda turns: turns[1:15], frog)
    toad, frog = (jax.tree.map(lambda turns: turns[:14], each) for each in (toad, frog))

    def pay(reward, own, then, seat):
        return np.asarray(jax.vmap(lambda own, then: paid(reward, own, then, seat))(own, then))

    assert np.array_equal(pay(Reward(), frog, toad, Actor.FROG), frog.score[:, 0])
    assert np.array_equal(pay(Reward(), toad, then, Actor.TOAD), toad.score[:, 1])
    shared = [pay(Reward(sharing=1.0), *steps) for steps in ((frog, toad, Actor.FROG), (toad, then, Actor.TOAD))]
    made = frog.score.sum(-1), toad.score.sum(-1), then.score.sum(-1)
    assert np.array_equal(shared[0], (made[0] + made[1]) / 2) and np.array_equal(shared[1], (made[1] + made[2]) / 2)
    assert shared[0].sum() + made[2][-1] / 2 - made[0][0] / 2 == shared[1].sum() > 5, "the same but for the ends"
    hungry = pay(Reward(score=0.0, drive=1.0), toad, then, Actor.TOAD)
    np.testing.assert_allclose(hungry, [-hunger(int(each)) for each in then.energy[:, 1]], rtol=1e-6, atol=1e-7)


@pytest.mark.slow
def test_what_it_steps_is_what_two_policies_play():
    """The chance of a turn is that of the game, whoever asks for it: beside a greedy Toad a hopping Frog."""
    streams = game_streams(jax.random.key(2), 4)
    environment = Environment("greedy", params=PARAMS, episode=15)

    @jax.jit
    def either(streams):
        def by_step(env, _):
            env, stepped = environment.step(env, jnp.int32(Action.HOP))
            return env, (stepped.truncated, stepped.last_view)

        def by_round(env, _):
            env, played = play(env, (SCRIPTED["hop"], SCRIPTED["greedy"]), PARAMS, gain, 15)
            return env, (played.truncated, view(played.last, Actor.FROG))

        def of_game(stream):
            env, _ = environment.reset(stream)
            return [jax.lax.scan(each, env, None, 40) for each in (by_step, by_round)]

        return jax.vmap(of_game)(streams)

    one, other = either(streams)
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


def test_hunger_and_what_a_gift_is_worth():
    """A gift costs one energy and brings two: it pays from w* = (41 − 2E)/(4(19 − E of the other)) on."""
    assert [float(drive(jnp.int32(energy))) for energy in (20, 10, 0, 25)] == [0, 0.25, 1, 0]
    nothing = jnp.zeros(2, jnp.int32)

    def value(energies: tuple[int, int], w: float) -> float:
        gained = Gain(nothing, jnp.asarray(energies, jnp.int32))
        return float(paid(Reward(score=0.0, drive=1.0, empathy=w), gained, gained, Actor.FROG))

    for own, other, known in ((20, 0, 0.013), (10, 0, 0.276), (10, 10, 0.58), (1, 0, 0.513), (5, 17, None)):
        threshold = (41 - 2 * own) / (4 * (19 - other))
        assert known is None or threshold == pytest.approx(known, abs=4e-3)
        for w in (0.97 * threshold, 1.03 * threshold):
            assert (value((own - 1, other + 2), w) > value((own, other), w)) == (w > threshold), (own, other)


def test_falls_of_hunger_telescope():
    """Why hunger is paid as a level: the discounted sum of its falls is that of levels, but for a constant."""
    discount, levels = 0.9, np.array([float(drive(jnp.int32(each))) for each in (20, 13, 3, 7, 0, 0, 18, 20)])
    powers = discount ** np.arange(len(levels))
    falls = (powers[:-1] * (levels[:-1] - levels[1:])).sum()
    rest = powers[-1] / discount * levels[-1]
    assert falls == pytest.approx(levels[0] - (1 - discount) / discount * (powers[1:-1] @ levels[1:-1]) - rest)
    assert MAX_ENERGY == 20


@pytest.mark.slow
def test_the_example_of_the_documents_runs():
    text = (Path(__file__).parents[2] / "docs" / "environment.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", text, re.S)
    names: dict = {}
    exec(code[0], names)
    assert len(code) == 1 and names["rewards"].shape == (64,) and not names["truncated"].any()
