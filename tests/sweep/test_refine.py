"""`refine=…`, end to end: rounds of a sweep whose verdicts are planted, and so where its networks have to go."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mirrorjax.refine
from mirrorjax.cli import main
from mirrorjax.report.load import load
from mirrorjax.tracking.results import Results
from mirrorjax.tracking.status import read_status, table
from tests.sweep.cases import QUICKLY, Run, Sweep, at_checkpoint

pytestmark = pytest.mark.slow

REFINE = [
    *("population.axes.width=[3]", "population.axes.dropout=null", "population.seeds=2"),
    *("population.axes.dependency=[0,0.5,1]", "population.axes.veil_symbol=[0,0.5,1]"),
    *("regime.epochs=0.0005", "measurement.at=[]", "runtime.block=4", *QUICKLY),
    *("measurement.boards=32", "measurement.rescue_boards=16"),
    *("measurement.null_seeds=2", "measurement.causes_seeds=1"),
]
BUDGET = 20
ROUNDS = ("refine=2", f"refine_networks={BUDGET}")


def planted(sweep: Path, resolved: Mapping[str, Any], dataset_hash: str) -> dict[str, bool]:
    """A network's verdict: P falls with the dependency, 1/2 at .4; one seed in eight goes the other way."""
    rows = [row for each in Results.open(sweep).populations if each.done for row in each.members().to_pylist()]
    return {row["member_id"]: (row["dependency"] < 0.4) != (row["seed"] % 8 == 1) for row in rows}


@pytest.fixture(autouse=True)
def verdicts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrorjax.refine, "verdicts", planted)


def cells_of(folder: Path) -> dict[tuple[float, float], list[int]]:
    """The seeds of each cell, over all populations."""
    found: dict[tuple[float, float], list[int]] = {}
    for population in Results.open(folder).populations:
        for row in population.members().to_pylist():
            assert row["width"] == 3
            found.setdefault((row["dependency"], row["veil_symbol"]), []).append(row["seed"])
    return {cell: sorted(seeds) for cell, seeds in found.items()}


def rounds(folder: Path) -> list[dict[str, Any]]:
    (file,) = (folder / "refined").iterdir()
    return json.loads(file.read_text())["rounds"]


@pytest.fixture(scope="module")
def refined(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """A finished sweep that two rounds refined, to be read only."""
    from tests.sweep.cases import SETTINGS

    results = tmp_path_factory.mktemp("refined")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mirrorjax.refine, "verdicts", planted)
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
    grid = {(d, v) for d in (0, 0.5, 1) for v in (0, 0.5, 1)}
    assert grid <= set(cells) and all(seeds == list(range(len(seeds))) for seeds in cells.values())
    for number, each in enumerate(found):
        points = {(entry["dependency"], entry["veil_symbol"]) for entry in each["list"]}
        assert all(len(cells[point]) >= each["seeds"] for point in points)
        assert added[number].manifest["extends"][0] in {base_of(refined.folder), found[0]["job"]}
    assert {len(seeds) for seeds in cells.values()} <= {2, 4, 6}
    # where P is 1/2, and not where it is 1/8 or 7/8
    assert all(0 < dependency < 1 for dependency, _ in set(cells) - grid)


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


def test_the_same_command_again_trains_nothing_and_more_rounds_go_on(sweep: Run, monkeypatch: pytest.MonkeyPatch):
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
    planned_text = _plan("refine=2", f"refine_networks={BUDGET}")
    assert f"up to {BUDGET} further networks, in none of these numbers" in planned_text


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


def test_a_round_that_fails_ends_the_command_with_1(sweep: Run, monkeypatch: pytest.MonkeyPatch):
    plain = sweep(*REFINE)

    def fail() -> None:
        raise RuntimeError("the disk is on fire")

    at_checkpoint(monkeypatch, 0, fail)
    failed = sweep(*REFINE, *ROUNDS, code=1)
    assert "the disk is on fire" in failed.err and "refinement is not finished (" in failed.err
    assert [job.state for job in read_status(plain.folder).jobs] == ["done", "failed"]
    assert sweep(*REFINE, *ROUNDS).populations[0].done


def test_real_verdicts_are_those_of_the_records(sweep: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    folder = sweep(*REFINE).folder
    (population,) = Results.open(folder).populations
    last = max(population.checkpoints)
    told = {
        row["member_id"]: bool(row["mirror"])
        for row in population.records().to_pylist()
        if row["checkpoint"] == last and row["mirror"] is not None
    }
    assert len(told) == 9, "one seed of each cell has the dear measures"
    found = mirrorjax.refine.verdicts(folder, population.config, population.manifest["dataset"]["hash"])
    assert found == told
    other = {**population.config, "measurement": {**population.config["measurement"], "test_rows": 7}}
    assert mirrorjax.refine.verdicts(folder, other, population.manifest["dataset"]["hash"]) == {}
    assert np.isin(list(found.values()), [False, True]).all()
