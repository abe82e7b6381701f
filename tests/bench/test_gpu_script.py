"""The script for a card: its steps are commands that there are, and one that fails stops no other."""

import os
import re
import subprocess
from pathlib import Path

from mirrorjax.bench.section import SECTIONS

ROOT = Path(__file__).resolve().parents[2]


def test_every_step_is_tried_and_told(tmp_path: Path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\ncase "$*" in "-m pytest"*) exit 3 ;; esac\n')
    python.chmod(0o755)
    out, env = tmp_path / "out", os.environ | {"PYTHON": str(python)}
    command = [ROOT / "benchmarks" / "gpu.sh", out]
    ran = subprocess.run(command, env=env, capture_output=True, text=True)
    assert ran.returncode == 1, ran.stderr
    told = [re.sub(r"after \d+ s", "", line).split() for line in (out / "summary.txt").read_text().splitlines()]
    steps = ("tests", "engines", "published_rate", "as_published", "whole")
    assert told == [[f"{name}:", "ended", "with", "3" if name == "tests" else "0"] for name in steps]
    given = {name: (out / f"{name}.txt").read_text().split() for name in steps}
    for name in ("engines", "whole"):
        assert {*given[name][given[name].index("--sections") + 1 :]} <= {*SECTIONS}
    assert {"sweep", "experiment=paper", "size=large", "runtime=gpu"} <= {*given["published_rate"]}
    assert (ROOT / given["as_published"][0]).is_file()
    one = subprocess.run([*command, "whole"], env=env, capture_output=True, text=True)
    assert one.returncode == 0 and (out / "summary.txt").read_text().startswith("whole: ended with 0 ")
