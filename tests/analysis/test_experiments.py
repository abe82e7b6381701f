"""The null and the positive control, in small: a sweep with all measures, and the scripts that judge it."""

import json
import runpy
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from mirrorjax.dataset.build import DatasetSpec
from mirrorjax.launch.cli import main
from mirrorjax.measurement.battery.nulls import SCALE_FREE
from mirrorjax.report.read.populations import load
from mirrorjax.results.read import Results

SCRIPTS = Path(__file__).parents[2] / "analysis"
SMALL = [
    *("dataset.turns=20_000", "dataset.games=64", "dataset.burn_in=256", "dataset.test_rows=400"),
    *("measurement.test_rows=300", "measurement.validation_rows=300", "measurement.boards=64"),
    *("measurement.rescue_boards=32", "measurement.null_seeds=20", "measurement.at=[0.2]", "measurement.units_at=[]"),
    *("population.seeds=3", "regime.epochs=0.4", "model.width=5", "tracker=off"),
]


@pytest.mark.statistical
def test_positive_control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIRRORJAX_CACHE", str(tmp_path / "cache"))
    assert main(["sweep", "experiment=positive_control", *SMALL, "measurement.causes_seeds=2"]) == 0
    (folder,) = Path("results").iterdir()
    (population,) = Results.open(folder).populations
    records, units = population.records().to_pylist(), population.units().to_pylist()
    last = [row for row in records if row["checkpoint"] == 2]
    assert [row["mirror"] is None for row in last] == [False, False, True] * 2, "two seeds of each are asked"
    assert all(row["mirror"] is None for row in records if row["checkpoint"] < 2)
    assert all(row[f"{name}_z"] is not None for row in records for name in ("cmni", "ssi", "mni_star"))
    asked = {row["member_id"] for row in last if row["mirror"] is not None}
    hidden = [row for row in units if row["member_id"] in asked and not row["output"]]
    assert len(hidden) == 4 * 10 and all(row["unit_class"] is not None for row in hidden)
    assert {row["hub"] is None for row in hidden if row["layer"] == 1} == {True}
    assert all(row["unit_class"] is None for row in units if row["member_id"] not in asked or row["output"])
    for row in last:
        if row["mirror"] is not None:
            classes = [each for each in hidden if each["member_id"] == row["member_id"] and each["layer"] == 1]
            mirrors = sum(each["unit_class"] == "mirror" for each in classes)
            assert row["units_mirror_1"] == mirrors
    nulls = pq.read_table(population.folder / "nulls.parquet").to_pylist()
    assert {row["measure"] for row in nulls} == {*SCALE_FREE, "cmni", "cmni_hidden"} and nulls[0]["seeds"] == 20
    assert population.manifest["seconds"]["nulls"] > 0
    assert "circuits" in (folder / "report.html").read_text() and load(folder).problems == []

    capsys.readouterr()
    table = runpy.run_path(str(SCRIPTS / "positive_control.py"))["main"](folder, held_out=30)
    assert table["kind"].to_pylist() == ["paper (C = 0)"] * 3 + ["control (C = 1)"] * 3 + ["untrained"] * 30
    untrained = table.slice(6).to_pylist()
    assert abs(np.mean([row["ssi_z"] for row in untrained])) < 1.5, "twenty and thirty of one kind"
    assert {row["mirror"] for row in untrained} <= {0.0, 1.0}
    assert "called mirror" in capsys.readouterr().out and (folder / "positive_control.svg").exists()

    before = json.loads((population.folder / "manifest.json").read_text())["finished"]
    again = ["sweep", "experiment=positive_control", *SMALL, "measurement.causes_seeds=2", "population.seeds=4"]
    assert main([*again, f"extend={folder}"]) == 0
    assert json.loads((population.folder / "manifest.json").read_text())["finished"] == before
    assert "untrained networks" not in capsys.readouterr().out, "nulls are kept"


@pytest.mark.statistical
def test_untrained_cmni(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("MIRRORJAX_CACHE", str(tmp_path / "cache"))
    spec = DatasetSpec(turns=60_000, games=64, burn_in=256, test_rows=1000)
    script = runpy.run_path(str(SCRIPTS / "untrained_cmni.py"))
    table = script["main"](tmp_path / "out", spec, seeds=12)
    cmni = {factor: table.filter(np.equal(table["alpha"], factor))["cmni"].to_numpy() for factor in (0.1, 1.0, 10.0)}
    assert (cmni[1.0] > 0.005).all(), "untrained networks look robust"
    assert (cmni[10.0] > 2 * cmni[1.0]).all() and (cmni[0.1] < cmni[1.0]).all()
    found = {
        factor: {name: table.filter(np.equal(table["alpha"], factor))[name].to_numpy() for name in SCALE_FREE}
        for factor in cmni
    }
    assert script["largest_change"](found, 10.0) < 1e-3
    assert "CMNI, smallest" in capsys.readouterr().out and (tmp_path / "out" / "untrained_cmni.csv").exists()
