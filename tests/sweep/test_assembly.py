"""A sweep of brains: no gradient, no rows, no acts, and a clock of its own, from the command to the report."""

import re
from pathlib import Path

import pytest

from mirrorjax.launch.cli import main
from mirrorjax.report.map.assemblies import edge_of_collapse
from mirrorjax.results.read import Population, Results
from mirrorjax.tracking.cells import cells

TINY = [
    *("experiment=phase_assembly", "regime.neurons=150", "population.seeds=2", "tracker.mode=offline"),
    *("population.axes.dose=[1,1.25,4]", "population.axes.veil_neurons=[0,1]", "measurement.at=[3]"),
    *("dataset.turns=20_000", "dataset.games=64", "dataset.burn_in=256", "dataset.test_rows=400"),
    "measurement.test_rows=null",
]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def brains(tmp_path_factory: pytest.TempPathFactory) -> Population:
    folder = tmp_path_factory.mktemp("assembly")
    assert main(["sweep", *TINY, f"results_dir={folder}", f"dataset.cache={folder}/datasets"]) == 0
    (sweep,) = folder.glob("phase_assembly-*")
    (population,) = Results.open(sweep).populations
    return population


def test_records_have_what_the_regime_has(brains: Population):
    records = brains.records()
    assert {"empathy", "overlap_frog_object", "ssi", "completion", "time", "clock"} <= brains.record_names
    assert not {"cmni", "val_loss", "accuracy", "learnt"} & brains.record_names
    assert set(records["clock"].to_pylist()) == {"episode"} and set(records["epoch"].to_pylist()) == {None}
    assert sorted(set(zip(records["time"].to_pylist(), records["step"].to_pylist(), strict=True))) == [
        (0.0, 0),
        (3.0, 30),
        (6.0, 60),
    ]
    assert set(brains.members()["units"].to_pylist()) == {150}


def test_what_is_kept_is_what_fires(brains: Population):
    mix = brains.weights(brains.member_ids[0])["mix"]
    assert mix.shape == (6, 150) and set(mix.ravel().tolist()) == {0, 1}
    assert mix.sum(axis=1).max() == round(1.6 * 150**0.5)


def test_the_report_calls_no_collapse_empathy(brains: Population):
    page = re.sub(r"<[^>]*>", " ", (brains.folder.parent / "report.html").read_text(encoding="utf-8"))
    assert "12 brains in 6 cells. At the end: in 2 nothing has formed; " in page
    assert "one assembly stands for self, other and object alike (collapsed), which is no empathy" in page
    assert "the dose from which capture by one shared parent predicts one assembly for everything" in page
    assert "mirror network" not in page.partition("How is it computed")[0]


def test_the_dashboard_gets_its_cells(brains: Population):
    assert {"empathy_mean", "overlap_frog_toad_median", "dose", "veil_neurons"} <= set(
        cells(Results.open(brains.folder)).column_names
    )
    logged = (brains.folder / "log.jsonl").read_text(encoding="utf-8")
    assert "no figures" not in logged and '"level": "ERROR"' not in logged


@pytest.mark.parametrize("command", ["inspect", "paper-tables", "measure"])
def test_what_needs_pictures_says_so(brains: Population, command: str, capsys: pytest.CaptureFixture[str]):
    assert main([command, str(brains.folder.parent)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert (line.startswith(f"error: {brains.folder.parent}: ") and "shown no" in line) or "see no pictures" in line


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("regime.patience=2", "regime.patience is 2"),
        ("population.axes.width=[5,8]", "population.axes.width has 2 values"),
    ],
)
def test_what_it_does_not_look_at_is_refused(
    given: str, named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["sweep", *TINY, given, f"results_dir={tmp_path}"]) == 2
    assert f"error: {named}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("neurons", "firing"), [(1000, 50), (10_000, 100)])
def test_the_edge_of_collapse_is_that_of_capture_by_one_parent(neurons: int, firing: int):
    assert edge_of_collapse(neurons, firing) == pytest.approx(1.42, abs=0.01)
