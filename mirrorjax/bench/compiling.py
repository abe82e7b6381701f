"""Seconds that each program of the headline network takes: to trace, to compile, and to load from the cache on disk."""

import tempfile

import jax

from mirrorjax.bench.timing import Figure, once
from mirrorjax.bench.workload import measured_population, seeds
from mirrorjax.machine.runtime import Device, block_size
from mirrorjax.training.loop import Schedule


def compiling(devices: list[Device]) -> list[Figure]:
    """All programs of a population with a table of units, twice."""
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        jax.config.update("jax_compilation_cache_dir", folder)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        for time in ("from nothing", "from the cache"):
            jax.clear_caches()
            block = block_size(None, devices[0].platform, 32)
            population = measured_population(seeds(32), devices, block, 2_000)
            compiler = population.compiler
            list(population.run(Schedule((0.0, 0.001), units_at=(0.001,))))
            for key, spent in compiler.spent.items():
                figures.append(once(f"{key[0][0]}, {time}", spent - compiler.traced[key], "s"))
            figures.append(once(f"programs, {time}", compiler.count, "programs"))
        for (name, *_), traced in compiler.traced.items():
            figures.append(once(f"{name[0]}, tracing", traced, "s"))
    return figures
