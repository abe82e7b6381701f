"""What a job's members learn from and are measured on."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from mirrorjax.dataset.build import Dataset, DatasetSpec
from mirrorjax.dataset.configured import dataset_spec, kept_or_built, with_kept_pairs
from mirrorjax.dataset.sources import Source, Sources, load_sources, source_of
from mirrorjax.errors import InputError, enough_memory
from mirrorjax.measurement.battery.boards import boards_of
from mirrorjax.population.members import Member
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.settings.groups import PLAYING
from mirrorjax.settings.schema import Config
from mirrorjax.training.data import Data


def load(
    config: Config, members: Sequence[Member], report: Callable[[str], None] = lambda line: None
) -> tuple[Dataset, Sources]:
    """The dataset that all members are measured on, and the rows that they are trained on; `report` hears how it goes.

    Raises:
        InputError: a dataset cannot be kept or built, or leaves too little to train on.
    """

    paired = learn_from_pairs(members)

    def found(spec: DatasetSpec) -> Dataset:
        dataset = kept_or_built(spec, config, report)
        return with_kept_pairs(dataset, spec, config, report) if paired else dataset

    spec = dataset_spec(config)
    with enough_memory("the dataset", "dataset.turns, dataset.test_rows or the number of population.axes.data_seed"):
        dataset = found(spec)
        sources = load_sources(list(dict.fromkeys(rows_of(members, spec))), dataset, spec, found)
    _check_batches(config, members, sources)
    return dataset, sources


def rows_of(members: Iterable[Member], spec: DatasetSpec) -> Iterator[Source]:
    """Which rows each is trained on; those who learn by playing are trained on none, and any will do."""
    return (source_of(spec) if member.regime in PLAYING else member.source for member in members)


def learn_from_pairs(members: Iterable[Member]) -> bool:
    """Whether any of them learns from boards and those one round later."""
    return any("pairs" in regime_of(program).needs for program in {program_of(member) for member in members})


def _check_batches(config: Config, members: Sequence[Member], sources: Sources) -> None:
    number = sources.count if sources.pairs is None else np.minimum(sources.count, sources.pair_count)

    def rows_of(member: Member) -> int:
        return int(number[sources.place(member.source)])

    worst = max(members, key=lambda member: member.batch_size - rows_of(member))
    largest, rows = worst.batch_size, rows_of(worst)
    if largest > rows:
        leaves = "dataset.turns" if worst.boards is None else "dataset.boards"
        given = "optimizer." if largest == config.optimizer.batch_size else "population: "
        setting = "population.axes." if config.population.axes.batch_size else given
        most = f"at most the {rows:,} training rows that {leaves} leaves"
        raise InputError(f"{setting}batch_size is {largest:,}; allowed: {most}")


def data_of(config: Config, dataset: Dataset, sources: Sources) -> Data:
    """What a population learns from and is measured on."""
    asked = config.measurement
    boards = boards_of(dataset, asked.boards, asked.rescue_boards) if asked.boards else None
    return Data(dataset, sources, boards, asked.test_rows, asked.validation_rows, asked.games, asked.seats)


def most_boards(config: Config) -> int:
    """Matched boards that are shown at the most under one condition, if the dataset has so many."""
    return max(config.measurement.boards, config.measurement.rescue_boards) if config.measurement.boards else 0


def measured_row_counts(config: Config, test_rows: int, validation_rows: int | None) -> tuple[int, int]:
    """How many test and validation rows a checkpoint is measured on, of those that a dataset has; None: enough."""
    test = min(config.measurement.test_rows or test_rows, test_rows)
    validation = config.measurement.validation_rows or test
    return test, validation if validation_rows is None else min(validation, validation_rows)
