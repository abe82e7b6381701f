"""What else may happen to a sweep: a full disk, damage, a second process, clocks; each is caused here."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mirrorjax.dataset.cache import dataset_file, peek
from mirrorjax.dataset.configured import dataset_spec
from mirrorjax.launch.cli import main
from mirrorjax.launch.status import read_status
from mirrorjax.results.read import Population, Results
from mirrorjax.settings.schema import Config
from tests.sweep.cases import QUICKLY, SETTINGS, Run, Sweep, assert_same_results, at_checkpoint, bytes_and_times

pytestmark = pytest.mark.slow

FILES_OF_AT_MOST = """
import resource, sys
from mirrorjax.launch.cli import main
from mirrorjax.tracking.recorder import Recorder
watch, limit = Recorder.watch, int(sys.argv[1])
def watch_and_limit(recorder, population):
    watched = watch(recorder, population)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    return watched
Recorder.watch = watch_and_limit
sys.exit(main(sys.argv[2:]))
"""
PAUSES = """
import sys, time
from mirrorjax.launch.cli import main
from mirrorjax.training.saving import StateSaver
def pause(saver):
    print("at work", flush=True)
    time.sleep(600)
StateSaver.__call__ = pause
main(sys.argv[1:])
"""
SAVING = [*QUICKLY, "runtime.checkpoint_seconds=0"]


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """The results of a sweep that SIGTERM stopped behind its second checkpoint; with two saved states."""
    results = tmp_path_factory.mktemp("stopped")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        at_checkpoint(patch, 1, lambda: signal.raise_signal(signal.SIGTERM))
        main(["sweep", *SETTINGS, *SAVING, f"results_dir={results}"])
    assert ended.value.code == 143
    return results


@pytest.fixture
def copy(stopped: Path, sweep: Run) -> Population:
    """A copy of it, where `sweep` goes on."""
    shutil.copytree(stopped, "results")
    (folder,) = Path("results").iterdir()
    (population,) = Results.open(folder).populations
    assert len(states_of(population)) == 2
    return population


def states_of(population: Population) -> list[Path]:
    """Newest first."""
    folders = (population.folder / "state").iterdir()
    return sorted(folders, key=lambda folder: int(folder.name), reverse=True)


def damage(state: Path) -> None:
    """Flips a bit of the largest file."""
    file = max((file for file in state.rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_a_damaged_state_falls_back_to_the_one_before(finished: Sweep, sweep: Run, copy: Population):
    newest, _ = states_of(copy)
    damage(newest)
    again = sweep(*QUICKLY)
    (warning,) = again.err.splitlines()
    assert warning.startswith(f"warning: {newest}: skipped: damaged: ")
    assert [line for line in again.out.splitlines() if line.startswith("resumes at epoch 0.0")] != []
    assert_same_results(again.population, finished.population)


def test_with_no_whole_state_left_it_starts_over(finished: Sweep, sweep: Run, copy: Population):
    for state in states_of(copy):
        damage(state)
    again = sweep(*QUICKLY)
    *damaged, restarted = again.err.splitlines()
    assert [": skipped: damaged: " in line for line in damaged] == [True, True]
    assert restarted == "warning: starts over: there is no state to go on from"
    assert_same_results(again.population, finished.population)
    assert again.population.manifest["pieces"] == 1


def test_a_state_behind_torn_results_is_not_used(finished: Sweep, sweep: Run, copy: Population):
    record = copy.folder / "records" / "000000.parquet"
    content = bytearray(record.read_bytes())
    content[4:400] = bytes(396)  # the footer is whole
    record.write_bytes(content)
    again = sweep(*QUICKLY)
    assert "records/000000.parquet: torn, skipped" in again.err
    assert again.err.splitlines()[-1] == "warning: starts over: there is no state to go on from"
    assert_same_results(again.population, finished.population)


def test_the_state_of_another_population_is_refused(sweep: Run, copy: Population):
    other = "population.first_seed=7"
    (population,) = sweep(*QUICKLY, other).populations[:1] or [None]
    assert population is not None
    (own,) = [found for found in Results.open(Path("results") / sweep_of(other)).populations if found.done]
    (own.folder / "DONE").unlink()
    shutil.copytree(copy.folder / "state", own.folder / "state")
    before = bytes_and_times(own.folder / "records")
    refused = sweep(*QUICKLY, other, code=1)
    assert "the state of another population (job " in refused.err.splitlines()[0]
    assert bytes_and_times(own.folder / "records") == before
    assert len(states_of(own)) == 2


def sweep_of(*more: str) -> str:
    from mirrorjax.launch.command_line import Typed

    return Typed.of("mirrorjax sweep", [*SETTINGS, *QUICKLY, *more]).sweep_name


def test_clocks_and_time_zones_do_not_matter(
    finished: Sweep, sweep: Run, copy: Population, monkeypatch: pytest.MonkeyPatch
):
    """The clock is set back by ten years and the zone changed; files are from the future, and from 1970."""
    for number, path in enumerate(sorted(copy.folder.rglob("*"))):
        moment = 4e9 if number % 2 else 0
        os.utime(path, (moment, moment))
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 3.2e8)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        again = sweep("tracker=off")
        assert "resumes at epoch 0.05 of 0.2" in again.out.splitlines()
        assert_same_results(again.population, finished.population)
        report = again.folder / "report.html"
        os.utime(report, (0, 0))  # older than what it tells of
        before = bytes_and_times(again.folder)
        sweep("tracker=off")
        assert bytes_and_times(again.folder) == before, "what is in it counts, not its time"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "limit", [pytest.param(36_000, id="a table"), pytest.param(66_000, id="the state", marks=pytest.mark.nightly)]
)
def test_a_full_disk_stops_it_and_it_resumes(finished: Sweep, sweep: Run, limit: int, tmp_path: Path):
    """Files may have so many bytes: the table of units has 38,000, the state from the first steps on 90,000."""
    saving = "runtime.checkpoint_seconds=null" if limit == 36_000 else "runtime.checkpoint_seconds=0"
    command = [sys.executable, "-c", FILES_OF_AT_MOST, str(limit), "sweep", *SETTINGS, *QUICKLY, saving]
    programs = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path / "programs")}  # its own: what it writes there is cut short
    full = subprocess.run(command, env=os.environ | programs, capture_output=True, text=True, check=False)
    assert full.returncode == 1, full.stderr
    *_, error, summary = full.stderr.splitlines()  # before them JAX may say that a program is too large to be kept
    assert error.startswith("error: results/smoke-") and error.endswith("File too large")
    assert summary == "0 of 1 populations are finished"
    (population,) = Results.open(Path("results") / finished.folder.name).populations
    assert population.manifest["status"] == "failed"
    assert population.records().num_rows == 12 * len(population.checkpoints) > 0
    assert population.problems == []
    again = sweep(*QUICKLY)
    if limit == 36_000:
        assert again.err.splitlines() == ["warning: starts over: there is no state to go on from"]
    else:
        assert again.err == "" and "\nresumes at epoch 0" in again.out
    assert_same_results(again.population, finished.population)


def test_a_damaged_cached_dataset_is_built_anew(finished: Sweep, sweep: Run, config: Config, tmp_path: Path):
    damaged = dataset_file(dataset_spec(config), tmp_path / "cache")
    damaged.parent.mkdir()
    damaged.write_bytes(b"text")
    again = sweep(*QUICKLY, f"dataset.cache={damaged.parent}")
    (warning,) = again.err.splitlines()
    assert warning.startswith(f"warning: {damaged}: damaged (") and warning.endswith("; what it holds is made anew")
    assert_same_results(again.population, finished.population)
    assert peek(dataset_spec(config), damaged.parent) is not None


def test_a_second_process_on_a_population_is_refused(finished: Sweep, sweep: Run):
    command = [sys.executable, "-c", PAUSES, "sweep", *SETTINGS, *QUICKLY]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert first.stdout is not None
        while first.stdout.readline().strip() != "at work":
            assert first.poll() is None
        folder = next(Path("results").glob("smoke-*/*/members.parquet")).parent
        before = bytes_and_times(folder / "records")
        refused = sweep(*QUICKLY, code=1)
        assert refused.err.splitlines()[0] == (
            f"error: {folder}: process {first.pid} on {os.uname().nodename} is at work on this population; wait for it,"
            " or stop it"
        )
        assert bytes_and_times(folder / "records") == before
        assert [job.state for job in read_status(folder.parent).jobs] == ["running"], "and so it is shown"
    finally:
        first.kill()
        first.communicate()
    assert_same_results(sweep(*QUICKLY).population, finished.population)


def test_the_last_state_is_kept_where_that_is_set(finished: Sweep, sweep: Run):
    kept = sweep(*SAVING, "runtime.keep_state=true")
    assert_same_results(kept.population, finished.population)
    (state,) = states_of(kept.population)
    assert '"next_checkpoint": 4' in (state / "about" / "metadata").read_text()
    assert kept.population.manifest["seconds"]["saving"] > 0
    sweep(*QUICKLY)
    assert not (kept.population.folder / "state").exists(), "not any longer"
