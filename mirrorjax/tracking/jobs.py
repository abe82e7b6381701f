"""What a sweep's folder knows of its jobs besides their results: which are planned, and why one failed."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mirrorjax.errors import InputError, NotWritten
from mirrorjax.secrets import hidden

SWEEP, FAILURES, REFINED = "sweep.json", "failures", "refined"


def read_json(file: Path) -> dict[str, Any]:
    """A JSON object of a file; empty if there is none, or none that can be read."""
    with suppress(OSError, ValueError):
        content = json.loads(file.read_text(encoding="utf-8"))
        return content if isinstance(content, dict) else {}
    return {}


def note_sweep(sweep: Path, about: Mapping[str, Any]) -> None:
    """Writes sweep.json, or adds the jobs that one of an earlier command does not have.

    Args:
        sweep: its folder, which is made.
        about: the sweep; `jobs`, a list of `{"job": HASH, …}`, are those of this command.

    Raises:
        NotWritten: it cannot be.
    """
    there = read_json(sweep / SWEEP)
    known = {job["job"] for job in there.get("jobs", [])}
    jobs = there.get("jobs", []) + [job for job in about.get("jobs", []) if job["job"] not in known]
    content = {**about, **there, "jobs": jobs}
    if content != there:
        _write(sweep / SWEEP, content)


def note_failure(sweep: Path, job: str, error: str, trace: str | None = None) -> None:
    """Keeps why a job failed, until it is begun again; where the sweep has no folder, nothing is made for it."""
    if sweep.is_dir():
        when = datetime.now(UTC).isoformat(timespec="seconds")
        content = {"job": job, "when": when, "error": error, "traceback": trace}
        with suppress(InputError):  # the disk may be why it failed
            _write(sweep / FAILURES / f"{job}.json", content)


def forget_failure(sweep: Path, job: str) -> None:
    """Removes what `note_failure` kept."""
    with suppress(OSError):
        (sweep / FAILURES / f"{job}.json").unlink(missing_ok=True)
        (sweep / FAILURES).rmdir()  # if it is empty


def failure(sweep: Path, job: str) -> dict[str, Any]:
    """What `note_failure` kept; empty if there is nothing."""
    return read_json(sweep / FAILURES / f"{job}.json")


def note_rounds(sweep: Path, job: str, rounds: Sequence[Mapping[str, Any]]) -> None:
    """Keeps which rounds of refinement a population has, each with what its config takes from the proposal.

    Raises:
        NotWritten: it cannot be.
    """
    _write(sweep / REFINED / f"{job}.json", {"job": job, "rounds": rounds})


def rounds_of(sweep: Path, job: str) -> list[dict[str, Any]]:
    """What `note_rounds` kept; empty if there is nothing."""
    return read_json(sweep / REFINED / f"{job}.json").get("rounds", [])


def _write(file: Path, content: Mapping[str, Any]) -> None:
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(hidden(content), indent=2) + "\n", encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise NotWritten(f"{file}: cannot be written: {error.strerror or error}") from error
