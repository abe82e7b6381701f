"""From the command to the first training step, with warm caches."""

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from mirrorjax.bench.timing import Figure, figure
from mirrorjax.machine.runtime import Device

_MAIN = "import sys; from mirrorjax.launch.cli import main; sys.exit(main())"
_COMMAND = (
    "sweep",
    "experiment=quickstart",
    "tracker=off",
    "report=false",
    "regime.epochs=0.01",
    "measurement.at=[0.01]",
    "measurement.units_at=[]",
)


def starting(devices: list[Device]) -> list[Figure]:
    """`mirrorjax sweep` of the quickstart's 384 networks, up to its first step; a first run warms up."""
    if find_spec("hydra") is None:
        return []
    spent = []
    for _ in range(4):
        with tempfile.TemporaryDirectory() as folder:
            start = datetime.now(UTC)
            command = [sys.executable, "-c", _MAIN, *_COMMAND, f"results_dir={folder}"]
            command += [f"runtime.platform={devices[0].platform}"]
            subprocess.run(command, check=True, capture_output=True)
            (log,) = Path(folder).glob("*/*/log.jsonl")
            events = [json.loads(line) for line in log.read_text().splitlines()]
        needed = "" if devices[0].platform == "cpu" else "train"  # the others are compiled beside training
        before = [e for e in events if e["event"] == "compile" and e["program"].startswith(needed)]
        before += [e for e in events if e["event"] == "checkpoint" and e["checkpoint"] == 0]
        spent.append((max(datetime.fromisoformat(e["time"]) for e in before) - start).total_seconds())
    return [figure("to the first step", spent[1:], "s")]
