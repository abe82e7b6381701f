"""Rows of 64 bits: nothing is lost in packing, and the picture is the one that a plain writing of it gives."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mirrorjax.dataset import row as rows
from mirrorjax.dataset.build import board_of
from mirrorjax.dataset.row import Row
from mirrorjax.game.observation import mask_cells, observe
from mirrorjax.game.rollout import PLAYERS, game_streams, new_game, rollout
from mirrorjax.game.state import Actor, GameParams
from tests.dataset import reference

FIELDS = ("ground", "frog_column", "toad_column", "toad_symbol", "energy_index", "sky_index")


def random_rows(count: int, seed: int = 0) -> Row:
    """Stacked rows, each value equally likely."""
    random = np.random.default_rng(seed)
    limits = {"frog_column": 32, "toad_column": 32, "energy_index": 11, "sky_index": 6}
    values = {name: jnp.asarray(random.integers(0, limit, count), jnp.int32) for name, limit in limits.items()}
    ground = random.integers(0, 2**32, count, dtype=np.uint32) & random.integers(0, 2**32, count, dtype=np.uint32)
    return Row(ground=jnp.asarray(ground), toad_symbol=jnp.asarray(random.integers(5, 10, count), jnp.int32), **values)


def plain_pictures(row: Row) -> list[list[int]]:
    """The pictures of stacked rows, by the reference."""
    row = jax.device_get(row)
    return [
        reference.picture(
            [bool(int(row.ground[i]) >> column & 1) for column in range(32)],
            int(row.frog_column[i]),
            int(row.toad_column[i]),
            int(row.toad_symbol[i]),
            reference.ENERGIES[int(row.energy_index[i])],
            reference.SKIES[int(row.sky_index[i])],
        )
        for i in range(len(row.ground))
    ]


def test_energies_and_skies_are_the_published_ones():
    assert rows.ENERGIES == reference.ENERGIES
    assert rows.SKIES == reference.SKIES


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 31),
    st.integers(0, 31),
    st.integers(5, 9),
    st.integers(0, 10),
    st.integers(0, 5),
)
def test_what_is_packed_comes_out_again(ground, frog, toad, symbol, energy, sky):
    on_rough = bool(ground >> toad & 1)
    row = Row(jnp.uint32(ground), *(jnp.int32(value) for value in (frog, toad, symbol, energy, sky)))
    words = PACK(row)
    assert words.dtype == jnp.uint32 and words.shape == (2,)
    expected = (ground, frog, toad, 9 if on_rough else symbol, energy, sky)  # distress is the ground's, not the row's
    assert tuple(int(value) for value in UNPACK(words)) == expected


PACK = jax.jit(rows.pack)
UNPACK = jax.jit(lambda words: tuple(getattr(rows.unpack(words), name) for name in FIELDS))


def test_different_rows_have_different_words():
    """All 32 * 32 * 5 * 11 * 6 rows of one flat ground."""
    frog, toad, symbol, energy, sky = (
        jnp.asarray(values.ravel(), jnp.int32)
        for values in np.meshgrid(np.arange(32), np.arange(32), np.arange(5, 10), np.arange(11), np.arange(6))
    )
    words = jax.jit(jax.vmap(rows.pack))(Row(jnp.zeros_like(frog, jnp.uint32), frog, toad, symbol, energy, sky))
    assert len(np.unique(rows.row_keys(np.asarray(words)))) == 32 * 32 * 5 * 11 * 6


def test_keys_and_words_are_inverses():
    words = np.random.default_rng(0).integers(0, 2**32, (1000, 2), dtype=np.uint32)
    keys = rows.row_keys(words)
    assert keys.dtype == np.uint64
    assert np.array_equal(rows.words_of(keys), words)
    assert keys[0] == (int(words[0, 0]) << 32) + int(words[0, 1])


def test_board_bits_leave_out_energy_and_sky_only():
    row = random_rows(2000)
    keys = rows.row_keys(np.asarray(jax.jit(jax.vmap(rows.pack))(row)))
    boards = rows.row_keys(
        np.asarray(jax.jit(jax.vmap(rows.pack_board))(row.ground, row.frog_column, row.toad_column, row.toad_symbol))
    )
    assert np.array_equal(keys & np.uint64(0xFFFFFFFF00000000 | rows.BOARD_BITS), boards)


def test_features_are_the_picture():
    row = random_rows(3000)
    seen = jax.jit(jax.vmap(rows.features))(jax.vmap(rows.pack)(row))
    assert seen.dtype == jnp.float32
    assert np.asarray(seen).tolist() == plain_pictures(row)


def test_a_snapshot_shows_what_frog_saw():
    """Boards of played games: the picture is Frog's own view, but for distress, flies and what is zeroed."""
    streams = game_streams(jax.random.key(2), 32)

    def seen(state):
        return state, board_of(state), observe(state, Actor.FROG)

    def play(stream):
        state = new_game(stream, GameParams())
        return rollout(state, stream, jnp.uint32(0), 300, PLAYERS["both_random"], GameParams(), seen)[1]

    state, boards, views = jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:]), jax.jit(jax.vmap(play))(streams))
    pictures = np.asarray(jax.jit(jax.vmap(rows.features))(boards)).astype(int)
    views = np.array(views)
    rough = np.asarray(jax.jit(jax.vmap(mask_cells))(state.ground)).astype(bool)
    for player in (state.frog, state.toad):
        column = np.asarray(player.column)
        distressed = rough[np.arange(len(column)), column].nonzero()[0]
        assert len(distressed) > 100
        views[distressed, 32 + column[distressed]] = 9
    assert np.array_equal(pictures[:, :64], views[:, :64])
    assert not pictures[:, [96, 98, 99]].any()
