"""Frames of known states, and that all frames have one size."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game.render import render
from mirrorjax.game.state import Action, GameState, initial_state
from tests.game.cases import mask, random_board, states_of
from tests.game.reference import Board


def state_of(board: Board) -> GameState:
    return jax.tree.map(lambda a: a[0], states_of([board]))


def test_a_game_before_its_first_turn():
    assert render(initial_state(jnp.uint32(0b101))).splitlines() == [
        "+----------------------------------------------------------------+",
        "|*   *                                                           |",
        "|                              F T                               |",
        "|________________________________________________________________|",
        "+----------------------------------------------------------------+",
        "Frog 20 [====================] score 0      -                     ",
        "Toad 20 [====================] score 0      -                     ",
    ]


def test_rough_ground_energy_acts_and_distress():
    ground = [column in (0, 1, 31) for column in range(32)]
    flies = [column == 31 for column in range(32)]
    board = Board(ground, flies, [], 3, [31, 0], [-1, 7], [123456, 5], [4, 9], 0)
    assert render(state_of(board), (Action.LEAP, Action.HELP)).splitlines() == [
        "+----------------------------------------------------------------+",
        "|                                                              * |",
        "|T                                                             F |",
        "|/\\/\\__________________________________________________________/\\|",
        "+----------------------------------------------------------------+",
        "Frog -1 [                    ] score 123456 leap distress         ",
        "Toad  7 [=======             ] score 5      help distress         ",
    ]


def test_toad_is_drawn_over_frog():
    board = Board([False] * 32, [False] * 32, [], 0, [4, 4], [20, 20], [0, 0], [4, 5], 1)
    row = render(state_of(board), (Action.HOP, None)).splitlines()[2]
    assert row == "|" + "  " * 4 + "T " + "  " * 27 + "|"


@pytest.mark.parametrize("seed", range(5))
def test_every_frame_has_the_same_size(seed):
    board = random_board(np.random.default_rng(seed), actor=seed % 2)
    frame = render(state_of(board), (Action(seed % 4), None)).splitlines()
    assert [len(line) for line in frame] == [66] * 7
    assert frame[1].count("*") == bin(mask(board.flies)).count("1")
    assert frame[3].count("/\\") == sum(board.ground)
