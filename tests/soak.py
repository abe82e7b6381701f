"""A sweep that is killed again and again, beside the same sweep undisturbed: nothing may be lost, nothing may differ.

`make soak` runs it on two thousand networks, about half an hour on two cores; tests/test_soak.py on a few, for CI.
A process says each time that it comes by between two chunks of training; kills are so many of these words after its
start, and a random part of a chunk more: they hit it at work on a machine of any speed.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mirrorjax.results.read import Population, Results

LARGE = [
    "experiment=quickstart", "population.seeds=342",  # times six widths: 2,052 networks
    *("population.axes.learning_rate=null", "regime.epochs=5", "measurement.every=1", "measurement.at=null"),
    "regime.patience=1.5",
]  # fmt: skip
SAVES, LOSES = "runtime.checkpoint_seconds=0", "runtime.checkpoint_seconds=null"  # after each chunk; never, if killed
_WORD = "chunk done, epoch "
_FRESH = multiprocessing.get_context("forkserver")  # processes of their own that need not import everything anew
_FRESH.set_forkserver_preload(["tests.soak", "mirrorjax.launch.application", "mirrorjax.pipeline", "orbax.checkpoint"])


@dataclass(frozen=True)
class Moment:
    """When a process is killed.

    Attributes:
        chunks: that it has done before; 0: while it starts.
        share: of a chunk's mean seconds that it lives on; while it starts, of the seconds that the fastest start took.
        saving: how it saves, `SAVES` or `LOSES`.
    """

    chunks: int
    share: float
    saving: str = SAVES


@dataclass
class Run:
    """What one process of a sweep said, and when.

    Attributes:
        code: it ended with; negative for a signal.
        seconds: it lived.
        starting: seconds until its first chunk was done; None if it did not come so far.
        resumed: the epoch that it went on from.
        reached: the epoch after each chunk that it has done.
        moment: of its kill.
    """

    code: int
    seconds: float
    starting: float | None
    resumed: float | None
    reached: list[float]
    moment: Moment | None


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
        early = sum(not run.reached for run in self.killed)
        return (
            f"{self.members:,} networks, {len(self.killed)} kills ({early} of them before the first chunk was done), "
            f"resumed {len(resumed)} times, at {len(set(resumed))} epochs from {min(resumed):.3g} to "
            f"{max(resumed):.3g}; "
            f"{self.undisturbed.seconds:.0f} s undisturbed, {lived:.0f} s killed; members, records, units and weights "
            "are the same, byte for byte"
        )


def soak(folder: Path, settings: list[str], kills: int, most: int = 5, seed: int = 0) -> Outcome:
    """Trains a population undisturbed, and again with kills.

    Args:
        folder: for both; must be empty.
        settings: of the sweep.
        kills: how many, each SIGKILL.
        most: chunks that a process does before its kill. All kills together must fit into the training.
        seed: of the moments.

    Raises:
        AssertionError: what is there after a kill cannot be read, what was saved is lost, the sweep fails or is over
            before the last kill, or the results differ.
    """
    undisturbed = _run([*settings, f"results_dir={folder / 'undisturbed'}"])
    assert undisturbed.code == 0, "the undisturbed sweep failed"
    expected = _population(folder / "undisturbed")
    outcome = Outcome(len(expected.member_ids), undisturbed)
    killed_sweep = [*settings, f"results_dir={folder / 'killed'}"]
    for number, moment in enumerate(_moments(kills, most, random.Random(seed))):
        starts = [run.starting for run in [undisturbed, *outcome.killed] if run.starting is not None]
        run = _run(killed_sweep, moment, min(starts))
        assert run.code == -signal.SIGKILL, f"over after {number} kills (exit code {run.code}): it needs more to do"
        outcome.killed.append(run)
        _assert_readable(folder / "killed", expected)
    outcome.last = _run(killed_sweep)
    assert outcome.last.code == 0, "it did not go on after the last kill"
    _assert_nothing_lost([*outcome.killed, outcome.last])
    _assert_same(_population(folder / "killed"), expected)
    return outcome


def _moments(kills: int, most: int, chance: random.Random) -> Iterator[Moment]:
    """Of ten kills three while it starts, two at work that is not saved, and five at work that is; in any order.

    From the third chunk on it has trained whatever it went on from: two pass around a measurement.
    """
    kinds = [*"sssuuddddd"] * (-(-kills // 10))
    chance.shuffle(kinds)
    for kind in kinds[:kills]:
        chunks = 0 if kind == "s" else chance.randint(3, most)
        yield Moment(chunks, chance.random(), LOSES if kind == "u" else SAVES)


def _run(settings: list[str], moment: Moment | None = None, starting: float = 0.0) -> Run:
    """A sweep in a process of its own, killed at a moment if there is one.

    Args:
        settings: the folder of the results is the last one.
        moment: of its kill.
        starting: seconds that a start takes.
    """
    log = Path(settings[-1].partition("=")[2]).with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    seen = log.stat().st_size if log.exists() else 0
    saving = moment.saving if moment else SAVES
    process = _FRESH.Process(target=_sweep, args=([saving, *settings], log, dict(os.environ)))
    start, began, dies = time.monotonic(), None, float("inf")
    process.start()
    while process.is_alive():
        lived, done = time.monotonic() - start, len(_epochs(log, seen))
        began = lived if began is None and done else began
        if moment and dies == float("inf"):
            if moment.chunks == 0:
                dies = moment.share * starting
            elif began is not None and done >= moment.chunks:
                dies = lived + moment.share * (lived - began) / done
        if lived >= dies:
            process.kill()
        process.join(0.02)
    resumed = next((float(line.split()[3]) for line in _said(log, seen, "resumes at epoch ")), None)
    assert process.exitcode is not None
    return Run(process.exitcode, time.monotonic() - start, began, resumed, _epochs(log, seen), moment)


def _sweep(settings: list[str], log: Path, environment: dict[str, str]) -> None:
    """The command, in a new process; a word after each chunk, when it is saved."""
    from mirrorjax.launch.cli import main
    from mirrorjax.training.saving import StateSaver

    with log.open("a") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.environ.update(environment)
    saver: Any = StateSaver
    between_chunks = saver.__call__

    def between_chunks_and_say(self: StateSaver) -> None:
        between_chunks(self)
        print(f"{_WORD}{self._population.epoch!r}", flush=True)

    saver.__call__ = between_chunks_and_say
    sys.exit(main(["sweep", *settings, "report=false"]))


def _said(log: Path, seen: int, beginning: str) -> list[str]:
    """Whole lines of a log behind a place that begin so."""
    if not log.exists():
        return []
    with log.open() as file:
        file.seek(seen)
        return [line for line in file if line.startswith(beginning) and line.endswith("\n")]


def _epochs(log: Path, seen: int) -> list[float]:
    return [float(line.removeprefix(_WORD)) for line in _said(log, seen, _WORD)]


def _population(results: Path) -> Population:
    (sweep,) = (folder for folder in results.iterdir() if folder.is_dir())
    (population,) = Results.open(sweep).populations
    return population


def _assert_nothing_lost(runs: list[Run]) -> None:
    """Whoever comes next goes on from what was saved at least, and a process that saves has got further."""
    saved = 0.0
    for run in runs:
        if run.reached and saved:
            assert run.resumed is not None and run.resumed >= _as_shown(saved), f"{saved} was saved, not {run.resumed}"
        if run.moment is None or run.moment.saving == SAVES:
            reached = run.reached[-1] if run.reached else saved
            assert reached > saved or not run.moment or not run.moment.chunks, f"no further than {saved}"
            saved = max(saved, reached)


def _as_shown(epoch: float) -> float:
    return float(f"{epoch:.3g}")


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
    parser.add_argument("--most", type=int, default=20, help="chunks of about two seconds before a kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("settings", nargs="*", help="further settings of the sweep")
    options = parser.parse_args()
    shutil.rmtree(options.folder, ignore_errors=True)
    print(soak(options.folder, [*LARGE, *options.settings], options.kills, options.most, options.seed))


if __name__ == "__main__":
    main()
