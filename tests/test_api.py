"""The public names of docs/api.md are there, and its blocks run as they stand; the version is one everywhere."""

import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
SEEN = """
assert sorted(last["width"].to_pylist()) == [5, 17] and set(last["rows"].to_pylist()) == {6} and len(members) == 4
assert outputs.shape == (4, 5) and hidden.shape[1] == 5 and np.isfinite(outputs).all()
assert again == archived and problems == [] and archived.files > 5
assert units == [0, 1, 2, 3]
"""


def test_public_names_are_there():
    named = [*re.findall(r"`(mirrorjax\.[\w.]+)", PAGE), "mirrorjax.results.archive.check"]
    assert {"mirrorjax.sweep", "mirrorjax.measure", "mirrorjax.register", "mirrorjax.testing"} <= set(named)
    for name in named:
        module, _, last = name.rpartition(".")
        if module and not hasattr(importlib.import_module(module), last):
            importlib.import_module(name)


@pytest.mark.slow
def test_the_blocks_run(tmp_path: Path):
    """In a process of their own: a measure is registered for good."""
    env = os.environ | {"PYTHONPATH": str(ROOT), "MIRRORJAX_CACHE": str(tmp_path / "cache"), "WANDB_MODE": "disabled"}
    command = [sys.executable, "-c", "\n".join([*BLOCKS, SEEN])]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "network.safetensors").exists() and "mirror units" in ran.stdout


def test_the_version_is_one():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    released = re.search(r"^## (\d+\.\d+\.\d+) \((.*)\)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert released is not None and released[1] == version
    assert f"\nversion: {version}\ndate-released: {released[2]}\n" in citation
    assert (ROOT / "tests" / "data" / "releases" / f"{version}.zip").exists(), "results of each release are kept"
