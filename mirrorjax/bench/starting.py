"""What comes before training: compiling, and all that there is from the command to the first step."""

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import jax

from mirrorjax.bench.timing import Figure, figure, once
from mirrorjax.bench.workload import measured_population, seeds
from mirrorjax.machine.runtime import Device, block_size
from mirrorjax.training.loop import Schedule

MAIN = "import sys; from mirrorjax.launch.cli import main; sys.exit(main())"
_COMMAND = (
    *("sweep", "experiment=quickstart", "tracker=off", "report=false"),
    *("regime.epochs=0.01", "measurement.at=[0.01]", "measurement.units_at=[]"),
)


def compiling(devices: list[Device]) -> list[Figure]:
    """Seconds to trace, to compile and to load each program of a population with a table of units, run twice."""
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


def starting(devices: list[Device]) -> list[Figure]:
    """`mirrorjax sweep` of the quickstart's 384 networks, up to its first step; a first run warms up."""
    if find_spec("hydra") is None:
        return []
    spent = []
    for _ in range(4):
        with tempfile.TemporaryDirectory() as folder:
            start = datetime.now(UTC)
            command = [sys.executable, "-c", MAIN, *_COMMAND, f"results_dir={folder}"]
            command += [f"runtime.platform={devices[0].platform}"]
            subprocess.run(command, check=True, capture_output=True)
            (log,) = Path(folder).glob("*/*/log.jsonl")
            events = [json.loads(line) for line in log.read_text().splitlines()]
        needed = "" if devices[0].platform == "cpu" else "train"  # the others are compiled beside training
        before = [e for e in events if e["event"] == "compile" and e["program"].startswith(needed)]
        before += [e for e in events if e["event"] == "checkpoint" and e["checkpoint"] == 0]
        spent.append((max(datetime.fromisoformat(e["time"]) for e in before) - start).total_seconds())
    return [figure("to the first step", spent[1:], "s")]
