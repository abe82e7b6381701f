"""How a sweep ends: found finished, interrupted, killed, failed; and what the same command makes of that."""

import json
import os
import pkgutil
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mirrorjax.pipeline as pipeline
from mirrorjax.errors import InputError
from mirrorjax.launch.cli import main
from mirrorjax.results.read import Results
from mirrorjax.results.store import Store
from mirrorjax.tracking.progress import Progress
from mirrorjax.tracking.wandb import WandbTracker
from tests.sweep.cases import QUICKLY, SETTINGS, Run, Sweep, assert_same_results, at_checkpoint, bytes_and_times
from tests.tracking.test_wandb import inspect

pytestmark = pytest.mark.slow

KILLED = """
import os, signal, sys
from mirrorjax.launch.cli import main
from mirrorjax.training.checkpoint import States
save = States.save
def save_and_die(states, state, fingerprint, facts):
    save(states, state, fingerprint, facts)
    between = state.position["next_checkpoint"] == 2 and state.position["model_steps"] > 12 * 307
    if between:  # behind the second checkpoint, on the way to the third
        os.kill(os.getpid(), signal.SIGKILL)
States.save = save_and_die
main(sys.argv[1:])
"""


ON_A_TERMINAL = """
import fcntl, signal, sys, termios
from mirrorjax.launch.cli import main
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGHUP, signal.SIG_IGN if sys.argv[1] == "ignored" else signal.SIG_DFL)
sys.exit(main(sys.argv[2:]))
"""


@contextmanager
def signals_as_usual() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt and nothing is ignored, whoever runs the tests."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def terminated(call: Callable[..., Any], program: str = "") -> Callable[..., Any]:
    """The same call, at the beginning of which SIGTERM comes; of the compiler, for one program."""

    def interrupted(*given: Any, **named: Any) -> Any:
        if not program or given[1][0] == program:
            signal.raise_signal(signal.SIGTERM)
        return call(*given, **named)

    return interrupted


def runs_of(folder: Path) -> list[str]:
    """The pieces of the W&B run in a population's folder."""
    return sorted(path.name for path in (folder / "wandb").glob("offline-run-*"))


def test_a_finished_sweep_is_left_as_it_is(
    finished: Sweep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delattr(pipeline, "Trainer")  # nothing is trained
    before = bytes_and_times(finished.folder)
    assert main(["sweep", *SETTINGS, f"results_dir={finished.folder.parent}"]) == 0
    assert bytes_and_times(finished.folder) == before
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == f"population {finished.population.name}: finished before, 12 members, left as it is"
    assert last == str(finished.folder)


def test_a_report_that_fails_costs_no_results(
    finished: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def broken(sweep: Path) -> None:
        raise OSError(28, "No space left on device")

    copy = tmp_path / finished.folder.name
    shutil.copytree(finished.folder, copy)
    (copy / "report.html").unlink()
    monkeypatch.setattr("mirrorjax.report.page.build.write_report", broken)
    assert main(["sweep", *SETTINGS, f"results_dir={tmp_path}"]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == str(copy), "no page is named that is not there"
    assert err == (
        "error: no report: [Errno 28] No space left on device; the results are whole, and "
        f"`mirrorjax report {copy}` reads them\n"
    )
    monkeypatch.undo()
    assert main(["report", str(copy)]) == 0 and (copy / "report.html").exists()


def test_a_missing_report_is_written_again(finished: Sweep, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    copy = tmp_path / finished.folder.name
    shutil.copytree(finished.folder, copy)
    (copy / "report.html").unlink()
    assert main(["sweep", *SETTINGS, f"results_dir={tmp_path}"]) == 0
    assert (copy / "report.html").exists()
    last = ["writing the report", f"report: {copy}/report.html", str(copy)]
    assert capsys.readouterr().out.splitlines()[-3:] == last


def test_the_same_settings_elsewhere_give_the_same_results_and_every_phase_is_told(
    finished: Sweep, sweep: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    told: list[str] = []
    phase = Progress.phase

    def noted(bar: Progress, text: str, name: str | None = None, pause: float = 0.0) -> None:
        told.append(name or text)
        phase(bar, text, name, pause)

    monkeypatch.setattr(Progress, "phase", noted)
    elsewhere = sweep(*QUICKLY, "results_dir=some/where", f"dataset.cache={tmp_path}/cache")
    assert elsewhere.folder == Path("some/where") / finished.folder.name, "relative to where the command was given"
    assert not (elsewhere.folder / "report.html").exists()
    assert not (elsewhere.population.folder / "wandb").exists()
    assert_same_results(elsewhere.population, finished.population)
    assert len(list((tmp_path / "cache").glob("dataset-*.npz"))) == 1
    assert list(dict.fromkeys(told)) == ["dataset", "preparing", "compiling", "measuring", "writing weights"]
    assert json.loads((elsewhere.population.folder / "progress.json").read_text())["phase"] == "done"
    assert "\npreparing what networks are measured on\n" in elsewhere.out and "\nwriting weights\n" in elsewhere.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_sweep_keeps_its_records_and_is_completed_by_the_same_command(
    finished: Sweep, sweep: Run, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
):
    at_checkpoint(monkeypatch, 1, lambda: signal.raise_signal(number))
    with signals_as_usual():
        handler = signal.getsignal(number)
        if number == signal.SIGINT:
            sweep("report=false", code=130)
        else:
            with pytest.raises(SystemExit) as ended:
                sweep("report=false")
            assert ended.value.code == 128 + number
        assert signal.getsignal(number) == handler
    (population,) = Results.open(Path("results") / finished.folder.name).populations
    assert population.manifest["status"] == "interrupted"
    assert (population.done, population.checkpoints) == (False, [0, 1])
    ids = finished.population.member_ids
    assert population.records()["member_id"].to_pylist() == ids * 2
    read = inspect(population.folder)
    assert len(read["history"]) == 2, "what was measured is logged; then the state is saved"
    assert read["exit"][0].get("exit_code") == 1
    before, records = population.manifest, bytes_and_times(population.folder / "records")
    again = sweep("report=false")
    assert [line for line in again.out.splitlines() if "epoch 0.05 of" in line] == ["resumes at epoch 0.05 of 0.2"]
    assert_same_results(again.population, finished.population)
    assert {file: bytes_and_times(population.folder / "records")[file] for file in records} == records, "not rewritten"
    after = population.manifest
    assert (after["status"], after["pieces"], after["created"]) == ("done", 2, before["created"])
    added = before["seconds"].keys() - {"saving", "tracking"}  # what is done behind the last save is in no state
    assert all(after["seconds"][phase] >= before["seconds"][phase] for phase in added)
    assert not (population.folder / "state").exists()
    assert {run.rpartition("-")[2] for run in runs_of(population.folder)} == {read["run"][0]["run_id"]}, "one W&B run"
    assert len(runs_of(population.folder)) == 2


def test_ctrl_c_twice_stops_at_once(finished: Sweep, sweep: Run, monkeypatch: pytest.MonkeyPatch):
    def twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    at_checkpoint(monkeypatch, 1, twice)
    with signals_as_usual():
        stopped = sweep(*QUICKLY, code=130)
    assert stopped.err.splitlines()[-1] == "interrupted"
    (population,) = Results.open(Path("results") / finished.folder.name).populations
    assert (population.manifest["status"], population.checkpoints) == ("interrupted", [0, 1])
    assert not (population.folder / "state").exists(), "nothing was waited for"
    assert_same_results(sweep(*QUICKLY).population, finished.population)


def test_sigterm_at_any_moment_is_taken_up_by_the_same_command(finished: Sweep, sweep: Run):
    """In the order of a run, each time in the results that the one before has left."""
    moments = [
        ("mirrorjax.dataset.cache.load_kept", "", False),
        ("mirrorjax.machine.compiler.Compiler.__call__", "init", False),
        ("mirrorjax.pipeline.calibration", "", False),
        ("mirrorjax.machine.compiler.Compiler.__call__", "train", False),
        ("mirrorjax.results.store.Store.write_weights", "", True),
        ("mirrorjax.report.page.build.write_report", "", True),
    ]
    folder = Path("results") / finished.folder.name
    for moment, program, done in moments:
        with pytest.MonkeyPatch.context() as patch, signals_as_usual(), pytest.raises(SystemExit) as ended:
            patch.setattr(moment, terminated(pkgutil.resolve_name(moment), program))
            main(["sweep", *SETTINGS, "tracker=off"])
        assert ended.value.code == 143, moment
        assert (folder / finished.population.name / "DONE").exists() == done, moment
        assert not (folder / "report.html").exists(), moment
    again = sweep("tracker=off")
    assert "finished before, 12 members, left as it is\n" in again.out
    assert (folder / "report.html").exists()
    assert_same_results(again.population, finished.population)


def test_sigterm_at_the_end_of_wandb_costs_nothing(finished: Sweep, sweep: Run):
    with pytest.MonkeyPatch.context() as patch, signals_as_usual(), pytest.raises(SystemExit) as ended:
        patch.setattr(WandbTracker, "finish", terminated(WandbTracker.finish))
        main(["sweep", *SETTINGS, "report=false"])
    assert ended.value.code == 143
    assert_same_results(sweep("report=false").population, finished.population)


@pytest.mark.parametrize("hangup", ["ignored", pytest.param("heard", marks=pytest.mark.nightly)])
def test_a_terminal_that_is_closed(hangup: str, finished: Sweep, sweep: Run):
    """After Ctrl-Z and `fg`: what ignores the hangup trains to its end, all else saves first."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-c", ON_A_TERMINAL, hangup, "sweep", *SETTINGS, "tracker=off"]
    child = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=os.environ | {"TERM": "xterm"}
    )
    os.close(theirs)
    shown = b""
    while b"CMNI" not in shown:  # of the first checkpoint
        shown += os.read(ours, 4096)
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED)
    child.send_signal(signal.SIGCONT)
    os.close(ours)
    assert child.wait() == (0 if hangup == "ignored" else 129)
    folder = Path("results") / finished.folder.name
    assert (folder / "report.html").exists() == (hangup == "ignored")
    log = (folder / finished.population.name / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in log][-1] == ("finished" if hangup == "ignored" else "interrupted")
    again = sweep("tracker=off")
    assert ("resumes at epoch 0" in again.out) == (hangup == "heard")
    assert_same_results(again.population, finished.population)


def test_a_killed_sweep_is_completed_by_the_same_command(finished: Sweep, sweep: Run):
    command = [sys.executable, "-c", KILLED, "sweep", *SETTINGS, *QUICKLY, "runtime.checkpoint_seconds=0"]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    (population,) = Results.open(Path("results") / finished.folder.name).populations
    assert population.manifest["status"] == "running"
    assert (population.done, population.checkpoints) == (False, [0, 1])
    records = bytes_and_times(population.folder / "records")
    again = sweep(*QUICKLY)
    (resumed,) = [line for line in again.out.splitlines() if line.startswith("resumes at epoch ")]
    assert 0.05 < float(resumed.split()[3]) < 0.1 and resumed.endswith(" of 0.2")
    assert_same_results(again.population, finished.population)
    assert {file: bytes_and_times(population.folder / "records")[file] for file in records} == records, "not rewritten"
    assert population.manifest["pieces"] == 2


def test_a_crash_is_recorded_and_keeps_what_was_measured(finished: Sweep, sweep: Run, monkeypatch: pytest.MonkeyPatch):
    def crash() -> None:
        raise RuntimeError("out of luck")

    at_checkpoint(monkeypatch, 1, crash)
    crashed = sweep(*QUICKLY, code=1)
    assert "Traceback" in crashed.err and "RuntimeError: out of luck" in crashed.err
    assert crashed.out.splitlines()[-1] == str(crashed.folder)
    assert crashed.population.manifest["status"] == "failed"
    assert (crashed.population.done, crashed.population.checkpoints) == (False, [0, 1])
    kept = finished.population.records()
    assert crashed.population.records().equals(kept.filter(np.array(kept["checkpoint"]) <= 1))


def test_a_broken_figure_costs_no_result(sweep: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no room")

    monkeypatch.setattr("mirrorjax.report.page.build.write_phase_diagrams", broken)
    made = sweep("report=false")
    assert made.population.done
    assert "W&B: no figures: ZeroDivisionError: no room" in caplog.text
    assert inspect(made.population.folder)["exit"][0].get("exit_code") == 0


def test_a_disk_that_fills_up_is_named_and_what_was_recorded_stays(
    finished: Sweep, sweep: Run, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write_weights = Store.write_weights  # after the last record

    def write_on_a_full_disk(*given: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("os.fsync", full)
            write_weights(*given)

    monkeypatch.setattr(Store, "write_weights", write_on_a_full_disk)
    failed = sweep(*QUICKLY, code=1)
    assert failed.err.splitlines()[0].endswith("weights.safetensors: cannot be written: No space left on device")
    assert failed.population.manifest["status"] == "failed"
    assert failed.population.records().equals(finished.population.records())
    assert not failed.population.done


def test_a_disk_that_is_full_for_the_last_manifest(finished: Sweep, sweep: Run):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write_weights = Store.write_weights
    with pytest.MonkeyPatch.context() as patch:

        def write_and_fill(*given: Any) -> None:
            write_weights(*given)
            patch.setattr("os.fsync", full)

        patch.setattr(Store, "write_weights", write_and_fill)
        failed = sweep(*QUICKLY, code=1)
    assert failed.err.splitlines()[0].endswith("manifest.json: cannot be written: No space left on device")
    assert "Traceback" not in failed.err and not failed.population.done
    assert_same_results(sweep(*QUICKLY).population, finished.population)


def test_where_even_the_manifest_cannot_be_written_the_first_error_is_said(sweep: Run, monkeypatch: pytest.MonkeyPatch):
    def fill() -> None:
        monkeypatch.setattr(Store, "write_records", full)
        monkeypatch.setattr(Store, "write_manifest", full)

    def full(*_: object) -> None:
        raise InputError(f"{len(errors)}: no space left")

    errors: list[str] = []
    at_checkpoint(monkeypatch, 1, fill)
    failed = sweep(*QUICKLY, code=1)
    assert failed.err.splitlines() == ["error: 0: no space left", "0 of 1 populations are finished"]
    assert failed.population.manifest["status"] == "running", "as it was"
    assert failed.population.checkpoints == [0, 1]
