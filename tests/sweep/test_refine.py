"""`refine=…`, end to end: rounds of a sweep whose verdicts are planted, and so where its networks have to go."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import mirrorjax.launch.refine
import mirrorjax.settings.allowed
from mirrorjax.launch.cli import main
from mirrorjax.launch.status import read_status, table
from mirrorjax.report.read.populations import load
from mirrorjax.results.read import Results
from tests.sweep.cases import QUICKLY, SETTINGS, Run, Sweep, at_checkpoint

pytestmark = pytest.mark.slow

REFINE = [
    *("population.axes.width=[3]", "population.axes.dropout=[0,0.2,0.4]", "population.axes.l2=[0,0.01,0.02]"),
    *("population.seeds=2", "regime.epochs=0.0005", "measurement.at=[]", "runtime.block=4", *QUICKLY),
]
BUDGET = 20
ROUNDS = ("refine=2", f"refine_networks={BUDGET}")


def planted(sweep: Path, resolved: Mapping[str, Any], dataset_hash: str) -> dict[str, bool]:
    """A network's verdict: a mirror network at a dropout below .15; seed 5 of each cell goes the other way."""
    rows = [row for each in Results.open(sweep).populations if each.done for row in each.members().to_pylist()]
    return {row["member_id"]: (row["dropout"] < 0.15) != (row["seed"] == 5) for row in rows}


@pytest.fixture(scope="module", autouse=True)
def patched() -> Iterator[None]:
    """Planted verdicts, so that nothing calibrated need be measured, which takes a minute to compile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mirrorjax.launch.refine, "verdicts", planted)
        patch.setattr(mirrorjax.settings.allowed, "_refine_problems", lambda config: [])
        yield


def cells_of(folder: Path) -> dict[tuple[float, float], list[int]]:
    """The seeds of each cell, over all populations."""
    found: dict[tuple[float, float], list[int]] = {}
    for population in Results.open(folder).populations:
        for row in population.members().to_pylist():
            assert row["width"] == 3
            found.setdefault((row["dropout"], row["l2"]), []).append(row["seed"])
    return {cell: sorted(seeds) for cell, seeds in found.items()}


def rounds(folder: Path) -> list[dict[str, Any]]:
    (file,) = (folder / "refined").iterdir()
    return json.loads(file.read_text())["rounds"]


@pytest.fixture(scope="module")
def refined(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """A finished sweep that two rounds refined, to be read only."""
    results = tmp_path_factory.mktemp("refined")
    assert main(["sweep", *SETTINGS, *REFINE, *ROUNDS, f"results_dir={results}"]) == 0
    (folder,) = results.iterdir()
    return Sweep(folder, "", "")


def base_of(folder: Path) -> str:
    (file,) = (folder / "refined").iterdir()
    return file.stem


def test_rounds_add_what_they_say_and_keep_the_budget(refined: Sweep):
    cells, found = cells_of(refined.folder), rounds(refined.folder)
    assert len(found) == 2 and [each["seeds"] for each in found] == [4, 6]
    added = [Results.open(refined.folder / each["job"]).populations[0] for each in found]
    assert [each["networks"] for each in found] == [len(population.member_ids) for population in added]
    assert 0 < sum(each["networks"] for each in found) == sum(len(s) for s in cells.values()) - 18 <= BUDGET
    grid = {(dropout, l2) for dropout in (0, 0.2, 0.4) for l2 in (0, 0.01, 0.02)}
    assert grid <= set(cells) and all(seeds == list(range(len(seeds))) for seeds in cells.values())
    for number, each in enumerate(found):
        points = {(entry["dropout"], entry["l2"]) for entry in each["list"]}
        assert all(len(cells[point]) >= each["seeds"] for point in points)
        assert added[number].manifest["extends"][0] in {base_of(refined.folder), found[0]["job"]}
    assert {len(seeds) for seeds in cells.values()} <= {2, 4, 6}
    assert set(cells) - grid and all(0 < dropout < 0.2 for dropout, _ in set(cells) - grid)


def test_the_report_and_the_status_count_the_rounds_as_part_of_the_population(refined: Sweep):
    loaded = load(refined.folder)
    (population,) = loaded.populations
    assert len(population.names) == 3 and loaded.problems == []
    status = read_status(refined.folder)
    assert [job.state for job in status.jobs] == ["done"] * 3
    assert status.members == sum(len(seeds) for seeds in cells_of(refined.folder).values())
    lines = table(status)
    assert "(round 1 of the refinement of" in lines[2] and lines[-1].endswith("3 done")


def test_each_round_is_an_event(refined: Sweep):
    log = refined.folder / base_of(refined.folder) / "log.jsonl"
    events = [json.loads(line) for line in log.read_text().splitlines()]
    told = [each for each in events if each["event"] == "refining"]
    assert [each.get("networks") for each in told[:2]] == [each["networks"] for each in rounds(refined.folder)]
    assert told[0]["message"].startswith("refinement, round 1 of 2: widest band of P 0.")
    assert " → " in told[1]["message"] and told[2]["message"].startswith("refinement ends, ")


@pytest.mark.nightly
def test_the_same_command_again_trains_nothing_and_more_rounds_go_on(sweep: Run):
    plain = sweep(*REFINE)
    assert not (plain.folder / "refined").exists() and len(plain.populations) == 1
    first = sweep(*REFINE, "refine=1", f"refine_networks={BUDGET}")
    assert first.folder == plain.folder and "finished before, 18 members" in first.out
    before = cells_of(first.folder)
    again = sweep(*REFINE, "refine=1", f"refine_networks={BUDGET}")
    assert again.out.count("finished before") == 2 and cells_of(again.folder) == before
    assert "its rounds are used up" in again.out
    more = sweep(*REFINE, "refine=2", f"refine_networks={BUDGET + 12}")
    assert len(rounds(more.folder)) == 2 and len(more.populations) == 3
    assert before.keys() <= cells_of(more.folder).keys()


def test_the_plan_says_how_many_there_may_be(sweep: Run, capsys: pytest.CaptureFixture[str]):
    for options, number in ((ROUNDS, BUDGET), (("refine=3",), 18), ((), None)):
        assert main(["plan", *SETTINGS, *REFINE, *options]) == 0
        said = re.findall(r"^refine +up to (\d+) further networks", capsys.readouterr().out, re.M)
        assert said == [] if number is None else [str(number)]


def test_an_interrupted_round_goes_on(sweep: Run, refined: Sweep, monkeypatch: pytest.MonkeyPatch):
    plain = sweep(*REFINE)

    def stop() -> None:
        raise KeyboardInterrupt

    at_checkpoint(monkeypatch, 0, stop)
    assert sweep(*REFINE, *ROUNDS, code=130).err
    (begun,) = rounds(plain.folder)
    assert not (plain.folder / begun["job"] / "DONE").exists()
    done = sweep(*REFINE, *ROUNDS)
    assert "refinement, round 1 of 2, begun before: " in done.out
    assert rounds(done.folder) == rounds(refined.folder) and cells_of(done.folder) == cells_of(refined.folder)


@pytest.mark.nightly
def test_a_round_that_fails_ends_the_command_with_1(sweep: Run, monkeypatch: pytest.MonkeyPatch):
    plain = sweep(*REFINE)

    def fail() -> None:
        raise RuntimeError("the disk is on fire")

    at_checkpoint(monkeypatch, 0, fail)
    failed = sweep(*REFINE, *ROUNDS, code=1)
    assert "the disk is on fire" in failed.err and "refinement is not finished (" in failed.err
    assert [job.state for job in read_status(plain.folder).jobs] == ["done", "failed"]
    assert sweep(*REFINE, *ROUNDS).populations[0].done
