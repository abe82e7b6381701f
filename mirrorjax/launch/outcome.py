"""The end of a sweep: the report, what is not done and why, and the exit code."""

import os
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mirrorjax.errors import InputError, first_line
from mirrorjax.launch.compose import ComposedJob
from mirrorjax.launch.status import read_status
from mirrorjax.machine.reading import head_of
from mirrorjax.machine.secrets import hidden
from mirrorjax.results.jobs import failure, rounds_of
from mirrorjax.settings.schema import Config


def finish(jobs: Iterable[ComposedJob], about: Mapping[str, Any], failed: Sequence[bool]) -> int:
    """Says what there is now, the sweep's folder last.

    Args:
        jobs, about: of this command, and the sweep as its sweep.json has it.
        failed: whether it was a crash, and no wrong input, of each job that failed in this process.

    Returns:
        The exit code: 0 if all is finished and reported, 2 if no population was begun because of wrong input, else 1.
    """
    from mirrorjax.machine.hosts import is_first

    planned = {job.folder: job.config for job in jobs}
    if not is_first():
        return 1 if failed else 0
    finished = [folder for folder in planned if (folder / "DONE").exists()]
    reported = True
    sweeps = list(dict.fromkeys(folder.parent for folder in planned if folder.exists()))
    for sweep in sweeps:
        done = [folder for folder in finished if folder.parent == sweep]
        rounds = {job["job"] for folder in done for job in rounds_of(sweep, folder.name)}
        told = {folder.name for folder in done} | {job for job in rounds if (sweep / job / "DONE").exists()}
        report = sweep / "report.html"
        # the populations that were finished when it was written; of files' times nothing is concluded
        known = re.search(r'<meta name="finished-populations" content="([^"]*)">', head_of(report, 1 << 16))
        if any(planned[folder].report for folder in done) and not (known and told <= set(known[1].split())):
            reported = _write_report(sweep) and reported
        if report.exists():
            print(f"report: {report}")
        print(sweep)
    if len(finished) == len(planned):
        return _refined(planned) or int(not reported)
    unfinished = [folder for folder in planned if folder not in finished]
    if len(planned) > 1:
        _tell_unfinished(unfinished, about)
    if sweeps or len(planned) > 1:
        print(f"{len(finished)} of {len(planned)} populations are finished", file=sys.stderr)
    crashed = any(failed) or any(failure(folder.parent, folder.name).get("traceback") for folder in unfinished)
    return 1 if crashed or sweeps else 2


def _write_report(sweep: Path) -> bool:
    """Whether it could be; what was trained and measured is kept anyway."""
    print("writing the report", flush=True)
    try:
        from mirrorjax.report.page.build import write_report

        write_report(sweep)
    except Exception as error:
        if not isinstance(error, InputError | OSError):
            traceback.print_exc()
        kept = f"the results are whole, and `mirrorjax report {sweep}` reads them"
        print(f"error: no report: {hidden(first_line(error))}; {kept}", file=sys.stderr)
        return False
    return True


def _refined(planned: Mapping[Path, Config]) -> int:
    """The exit code where all populations are finished: 1 if a round of refinement is not, which is said then."""
    asked = {folder: rounds_of(folder.parent, folder.name) for folder, config in planned.items() if config.refine}
    jobs = [folder.parent / each["job"] for folder, rounds in asked.items() for each in rounds]
    waiting = [folder for folder in jobs if not (folder / "DONE").exists()]
    if waiting:
        names = ", ".join(folder.name for folder in waiting)
        print(f"refinement is not finished ({names}); the same command goes on with it", file=sys.stderr)
    return int(bool(waiting) or any(failure(folder.parent, folder.name) for folder in asked))


def _tell_unfinished(folders: Sequence[Path], about: Mapping[str, Any]) -> None:
    jobs = {job.job: job for sweep in {folder.parent for folder in folders} for job in read_status(sweep).jobs}
    common = set.intersection(*(set(job["overrides"]) for job in about["jobs"]))
    print("the same command again does only these:", file=sys.stderr)
    for folder in folders:
        job = jobs[folder.name]
        own = " ".join(override for override in job.overrides if override not in common)
        why = (job.error or "").split("\n")[0]
        print(f"  {job.job}  {job.state:<11}  {own}  {why}".rstrip(), file=sys.stderr)


def wait_for_submitit(sweep: Path) -> None:
    """Waits for the processes of this machine that submitit has started, which outlive a job that was killed."""
    for folder in sweep.glob(".submitit/*"):
        with suppress(ChildProcessError, OverflowError):  # of an earlier command, or of a cluster
            if folder.name.isdecimal():
                os.waitpid(int(folder.name), 0)
