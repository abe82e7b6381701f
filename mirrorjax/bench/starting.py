"""From the command to the first training step, everything but training and measuring, with warm caches."""

import json
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from mirrorjax.bench.timing import Figure, figure
from mirrorjax.runtime import Device

_MAIN = "import sys; from mirrorjax.cli import main; sys.exit(main())"
_COMMAND = (
    "sweep",
    "experiment=quickstart",
    "tracker=off",
    "report=false",
    "regime.epochs=0.01",
    "measurement.at=[0.01]",
)


def starting(devices: list[Device]) -> list[Figure]:
    """`mirrorjax sweep` of the quickstart's 384 networks for a few steps, whole process; a first run warms up."""
    if find_spec("hydra") is None:
        return []
    spent, compiles = [], 0
    for _ in range(4):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            command = [sys.executable, "-c", _MAIN, *_COMMAND, f"results_dir={folder}"]
            command += [f"runtime.platform={devices[0].platform}"]
            subprocess.run(command, check=True, capture_output=True)
            whole = time.perf_counter() - start
            (manifest,) = (json.loads(path.read_text()) for path in Path(folder).glob("*/*/manifest.json"))
            seconds = manifest["seconds"]
            spent.append(whole - seconds["training"] - seconds["measurement"] - seconds["storing"])
            compiles = manifest["compiles"]
    return [figure("to the first step", spent[1:], "s", programs=compiles)]
