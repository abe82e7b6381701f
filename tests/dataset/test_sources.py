"""Rows of their own for members of one population: nested boards, no leaks, and the same bits as alone."""

from dataclasses import replace

import numpy as np
import pytest

from mirrorjax.dataset.build import Dataset, DatasetSpec, build
from mirrorjax.dataset.cache import content_hash
from mirrorjax.dataset.row import board_keys, row_keys
from mirrorjax.dataset.sources import Source, Sources, load_sources
from mirrorjax.errors import InputError
from mirrorjax.population.members import Member
from tests.datasets import SMALL
from tests.training.cases import RATE, epochs, population_of, same_bits, small_dataset, weights_of


def boards(rows: np.ndarray) -> np.ndarray:
    return np.unique(board_keys(row_keys(rows)))


def load(spec: DatasetSpec) -> Dataset:
    dataset = build(spec)
    return replace(dataset, content_hash=content_hash(dataset))


def sources(*wanted: Source) -> Sources:
    return load_sources(wanted, small_dataset(), SMALL, load)


def rows_of(found: Sources, source: Source) -> np.ndarray:
    place = found.place(source)
    return found.train[found.first[place] : found.first[place] + found.count[place]]


def test_the_papers_source_is_the_reference_dataset():
    found = sources(Source())
    assert found.train is small_dataset().train and len(found.validation) == 1
    assert found.boards[0] == len(boards(found.train)) == small_dataset().counts["train_boards"]


def test_fewer_boards_are_among_more_with_all_their_rows():
    few, more = Source(boards=50), Source(boards=400)
    found = sources(Source(), few, more)
    kept, others = boards(rows_of(found, few)), boards(rows_of(found, more))
    assert (len(kept), len(others)) == (50, 400) and np.isin(kept, others).all()
    whole = small_dataset().train
    assert np.array_equal(rows_of(found, more), whole[np.isin(board_keys(row_keys(whole)), others)])
    assert np.array_equal(rows_of(found, Source()), whole)
    assert len(found.validation) == 1, "the same games have the same validation rows"
    assert list(found.boards[1:]) == [50, 400]


def test_more_boards_than_there_are():
    with pytest.raises(InputError, match=r"dataset\.boards is 1,000,000; allowed: at most [\d,]+, which"):
        sources(Source(boards=1_000_000))


@pytest.mark.parametrize(
    "other",
    [
        Source(data_seed=5),
        *(pytest.param(each, marks=pytest.mark.slow) for each in (Source(obstacle_rate=0.15), Source(scroll=0.5))),
    ],
    ids=str,
)
def test_other_games_share_no_measured_board(other: Source):
    found, reference = sources(Source(), other), small_dataset()
    own = boards(rows_of(found, other))
    measured = boards(np.concatenate([reference.test, reference.holdout]))
    assert not np.isin(own, measured).any() and len(own) == found.boards[1] > 1000
    assert not np.isin(own, boards(found.validation[1])).any()
    assert not np.array_equal(own, boards(reference.train))
    rough = [np.bitwise_count(rows_of(found, source)[:, 0]).mean() for source in (Source(), other)]
    if other.obstacle_rate > 0.1:
        assert rough[1] > 1.2 * rough[0]


@pytest.mark.slow
def test_members_with_rows_of_their_own_have_the_bits_that_they_have_alone():
    """Whether the rows are in a stack or the only ones there are."""
    members = [Member(seed=seed, learning_rate=RATE, boards=count) for count in (None, 100, 900) for seed in range(3)]
    wanted = list(dict.fromkeys(member.source for member in members))
    together = population_of(members, sources=sources(*wanted))
    together.placement.each(lambda runner: together._train(runner, epochs(40)[0]))
    after = weights_of(together)
    for source in wanted:
        chosen = [place for place, member in enumerate(members) if member.source == source]
        alone = population_of([members[place] for place in chosen], sources=sources(source))
        alone.placement.each(lambda runner, alone=alone: alone._train(runner, epochs(40)[0]))
        assert all(same_bits(after[i], own) for i, own in zip(chosen, weights_of(alone), strict=True))
    assert not same_bits(after[0], after[3])
