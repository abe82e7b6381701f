"""The tutorial's blocks, run as they stand."""

import re
from pathlib import Path

import pytest
from matplotlib.image import imread

from tests.shell import shell

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"


def blocks() -> list[tuple[str, str]]:
    """Language and text of each."""
    return re.findall(r"^```(bash|python)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.nightly
def test_from_the_question_to_the_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    names: dict = {}
    for language, text in blocks():
        if language == "bash":
            shell(text, check=True, timeout=600)
        else:
            exec(compile(text, str(PAGE), "exec"), names)
    assert [language for language, _ in blocks()] == ["bash", "bash", "python", "python", "bash"]
    assert [(cell["veil"], cell["dependency"]) for cell in names["cells"]] == [
        (veil, place / 4) for veil in (0, 1) for place in range(5)
    ]
    assert all(cell["networks"] == 4 and 0 <= cell["mirrors"] <= 4 for cell in names["cells"])
    (report,) = tmp_path.glob("tutorial/*/report.html")
    assert "phase-map" in report.read_text(encoding="utf-8")
    assert imread(tmp_path / "mirror.png").std() > 0.05, "something is drawn"
    assert capsys.readouterr().out.count("veil 0 (0.00 bits)") == 5
