"""A small dataset: augmentation, unique rows, splits by board, and that the same spec gives the same rows."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import (
    DatasetSpec,
    answers,
    augment,
    build,
    play_rows,
    scramble,
    split_rows,
)
from mirrorjax.dataset.cache import content_hash, load_or_build
from mirrorjax.dataset.row import BOARD_BITS, row_keys, unpack, words_of
from mirrorjax.errors import InputError
from mirrorjax.randomness import stream_from_key, substream
from tests.chance import assert_counts, assert_share, assert_uncorrelated
from tests.dataset import reference

SMALL = DatasetSpec(turns=60_000, games=64, burn_in=256, test_rows=4000)
BOARD = np.uint64(0xFFFFFFFF00000000 | BOARD_BITS)


@pytest.fixture(scope="module")
def played():
    """Boards and rows of the small dataset, as played."""
    return play_rows(SMALL)


@pytest.fixture
def no_play(monkeypatch, played):
    """`build` takes the rows that were played already: playing them again for every test is slow."""
    monkeypatch.setattr("mirrorjax.dataset.build.play_rows", lambda spec, report: played)


@pytest.fixture
def dataset(no_play):
    return build(SMALL)


@pytest.fixture(scope="module")
def rows(played):
    """All unique rows of the small dataset as keys, and their labels."""
    keys = np.unique(played[1])
    return keys, answers(words_of(keys))["label"]


def keys_by_split(dataset) -> dict[str, np.ndarray]:
    return {name: row_keys(words) for name, words in dataset.splits.items()}


def test_augmentation_has_the_published_frequencies():
    root, board = stream_from_key(jax.random.key(0)), jnp.asarray([123, 456], jnp.uint32)

    @jax.jit
    @jax.vmap
    def augmented(number):
        copies = jnp.stack([augment(board, substream(root, number), copy) for copy in range(3)])
        return copies, jax.vmap(unpack)(copies)

    copies, row = augmented(jnp.arange(1 << 16, dtype=jnp.uint32))
    energies, skies = np.asarray(row.energy_index), np.asarray(row.sky_index)
    assert_counts(np.bincount(energies.ravel(), minlength=11), np.array(reference.ENERGY_PROBABILITIES))
    # A sixth of 2^16 values is no whole number; the share of a sky is off by less than 1e-5.
    assert_counts(np.bincount(skies.ravel(), minlength=6), np.full(6, 1 / 6))
    assert_uncorrelated(np.concatenate([energies, skies], axis=1).astype(float))  # copies have their own
    assert (np.asarray(copies)[..., 0] == 123).all() and ((np.asarray(copies)[..., 1] & BOARD_BITS) == 456).all()


def test_played_rows_are_copies_of_their_boards(played):
    boards, rows = played
    assert len(boards) == 30_000 and len(rows) == 90_000
    assert np.array_equal(rows & BOARD, np.repeat(boards, 3))


def test_more_turns_begin_with_the_same_rows(played):
    few = play_rows(replace(SMALL, turns=3001))
    assert (len(few[0]), len(few[1])) == (1501, 4503)  # a snapshot for every round that was begun
    assert all(np.array_equal(part, whole[: len(part)]) for part, whole in zip(few, played, strict=True))


def test_rows_are_unique_and_no_board_is_on_two_sides(dataset):
    keys = keys_by_split(dataset)
    together = np.concatenate(list(keys.values()))
    assert len(np.unique(together)) == len(together)
    boards = [np.unique(part & BOARD) for part in keys.values()]
    assert len(np.unique(np.concatenate(boards))) == sum(map(len, boards))


def test_counts_add_up(dataset, rows):
    counts, keys = dataset.counts, keys_by_split(dataset)
    assert counts["turns"] == 60_000
    assert counts["rows"] == len(rows[0])
    assert counts["boards"] == len(np.unique(rows[0] & BOARD))
    assert all(counts[f"{name}_rows"] == len(part) for name, part in keys.items())
    # What is in no split are other rows of the boards set aside for the test.
    dropped = np.setdiff1d(rows[0], np.concatenate(list(keys.values())))
    assert len(dropped) == len(rows[0]) - sum(map(len, keys.values())) > 0
    for name in ("train", "validation", "holdout"):
        assert not np.isin(dropped & BOARD, keys[name] & BOARD).any()
    for name in ("label", "scenario", "help"):
        assert sum(counts[name].values()) == pytest.approx(1, abs=1e-5)
    assert counts["label"]["help"] == pytest.approx(counts["help"]["edge"] + counts["help"]["rescue"], abs=2e-6)


def test_the_test_label_mix_is_exact(dataset):
    assert np.bincount(answers(dataset.test)["label"], minlength=4).tolist() == [1600, 1600, 400, 400]


def test_boards_fall_into_the_sides_by_their_shares(dataset):
    boards = {name: len(np.unique(part & BOARD)) for name, part in keys_by_split(dataset).items() if name != "test"}
    assert_counts(np.array([boards["train"], boards["validation"], boards["holdout"]]), np.array([0.64, 0.16, 0.2]))


def test_training_and_validation_keep_the_natural_label_mix(dataset, rows):
    """The test boards are a fair sample; rows of one board are alike, so the limit is for thousands of boards."""
    natural = np.bincount(rows[1], minlength=4) / len(rows[1])
    for name, limit in (("train", 0.01), ("validation", 0.02), ("holdout", 0.02)):
        mix = np.bincount(answers(dataset.splits[name])["label"], minlength=4) / len(dataset.splits[name])
        assert np.abs(mix - natural).max() < limit, name


def test_splits_are_in_random_order(dataset):
    for part in keys_by_split(dataset).values():
        place = np.argsort(np.argsort(part))
        assert_uncorrelated(np.stack([place, np.arange(len(place))], axis=1).astype(float))


def test_answers_do_not_depend_on_the_piece(dataset):
    whole, pieces = answers(dataset.test), answers(dataset.test, piece=1500)
    assert set(whole) == {"label", "scenario", "help_kind"}
    assert all(np.array_equal(whole[name], pieces[name]) for name in whole)


@pytest.mark.slow
def test_another_seed_gives_other_games_and_other_splits(played, rows):
    other_boards, other_rows = (np.unique(keys) for keys in play_rows(replace(SMALL, seed=1)))
    # Boards with little rough ground are many games'.
    assert np.isin(np.unique(played[0]), other_boards).mean() < 0.2
    assert np.isin(rows[0], other_rows).mean() < 0.1
    keys, labels = rows
    splits, others = split_rows(keys, labels, SMALL), split_rows(keys, labels, replace(SMALL, seed=1))
    assert np.isin(row_keys(splits["test"]), row_keys(others["test"])).mean() < 0.2


def test_the_leak_puts_test_rows_into_training_and_changes_nothing_else(rows):
    keys, labels = rows
    clean, leaky = split_rows(keys, labels, SMALL), split_rows(keys, labels, replace(SMALL, split="paper_leak"))
    for name in ("test", "validation", "holdout"):
        assert np.array_equal(clean[name], leaky[name]), name
    leaked = row_keys(leaky["train"])
    is_test = np.isin(leaked, row_keys(clean["test"]))
    assert is_test.sum() == SMALL.test_rows
    assert np.array_equal(leaked[~is_test], row_keys(clean["train"]))  # in the same order


def test_sides_do_not_depend_on_the_rest_of_the_rows(rows):
    """A board's side is its own: with half of the rows gone, no board changes sides."""
    keys, labels = rows
    half = replace(SMALL, test_rows=0)
    everything, some = split_rows(keys, labels, half), split_rows(keys[::2], labels[::2], half)
    for name in ("train", "validation", "holdout"):
        assert np.isin(row_keys(some[name]), row_keys(everything[name])).all()


@pytest.mark.parametrize("test_rows", [60_000, 10**9])
def test_too_few_rows_for_the_test_set(rows, test_rows):
    keys, labels = rows
    with pytest.raises(InputError, match=r"dataset\.test_rows: .* rows labelled '\w+', [\d,]+ were found"):
        split_rows(keys, labels, replace(SMALL, test_rows=test_rows))


def test_too_few_turns_to_train_on(no_play):
    with pytest.raises(InputError, match=r"dataset\.turns: .* leave no train rows"):
        build(replace(SMALL, train_share=0.0))


def test_scramble_is_a_random_bijection():
    keys = np.arange(1 << 16, dtype=np.uint64)
    drawn = scramble(keys, seed=0, purpose=1)
    assert len(np.unique(drawn)) == len(keys)
    assert_share(drawn >> np.uint64(63), 0.5)
    others = [scramble(keys, seed=0, purpose=2), scramble(keys, seed=1, purpose=1)]
    assert_uncorrelated(np.stack([drawn, *others], axis=1).astype(float))


def test_the_same_spec_gives_the_same_dataset(played):
    again = build(SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mirrorjax.dataset.build.play_rows", lambda spec, report: played)
        first = build(SMALL)
    assert content_hash(again) == content_hash(first) and again.counts == first.counts


def test_a_cached_dataset_is_the_built_one(tmp_path, dataset):
    first, second = load_or_build(SMALL, tmp_path), load_or_build(SMALL, tmp_path)
    assert first.content_hash == second.content_hash == content_hash(dataset)
    assert second.counts == dataset.counts
    assert all(np.array_equal(second.splits[name], dataset.splits[name]) for name in dataset.splits)
    assert len(list(tmp_path.glob("*.npz"))) == 1
