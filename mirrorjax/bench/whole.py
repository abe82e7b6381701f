"""Whole experiments from the command to the report: once with no caches at all, and once more with what that left."""

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from mirrorjax.bench.starting import MAIN
from mirrorjax.bench.timing import Figure, once
from mirrorjax.machine.runtime import Device

EXPERIMENTS = ("paper_fast", "quickstart")
_SHARES = ("training", "measurement", "nulls", "compile")  # of the seconds that a population tells at its end


def whole(devices: list[Device], experiments: tuple[str, ...] | None = None) -> list[Figure]:
    """Seconds of `mirrorjax sweep`, and what they went to.

    Args:
        devices: whose platform is taken.
        experiments: None are `EXPERIMENTS`, on a CPU none, where they take minutes.
    """
    platform, found = devices[0].platform, []
    if experiments is None:
        experiments = () if platform == "cpu" else EXPERIMENTS
    for experiment in experiments if find_spec("hydra") else ():
        with tempfile.TemporaryDirectory() as caches:
            for state in ("cold", "warm"):
                found += _run(experiment, platform, Path(caches), f"{experiment}, {state}")
    return found


def _run(experiment: str, platform: str, caches: Path, name: str) -> list[Figure]:
    environment = {key: value for key, value in os.environ.items() if key != "JAX_COMPILATION_CACHE_DIR"}
    environment["MIRRORJAX_CACHE"] = str(caches)
    environment["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"  # this process uses the device too
    with tempfile.TemporaryDirectory() as folder:
        options = (f"experiment={experiment}", "tracker=off", f"runtime.platform={platform}", f"results_dir={folder}")
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", MAIN, "sweep", *options], check=True, capture_output=True, env=environment
        )
        figures = [once(name, time.perf_counter() - start, "s")]
        print(f"{name}: {figures[0].median:.0f} s", file=sys.stderr, flush=True)  # the others take minutes
        logs = [file.read_text().splitlines() for file in Path(folder).glob("*/*/log.jsonl")]
    ends = [event for log in logs for event in map(json.loads, log) if event["event"] == "finished"]
    return figures + [
        once(f"{name}: {share}", sum(end["seconds"].get(share, 0.0) for end in ends), "s") for share in _SHARES
    ]
