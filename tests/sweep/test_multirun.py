"""Several populations in one sweep: each has its own folder and run, all are checked first, and one may fail."""

import json
from pathlib import Path

import pytest

import mirrorjax.pipeline as pipeline
from mirrorjax.launch.status import read_status
from tests.sweep.cases import QUICKLY, Run, Sweep, assert_same_results, at_checkpoint, bytes_and_times
from tests.tracking.test_wandb import inspect


@pytest.mark.slow
@pytest.mark.nightly
def test_a_population_for_each_game(sweep: Run, finished: Sweep):
    both = sweep("-m", "game=frog_hops,both_random")
    headings = [line for line in both.out.splitlines() if line.startswith("population ")]
    assert [heading.rpartition(" ")[2] for heading in headings] == ["game=frog_hops", "game=both_random"]
    assert both.out.splitlines()[-2:] == [f"report: {both.folder}/report.html", str(both.folder)]
    assert {path.name for path in both.folder.iterdir() if path.is_file()} == {
        *("sweep.json", "report.html", "multirun.yaml")
    }
    by_players = {population.config["game"]["players"]: population for population in both.populations}
    assert by_players.keys() == {"frog_hops", "both_random"}
    assert_same_results(by_players["frog_hops"], finished.population)
    hashes = {population.manifest["dataset"]["hash"] for population in both.populations}
    assert len(hashes) == 2
    ids: list[str] = []
    page = (both.folder / "report.html").read_text()
    for population in both.populations:
        (run,) = inspect(population.folder)["run"]
        assert run["run_group"] == both.folder.name
        assert run["display_name"] == f"smoke-{population.name}"
        ids.append(run["run_id"])
        assert population.done and population.name in page
    assert len(set(ids)) == 2
    assert "-m" in json.loads((both.folder / "sweep.json").read_text())["command"]


def test_one_wrong_job_and_none_is_started(sweep: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(pipeline, "Trainer")
    refused = sweep("-m", "model.width=17,-3", "population.axes.width=null", code=2)
    assert refused.err == "error: model.width is -3; allowed: from 1 to 4096\n"
    assert not Path("results").exists()


@pytest.mark.slow
def test_what_only_the_data_can_tell_stops_one_job_and_not_the_next(sweep: Run, finished: Sweep):
    one = sweep("-m", "optimizer.batch_size=16_000,25", *QUICKLY, code=1)
    error, heading, row, last = one.err.splitlines()
    assert error.startswith("error: optimizer.batch_size is 16,000; allowed: at most the ")
    assert heading == "the same command again does only these:"
    job, state, setting, why = row.split(maxsplit=3)
    assert (state, setting, f"error: {why}") == ("failed", "optimizer.batch_size=16000", error)
    assert last == "1 of 2 populations are finished"
    assert_same_results(one.population, finished.population)
    assert not (one.folder / job).exists(), "it failed before there was anything to keep"
    states = {job.job: job.state for job in read_status(one.folder).jobs}
    assert states == {job: "failed", one.population.name: "done"}


@pytest.mark.slow
def test_a_crash_in_one_job_does_not_stop_the_next(sweep: Run, monkeypatch: pytest.MonkeyPatch):
    def crash() -> None:
        raise RuntimeError("out of luck")

    at_checkpoint(monkeypatch, 1, crash)
    crashed = sweep("-m", "population.first_seed=0,3", "tracker=off", code=1)
    assert crashed.err.count("Traceback") == 1
    assert crashed.err.splitlines()[-2].endswith("population.first_seed=0  RuntimeError: out of luck")
    assert crashed.err.splitlines()[-1] == "1 of 2 populations are finished"
    status = {p.config["population"]["first_seed"]: p.manifest["status"] for p in crashed.populations}
    assert status == {0: "failed", 3: "done"}
    assert [p.done for p in crashed.populations].count(True) == 1
    assert (crashed.folder / "report.html").exists(), "of what there is"
    done = next(p for p in crashed.populations if p.done)
    before = bytes_and_times(done.folder)
    again = sweep("-m", "population.first_seed=0,3", "tracker=off")
    assert bytes_and_times(done.folder) == before
    assert all(p.done for p in again.populations)
    assert not (again.folder / "failures").exists()
    assert read_status(again.folder).counts["done"] == 2
