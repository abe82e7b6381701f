"""`mirrorjax measure`: networks that are trained already get their measures, the same as training would have made."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from mirrorjax.launch.cli import main
from mirrorjax.launch.measure import lacking
from mirrorjax.measurement.battery import observed as observed
from mirrorjax.results.read import Results
from tests.sweep.cases import CALIBRATED, QUICKLY, Run, Sweep, bytes_and_times
from tests.tracking.cases import ids, population, record_columns

Capture = pytest.CaptureFixture[str]


@pytest.mark.slow
@pytest.mark.parametrize("names", [["foresight"], ["counterfactual", "foresight"]])
def test_an_unknown_measure_is_refused_before_any_work(finished: Sweep, names: list[str], capsys: Capture):
    before = bytes_and_times(finished.folder)
    assert main(["measure", str(finished.folder), "--measures", *names]) == 2
    measures = "discriminability, counterfactual, overlap, decoding, games, seats, causes"
    expected = f"error: --measures: 'foresight'; allowed: {measures}, or a column (docs/measures.md)\n"
    assert capsys.readouterr().err == expected
    assert bytes_and_times(finished.folder) == before


def test_without_a_finished_population_there_is_nothing_to_measure(tmp_path: Path, capsys: Capture):
    store = population(tmp_path / "sweep" / "aaaa")
    (store.folder / "DONE").unlink()
    assert main(["measure", str(tmp_path / "sweep")]) == 2
    assert "no finished population with records here, so there are no networks to measure" in capsys.readouterr().err


def test_what_is_kept_of_what_was_measured(tmp_path: Path):
    store = population(tmp_path / "aaaa")
    store.write_records(2, record_columns(6, 200) | {"ssi": np.ones(6), "tr": np.array([1.0] * 5 + [np.nan])})
    measured = {
        "member_id": np.array(ids(6), object),
        "confusion": np.zeros((6, 16)),
        **{name: np.full(6, 2.0) for name in ("val_loss", "mne_layer_2", "ssi", "tr", "mni_star")},
        "units_mirror_1": np.full(6, 3),
    }
    (stored,) = Results.open(store.folder).populations
    kept = lacking(stored, measured, np.arange(6) == 1)
    assert list(kept) == ["member_id", "tr", "mni_star", "units_mirror_1"], "all others are recorded, of all networks"
    lost = [False, True, False, False, False, True]  # not finite, and diverged
    assert np.isnan(kept["mni_star"]).tolist() == np.isnan(kept["units_mirror_1"]).tolist() == lost
    assert kept["units_mirror_1"][0] == 3


@pytest.mark.slow
def test_measured_later_is_as_measured_in_training(sweep: Run, monkeypatch: pytest.MonkeyPatch, capsys: Capture):
    folder = sweep(*CALIBRATED, *QUICKLY).folder
    (trained,) = Results.open(folder).populations
    file = trained.files("records")[-1]
    complete = pq.read_table(file)
    names = ["mni_star", "mni_star_z", "ssi_last", "rescue_accuracy", "cross_decoding"]
    pq.write_table(complete.drop_columns(names), file)
    monkeypatch.setitem(observed.OF_RESPONSES, "of_mine", lambda found: {"alive_units": found.alive.sum()})
    assert (
        main(
            ["measure", str(folder), "--measures", "rescue_accuracy", "ssi_last", "counterfactual", "of_mine", "seats"]
        )
        == 0
    )
    assert "10 columns added at checkpoint 3" in capsys.readouterr().out, "nothing that was there"
    (again,) = Results.open(folder).populations
    last = again.records().filter(np.array(again.records()["checkpoint"]) == 3)
    for name in names[:-1]:
        assert last[name].equals(complete[name]), name
    assert "cross_decoding" not in pq.read_schema(folder / again.name / "measured" / "000003.parquet").names
    assert min(last["alive_units"].to_pylist()) >= 1
    seen = Results.open(folder).query("SELECT count(alive_units) AS n FROM records")
    assert seen["n"].to_pylist() == [len(again.member_ids)]


@pytest.fixture
def copied(finished: Sweep, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished.folder, tmp_path / "sweep"))


@pytest.mark.slow
def test_weights_of_all_are_those_of_each(finished: Sweep):
    stored = finished.population
    for member_id, weights in stored.weights_of_all():
        own = stored.weights(member_id)
        assert weights.keys() == own.keys()
        assert all(np.array_equal(weights[name], own[name]) for name in own)


@pytest.mark.slow
def test_measured_before_it_is_left_as_it_is(copied: Path, capsys: Capture):
    (found,) = Results.open(copied).populations
    (found.folder / "measured").mkdir()
    before = bytes_and_times(copied)
    assert main(["measure", str(copied)]) == 0
    assert f"population {found.name}: measured before; --measures NAME measures anew" in capsys.readouterr().out
    assert bytes_and_times(copied) == before
