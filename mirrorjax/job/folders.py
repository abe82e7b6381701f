"""Where a job reads and writes: caches, and that everything can be written is known before any work."""

import os
from dataclasses import replace
from pathlib import Path

from mirrorjax.dataset.cache import dataset_file, default_folder, peek
from mirrorjax.dataset.configured import dataset_folder, dataset_spec
from mirrorjax.errors import InputError
from mirrorjax.population.axes import members as expand
from mirrorjax.regimes import REGIMES
from mirrorjax.results.extension import check_sweep
from mirrorjax.settings.allowed import check_writable
from mirrorjax.settings.schema import Config
from mirrorjax.tracking.wandb import choose_mode
from mirrorjax.training.untrained import NullSettings, null_files


def check_folders(config: Config, sweep: Path) -> None:
    """Checks that everything can be written that is going to be, without making anything.

    Raises:
        InputError: names the setting, its folder, and what is in the way.
    """
    choose_mode(config.tracker.mode, os.environ, lambda: False)
    if config.extend is not None:
        check_sweep(sweep)
    check_writable("results_dir" if config.extend is None else "extend", sweep)
    if not dataset_file(dataset_spec(config), dataset_folder(config)).exists():
        check_writable("dataset.cache", dataset_folder(config))
    if nulls := null_settings(config):
        _check_null_folder(config, nulls)
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        check_writable("runtime.compile_cache", compile_cache(config))


def _check_null_folder(config: Config, settings: NullSettings) -> None:
    folder = null_folder(config)
    try:
        check_writable("measurement.null_cache", folder)
    except InputError:
        built = peek(dataset_spec(config), dataset_folder(config))
        alike = replace(config, population=replace(config.population, seeds=1))  # seeds share an architecture
        if built is None:
            raise
        if not all(file.exists() for file in null_files(expand(alike), settings, built[0], folder).values()):
            raise


def compile_cache(config: Config) -> Path:
    """Where compiled programs are kept."""
    return Path(config.runtime.compile_cache or default_folder() / "programs")


def null_folder(config: Config) -> Path:
    """Where the measures of untrained networks are kept."""
    return Path(config.measurement.null_cache or default_folder() / "nulls")


def null_settings(config: Config) -> NullSettings | None:
    """What the nulls depend on; None if there are to be none."""
    asked = config.measurement
    if not asked.boards or not asked.null_seeds or "rows" not in REGIMES[config.regime.name].needs:
        return None
    return NullSettings(asked.null_seeds, asked.boards, asked.rescue_boards, asked.test_rows)
