"""A sweep that is extended trains what it lacks, and the union is the sweep that it might have been at once."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import mirrorjax.pipeline as pipeline
from mirrorjax.launch.cli import main
from mirrorjax.report.page.build import write_report
from mirrorjax.report.read.populations import load
from mirrorjax.results.read import Results
from tests.sweep.cases import QUICKLY, SETTINGS, Run, Sweep, bytes_and_times

pytestmark = pytest.mark.slow

MORE = ("population.seeds=5", *QUICKLY)


@pytest.fixture
def smaller(finished: Sweep, tmp_path: Path) -> Path:
    """A copy of the finished sweep of three seeds, to be extended."""
    folder = tmp_path / "smaller"
    shutil.copytree(finished.folder, folder)
    return folder


@pytest.fixture(scope="module")
def pair(finished: Sweep, tmp_path_factory: pytest.TempPathFactory) -> tuple[Sweep, Sweep]:
    """The finished sweep extended to five seeds, and five seeds trained at once; to be read only."""
    made = []
    for name in ("extended", "whole"):
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(finished.folder, folder / "smaller")
        options = [f"extend={folder}/smaller"] if name == "extended" else [f"results_dir={folder}/results"]
        assert main(["sweep", *SETTINGS, *MORE, *options]) == 0
        made.append(Sweep(folder / "smaller" if name == "extended" else next((folder / "results").iterdir()), "", ""))
    return made[0], made[1]


def in_order(table: pa.Table) -> pa.Table:
    names = [name for name in ("member_id", "checkpoint", "layer", "unit") if name in table.column_names]
    return table.sort_by([(name, "ascending") for name in names])


def test_the_union_equals_the_larger_sweep_bit_for_bit(pair: tuple[Sweep, Sweep], finished: Sweep):
    union, whole = pair[0].populations, pair[1].population
    old = next(each for each in union if each.name == finished.population.name)
    (new,) = (each for each in union if each.name != old.name)
    assert new.manifest["extends"] == [old.name] and new.manifest["members"] == 8
    assert set(new.members()["seed"].to_pylist()) == {3, 4}
    assert whole.name == new.name, "it is the same population; only its folder lacks what was there"
    for table in ("members", "records", "units"):
        both = pa.concat_tables([getattr(old, table)(), getattr(new, table)()])
        assert in_order(both).equals(in_order(getattr(whole, table)())), table
    for member in whole.member_ids:
        holder = old if member in old.member_ids else new
        mine, theirs = holder.weights(member), whole.weights(member)
        assert mine.keys() == theirs.keys()
        assert all(np.array_equal(mine[name], theirs[name]) for name in mine)


def test_what_was_there_is_left_as_it_was(pair: tuple[Sweep, Sweep], finished: Sweep):
    name = finished.population.name
    before, after = (bytes_and_times(folder / name) for folder in (finished.folder, pair[0].folder))
    assert {file.name: content for file, (content, _) in before.items()} == {
        file.name: content for file, (content, _) in after.items()
    }


def test_the_report_counts_the_union_as_one_population(pair: tuple[Sweep, Sweep], finished: Sweep, tmp_path: Path):
    folder = shutil.copytree(pair[0].folder, tmp_path / "union")
    loaded = load(folder)
    (population,) = loaded.populations
    assert population.names[0] == finished.population.name and len(population.names) == 2
    assert [group.networks for group in population.groups] == [5] * 4
    assert loaded.problems == [] and population.status == "done"
    assert population.query("SELECT count(*) AS n FROM observations")["n"] == [20 * 4]
    newest = population.names[1]
    member = Results.open(folder / newest).populations[0].member_ids[0]
    page = write_report(folder, member=f"{newest}/{member}").read_text()
    assert re.search(r'class="short">\d+ of 20 networks<', page)
    assert f"With <code>{newest}</code>, which extended it: together they count as one population." in page
    assert f'href="{newest}/members.parquet"' in page and member in page


def test_a_member_of_both_counts_once(pair: tuple[Sweep, Sweep], finished: Sweep, tmp_path: Path):
    """Two folders with common members, for instance put together by hand."""
    folder = shutil.copytree(finished.folder, tmp_path / "both")
    whole = shutil.copytree(pair[1].population.folder, folder / pair[1].population.name)
    manifest = json.loads((whole / "manifest.json").read_text())
    (whole / "manifest.json").write_text(json.dumps({**manifest, "extends": [finished.population.name]}))
    loaded = load(folder)
    (population,) = loaded.populations
    assert [group.networks for group in population.groups] == [5] * 4
    assert population.query("SELECT count(*) AS n FROM observations")["n"] == [20 * 4]
    assert loaded.problems == []


def test_nothing_missing_trains_nothing(sweep: Run, smaller: Path, finished: Sweep, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(pipeline, "Trainer")
    fewer = ("population.seeds=2", f"extend={smaller}")
    done = sweep(*fewer, "tracker=off")
    assert "extending: 8 of 8 members are finished in " in done.out and "; 0 to train" in done.out
    assert (done.folder / "report.html").exists()
    (population,) = load(smaller).populations
    assert sum(group.networks for group in population.groups) == 12
    again = sweep(*fewer, "tracker=off")
    assert ": finished before, 8 members, left as it is" in again.out


@pytest.mark.nightly
def test_extended_twice_and_otherwise(sweep: Run, smaller: Path, finished: Sweep):
    """More seeds with the block that was there; then less measured, which has to be trained anew."""
    manifest_file = smaller / finished.population.name / "manifest.json"
    manifest_file.write_text(json.dumps({**json.loads(manifest_file.read_text()), "block": 4}))
    fewer = ("population.axes.dropout=null", *QUICKLY)
    extending = sweep(f"extend={smaller}", "population.first_seed=3", "population.seeds=1", *fewer)
    assert "extending: 0 of 2 members are finished in no population; 2 to train" in extending.out
    assert extending.folder == smaller and not Path("results").exists()
    (new,) = (each for each in Results.open(smaller).populations if each.name != finished.population.name)
    assert new.manifest["block"] == 4
    longer = sweep(f"extend={smaller}", "measurement.at=[0.1]", "population.seeds=1", "runtime.block=4", *fewer)
    assert "extending: 0 of 2 members are finished in no population; 2 to train" in longer.out
    assert sorted(len(each.names) for each in load(smaller).populations) == [1, 2], "not pooled with the others"


@pytest.mark.nightly
def test_each_population_of_a_multirun_extends_its_like(sweep: Run, smaller: Path):
    both = sweep("-m", "game=frog_hops,both_random", f"extend={smaller}", "population.seeds=4", *QUICKLY)
    assert "12 of 16 members are finished" in both.out and "0 of 16 members are finished" in both.out
    assert both.folder == smaller and not Path("results").exists()
    assert sorted(len(each.names) for each in load(smaller).populations) == [1, 2]


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("nowhere", "extend: nowhere: no such folder"),
        (".", "extend: .: no results here, but sweeps: give one of smaller"),
        ("{population}", "extend: {population} is one population; give its sweep's folder, "),
    ],
)
def test_what_is_no_sweep_is_refused(sweep: Run, smaller: Path, finished: Sweep, folder: str, message: str):
    population = str(Path("smaller") / finished.population.name)
    refused = sweep(f"extend={folder.replace('{population}', population)}", *QUICKLY, code=2)
    assert refused.err.startswith(f"error: {message.replace('{population}', population)}")
    assert not Path("results").exists()
