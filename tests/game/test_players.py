"""Scripted players and what is counted of them, against plain rules, a plain loop, and measured scores."""

from dataclasses import asdict, fields, replace
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.oracle import label, situation_of_picture
from mirrorjax.game.observation import OWN_COLUMN, view
from mirrorjax.game.players import SCRIPTED, Tally, one_of, play_games, play_round
from mirrorjax.game.rollout import RANDOM, chance_of_round, choose, game_streams, new_game
from mirrorjax.game.state import Action, Actor, GameParams, GameState
from tests.chance import Z_LIMIT
from tests.game import reference
from tests.game.cases import cells, chance_of, random_board, states_of
from tests.game.reference import Board

PARAMS = GameParams()
NAMES = list(SCRIPTED)
PLAYERS = tuple(SCRIPTED.values())

# Frog, Toad: Frog's score a round and its 95 % interval, Toad's; share of turns without energy, of both; of Frog's at
# column 31, and of these beside a starved Toad; gifts a turn, of both. 256 games of 2,048 rounds with a simulator that
# was written before these players.
MEASURED = {
    ("hop", "hop"): (0.074, 0.002, 0.074, 0.926, 0.926, 0, None, 0, 0),
    ("uniform", "uniform"): (0.228, 0.002, 0.227, 0.09, 0.09, 0, None, 0.195, 0.195),
    ("random", "random"): (0.473, 0.002, 0.472, 0.054, 0.055, 0.002, None, 0.098, 0.098),
    ("hop", "random"): (0.563, 0.008, 0.285, 0.333, 0.425, 0.107, 0.083, 0, 0.046),
    ("expert", "expert"): (0.812, 0.003, 0.812, 0.121, 0.121, 0, None, 0.001, 0.001),
    ("expert_no_help", "expert_no_help"): (0.809, 0.003, 0.809, 0.123, 0.122, 0.003, None, 0, 0),
    ("greedy", "greedy"): (0.960, 0.001, 0.960, 0.003, 0.003, 0, None, 0, 0),
    ("greedy", "expert"): (0.972, 0.001, 0.754, 0, 0.170, 0, None, 0, 0.024),
    ("expert", "random"): (0.812, 0.003, 0.444, 0.088, 0.111, 0.017, 0.005, 0.058, 0.060),
    ("expert_edge_only", "random"): (0.808, 0.003, 0.412, 0.132, 0.176, 0.040, 0.013, 0.033, None),
    ("expert_rescue_only", "random"): (0.752, 0.005, 0.412, 0.071, 0.175, 0.100, 0.075, 0.043, None),
    ("expert_no_help", "random"): (0.644, 0.006, 0.331, 0.082, 0.338, 0.261, 0.201, 0, None),
    ("greedy", "random"): (0.928, 0.001, 0.415, 0.001, 0.170, 0.039, 0.010, 0.034, None),
    ("greedy_no_help", "random"): (0.726, 0.007, 0.336, 0, 0.329, 0.254, 0.193, 0, None),
    ("expert", "hop"): (0.667, 0.004, 0.795, 0.229, 0.205, 0, None, 0.061, 0),
    ("greedy", "hop"): (0.884, 0.002, 0.795, 0.007, 0.205, 0.064, 0.064, 0.061, 0),
    ("expert_no_help", "hop"): (0.076, 0.002, 0.074, 0.001, 0.926, 0.920, 0.920, 0, 0),
}


def played(pairs: list[tuple[str, str]], games: int, rounds: int) -> tuple[Tally, Tally]:
    """What is counted of Frog and of Toad, of each pair in each game [pairs, games]."""
    frog, toad = (jnp.asarray([NAMES.index(pair[seat]) for pair in pairs], jnp.int32) for seat in Actor)

    def one(state, chance, frog, toad):
        return play_round(state, chance, (one_of(PLAYERS, frog), one_of(PLAYERS, toad)), PARAMS)

    of_pairs = jax.vmap(jax.vmap(one, (0, 0, None, None)), (0, None, 0, 0))
    streams = game_streams(jax.random.key(11), games)
    plays = jax.jit(
        lambda s: play_games(
            s, rounds, lambda state, chance: of_pairs(state, chance, frog, toad), PARAMS, (len(pairs),)
        )
    )
    return jax.tree.map(np.asarray, plays(streams))


def plain(name: str, board: Board) -> int:
    """What a scripted player that leaves nothing to chance does, from the text of its rule."""
    me = board.actor
    column, energy = board.columns[me], board.energy[me]
    if name == "hop":
        return Action.HOP
    kind, _, helps = name.partition("_")
    at_edge = column == 31 and helps in ("", "edge_only")
    if kind == "greedy":
        eats = board.flies[column] and energy <= 16
        return Action.JUMP if energy <= 0 or eats else Action.HELP if at_edge else Action.HOP
    distress = [board.ground[board.columns[who]] or board.symbol[who] == reference.DISTRESS for who in Actor]
    rescues = column >= 26 and distress[1 - me] and not distress[me] and helps in ("", "rescue_only")
    if energy <= 0:
        return Action.JUMP
    if at_edge or rescues:
        return Action.HELP
    return Action.LEAP if column < 26 and board.ground[column + 1] else Action.HOP


@pytest.mark.parametrize("who", list(Actor))
def test_players_on_awkward_boards_of_either_seat(who, compiled_quickly):
    random = np.random.default_rng(int(who))
    boards = [random_board(random, who) for _ in range(2000)]
    bits = jnp.asarray(random.integers(0, 2**32, len(boards)), jnp.uint32)
    all_of = jax.jit(jax.vmap(lambda state, bits: {name: play(state, bits) for name, play in SCRIPTED.items()}))
    acts = all_of(states_of(boards), bits)
    for name in NAMES:
        if name in ("random", "uniform"):
            shares = np.bincount(np.asarray(acts[name]), minlength=4) / len(boards)
            expected = np.array((0.5, 0.25, 0.125, 0.125) if name == "random" else (0.25,) * 4)
            assert np.all(np.abs(shares - expected) < Z_LIMIT * np.sqrt(expected / len(boards))), name
        else:
            found = np.asarray(acts[name]).tolist()
            assert found == [plain(name, board) for board in boards], name


def test_frogs_expert_gives_the_labels_of_the_dataset(compiled_quickly):
    """On boards on which the players stand apart: in one cell a row shows but one of them."""
    random = np.random.default_rng(8)
    boards = [random_board(random, Actor.FROG) for _ in range(2000)]
    states = states_of([board for board in boards if board.columns[0] != board.columns[1]])
    states = replace(states, frog=replace(states.frog, symbol=jnp.full_like(states.frog.symbol, 4)))

    @jax.jit
    @jax.vmap
    def both(state: GameState):
        picture = view(state, Actor.FROG).at[OWN_COLUMN].set(state.frog.column)
        return SCRIPTED["expert"](state, jnp.uint32(0)), label(situation_of_picture(picture))

    expert, oracle = both(states)
    assert np.array_equal(expert, oracle) and set(np.asarray(oracle).tolist()) == set(Action)


def swapped(board: Board) -> Board:
    """The board with the players' places exchanged, and their letters."""
    letters = {4: 5, 5: 4}
    symbols = [letters.get(symbol, symbol) for symbol in board.symbol[::-1]]
    own = {"columns": board.columns[::-1], "energy": board.energy[::-1], "score": board.score[::-1]}
    return replace(board, **own, symbol=symbols)


def test_toad_sees_itself_in_frogs_place(compiled_quickly):
    random = np.random.default_rng(4)
    boards = [board for board in (random_board(random, Actor.TOAD) for _ in range(1000)) if len({*board.columns}) == 2]
    see = jax.jit(jax.vmap(view, in_axes=(0, None)), static_argnums=1)
    toads = np.asarray(see(states_of(boards), Actor.TOAD))
    frogs = np.asarray(see(states_of([swapped(replace(board, actor=0)) for board in boards]), Actor.FROG))
    assert np.array_equal(toads, frogs)
    assert toads[:, 96:].tolist() == [[0, board.energy[1], 0, 0] for board in boards]
    shown = [board.symbol[1] if not board.ground[board.columns[1]] else 9 for board in boards]
    own = toads[np.arange(len(boards)), [32 + board.columns[1] for board in boards]]
    assert own.tolist() == [4 if symbol == 5 else symbol for symbol in shown]


def plain_counts(pair: tuple[str, str], rounds: int, flies: int, chances: list, drawn: list) -> list[dict[str, int]]:
    """What is counted of both in one game, played by plain rules with the draws and random acts of each seat."""
    board = Board([False] * 32, cells(flies), [], 0, [15, 16], [20, 20], [0, 0], [4, 5], 0)
    counts = [{each.name: 0 for each in fields(Tally)} for _ in Actor]
    for number in range(rounds):
        for who in Actor:
            act = int(drawn[who][number]) if pair[who] == "random" else plain(pair[who], board)
            after = reference.play(board, act, chance_of(chances[who], number))
            starved, stalled, helps = board.energy[1 - who] <= 0, board.columns[who] == 31, act == Action.HELP
            seen = {
                "score": after.score[who] - board.score[who],
                "helps": helps,
                "gifts": helps and after.energy[who] == board.energy[who] - 1,
                "starved": board.energy[who] <= 0,
                "stalled": stalled,
                "partner_starved": starved,
                "helps_starved": helps and starved,
                "stalled_starved": stalled and starved,
                "helps_stalled": helps and stalled,
            }
            counts[who] = {name: number + int(seen[name]) for name, number in counts[who].items()}
            board = after
    return counts


def test_counts_are_those_of_a_plain_loop(compiled_quickly):
    """Of two games of two pairs, played again by plain rules with the same chance."""
    pairs, games, rounds = [("greedy", "expert"), ("random", "expert_rescue_only")], 2, 150
    counted = played(pairs, games, rounds)
    numbers = jnp.arange(rounds, dtype=jnp.uint32)

    def of_game(stream):
        chances = jax.vmap(lambda number: chance_of_round(stream, number, PARAMS))(numbers)
        drawn = [jax.vmap(lambda bits: choose(RANDOM, bits))(bits) for bits, _ in chances]
        return new_game(stream, PARAMS).flies, [draws for _, draws in chances], drawn

    flies, chances, drawn = jax.device_get(jax.jit(jax.vmap(of_game))(game_streams(jax.random.key(11), games)))
    for game, (place, pair) in product(range(games), enumerate(pairs)):
        own = jax.tree.map(lambda values, g=game: values[g], (chances, drawn))
        expected = plain_counts(pair, rounds, int(flies[game]), *own)
        assert sum(each["gifts"] for each in expected) > 0
        for who in Actor:
            assert {name: int(value[place, game]) for name, value in asdict(counted[who]).items()} == expected[who]


@pytest.mark.slow
def test_a_player_that_is_not_fed_stops_both(compiled_quickly):
    """All that two who only hop ever score is scored in the first rounds, and help is what an expert lives by."""
    frog, toad = played([("hop", "hop"), ("expert", "hop"), ("expert_no_help", "hop")], 16, 512)
    own = frog.score.mean(-1) / 512
    assert own[0] == pytest.approx(0.298, abs=0.05)
    assert own[1] > 2 * own[2] and frog.gifts[1].sum() > 0 == frog.gifts[2].sum()
    assert frog.stalled_starved[2].sum() == frog.stalled[2].sum() > 0, "Toad starves on rock, and Frog is stuck"
    assert np.array_equal(toad.partner_starved.sum(-1) > 0, frog.starved.sum(-1) > 0)


@pytest.mark.slow
def test_scores_are_those_that_were_measured():
    """Both samples are of 256 games, and have an error each; the table's last digit is rounded."""
    games, rounds = 256, 2048
    frog, toad = played(list(MEASURED), games, rounds)
    columns = (frog.score, None, toad.score, frog.starved, toad.starved, frog.stalled, frog.stalled_starved)
    for place, (pair, row) in enumerate(MEASURED.items()):
        for column, (counts, expected) in enumerate(zip((*columns, frog.gifts, toad.gifts), row, strict=True)):
            if counts is None or expected is None:
                continue
            rates = counts[place] / rounds
            error = np.sqrt(2) * rates.std() / np.sqrt(games)
            assert abs(rates.mean() - expected) < 4 * error + 0.0006, (pair, column, rates.mean(), expected)
        own = frog.score[place] / rounds
        assert abs(1.96 * own.std() / np.sqrt(games) - row[1]) < 0.001, "as wide an interval"
