"""What is told of a sweep from its files alone: every state, a process that is gone, sums, and wrong folders."""

import json
import os
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mirrorjax.errors import InputError
from mirrorjax.launch.cli import main
from mirrorjax.launch.status import read_status, table
from mirrorjax.results.jobs import forget_failure, note_failure, note_sweep
from mirrorjax.results.store import write_json
from mirrorjax.tracking.heartbeat import FILE, heartbeat

JOBS = [
    {"job": name, "members": 100, "model_steps": 1000, "overrides": ["experiment=smoke", f"model.width={width}"]}
    for width, name in enumerate(("aaaa", "bbbb", "cccc", "dddd", "eeee"), start=5)
]


def begun(sweep: Path, name: str, status: str = "running", **beat: object) -> Path:
    """A population's folder as a process leaves it; by default it was this one, just now."""
    folder = sweep / name
    folder.mkdir()
    write_json(folder / "manifest.json", {"members": 100, "status": status})
    now = datetime.now(UTC).isoformat()
    beating = {"pid": os.getpid(), "host": socket.gethostname(), "updated": now, "phase": "training"}
    progress = {"model_steps": 250, "total_model_steps": 1000, "checkpoint": 1, "checkpoints": 4, "epoch": 0.5}
    pace = {"model_steps_per_second": 30, "seconds_left": 30.0}
    write_json(folder / FILE, beating | progress | pace | beat)
    return folder


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """One job of each state."""
    folder = tmp_path / "smoke-1"
    note_sweep(folder, {"name": "smoke-1", "command": ["mirrorjax", "sweep", "-m"], "jobs": JOBS})
    (begun(folder, "aaaa", "done") / "DONE").touch()
    begun(folder, "bbbb")
    note_failure(folder, "cccc", "no room\nat all", "Traceback …")
    begun(folder, "dddd", "interrupted")
    return folder


def test_every_state(sweep: Path):
    status = read_status(sweep)
    assert status.counts == {"done": 1, "running": 1, "failed": 1, "interrupted": 1, "waiting": 1}
    by_name = {job.job: job for job in status.jobs}
    assert [by_name[job["job"]].state for job in JOBS] == ["done", "running", "failed", "interrupted", "waiting"]
    assert status.members == 500
    running = by_name["bbbb"]
    assert (running.share, running.checkpoint, running.checkpoints, running.epoch) == (0.25, 1, 4, 0.5)
    assert (running.phase, running.model_steps_per_second) == ("training", 30)
    assert running.members_per_second == pytest.approx(2.5), "75 of 100 networks' worth of steps in 30 s"
    # 750 steps of the running job and 1,000 of the waiting one, at 25 a second; the others wait for a command
    assert status.seconds_left == pytest.approx(70)
    assert by_name["cccc"].error == "no room\nat all"
    assert by_name["dddd"].seconds_left is None


def test_a_finished_population_may_have_its_wandb_run_to_finish(sweep: Path):
    folder = begun(sweep, "ffff", "done", phase="finishing W&B")
    (folder / "DONE").touch()
    (begun(sweep, "gggg", "done", phase="training") / "DONE").touch()
    (begun(sweep, "hhhh", "done", phase="finishing W&B", pid=2**22 + 1) / "DONE").touch()
    jobs = {job.job: job for job in read_status(sweep).jobs}
    assert [(jobs[name].state, jobs[name].phase) for name in ("ffff", "gggg", "hhhh")] == [
        *(("done", "finishing W&B"), ("done", None), ("done", None))
    ]


@pytest.mark.parametrize(
    ("beat", "state"),
    [
        ({}, "running"),
        ({"updated": (datetime.now(UTC) - timedelta(minutes=2)).isoformat()}, "interrupted"),
        ({"updated": (datetime.now(UTC) + timedelta(hours=5)).isoformat()}, "running"),  # a clock was set back
        ({"host": "elsewhere", "pid": 2**22 + 1}, "running"),
        ({"host": "elsewhere", "updated": "2020-01-01T00:00:00+00:00"}, "interrupted"),
        ({"pid": 2**22 + 1}, "interrupted"),  # beyond the largest that Linux gives
        ({"pid": None}, "interrupted"),
        ({"updated": "now"}, "interrupted"),
    ],
    ids=["now", "long ago", "clock set back", "elsewhere", "elsewhere, long ago", "gone", "no process", "no time"],
)
def test_whether_the_process_is_still_there(tmp_path: Path, beat: dict, state: str):
    begun(tmp_path, "aaaa", **beat)
    (job,) = read_status(tmp_path).jobs
    assert job.state == state


def test_torn_files_are_no_end(sweep: Path):
    (sweep / "bbbb" / FILE).write_text('{"pid": 1')
    (sweep / "dddd" / "manifest.json").write_text("")
    (sweep / "sweep.json").write_text("[]")
    states = {job.job: job.state for job in read_status(sweep).jobs}
    assert states == {"aaaa": "done", "bbbb": "interrupted", "dddd": "waiting"}


def test_lines_for_people(sweep: Path):
    heading, *rows, empty, summary = table(read_status(sweep))
    assert heading.split() == ["population", "state", "networks", "done", "checkpoint", "epoch", "steps/s", "left"]
    assert len(rows) == len(JOBS)
    assert rows[1].split() == ["bbbb", "running", "100", "25%", "1/4", "0.5", "30", "0:30", "model.width=6", "training"]
    assert rows[2].endswith("model.width=7  no room")
    assert empty == ""
    assert summary == (
        "5 populations of 500 networks: 1 done, 1 running, 1 failed, 1 interrupted, 1 waiting; "
        "2.5 networks/s, 1:10 left"
    )
    (sweep / "bbbb" / FILE).unlink()
    assert table(read_status(sweep))[-1].endswith("the same command does what is not done: mirrorjax sweep -m")


def test_a_population_alone(sweep: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["status", "--json", str(sweep / "bbbb")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [job["job"] for job in told["jobs"]] == ["bbbb"]
    assert told["jobs"][0]["overrides"] == ["experiment=smoke", "model.width=6"]
    assert (told["counts"]["running"], told["members"]) == (1, 100)
    assert told["seconds_left"] == pytest.approx(30)


def test_a_job_that_is_begun_again_has_not_failed(sweep: Path):
    forget_failure(sweep, "cccc")
    assert read_status(sweep).counts["failed"] == 0
    assert not (sweep / "failures").exists()


def test_a_later_command_adds_its_jobs(sweep: Path):
    more = {"job": "ffff", "members": 1, "model_steps": 5, "overrides": []}
    note_sweep(sweep, {"name": "smoke-1", "command": ["another"], "jobs": [JOBS[0], more]})
    status = read_status(sweep)
    assert [job.job for job in status.jobs] == ["aaaa", "bbbb", "cccc", "dddd", "eeee", "ffff"]
    assert status.command == ["mirrorjax", "sweep", "-m"]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nowhere", "nowhere: no such folder"),
        ("smoke-1/sweep.json", "smoke-1/sweep.json: a file, not a sweep"),
        ("", ": no sweep, but sweeps: give one of smoke-1"),
        ("smoke-1/failures", "failures: no sweep, it has no sweep.json and no population"),
    ],
)
def test_wrong_folders(sweep: Path, place: str, message: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(InputError, match=message):
        read_status(sweep.parent / place)
    assert main(["status", str(sweep.parent / place)]) == 2
    assert message in capsys.readouterr().err


def test_it_waits_for_no_slow_import(sweep: Path):
    code = (
        f"import sys\nfrom mirrorjax.launch.cli import main\nassert main(['status', {str(sweep)!r}]) == 0\n"
        "print([name for name in ('jax', 'numpy', 'pyarrow', 'hydra', 'wandb') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_heartbeat_beats_until_it_is_over(tmp_path: Path):
    seen, thrice = [], threading.Event()

    def state() -> dict[str, int]:
        seen.append(len(seen))
        if len(seen) >= 3:
            thrice.set()
        return {"model_steps": len(seen)}

    with heartbeat(tmp_path, state, seconds=0.01):
        assert json.loads((tmp_path / FILE).read_text())["pid"] == os.getpid()
        assert thrice.wait(30)
    written = json.loads((tmp_path / FILE).read_text())
    assert written["model_steps"] == len(seen), "the last one is written at the end"
    assert written["host"] == socket.gethostname()
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_a_heartbeat_that_cannot_be_written_stops_nothing(tmp_path: Path):
    with heartbeat(tmp_path / "nowhere", dict):
        pass
    assert list(tmp_path.iterdir()) == []
