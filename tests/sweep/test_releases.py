"""Results of each release, as it exported them: opened, reported on and extended by this version.

One is made with `mirrorjax sweep` of SETTINGS in an empty folder, `mirrorjax measure results/… --measures seats` and
`mirrorjax export results/… --out tests/data/releases/VERSION.zip`; it is never made again.
"""

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mirrorjax.launch.cli import main
from mirrorjax.report.page.build import write_report
from mirrorjax.report.read.populations import load
from mirrorjax.results.archive import check, export
from mirrorjax.results.jobs import read_sweep
from mirrorjax.results.read import Results

pytestmark = pytest.mark.slow
RELEASES = sorted((Path(__file__).parents[1] / "data" / "releases").glob("*.zip"))
SETTINGS = [
    *("experiment=smoke", "name=release", "population.seeds=2", "population.axes.width=null"),
    "population.list=[{width:5,depth:1},{width:8,depth:2,congruence:1.0,veil_symbol:0.5,encoding:one_hot}]",
    *("dataset.turns=20_000", "dataset.test_rows=400", "measurement.test_rows=400", "measurement.validation_rows=400"),
    *("measurement.at=null", "measurement.null_seeds=8", "measurement.boards=64", "measurement.rescue_boards=32"),
    *("regime.epochs=0.1", "tracker=off", "report=false", "runtime.checkpoint_seconds=null"),
]


@pytest.fixture(scope="module", params=RELEASES, ids=lambda archive: archive.stem)
def sweep(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a release's sweep, unpacked."""
    archived, problems = check(request.param)
    assert problems == []
    folder = tmp_path_factory.mktemp("release")
    with zipfile.ZipFile(request.param) as packed:
        packed.extractall(folder)
    assert read_sweep(folder / archived.folder)["version"] == request.param.stem
    return folder / archived.folder


def test_it_is_read(sweep: Path):
    results = Results.open(sweep)
    (population,) = results.populations
    assert population.done and results.problems == []
    assert {row["width"] for row in population.members().to_pylist()} == {5, 8}
    rows = population.dataset().test
    (plain, *_) = results.query(
        "SELECT * FROM records JOIN members USING (population, member_id) "
        "WHERE width = 5 ORDER BY checkpoint DESC, seed"
    ).to_pylist()
    answers = np.bincount(population.member(plain["member_id"]).run(rows).argmax(0), minlength=4)
    recorded = np.array(plain["confusion"]).reshape(4, 4).sum(0)
    assert recorded.sum() == len(rows)
    assert np.abs(answers - recorded).max() <= 1, "what was recorded of a network is what it does"  # 1: a tie


def test_it_is_reported_on(sweep: Path):
    page = write_report(sweep).read_text(encoding="utf-8")
    assert re.search("None of the 4 networks learnt", page) is not None
    assert load(sweep).problems == []


@pytest.mark.nightly  # a minute of compiling; golden results are extended in CI
def test_it_is_extended_and_exported_again(sweep: Path, tmp_path: Path):
    (before,) = Results.open(sweep).populations
    (job,) = read_sweep(sweep)["jobs"]
    settings = [each for each in job["overrides"] if not each.startswith("population.seeds=")]
    assert main(["sweep", *settings, "population.seeds=3", f"extend={sweep}"]) == 0
    results = Results.open(sweep)
    (new,) = [each for each in results.populations if each.name != before.name]
    assert new.done and new.manifest["extends"] == [before.name]
    seeds = results.query("SELECT seed, count(*) AS networks FROM members GROUP BY seed ORDER BY seed").to_pydict()
    assert seeds == {"seed": [0, 1, 2], "networks": [2, 2, 2]}
    assert check(export(sweep, tmp_path / "again.zip").file)[1] == []
