"""Populations in processes of their own: the results are those of one process; failed and killed jobs are told."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mirrorjax.launch.status import read_status
from mirrorjax.results.jobs import read_json
from mirrorjax.results.read import Results
from mirrorjax.tracking.heartbeat import FILE
from tests.sweep.cases import CALIBRATED, QUICKLY, SETTINGS, Run, assert_same_results, bytes_and_times

pytestmark = [pytest.mark.slow, pytest.mark.processes]

TWO = ("-m", "population.first_seed=0,3", "launcher=submitit_local")
LONGER = ("regime.epochs=1", "measurement.at=[0.05,0.1,0.2,0.5]", *QUICKLY)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mirrorjax", "sweep", *SETTINGS, *TWO, *arguments]


def launched(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=600, check=False)


def test_two_jobs_give_what_one_process_gives_though_one_is_killed(sweep: Run):
    here = sweep("-m", "population.first_seed=0,3", *LONGER, "results_dir=one")
    apart = (*LONGER, "results_dir=apart", "report=true")
    with subprocess.Popen(command(*apart), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        victim = None
        while victim is None and process.poll() is None:
            time.sleep(0.1)
            found = Path().glob(f"apart/*/*/{FILE}")
            victim = next((file for file in found if read_json(file).get("checkpoint")), None)
        assert victim is not None, process.communicate()
        os.kill(read_json(victim)["pid"], signal.SIGKILL)
        out, err = process.communicate(timeout=600)
    assert process.returncode == 1
    first, *_, folder = out.splitlines()
    assert first.startswith("2 populations in processes of their own; how far they are: mirrorjax status apart/")
    assert err.splitlines()[-2].startswith(f"  {victim.parent.name}  interrupted  ")
    assert err.splitlines()[-1] == "1 of 2 populations are finished"
    assert (Path(folder) / "report.html").exists()
    counts = {"done": 1, "running": 0, "failed": 0, "interrupted": 1, "waiting": 0}
    assert read_status(Path(folder)).counts == counts
    (survivor,) = (each for each in Results.open(folder).populations if each.done)
    before = bytes_and_times(survivor.folder)

    again = launched(*apart)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.splitlines()[-2] == f"report: {folder}/report.html"
    assert bytes_and_times(survivor.folder) == before
    populations = Results.open(folder).populations
    for one, other in zip(here.populations, populations, strict=True):
        assert_same_results(one, other)
    assert len({read_json(population.folder / FILE)["pid"] for population in populations} | {os.getpid()}) == 3


def test_one_job_of_two_tasks_gives_what_one_process_gives(sweep: Run, cache: Path):
    """The nulls too: the tasks measure them together, and the first one keeps them."""
    settings = (*QUICKLY, *CALIBRATED)
    arguments = ("population.first_seed=0", "hydra.launcher.tasks_per_node=2", "runtime.distributed.auto=true")
    both = launched(*arguments, "runtime.devices=1", *settings, "results_dir=tasks")
    assert both.returncode == 0, both.stderr
    kept = list((cache / "nulls").iterdir())
    assert len(kept) == 2
    for file in kept:
        file.unlink()
    here = sweep(*settings, "results_dir=one")
    (other,) = Results.open(both.stdout.splitlines()[-1]).populations
    assert_same_results(here.population, other)
    assert other.manifest["device"] | {"kind": ""} == {"platform": "cpu", "kind": "", "count": 2, "processes": 2}


def test_a_job_that_fails_is_told_and_the_other_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    arguments = ("optimizer.batch_size=25,16_000", "population.first_seed=0", *QUICKLY)
    ran = launched(*arguments)
    assert ran.returncode == 1
    *_, row, last = ran.stderr.splitlines()
    assert re.fullmatch(
        r"  \w{12}  failed       optimizer.batch_size=16000  optimizer.batch_size is 16,000; .*", row
    ), ran.stderr
    assert last == "1 of 2 populations are finished"
    counts = read_status(Path(ran.stdout.splitlines()[-1])).counts
    assert (counts["done"], counts["failed"]) == (1, 1)


def test_without_m_it_is_refused(sweep: Run):
    refused = sweep("launcher=submitit_local", code=2)
    assert refused.err == "error: launcher is submitit_local; it needs -m, a multirun\n"
