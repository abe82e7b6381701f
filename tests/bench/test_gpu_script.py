"""The script for a card: its steps are commands that there are, and one that fails stops no other."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mirrorjax.bench.section import SECTIONS

ROOT = Path(__file__).resolve().parents[2]


STEPS = ("machine", "tests", "engines", "published_rate", "as_published", "memory", "whole")


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[int, list[str], Path]]:
    """Runs the script with a python that says what it is given, and fails the tests: code, summary, folder."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\ncase "$*" in "-m pytest"*) exit 3 ;; esac\n')
    python.chmod(0o755)

    def ran(*steps: str, **more: str) -> tuple[int, list[str], Path]:
        out = tmp_path / f"out {len(list(tmp_path.iterdir()))}"
        env = os.environ | {"PYTHON": str(python), "MIRRORJAX_CACHE": str(tmp_path / "cache"), **more}
        command = [ROOT / "benchmarks" / "gpu.sh", *((out, *steps) if steps or "OUT" not in more else ())]
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        assert done.stderr == ""
        folder = Path(more.get("OUT", out))
        return done.returncode, (folder / "summary.txt").read_text().splitlines()[1:], folder

    return ran


def without_seconds(line: str) -> str:
    return re.sub(r" after \d+ s", "", line)


def test_every_step_is_tried_and_told(run):
    code, told, out = run()
    assert code == 1
    ends = [f"{name}: ended with {3 if name == 'tests' else 0}" for name in STEPS]
    assert [without_seconds(line) for line in told] == ends
    given = {name: (out / f"{name}.txt").read_text().split() for name in STEPS}
    for name in ("engines", "memory", "whole"):
        assert {*given[name][given[name].index("--sections") + 1 :]} <= {*SECTIONS}
    assert {"sweep", "experiment=paper", "size=large", "runtime=gpu"} <= {*given["published_rate"]}
    assert (ROOT / given["as_published"][0]).is_file()
    assert (ROOT / given["tests"][-1]).is_dir()


def test_what_has_no_time_is_run_by_its_name(run, tmp_path: Path):
    there = {"OUT": str(tmp_path / "there")}
    code, told, _ = run(SECONDS="400", **there)
    assert code == 1 and told[-1].startswith("whole: not begun, 1") and len(told) == len(STEPS)
    code, told, out = run("whole")
    assert (code, [without_seconds(line) for line in told]) == (0, ["whole: ended with 0"])
    assert {each.name for each in out.glob("*.txt")} == {"summary.txt", "whole.txt"}


def test_it_ends_within_ten_minutes():
    """With fifteen seconds more for whoever does not end when asked to, as one who saves what it has."""
    (total,) = re.findall(r"total=(\d+)", (ROOT / "benchmarks" / "gpu.sh").read_text())
    assert int(total) + 15 <= 590
