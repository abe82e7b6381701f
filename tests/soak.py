"""A sweep that is killed again and again, beside the same sweep undisturbed: nothing may be lost, nothing may differ.

`make soak` runs it on two thousand networks, about half an hour on two cores; tests/test_soak.py on a few, for CI.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from mirrorjax.results.read import Population, Results

LARGE = [
    "experiment=quickstart", "population.seeds=342",  # times six widths: 2,052 networks
    *("population.axes.learning_rate=null", "regime.epochs=5", "measurement.every=1", "measurement.at=null"),
    *("regime.patience=1.5", "runtime.checkpoint_seconds=10"),
]  # fmt: skip


@dataclass
class Run:
    """What one process of a sweep said, and when.

    Attributes:
        code: it ended with; negative for a signal.
        seconds: it lived.
        began_training: seconds until the first checkpoint was shown, or the state of an earlier process; None if it
            did not come so far.
        resumed: the epoch that it went on from.
    """

    code: int
    seconds: float
    began_training: float | None = None
    resumed: float | None = None


@dataclass
class Outcome:
    """A soak that went well."""

    members: int
    undisturbed: Run
    killed: list[Run] = field(default_factory=list)
    last: Run | None = None

    def __str__(self) -> str:
        assert self.last is not None
        resumed = [run.resumed for run in [*self.killed, self.last] if run.resumed is not None]
        lived = sum(run.seconds for run in self.killed) + self.last.seconds
        early = sum(run.began_training is None for run in self.killed)
        return (
            f"{self.members:,} networks, {len(self.killed)} kills ({early} of them before training had begun), "
            f"resumed {len(resumed)} times, at {len(set(resumed))} epochs from {min(resumed):.3g} to "
            f"{max(resumed):.3g}; "
            f"{self.undisturbed.seconds:.0f} s undisturbed, {lived:.0f} s killed; members, records, units and weights "
            "are the same, byte for byte"
        )


def soak(folder: Path, settings: list[str], kills: int, longest: float | None = None, seed: int = 0) -> Outcome:
    """Trains a population undisturbed, and again with kills.

    Args:
        folder: for both; must be empty.
        settings: of the sweep.
        kills: how many, each SIGKILL: the first one as soon as training has begun, the others at random moments.
        longest: seconds that a process lives before its kill, at the most; None is half as long again as the first
            one took to begin, on however slow a machine. All kills together must fit into the training.
        seed: of the moments.

    Raises:
        AssertionError: what is there after a kill cannot be read, the sweep fails or is over before the last kill, or
            the results differ.
    """
    undisturbed = _run([*settings, f"results_dir={folder / 'undisturbed'}"])
    assert undisturbed.code == 0, "the undisturbed sweep failed"
    expected = _population(folder / "undisturbed")
    outcome = Outcome(len(expected.member_ids), undisturbed)
    moments, killed_sweep = random.Random(seed), [*settings, f"results_dir={folder / 'killed'}"]
    for number in range(kills):
        life = moments.uniform(0, longest or 1.5 * outcome.killed[0].seconds) if number else float("inf")
        run = _run(killed_sweep, life, until_begun=number == 0)
        assert run.code == -signal.SIGKILL, f"over after {number} kills (exit code {run.code}): it needs more to do"
        outcome.killed.append(run)
        _assert_readable(folder / "killed", expected)
    outcome.last = _run(killed_sweep)
    assert outcome.last.code == 0, "it did not go on after the last kill"
    _assert_same(_population(folder / "killed"), expected)
    return outcome


def _run(settings: list[str], life: float = float("inf"), until_begun: bool = False) -> Run:
    """A sweep in a process of its own; after `life` seconds it is killed, or as soon as training has begun."""
    start = time.monotonic()
    command = [sys.executable, "-m", "mirrorjax", "sweep", *settings, "report=false"]
    log = Path(settings[-1].partition("=")[2]).with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    began, seen = None, log.stat().st_size if log.exists() else 0
    with log.open("a") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        while process.poll() is None:
            if began is None and _said(log, seen, "checkpoint 0/", "resumes at"):
                began = time.monotonic() - start
            if time.monotonic() - start >= life or (until_begun and began is not None):
                process.kill()
                process.wait()
            time.sleep(0.05)
    resumed = _said(log, seen, "resumes at")
    return Run(process.returncode, time.monotonic() - start, began, float(resumed.split()[3]) if resumed else None)


def _said(log: Path, seen: int, *beginnings: str) -> str | None:
    with log.open() as file:
        file.seek(seen)
        return next((line for line in file if line.startswith(beginnings)), None)


def _population(results: Path) -> Population:
    (sweep,) = (folder for folder in results.iterdir() if folder.is_dir())
    (population,) = Results.open(sweep).populations
    return population


def _assert_readable(results: Path, expected: Population) -> None:
    """What a kill has left is whole, and the same as in the undisturbed sweep."""
    if not list(results.glob("*/*/manifest.json")):
        return  # killed before there was anything
    found = _population(results)
    for file in (*found.files("records"), *found.files("units")):
        assert file.read_bytes() == (expected.folder / file.relative_to(found.folder)).read_bytes(), file
    assert found.problems == []


def _assert_same(found: Population, expected: Population) -> None:
    assert found.done and expected.done
    for table in ("members", "records", "units"):
        ours, theirs = found.files(table), expected.files(table)
        assert [file.name for file in ours] == [file.name for file in theirs]
        for one, other in zip(ours, theirs, strict=True):
            assert one.read_bytes() == other.read_bytes(), one
    assert found.records().equals(expected.records())
    for name in ("weights.safetensors", "weights.json"):
        assert (found.folder / name).read_bytes() == (expected.folder / name).read_bytes(), name
    assert not (found.folder / "state").exists()


def main() -> None:
    """Runs the large soak, in an empty folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="is emptied first")
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--longest", type=float, default=45.0, help="seconds before a kill, at the most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("settings", nargs="*", help="further settings of the sweep")
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    print(soak(options.folder, [*LARGE, *options.settings], options.kills, options.longest, options.seed))


if __name__ == "__main__":
    main()
