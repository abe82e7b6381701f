"""What a sweep's folder knows of its jobs besides their results: which are planned, and why one failed."""

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mirrorjax.errors import InputError
from mirrorjax.machine.log import event, now
from mirrorjax.machine.reading import OBJECT, Absent, Kind, Newer
from mirrorjax.machine.reading import read_json as read_checked
from mirrorjax.machine.secrets import hidden
from mirrorjax.machine.writing import replacing
from mirrorjax.results import contents

SWEEP, FAILURES, REFINED = "sweep.json", "failures", "refined"


def read_json(file: Path, kind: Kind = OBJECT, problems: list[str] | None = None) -> dict[str, Any]:
    """A JSON object of a file; empty if there is none, or none that can be read, which is a line of `problems` then."""
    try:
        return read_checked(file, kind)
    except InputError as error:
        if problems is not None and not isinstance(error, Absent):
            problems.append(str(error))
        return {}


def read_sweep(sweep: Path, problems: list[str] | None = None) -> dict[str, Any]:
    """What sweep.json says of a sweep; empty as `read_json`."""
    return read_json(sweep / SWEEP, contents.SWEEP, problems)


def plugins_of(about: Mapping[str, Any], job: str | None = None) -> list[str]:
    """People's own modules that a job, by the name of its folder, or any was made with, as sweep.json says."""
    jobs = [each for each in about.get("jobs") or [] if job in (None, each["job"])]
    return list(dict.fromkeys(name for each in jobs for name in each.get("plugins") or []))


def note_sweep(sweep: Path, about: Mapping[str, Any]) -> None:
    """Writes sweep.json, or adds the jobs, `{"job": HASH, …}`, that one of an earlier command does not have.

    Raises:
        NotWritten: it cannot be.
        InputError: a later version of mirrorjax wrote it.
    """
    there = _own(sweep / SWEEP, contents.SWEEP)
    earlier = there.get("jobs") or []
    known = {job["job"] for job in earlier}
    jobs = earlier + [job for job in about.get("jobs", []) if job["job"] not in known]
    content = {**about, **there, "jobs": jobs}
    if content != there:
        _write(sweep / SWEEP, content)


def note_failure(sweep: Path, job: str, error: str, trace: str | None = None) -> None:
    """Keeps why a job failed, until it is begun again; where the sweep has no folder, nothing is made for it."""
    if sweep.is_dir():
        content = {"job": job, "when": now(), "error": error, "traceback": trace}
        with suppress(InputError):  # the disk may be why it failed
            _write(sweep / FAILURES / f"{job}.json", content)


def forget_failure(sweep: Path, job: str) -> None:
    """Removes what `note_failure` kept."""
    with suppress(OSError):
        (sweep / FAILURES / f"{job}.json").unlink(missing_ok=True)
        (sweep / FAILURES).rmdir()  # if it is empty


def failure(sweep: Path, job: str, problems: list[str] | None = None) -> dict[str, Any]:
    """What `note_failure` kept; empty as `read_json`."""
    return read_json(sweep / FAILURES / f"{job}.json", contents.FAILURE, problems)


def note_rounds(sweep: Path, job: str, rounds: Sequence[Mapping[str, Any]]) -> None:
    """Keeps which rounds of refinement a population has, each with what its config takes from the proposal.

    Raises:
        NotWritten: it cannot be.
    """
    _write(sweep / REFINED / f"{job}.json", {"job": job, "rounds": rounds})


def rounds_of(sweep: Path, job: str) -> list[dict[str, Any]]:
    """What `note_rounds` kept; empty if there is nothing: the same rounds follow again from the verdicts."""
    return _own(sweep / REFINED / f"{job}.json", contents.ROUNDS).get("rounds") or []


def _own(file: Path, kind: Kind) -> dict[str, Any]:
    """A file that is written anew where it is damaged; empty then, with a warning, or if there is none."""
    try:
        return read_checked(file, kind)
    except Newer:
        raise
    except InputError as error:
        if not isinstance(error, Absent):
            event("problem", f"{error}; it is written anew", level=logging.WARNING)
        return {}


def _write(file: Path, content: Mapping[str, Any]) -> None:
    with replacing(file) as temporary:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(hidden(content), indent=2) + "\n", encoding="utf-8")
