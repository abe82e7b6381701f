"""What a configured population is made of: the dataset, its members' own rows, nulls, and where all of that is kept."""

from collections.abc import Callable, Sequence
from pathlib import Path

from mirrorjax.dataset.build import Dataset, DatasetSpec
from mirrorjax.dataset.cache import dataset_file, default_folder, load_or_build
from mirrorjax.dataset.sources import Sources, game_params, load_sources
from mirrorjax.errors import InputError, enough_memory
from mirrorjax.machine.runtime import GIB, free_memory
from mirrorjax.population.members import Member
from mirrorjax.settings.schema import Config
from mirrorjax.training.untrained import NullSettings

_TURN_BYTES = 100  # that building takes, measured at seven million turns


def load(config: Config, members: Sequence[Member], report: Callable[[str], None]) -> tuple[Dataset, Sources]:
    """The dataset that all members are measured on, and the rows that they are trained on.

    Args:
        config: of the population.
        members: all of it.
        report: called with a line of progress now and then.

    Raises:
        InputError: a dataset cannot be kept or built, or leaves too little to train on.
    """

    def found(spec: DatasetSpec) -> Dataset:
        return _found(spec, config, report)

    spec = dataset_spec(config)
    with enough_memory("the dataset", "dataset.turns, dataset.test_rows or the number of population.axes.data_seed"):
        dataset = found(spec)
        sources = load_sources(list(dict.fromkeys(member.source for member in members)), dataset, spec, found)
    _check_batches(config, members, sources)
    return dataset, sources


def reference_dataset(config: Config) -> Dataset:
    """The dataset that all members are measured on.

    Raises:
        InputError: see `load`.
    """
    with enough_memory("the dataset", "dataset.turns or dataset.test_rows"):
        return _found(dataset_spec(config), config, lambda line: None)


def _found(spec: DatasetSpec, config: Config, report: Callable[[str], None]) -> Dataset:
    folder = dataset_folder(config)
    if not dataset_file(spec, folder).exists():
        _check_memory(spec.turns)
    return load_or_build(spec, folder, report)


def _check_memory(turns: int) -> None:
    """The system ends whoever takes more memory than there is, without a word."""
    free = free_memory()
    if turns * _TURN_BYTES > free:
        raise InputError(
            f"dataset.turns is {turns:,}: building it takes about {turns * _TURN_BYTES / GIB:.1f} GiB of memory, and "
            f"{free / GIB:.1f} are free; allowed: at most {free // _TURN_BYTES:,} here"
        )


def dataset_spec(config: Config) -> DatasetSpec:
    """What the configured dataset is made of."""
    return DatasetSpec(
        turns=config.dataset.turns,
        games=config.dataset.games,
        burn_in=config.dataset.burn_in,
        players=config.game.players,
        params=game_params(config.game),
        split=config.dataset.split,
        test_rows=config.dataset.test_rows,
        seed=config.dataset.seed,
    )


def dataset_folder(config: Config) -> Path:
    """Where built datasets are kept."""
    return Path(config.dataset.cache) if config.dataset.cache else default_folder() / "datasets"


def compile_cache(config: Config) -> Path:
    """Where compiled programs are kept."""
    return Path(config.runtime.compile_cache) if config.runtime.compile_cache else default_folder() / "programs"


def null_folder(config: Config) -> Path:
    """Where the measures of untrained networks are kept."""
    return Path(config.measurement.null_cache) if config.measurement.null_cache else default_folder() / "nulls"


def null_settings(config: Config) -> NullSettings | None:
    """What the nulls depend on; None if there are to be none."""
    asked = config.measurement
    if not asked.boards or not asked.null_seeds:
        return None
    return NullSettings(asked.null_seeds, asked.boards, asked.rescue_boards, asked.test_rows)


def measured_row_counts(config: Config, test_rows: int, validation_rows: int | None) -> tuple[int, int]:
    """How many test and validation rows a checkpoint is measured on, of those that a dataset has; None: enough."""
    test = min(config.measurement.test_rows or test_rows, test_rows)
    validation = config.measurement.validation_rows or test
    return test, validation if validation_rows is None else min(validation, validation_rows)


def _check_batches(config: Config, members: Sequence[Member], sources: Sources) -> None:
    def lacking(member: Member) -> int:
        return member.batch_size - int(sources.count[sources.place(member.source)])

    worst = max(members, key=lacking)
    largest, rows = worst.batch_size, worst.batch_size - lacking(worst)
    if largest > rows:
        leaves = "dataset.turns" if worst.boards is None else "dataset.boards"
        given = "optimizer." if largest == config.optimizer.batch_size else "population: "
        setting = "population.axes." if config.population.axes.batch_size else given
        raise InputError(
            f"{setting}batch_size is {largest:,}; allowed: at most the {rows:,} training rows that {leaves} leaves"
        )
