"""What is done of a sweep, from its files alone, while it runs and after: nothing heavy is imported."""

import math
import os
import socket
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mirrorjax.errors import InputError, printable
from mirrorjax.results.contents import MANIFEST, PROGRESS
from mirrorjax.results.jobs import SWEEP, failure, plugins_of, read_json, read_sweep
from mirrorjax.settings.texts import elapsed
from mirrorjax.tracking.heartbeat import FILE, FINISHING

STATES = ("done", "running", "failed", "interrupted", "waiting")
STALE_SECONDS = 60.0  # after which whoever wrote a heartbeat is taken for gone


@dataclass(frozen=True)
class JobStatus:
    """One population.

    Attributes:
        job, overrides: the name of its folder, and what its job was started with.
        state: one of `STATES`; `interrupted` is also one whose process is gone without a word.
        members: how many there are; None if unknown.
        model_steps, total_model_steps: done, and to be done in all, summed over members.
        checkpoint, checkpoints: the last one measured, and the last one there will be.
        epoch: paper epochs at that checkpoint.
        phase: what the process that is at work on it is at.
        model_steps_per_second: in training alone.
        members_per_second: whole networks a second, at the pace of the whole: training, measuring, storing.
        seconds_left: at that pace; of running ones only.
        error: why it failed.
    """

    job: str
    state: str
    overrides: list[str]
    members: int | None = None
    model_steps: int = 0
    total_model_steps: int | None = None
    checkpoint: int | None = None
    checkpoints: int | None = None
    epoch: float | None = None
    phase: str | None = None
    model_steps_per_second: float | None = None
    members_per_second: float | None = None
    seconds_left: float | None = None
    error: str | None = None

    @property
    def share(self) -> float:
        """Of its model-steps that are done."""
        return 1.0 if self.state == "done" else self.model_steps / (self.total_model_steps or math.inf)

    @property
    def left(self) -> int:
        """Model-steps that are not done."""
        return max(0, (self.total_model_steps or 0) - self.model_steps)


@dataclass(frozen=True)
class SweepStatus:
    """A sweep, or one population of it; its plugins; and a line for each file that is damaged, and left out."""

    folder: str
    command: list[str]
    jobs: list[JobStatus]
    problems: list[str]
    plugins: list[str]

    @property
    def counts(self) -> dict[str, int]:
        """Jobs by state."""
        found = Counter(job.state for job in self.jobs)
        return {state: found[state] for state in STATES}

    @property
    def members(self) -> int:
        """Of all jobs."""
        return sum(job.members or 0 for job in self.jobs)

    @property
    def members_per_second(self) -> float | None:
        """Of the running jobs together; None if none runs."""
        rates = [job.members_per_second for job in self.jobs if job.members_per_second]
        return sum(rates) if rates else None

    @property
    def seconds_left(self) -> float | None:
        """Until what runs and what waits is done, if as many go on running; None where no pace is known."""
        running = [job for job in self.jobs if job.seconds_left is not None]
        pace = sum(job.left / max(job.seconds_left or 0.0, 1e-3) for job in running)
        if not pace:
            return None
        together = sum(job.left for job in self.jobs if job.state in ("running", "waiting")) / pace
        return max(together, *(job.seconds_left or 0.0 for job in running))

    def as_json(self) -> dict[str, Any]:
        """The same for machines."""
        summed = ("folder", "command", "counts", "members", "members_per_second", "seconds_left")
        own = {name: getattr(self, name) for name in summed}
        return {**own, "jobs": [*map(asdict, self.jobs)], "problems": self.problems, "plugins": self.plugins}


def read_status(path: Path) -> SweepStatus:
    """Reads what is known of a sweep's folder, or of one population's.

    Raises:
        InputError: it is neither.
    """
    if not path.is_dir():
        raise InputError(f"{path}: {'a file, not a sweep' if path.exists() else 'no such folder'}")
    path_is_population = (path / "manifest.json").exists()
    sweep = path.resolve().parent if path_is_population else path
    problems: list[str] = []
    about = read_sweep(sweep, problems)
    planned = {job["job"]: job for job in about.get("jobs") or []}
    begun = sorted(file.parent.name for file in sweep.glob("*/manifest.json"))
    names = [path.resolve().name] if path_is_population else list(dict.fromkeys([*planned, *begun]))
    if not names:
        sweeps = sorted(file.parent.name for file in path.glob(f"*/{SWEEP}"))
        hint = f"but sweeps: give one of {', '.join(sweeps[:6])}" if sweeps else f"it has no {SWEEP} and no population"
        raise InputError(f"{path}: no sweep, {hint}")
    jobs = [_job(sweep, name, planned.get(name, {}), problems) for name in names]
    plugins = plugins_of(about, names[0] if path_is_population else None)
    return SweepStatus(str(path), about.get("command") or [], jobs, problems, plugins)


def _job(sweep: Path, name: str, planned: dict[str, Any], problems: list[str]) -> JobStatus:
    folder = sweep / name
    manifest = read_json(folder / "manifest.json", MANIFEST, problems)
    beat, failed = read_json(folder / FILE, PROGRESS, problems), failure(sweep, name, problems)
    state = _state(folder, manifest, beat, failed)
    members = manifest.get("members", planned.get("members"))
    total = beat.get("total_model_steps", planned.get("model_steps"))
    steps = total or 0 if state == "done" else beat.get("model_steps") or 0
    left = beat.get("seconds_left") if state == "running" else None
    per_second = (total - steps) / left * members / total if left and members and total and total > steps else None
    phase = beat.get("phase")
    # after the results are whole there is the end of the W&B run
    at_work = state == "running" or (state == "done" and phase == FINISHING and _beats(beat))
    return JobStatus(
        job=name,
        state=state,
        overrides=planned.get("overrides") or [],
        members=members,
        model_steps=steps,
        total_model_steps=total,
        **{name: beat.get(name) for name in ("checkpoint", "checkpoints", "epoch")},
        phase=phase if at_work else None,
        model_steps_per_second=beat.get("model_steps_per_second") or manifest.get("model_steps_per_second"),
        members_per_second=per_second,
        seconds_left=left,
        error=failed.get("error") if state == "failed" else None,
    )


def _state(folder: Path, manifest: dict[str, Any], beat: dict[str, Any], failed: dict[str, Any]) -> str:
    if (folder / "DONE").exists():
        return "done"
    if manifest.get("status") == "running" and _beats(beat):
        return "running"
    if failed or manifest.get("status") == "failed":
        return "failed"
    return "interrupted" if manifest else "waiting"


def _beats(beat: dict[str, Any]) -> bool:
    """Whether the process that wrote a heartbeat is still there, as far as can be told from here."""
    try:
        age = (datetime.now(UTC) - datetime.fromisoformat(beat["updated"])).total_seconds()
        if age <= STALE_SECONDS and beat["host"] == socket.gethostname():
            os.kill(beat["pid"], 0)
        return age <= STALE_SECONDS
    except PermissionError:  # another user's, so it is there
        return True
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return False


def table(status: SweepStatus) -> list[str]:
    """The status as lines for people."""
    common = set.intersection(*(set(job.overrides) for job in status.jobs))
    rows = [("population", "state", "networks", "done", "checkpoint", "epoch", "steps/s", "left", "")]
    rows += [_row(job, common) for job in status.jobs]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    cells = ([*map(str.ljust, row, widths), row[-1]] for row in rows)
    lines = ["  ".join(row).rstrip() for row in cells]
    counts = ", ".join(f"{number} {state}" for state, number in status.counts.items() if number)
    populations = "1 population" if len(status.jobs) == 1 else f"{len(status.jobs)} populations"
    summary = f"{populations} of {status.members:,} networks: {counts}"
    if status.members_per_second is not None:
        summary += f"; {status.members_per_second:.3g} networks/s"
    if status.seconds_left is not None:
        summary += f", {elapsed(status.seconds_left)} left"
    lines += ["", summary]
    if status.plugins:
        lines.append(f"made with {', '.join(status.plugins)}")
    unfinished = len(status.jobs) - status.counts["done"]
    if unfinished and not status.counts["running"] and status.command:
        lines.append(f"nothing is running; the same command does what is not done: {' '.join(status.command)}")
    if status.problems:
        lines += ["", "files that are damaged, and left out:", *status.problems]
    return [printable(line) for line in lines]  # a folder may have any name


def _row(job: JobStatus, common: set[str]) -> tuple[str, ...]:
    own = " ".join(override for override in job.overrides if override not in common)
    note = f"{own}  {job.error or job.phase or ''}".strip()
    return (
        *(job.job, job.state, "?" if job.members is None else f"{job.members:,}", f"{job.share:.0%}"),
        "" if job.checkpoint is None else f"{job.checkpoint}/{job.checkpoints}",
        "" if job.epoch is None else f"{job.epoch:.3g}",
        "" if not job.model_steps_per_second else f"{job.model_steps_per_second:,.0f}",
        "" if job.seconds_left is None else elapsed(job.seconds_left),
        note.split("\n")[0],
    )
