"""Pairs of pictures: the same as those of matched boards, and what they leave alone."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.knobs import Knobs
from mirrorjax.dataset.matched import MatchedBoards, matched_boards, token_columns
from mirrorjax.dataset.row import features, unpack
from mirrorjax.game.state import WIDTH
from mirrorjax.population.members import Member, stack_values
from mirrorjax.regimes.pairs import Pair, is_free, on_flat_ground, pair_of, token_column, with_token
from mirrorjax.regimes.seats import is_apart, seen

pytestmark = pytest.mark.usefixtures("compiled_quickly")


@pytest.fixture(scope="module")
def boards(dataset: Dataset) -> MatchedBoards:
    return matched_boards(dataset.test, 200)


@pytest.fixture(scope="module")
def rows(dataset: Dataset) -> jax.Array:
    return jnp.asarray(dataset.test[:500])


def pairs(kind: str, words: jax.Array, knobs: Knobs | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both pictures of each row [100, rows], and which rows count."""
    of_rows: Callable[..., Pair] = jax.vmap(partial(pair_of, kind, knobs=knobs), out_axes=(-1, -1, 0))
    own, other, counts = jax.jit(of_rows)(words, jnp.roll(words, 1, axis=0))
    return np.asarray(own), np.asarray(other), np.asarray(counts)


def test_distress_is_that_of_matched_boards(boards: MatchedBoards):
    own, other, counts = pairs("distress", jnp.asarray(boards.words))
    np.testing.assert_array_equal(own, boards.by_condition["xF"])
    np.testing.assert_array_equal(other, boards.by_condition["xT"])
    assert counts.all()


def test_an_object_is_the_token_of_matched_boards(boards: MatchedBoards):
    columns = jnp.asarray(token_columns(boards.words), jnp.int32)
    calm = jnp.asarray(boards.by_condition["x0"], jnp.float32)
    pictures = jax.vmap(with_token, in_axes=(-1, 0), out_axes=-1)(calm, columns)
    np.testing.assert_array_equal(pictures, boards.by_condition["xO"])
    assert jax.vmap(is_free)(jax.vmap(unpack)(jnp.asarray(boards.words)), columns).all()


def test_a_pair_with_an_object_has_frogs_distress_and_a_token_where_players_stand(rows: jax.Array):
    another = jnp.roll(rows, 1, axis=0)
    own, other, counted = pairs("object", rows)
    columns = np.asarray(jax.vmap(token_column)(rows, another))
    stand = jax.vmap(unpack)(another)
    assert ((columns == stand.frog_column) | (columns == stand.toad_column)).all()
    assert (columns == stand.frog_column).any() and (columns == stand.toad_column).any()
    np.testing.assert_array_equal(own, pairs("distress", rows)[0])
    assert 0.3 < counted.mean() < 1
    shown = other[:, counted]
    assert (shown[WIDTH + columns[counted], np.arange(counted.sum())] == 9).all()
    assert ((shown[WIDTH : 2 * WIDTH] == 9).sum(0) == 1).all()


def test_a_seat_is_the_row_and_its_exchange(rows: jax.Array):
    own, other, counts = pairs("seat", rows)
    np.testing.assert_array_equal(own, jax.vmap(features, out_axes=-1)(rows))
    np.testing.assert_array_equal(other, jax.vmap(features, out_axes=-1)(jax.vmap(seen)(rows)))
    np.testing.assert_array_equal(counts, jax.vmap(is_apart)(rows))
    assert not counts.all()
    calm = jax.vmap(on_flat_ground)(jax.vmap(unpack)(rows))
    assert (np.asarray(calm.toad_symbol) == 5).all()


def test_random_pairs_are_of_two_rows(rows: jax.Array):
    own, other, counts = pairs("random", rows)
    np.testing.assert_array_equal(own, jax.vmap(features, out_axes=-1)(rows))
    np.testing.assert_array_equal(other, np.roll(own, 1, axis=-1))
    assert counts.all()


@pytest.mark.parametrize("kind", ["seat", "distress", "object"])
def test_both_pictures_of_a_pair_are_veiled_alike(rows: jax.Array, kind: str):
    knobs = jax.tree.map(lambda x: x[0], stack_values([Member(veil_symbol=0.5)], "").knobs)
    own, other = (pictures[WIDTH : 2 * WIDTH] for pictures in pairs(kind, rows, knobs)[:2])
    letters = [(np.isin(view, [4, 5]).any(0), (view == 4.5).any(0)) for view in (own, other)]
    for shown, hidden in letters:
        assert shown.any() and hidden.any() and not (shown & hidden).any()
    assert not (letters[0][0] & letters[1][1]).any() and not (letters[0][1] & letters[1][0]).any()
