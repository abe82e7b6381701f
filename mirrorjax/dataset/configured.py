"""The dataset that a configuration asks for: what it is made of, where it is kept, and the memory that it takes."""

from collections.abc import Callable
from pathlib import Path

from mirrorjax.dataset.build import Dataset, DatasetSpec
from mirrorjax.dataset.cache import dataset_file, default_folder, load_or_build
from mirrorjax.dataset.pairs import pairs_file, with_pairs
from mirrorjax.dataset.sources import game_params
from mirrorjax.errors import InputError, enough_memory
from mirrorjax.machine.runtime import GIB, free_memory
from mirrorjax.settings.schema import Config

# Bytes that building takes, and pairing boards, measured at seven million turns.
_TURN_BYTES, _PAIRED_TURN_BYTES = 100, 150


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


def reference_dataset(config: Config) -> Dataset:
    """The dataset that all members are measured on.

    Raises:
        InputError: it cannot be kept or built.
    """
    with enough_memory("the dataset", "dataset.turns or dataset.test_rows"):
        return kept_or_built(dataset_spec(config), config, lambda line: None)


def kept_or_built(spec: DatasetSpec, config: Config, report: Callable[[str], None]) -> Dataset:
    """A dataset, the configured one or another, from the configured cache, else built and put there.

    Raises:
        InputError: there is no room for it, in memory or on disk.
    """
    folder = dataset_folder(config)
    _check_memory(spec, dataset_file(spec, folder), "building it", _TURN_BYTES)
    return load_or_build(spec, folder, report)


def with_kept_pairs(dataset: Dataset, spec: DatasetSpec, config: Config, report: Callable[[str], None]) -> Dataset:
    """The same with its pairs (`dataset.pairs`), from the configured cache, else built and put there.

    Raises:
        InputError: there is no room for them in memory.
    """
    folder = dataset_folder(config)
    _check_memory(spec, pairs_file(spec, folder), "pairing its boards", _PAIRED_TURN_BYTES)
    return with_pairs(dataset, spec, folder, report)


def _check_memory(spec: DatasetSpec, kept: Path, what: str, a_turn: int) -> None:
    needed, free = spec.turns * a_turn, free_memory()
    if needed > free and not kept.exists():  # the system ends whoever takes more, without a word
        raise InputError(
            f"dataset.turns is {spec.turns:,}: {what} takes about {needed / GIB:.1f} GiB of memory, and "
            f"{free / GIB:.1f} are free; allowed: at most {free // a_turn:,} here"
        )
