"""Strict JAX for every test: no silent promotion, two CPU devices; programs are compiled once for all tests."""

import logging
import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # tests share the cores: threads that wait for each other spin
os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("WANDB_SILENT", "true")

# Many tests and commands compile the same programs, on several workers: a third of the time. The key is the program,
# the compiler and its options, so that nothing old is ever run.
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(Path(__file__).parents[1] / "build" / "programs")
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"

import jax
import pytest
from xdist.scheduler import LoadScopeScheduling

logging.getLogger("jax").setLevel(logging.WARNING)  # else a test that is verbose fills the others' captured logs
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_num_cpu_devices", 2)


class ByFolder(LoadScopeScheduling):
    """A folder's tests are one worker's: what they share is made, and compiled, once."""

    def _split_scope(self, nodeid: str) -> str:
        return "/".join(nodeid.split("::")[0].split("/")[:2])


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFolder | None:
    """For `--dist loadscope`; with `loadfile`, a file is a worker's."""
    return ByFolder(config, log) if config.getoption("dist") == "loadscope" else None  # pyright: ignore[reportArgumentType]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The twenty kills first: they are one core's for two minutes."""
    items.sort(key=lambda item: item.get_closest_marker("soak") is None)


@pytest.fixture
def compiled_quickly() -> None:
    """For tests of what a function gives, not of the bits that a full compiler makes: they wait less for the compiler.

    Where much is computed as well, what is compiled in full is sooner done.
    """


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture, a session's too. What was compiled the other way is forgotten, lest it be taken."""
    quickly = "compiled_quickly" in getattr(item, "fixturenames", ())
    if jax.config.values["jax_disable_most_optimizations"] != quickly:
        jax.clear_caches()
        jax.config.update("jax_disable_most_optimizations", quickly)
