"""The examples of docs/own-network.md run as they stand."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "own-network.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
MARKED = [pytest.param(block, marks=pytest.mark.torch if "import torch" in block else ()) for block in BLOCKS]


@pytest.mark.parametrize("block", MARKED)
def test_an_example_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled_quickly: None):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(block, "docs/own-network.md", "exec"), names)
    found = names["found"]
    if "torch" in names:
        assert [*found.sites] == ["block 0", "block 1"] and len(found.copies) == 19
        assert found.value("block 1", "d_prime_mni").p_untrained > 0.05, "a random network is like its copies"
    else:
        assert found.answer()[0].startswith(re.search(r"It answers `(.*?) …`", PAGE)[1])  # pyright: ignore[reportOptionalSubscript]
        assert (tmp_path / "report.html").exists() and (tmp_path / "units.csv").exists()


def test_every_example_is_there():
    assert len(BLOCKS) == 2
