"""Matched boards: one board under every condition, and nothing differs but the distress."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.matched import CONDITIONS, MatchedBoards, matched_boards, token_columns
from mirrorjax.dataset.oracle import LABELS, label, situation_of_row
from mirrorjax.dataset.row import features, row_keys, unpack, unpack_all
from mirrorjax.errors import InputError
from tests.datasets import FEW_TEST_ROWS, built

NAMES = list(CONDITIONS)
TILES, PLAYERS, FLIES = slice(0, 32), slice(32, 64), slice(64, 96)


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return built(FEW_TEST_ROWS).holdout


@pytest.fixture(scope="module")
def boards(rows: np.ndarray) -> MatchedBoards:
    return matched_boards(rows, 500)


def picture(boards: MatchedBoards, name: str) -> np.ndarray:
    return boards.pictures[NAMES.index(name)].T.astype(int)


def test_x0_is_the_row_itself(boards: MatchedBoards):
    assert len(boards) == 500 == len(np.unique(row_keys(boards.words)))
    assert np.array_equal(picture(boards, "x0"), jax.jit(jax.vmap(features))(jnp.asarray(boards.words)))


@pytest.mark.parametrize(
    ("name", "base", "tile", "symbol"),
    [
        ("xF", "x0", (1, 2), (4, 9)),
        ("xT", "x0", (1, 2), (5, 9)),
        ("xO", "xO0", (1, 2), (5, 9)),
        ("xF_symbol", "x0", None, (4, 9)),
        ("xF_tile", "x0", (1, 2), None),
        ("xT_symbol", "x0", None, (5, 9)),
        ("xT_tile", "x0", (1, 2), None),
        ("xO0", "x0", None, (0, 5)),
    ],
)
def test_one_cell_changes(boards: MatchedBoards, name: str, base: str, tile, symbol):
    """As a tile from flat to rough, as a symbol, or as both, in the same column."""
    before, after = picture(boards, base), picture(boards, name)
    columns = []
    for part, change in ((TILES, tile), (PLAYERS, symbol)):
        differs = before[:, part] != after[:, part]
        assert (differs.sum(-1) == (0 if change is None else 1)).all()
        if change is not None:
            assert (before[:, part][differs] == change[0]).all() and (after[:, part][differs] == change[1]).all()
            columns.append(differs.argmax(-1))
    assert all(np.array_equal(column, columns[0]) for column in columns)
    assert np.array_equal(before[:, 64:], after[:, 64:])


def test_both_in_distress_are_the_two_changes_together(boards: MatchedBoards):
    x0, frog, toad, both = (picture(boards, name) for name in ("x0", "xF", "xT", "xFT"))
    assert np.array_equal(both - x0, (frog - x0) + (toad - x0))


def test_the_token_lies_where_nobody_is_and_leaves_the_right_answer(boards: MatchedBoards):
    row, token = unpack_all(boards.words), token_columns(boards.words)
    frog, toad = np.asarray(row.frog_column), np.asarray(row.toad_column)
    assert not np.any((token == frog) | (token == toad) | (token == frog + 1) | (toad == frog + 1))
    assert np.array_equal(token, token_columns(boards.words[::-1])[::-1]), "by the board, not by its place"
    assert len(np.unique(token)) > 10


def test_toads_distress_makes_help_right_on_rescue_boards_only_there(rows: np.ndarray):
    boards = matched_boards(rows, 200, rescue=True)
    row = unpack_all(boards.words)
    frog, toad = np.asarray(row.frog_column), np.asarray(row.toad_column)
    assert ((frog >= 26) & (frog <= 30)).all()
    in_distress = boards.words.copy()
    in_distress[:, 0] |= np.uint32(1) << toad.astype(np.uint32)
    answers = [
        np.asarray(jax.vmap(lambda words: label(situation_of_row(unpack(words))))(words))
        for words in (boards.words, in_distress)
    ]
    assert (answers[1] == LABELS.index("help")).all() and (answers[0] != LABELS.index("help")).all()


def test_no_board_is_named(rows: np.ndarray):
    with pytest.raises(InputError, match=r"^dataset\.turns: no board with Frog at columns 26 to 30 is left"):
        matched_boards(rows[:0], 10, rescue=True)


def test_the_hash_is_that_of_what_is_shown(boards: MatchedBoards, rows: np.ndarray):
    assert boards.content_hash == matched_boards(rows, 500).content_hash
    assert boards.content_hash != matched_boards(rows, 499).content_hash
