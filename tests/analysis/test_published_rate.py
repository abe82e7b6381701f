"""Medians at the published rate, held against those of an earlier run."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from mirrorjax.results.read import Results

SCRIPT = Path(__file__).parents[2] / "analysis" / "published_rate.py"


@pytest.fixture()
def judged(monkeypatch: pytest.MonkeyPatch):
    """Judges some of the earlier run's own networks, changed."""
    reference = np.load(SCRIPT.with_suffix(".npz"))
    script = runpy.run_path(str(SCRIPT))

    def judge(change: float, networks: slice = slice(0, 128)) -> bool:
        columns = {name: np.ravel(reference[name][:, networks] * change) for name in script["MEASURES"]}
        whole = np.repeat(reference["epoch"].astype(float), len(columns["cmni"]) // len(reference["epoch"]))
        table = pa.table({"whole": whole, **{name: values.astype(float) for name, values in columns.items()}})
        monkeypatch.setattr(Results, "open", lambda folder: SimpleNamespace(query=lambda sql: table))
        return script["main"]("results")

    return judge


@pytest.mark.slow
def test_the_same_networks_agree_and_others_do_not(judged, capsys):
    assert judged(1.0, slice(None))
    assert "96 of 96 medians agree" in capsys.readouterr().out
    assert not judged(1.1)


def test_no_common_epoch_is_no_agreement(monkeypatch, capsys):
    script = runpy.run_path(str(SCRIPT))
    empty = pa.table({name: pa.array([], pa.float64()) for name in ("whole", *script["MEASURES"])})
    monkeypatch.setattr(Results, "open", lambda folder: SimpleNamespace(query=lambda sql: empty))
    assert not script["main"]("results") and "0 of 0 medians agree" in capsys.readouterr().out
