"""`mirrorjax sweep`: a Hydra application that trains one population a job and writes a report at the end."""

import copy
import hashlib
import json
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import FrameType
from typing import Any

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from mirrorjax.allowed import validate
from mirrorjax.callables import OPTIONS_WITH_VALUE, check_options, configs_without_code
from mirrorjax.config import RUN_ONLY, Config, literal
from mirrorjax.errors import Busy, InputError
from mirrorjax.explain import explain
from mirrorjax.finish import finish, first_line, wait_for_submitit
from mirrorjax.log import shown_to_people
from mirrorjax.secrets import hidden, refuse_secrets
from mirrorjax.tracking.jobs import forget_failure, note_failure, note_sweep

_DEFAULT_EXPERIMENT = "quickstart"
_WRONG_INPUT = (HydraException, OmegaConfBaseException, ValueError)
# What the command's own process knows; CheckFirst fills it, which only Hydra reaches. Jobs that a launcher starts in
# processes of their own do without: what they have to tell is in the sweep's folder.
_planned: dict[Path, Config] = {}  # by the folder of the population
_about: dict[str, Any] = {}  # the sweep, as its sweep.json has it
Job = tuple[Path, Config, dict[str, Any]]  # the sweep's folder, the config, and that as plain containers
_only_composed: list[Job] | None = None  # where CheckFirst leaves the jobs, if they are not to be run


def data_folder(name: str) -> Path:
    """`conf` or `sweeps`: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    return package / name if (package / name).is_dir() else package.parent / name


class SweepsSearchPath(SearchPathPlugin):
    """Lets Hydra find the experiments in `sweeps`."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Puts `sweeps` behind `conf`."""
        search_path.append("mirrorjax-sweeps", f"file://{data_folder('sweeps')}")


class Refused(BaseException):
    """Ends a sweep before its first job, because of `cause`; of a callback's Exceptions Hydra only warns."""

    def __init__(self, cause: Exception):
        super().__init__(cause)
        self.cause = cause


class Composed(BaseException):
    """Ends the application as soon as every job is checked: `mirrorjax plan` wants no more."""


class CheckFirst(Callback):
    """Composes and checks every job of a sweep before the first one starts and before any folder is made."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Checks the only job."""
        _plan(lambda: [config])

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Checks all jobs of a multirun, and notes them where `mirrorjax status` finds them."""
        _plan(lambda: _jobs(config))
        sweep = Path(config.hydra.sweep.dir)
        note_sweep(sweep, _about)
        if config.hydra.runtime.choices["hydra/launcher"] != "basic":
            print(f"{len(_planned)} populations in processes of their own; how far they are: mirrorjax status {sweep}")


def _plan(jobs: Callable[[], list[DictConfig]]) -> None:
    try:
        composed = [(job.hydra, *_resolved(_without_hydra(job))) for job in jobs()]
        for settings, config, _ in composed:
            validate(config)
            if settings.mode == RunMode.RUN and settings.runtime.choices["hydra/launcher"] != "basic":
                raise InputError(f"launcher is {settings.runtime.choices['launcher']}; it needs -m, a multirun")
        from mirrorjax.pipeline import check_folders, planned

        _about["jobs"] = []
        for settings, config, resolved in composed:
            sweep = Path(settings.sweep.dir)
            check_folders(config, sweep)
            job = planned(config, resolved)
            _planned[sweep / job["job"]] = config
            _about["jobs"].append({**job, "overrides": list(settings.overrides.task)})
    except Exception as error:
        raise Refused(error) from error
    if _only_composed is not None:
        _only_composed.extend((Path(settings.sweep.dir), config, resolved) for settings, config, resolved in composed)
        raise Composed


def _jobs(config: DictConfig) -> list[DictConfig]:
    """The configs of a multirun's jobs, as Hydra's sweeper is going to compose them."""
    loader = GlobalHydra.instance().config_loader()
    arguments = [f"{key}={value}" for key, value in (config.hydra.sweeper.get("params") or {}).items()]
    overrides = OverridesParser.create(loader).parse_overrides([*arguments, *config.hydra.overrides.task])
    (jobs,) = BasicSweeper.split_arguments(overrides, max_batch_size=None)
    return [loader.load_sweep_config(config, list(job)) for job in jobs]


def _without_hydra(config: DictConfig) -> DictConfig:
    task = copy.deepcopy(config)
    with read_write(task), open_dict(task):
        del task["hydra"]
    return task


def _resolved(composed: DictConfig) -> tuple[Config, dict[str, Any]]:
    """A job's config, and the same as plain containers. `+key=value` gets past Hydra's schema, but not past this."""
    plain = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(plain, dict)
    config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), literal(plain)))
    assert isinstance(config, Config)
    return config, {str(key): value for key, value in plain.items()}


def sweep_name(arguments: Sequence[str]) -> str:
    """The sweep's folder: the experiment and a hash of the overrides, so that the same command finds it again."""
    given = sorted(override for override in _sorted_out(arguments)[0] if not _is_run_only(override))
    experiment = next((o.split("=", 1)[1] for o in given if o.startswith("experiment=")), _DEFAULT_EXPERIMENT)
    label = experiment if re.fullmatch(r"[\w-]+", experiment) else "sweep"
    return f"{label}-{hashlib.sha256(json.dumps(given).encode()).hexdigest()[:8]}"


def _sorted_out(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Overrides, and options with their values. Hydra itself wants all overrides side by side."""
    overrides, options = [], []
    before = ""
    for argument in arguments:
        is_value = before in OPTIONS_WITH_VALUE and "=" not in argument
        (options if is_value or argument.startswith("-") else overrides).append(argument)
        before = argument
    return overrides, options


def _is_run_only(override: str) -> bool:
    key = override.lstrip("+~").split("=", 1)[0]
    return key == "runtime" or any(
        re.match(rf"{re.escape(name)}($|[./@])", key) for name in (*RUN_ONLY, "hydra", "launcher")
    )


def run(arguments: Sequence[str]) -> int:
    """Runs the Hydra application.

    Every job is checked before the first one starts. A job that fails does not keep the others from running.

    Args:
        arguments: of `mirrorjax sweep`, as typed.

    Returns:
        The exit code: 0 if all populations are finished; 2 if none was started, because of input that is not allowed;
        1 if one could not be finished.

    Raises:
        KeyboardInterrupt: Ctrl-C. What was recorded stays; in training the state is saved first.
        SystemExit: with 143 after SIGTERM, likewise; or Hydra's own, after help or a wrong option.
    """
    overrides, options = _sorted_out(arguments)
    refuse_secrets({override.split("=", 1)[0]: override for override in [*overrides, *options]})
    _planned.clear()
    _about.clear()
    _about.update(
        name=sweep_name(arguments),
        command=["mirrorjax", "sweep", *arguments],
        overrides=overrides,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=metadata.version("mirrorjax"),
    )
    about = _about  # goes with the job, to whatever process the launcher starts
    failed: list[bool] = []  # whether it was a crash, of each job that failed in this process

    def job(composed: DictConfig) -> None:
        with _sigterm_raises():  # in a process of its own too, where submitit would ignore it
            crash = _train(composed, about)
        if crash is not None:
            failed.append(crash)

    try:
        if _application("mirrorjax sweep", arguments, job):
            return 2
    except Exception as error:
        if not type(error).__module__.startswith("submitit."):
            raise
        print(f"error: {first_line(error)}", file=sys.stderr)  # a job's process was killed, or never began
        wait_for_submitit(next(iter(_planned)).parent)
        failed.append(True)
    return finish(_planned, _about, failed)


def plan(arguments: Sequence[str]) -> int:
    """Says what a sweep would take: composes and checks its jobs, and ends there.

    Args:
        arguments: of `mirrorjax plan`, as typed: those of a sweep, and `--measure`.

    Returns:
        The exit code: 0, or 2 for input that is not allowed.

    Raises:
        InputError: a population cannot be planned.
        SystemExit: Hydra's own, after help or a wrong option.
    """
    global _only_composed
    _only_composed = jobs = []
    given = [argument for argument in arguments if argument != "--measure"]
    try:
        if _application("mirrorjax plan", given, lambda _: None):
            return 2
    finally:
        _only_composed = None
    if jobs:  # none after --cfg and the like
        from rich.console import Console

        from mirrorjax.planning import show_plans

        show_plans(jobs, "--measure" in arguments, Console(highlight=False))
    return 0


def _application(command: str, arguments: Sequence[str], job: Callable[[DictConfig], None]) -> bool:
    """Runs the Hydra application; whether it was refused, which it has said then."""
    overrides, options = _sorted_out(arguments)
    check_options(options)
    ConfigStore.instance().store(name="schema", node=Config)
    OmegaConf.register_new_resolver("either", lambda first, second: first or second, replace=True)
    Plugins.instance().register(SweepsSearchPath)
    application = hydra.main(version_base="1.3", config_path=str(data_folder("conf")), config_name="config")(job)
    wrong: Exception
    try:
        with (
            _command_line(command, *overrides, f"hydra.job.name={sweep_name(arguments)}", *options),
            _sigterm_raises(),
            configs_without_code(),
        ):
            application()
        return False
    except Composed:
        return False
    except Refused as refused:
        wrong = refused.cause
    except _WRONG_INPUT as error:
        wrong = error
    if not isinstance(wrong, _WRONG_INPUT):
        raise wrong
    print(f"error: {wrong if isinstance(wrong, InputError) else explain(wrong, arguments)}", file=sys.stderr)
    return True


def _train(composed: DictConfig, about: dict[str, Any]) -> bool | None:
    """Runs a job. None if that went well, else whether it was a crash and no wrong input; why is said and noted."""
    from rich.console import Console

    from mirrorjax.hosts import is_first, several
    from mirrorjax.pipeline import job_hash, run_population

    config, resolved = _resolved(composed)
    settings = HydraConfig.get()
    sweep, name = Path(settings.sweep.dir), job_hash(resolved)
    console = Console(highlight=False, quiet=config.verbosity == "quiet")

    def show(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    if settings.mode == RunMode.MULTIRUN:
        show(f"population {settings.job.num + 1}: {' '.join(settings.overrides.task)}")
    forget_failure(sweep, name)
    try:
        with shown_to_people(show, config.verbosity):
            run_population(config, resolved, sweep, about, console)
            if config.refine:
                from mirrorjax.refine import refine

                refine(config, resolved, sweep, about, console)
    except Exception as error:
        crash = not isinstance(error, InputError)
        why = f"{type(error).__name__}: {error}" if crash else str(error)
        trace = hidden(traceback.format_exc()) if crash else None
        print(trace or hidden(f"error: {why}\n"), end="", file=sys.stderr)
        if is_first() and not isinstance(error, Busy):
            note_failure(sweep, name, why, trace)
        if several():  # the others wait for this one
            raise SystemExit(1) from error
        return crash
    return None


@contextmanager
def _command_line(*words: str) -> Iterator[None]:
    """What Hydra reads: the arguments, and that it shall raise its errors, to be said in one line."""
    arguments, full_error = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = list(words), "1"
    try:
        yield
    finally:
        sys.argv = arguments
        if full_error is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full_error


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Lets SIGTERM end a sweep as Ctrl-C does, with what was recorded in place; only a main thread can listen.

    While a population is trained both wait for its state to be saved, see `signals.StopSignals`.
    """

    def end(signum: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + signum)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
