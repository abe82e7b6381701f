"""Two processes that train one population: the same bits as one with two devices, and files written once."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mirrorjax.results.read import Results
from tests.sweep.cases import QUICKLY, SETTINGS, assert_same_results

pytestmark = [pytest.mark.slow, pytest.mark.processes]


def command(results: Path, *settings: str) -> list[str]:
    here = (f"results_dir={results}", f"dataset.cache={results.parent / 'cache'}")
    return [sys.executable, "-m", "mirrorjax", "sweep", *SETTINGS, *QUICKLY, *here, *settings]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


STOPPED = """
import os, signal, sys
from mirrorjax.launch.cli import main
from mirrorjax.tracking.recorder import Recorder
checkpoint = Recorder.checkpoint
def checkpoint_and_stop(recorder, measured):
    checkpoint(recorder, measured)
    if measured.index == 1:
        os.kill(os.getpid(), signal.SIGTERM)
Recorder.checkpoint = checkpoint_and_stop
main(sys.argv[1:])
"""


def test_one_of_two_processes_is_stopped_and_both_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The second gets the signal, both save and stop; two go on, then are done; one process has the same results."""
    monkeypatch.setenv("MIRRORJAX_CACHE", str(tmp_path / "cache"))
    settings = ("regime.patience=0.06", "population.axes.learning_rate=[1e-4,1e-2]")
    for codes in ([143, 143], [0, 0]):
        place = f"runtime.distributed.coordinator=127.0.0.1:{free_port()}"
        both = []
        for process in range(2):
            who = (place, "runtime.distributed.processes=2", f"runtime.distributed.process={process}")
            words = command(tmp_path / "two", *settings, *who, "runtime.devices=1")
            if process == 1 and codes == [143, 143]:
                words[1:3] = ["-c", STOPPED]
            both.append(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        said = [process.communicate(timeout=900)[0] for process in both]
        assert [process.returncode for process in both] == codes, said
    assert "resumes at epoch 0.0494 of 0.2" in said[0].splitlines(), said[0]
    subprocess.run(command(tmp_path / "one", *settings, "runtime.devices=2"), check=True, capture_output=True)
    (sweep,) = (tmp_path / "two").iterdir()
    (two,), (one,) = (Results.open(tmp_path / name / sweep.name).populations for name in ("two", "one"))
    assert_same_results(one, two)
    assert two.manifest["pieces"] == 2


def test_two_processes_equal_one_with_two_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MIRRORJAX_CACHE", str(tmp_path / "cache"))
    # two programs, four blocks, an early end for some: what the processes must agree on
    members = (
        *("population.axes.learning_rate=[1e-4,1e-2]", "population.axes.depth=[1,2]"),
        *("regime.patience=0.015", "measurement.at=[0.05,0.1,0.12,0.14,0.16,0.18]"),
    )
    place = f"runtime.distributed.coordinator=127.0.0.1:{free_port()}"
    both = [
        subprocess.Popen(
            command(
                *(tmp_path / "two", *members, "runtime.devices=1", place),
                *("runtime.distributed.processes=2", f"runtime.distributed.process={process}"),
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for process in range(2)
    ]
    said = [process.communicate(timeout=900)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    subprocess.run(command(tmp_path / "one", *members, "runtime.devices=2"), check=True, capture_output=True)
    (sweep,) = (tmp_path / "two").iterdir()
    (two,), (one,) = (Results.open(tmp_path / name / sweep.name).populations for name in ("two", "one"))
    assert {*one.records()["status"].to_pylist()} >= {"training", "stopped"}
    assert_same_results(one, two)
    assert one.manifest["device"]["processes"] == 1
    assert (two.manifest["device"]["processes"], two.manifest["device"]["count"]) == (2, 2)
    log = (two.folder / "log.jsonl").read_text()
    assert log.count('"event": "finished"') == 1, "by one process alone"
    assert log.count('"event": "checkpoint"') == len(two.checkpoints)
    line = "checkpoint 7/7  epoch 0.2"
    assert line in said[0] and line not in said[1]
