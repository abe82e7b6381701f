"""The scripts in `analysis` run on any results folder."""

import runpy
from pathlib import Path

import pytest

from tests.tracking.cases import population, record_columns

SCRIPT = Path(__file__).parents[2] / "analysis" / "when_cmni_peaks.py"


def test_when_cmni_peaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    store = population(tmp_path / "1c9e0b7d52aa", members=6, checkpoints=0)
    runpy.run_path(str(SCRIPT))["main"](str(store.folder))
    assert "2×17" not in capsys.readouterr().out, "no records, nothing to say"
    for checkpoint in range(4):
        store.write_records(checkpoint, record_columns(6, step=12_288 * checkpoint))  # two paper epochs apart
    runpy.run_path(str(SCRIPT))["main"](str(store.folder))
    printed = capsys.readouterr().out
    assert "2×17" in printed and "2×32" in printed
