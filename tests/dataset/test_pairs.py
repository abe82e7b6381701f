"""Boards and those one round later: of the dataset's own games, unique, where their rows are, and kept beside it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mirrorjax.dataset.build import Dataset, Pairs, play_rows
from mirrorjax.dataset.cache import content_hash
from mirrorjax.dataset.pairs import build_pairs, pairs_file, peek_pairs, with_pairs
from mirrorjax.dataset.row import board_keys, row_keys
from mirrorjax.dataset.sources import Source, load_sources
from tests.datasets import TINY, built


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return built(TINY)


@pytest.fixture(scope="module")
def played() -> tuple[np.ndarray, np.ndarray]:
    return play_rows(TINY)


@pytest.fixture(scope="module")
def pairs(dataset: Dataset, played) -> Pairs:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mirrorjax.dataset.pairs.play_rows", lambda spec, report: played)
        return build_pairs(dataset, TINY)


def both(words: np.ndarray) -> set[tuple[int, int]]:
    return set(zip(row_keys(words).tolist(), row_keys(words[:, 2:]).tolist(), strict=True))


def test_a_pair_is_a_row_and_the_board_that_its_game_is_at_one_round_later(pairs: Pairs, dataset: Dataset, played):
    """Game by game, as it was played: some 10,000 snapshots of 64 games, three rows each."""
    boards, rows = played
    training, validation, found = set(row_keys(dataset.train).tolist()), set(row_keys(dataset.validation).tolist()), {}
    found = {"train": set(), "validation": set()}
    for place in range(len(boards) - TINY.games):
        for copy in range(TINY.copies):
            row = int(rows[place * TINY.copies + copy])
            assert board_keys(rows[[place * TINY.copies + copy]]) == boards[place]
            side = "train" if row in training else "validation" if row in validation else None
            if side:
                found[side].add((row, int(boards[place + TINY.games])))
    assert both(pairs.train) == found["train"] and len(pairs.train) == len(found["train"]) > 5_000
    assert both(pairs.validation) == found["validation"] and len(pairs.validation) == len(found["validation"])


def test_no_board_is_on_two_sides(pairs: Pairs):
    assert not np.intersect1d(board_keys(row_keys(pairs.train)), board_keys(row_keys(pairs.validation))).size


def test_later_boards_follow_from_the_earlier_ones(pairs: Pairs):
    """The ground that both show is the same, moved to the left by what the game scrolled: at most a few tiles."""
    now, later = (pairs.train[:2000, place].astype(np.uint64) for place in (0, 2))
    moved = [now >> np.uint64(tiles) == later & np.uint64(2 ** (32 - tiles) - 1) for tiles in range(12)]
    assert np.any(moved, axis=0).mean() == 1


def test_their_order_is_random(pairs: Pairs):
    keys = row_keys(pairs.train).astype(float)
    assert abs(np.corrcoef(keys, np.arange(len(keys)))[0, 1]) < 4 / len(keys) ** 0.5


def test_they_are_kept_beside_the_dataset_and_found_again(
    pairs: Pairs, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mirrorjax.dataset.pairs.build_pairs", lambda dataset, spec: pairs)
    first = with_pairs(dataset, TINY, tmp_path)
    monkeypatch.setattr("mirrorjax.dataset.pairs.build_pairs", lambda dataset, spec: pytest.fail("built again"))
    again = with_pairs(dataset, TINY, tmp_path)
    assert first.pairs and again.pairs and again.pairs.content_hash == pairs.content_hash
    np.testing.assert_array_equal(again.pairs.train, pairs.train)
    assert content_hash(again) == dataset.content_hash, "the dataset is as it was"
    assert peek_pairs(TINY, tmp_path) == len(pairs.train)


def test_damaged_ones_or_those_of_another_dataset_are_made_anew(
    pairs: Pairs, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    built_now = []
    monkeypatch.setattr("mirrorjax.dataset.pairs.build_pairs", lambda *given: built_now.append(given) or pairs)
    with_pairs(dataset, TINY, tmp_path)
    with_pairs(replace(dataset, content_hash="another"), TINY, tmp_path)
    pairs_file(TINY, tmp_path).write_bytes(b"PK broken")
    assert peek_pairs(TINY, tmp_path) is None
    with_pairs(dataset, TINY, tmp_path)
    assert len(built_now) == 3


def test_fewer_boards_have_their_own_pairs(pairs: Pairs, dataset: Dataset):
    few = Source(boards=50)
    found = load_sources([Source(), few], replace(dataset, pairs=pairs), TINY, lambda spec: pytest.fail("none other"))
    assert found.pairs is not None
    place = found.place(few)
    of_rows, of_pairs = (found.train, found.first, found.count), (found.pairs, found.first_pair, found.pair_count)
    rows, own = (each[first[place] : first[place] + count[place]] for each, first, count in (of_rows, of_pairs))
    boards, paired = (np.unique(board_keys(row_keys(each))) for each in (rows, own))
    assert np.isin(paired, boards).all() and len(paired) > 40, "those of the last round have none"
    assert found.pair_count[0] == len(pairs.train) and load_sources([few], dataset, TINY, built).pairs is None
