"""`mirrorjax sweep`: trains one population a job, and writes a report at the end."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import configure_log
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from mirrorjax.errors import Busy, InputError, first_line
from mirrorjax.launch.allow_list import launcher_of
from mirrorjax.launch.compose import Asked, ComposedJob, compose
from mirrorjax.launch.hydra_application import through_hydra
from mirrorjax.launch.outcome import finish, wait_for_submitit
from mirrorjax.launch.plugins import load
from mirrorjax.machine.log import shown_to_people
from mirrorjax.machine.output import unbroken_output
from mirrorjax.machine.secrets import hidden
from mirrorjax.machine.signals import stops_raise
from mirrorjax.results.jobs import forget_failure, note_failure, note_sweep


class Failure(NamedTuple):
    """Why a job failed, in one line, and whether it was a crash and no wrong input."""

    why: str
    crash: bool


def run(arguments: Sequence[str]) -> int:
    """Trains what `mirrorjax sweep` asks for, with its arguments as typed.

    Every job is checked before the first one starts. A job that fails does not keep the others from running.

    Returns:
        The exit code: 0 if all populations are finished; 2 if none was begun, because of input that only the data or
        the disk could refuse; 1 if one could not be finished.

    Raises:
        InputError: a setting is not allowed; no job was started.
        KeyboardInterrupt: Ctrl-C. What was recorded stays; in training the state is saved first.
        SystemExit: with 143 after SIGTERM and 129 after SIGHUP, likewise; or Hydra's own, after help or a wrong option.
    """
    asked = compose("mirrorjax sweep", arguments)
    return finish(asked.jobs, asked.about, [each.crash for each in _train(asked)]) if asked else 0


def sweep(overrides: Sequence[str] = (), plugins: Sequence[str] = ()) -> Path:
    """Trains the populations of a sweep, from Python; see `mirrorjax.sweep`."""
    for given in (overrides, plugins):
        if isinstance(given, str) or not all(isinstance(each, str) for each in given):
            example = "mirrorjax.sweep(['experiment=smoke'])"
            raise InputError(f"mirrorjax.sweep takes a list of texts, for instance {example}")
    asked = compose("mirrorjax sweep", [*overrides, *(f"plugins={name}" for name in plugins)])
    if asked is None:
        raise InputError(f"mirrorjax.sweep({list(overrides)}) trains nothing; allowed: overrides, and -m")
    failures = _train(asked)
    code = finish(asked.jobs, asked.about, [each.crash for each in failures])
    if code:
        why = "; ".join(dict.fromkeys(each.why for each in failures)) or "the lines above say why"
        if code == 2:
            raise InputError(why)
        raise RuntimeError(f"the sweep is not finished ({why}); the same call goes on with it")
    return asked.jobs[0].sweep


def _train(asked: Asked) -> list[Failure]:
    """Runs all jobs, one after the other or as the launcher does; gives why some failed."""
    whole, is_multirun = asked.whole, asked.whole.hydra.mode == RunMode.MULTIRUN
    if is_multirun:
        folder = Path(whole.hydra.sweep.dir)
        note_sweep(folder, asked.about)  # where `mirrorjax status` finds it
        if launcher_of(whole) != "basic":
            many = f"{len(asked.jobs)} populations in processes of their own"
            print(f"{many}; how far they are: mirrorjax status {folder}")
            return _launched(asked)
        OmegaConf.save(whole, folder / "multirun.yaml")
    configure_log(whole.hydra.job_logging, whole.hydra.verbose)  # hydra.verbose=true
    found = [_train_one(job, is_multirun and number, asked.about) for number, job in enumerate(asked.jobs, 1)]
    return [each for each in found if each is not None]


def _launched(asked: Asked) -> list[Failure]:
    """Runs all jobs by Hydra's launcher, in processes of their own; the sweep's folder has what they have to tell."""
    about, plugins = asked.about, asked.plugins

    def job(composed: DictConfig) -> None:  # which a launcher sends there, with all that it has to know
        load(plugins)
        hydras = HydraConfig.get()
        _train_one(ComposedJob.of(composed, hydras), hydras.job.num + 1, about)

    try:
        through_hydra(asked.typed, job)
    except Exception as error:
        if not type(error).__module__.startswith("submitit."):
            raise
        print(f"error: {hidden(first_line(error))}", file=sys.stderr)  # a job's process was killed, or never began
        wait_for_submitit(asked.jobs[0].sweep)
        return [Failure(hidden(first_line(error)), crash=True)]
    return []


def _train_one(job: ComposedJob, number: int, about: dict[str, Any]) -> Failure | None:
    """Runs a job, which has a number if there may be several, else 0; why it failed is said and noted."""
    from rich.console import Console

    from mirrorjax.machine.hosts import several
    from mirrorjax.pipeline import run_population

    config, resolved, sweep = job.config, job.resolved, job.sweep
    console = Console(highlight=False, quiet=config.verbosity == "quiet")

    def show(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    with unbroken_output(), stops_raise():  # in a process of its own too, where submitit would ignore SIGTERM
        if number:
            show(f"population {number}: {' '.join(job.overrides)}")
        forget_failure(sweep, job.folder.name)
        try:
            with shown_to_people(show, config.verbosity):
                run_population(config, resolved, sweep, about, console)
                if config.refine:
                    from mirrorjax.launch.refine import refine

                    refine(config, resolved, sweep, about, console)
        except Exception as error:
            _tell(error, job)
            if several():  # the others wait for this one
                raise SystemExit(1) from error
            return Failure(hidden(first_line(error)), crash=not isinstance(error, InputError))
    return None


def _tell(error: Exception, job: ComposedJob) -> None:
    from mirrorjax.machine.hosts import is_first

    why, trace = str(error), None
    if isinstance(error, OSError):  # a disk that is full, a file that may not be read: no trace helps
        why = hidden(first_line(error))
    elif not isinstance(error, InputError):
        why, trace = f"{type(error).__name__}: {error}", hidden(traceback.format_exc())
    print(trace or hidden(f"error: {why}\n"), end="", file=sys.stderr)
    if is_first() and not isinstance(error, Busy):
        note_failure(job.sweep, job.folder.name, why, trace)
