"""The examples of docs/own-network.md run as they stand."""

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "own-network.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
MARKED = [pytest.param(block, marks=pytest.mark.torch if "import torch" in block else ()) for block in BLOCKS]


@pytest.mark.parametrize("block", MARKED)
def test_an_example_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled_quickly: None):
    if "import GPT2" in block:
        pytest.importorskip("transformers")  # `make test-torch` says so
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(block, "docs/own-network.md", "exec"), names)
    found = names["found"]
    if "torch" in names:
        assert [*found.sites] == ["block 0", "block 1"] and len(found.copies) == 19
        assert found.value("block 1", "mirror_units").p_sites <= 0.05
        assert found.value("block 1", "ssi_unbiased").p_untrained == 1 / 20, "training made it"
    else:
        assert found.answer()[0].startswith(re.search(r"It answers `(.*?) …`", PAGE)[1])  # pyright: ignore[reportOptionalSubscript]
        assert (tmp_path / "report.html").exists() and (tmp_path / "units.csv").exists()


def test_every_example_is_there():
    assert len(BLOCKS) == 2
