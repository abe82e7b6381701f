"""`mirrorjax sweep`: a Hydra application that trains one population a job and writes a report at the end."""

import copy
import hashlib
import json
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.errors import HydraException
from hydra.experimental.callback import Callback
from hydra.plugins.search_path_plugin import SearchPathPlugin
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from mirrorjax.errors import Busy, InputError, enough_memory
from mirrorjax.launch.allow_list import OPTIONS_WITH_VALUE, check_options, configs_without_code
from mirrorjax.launch.config_files import files_named
from mirrorjax.launch.explain import explain
from mirrorjax.launch.outcome import finish, first_line, wait_for_submitit
from mirrorjax.launch.quoting import for_hydra, number_of_jobs, with_config_dir
from mirrorjax.machine.log import shown_to_people
from mirrorjax.machine.output import unbroken_output
from mirrorjax.machine.secrets import hidden, refuse_secrets
from mirrorjax.machine.signals import stops_raise
from mirrorjax.results.jobs import forget_failure, note_failure, note_sweep
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.folder import RUN_ONLY, job_hash
from mirrorjax.settings.schema import PATHS, Config, literal, value_of
from mirrorjax.settings.texts import expanded
from mirrorjax.tracking.environment import with_environment

_DEFAULT_EXPERIMENT = "quickstart"
_MANY_JOBS = 100  # of which it is said that they are composed, which takes a while
_WRONG_INPUT = (HydraException, OmegaConfBaseException, ValueError)
# What the command's own process knows; CheckFirst fills it, which only Hydra reaches. Jobs that a launcher starts in
# processes of their own do without: what they have to tell is in the sweep's folder.
_planned: dict[Path, Config] = {}  # by the folder of the population
_reasons: list[str] = []  # of the jobs that failed in this process
_about: dict[str, Any] = {}  # the sweep, as its sweep.json has it
Job = tuple[Path, Config, dict[str, Any]]  # the sweep's folder, the config, and that as plain containers
_only_composed: list[Job] | None = None  # where CheckFirst leaves the jobs, if they are not to be run


def data_folder(name: str) -> Path:
    """`conf` or `sweeps`: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
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
        from mirrorjax.job.assemble import planned
        from mirrorjax.job.folders import check_folders

        _about["jobs"] = []
        for settings, config, resolved in composed:
            sweep = Path(settings.sweep.dir)
            check_folders(config, sweep)
            with enough_memory("its members", "population.seeds or population.axes"):
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
    number = number_of_jobs(overrides)
    if number >= _MANY_JOBS:
        print(f"{number:,} populations: composing and checking all of them first")
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
    config.tracker = with_environment(config.tracker, os.environ)
    plain["tracker"] = asdict(config.tracker)
    for name in PATHS:
        group, _, key = name.rpartition(".")
        if given := value_of(config, name):
            path = str(expanded(given))
            setattr(value_of(config, group) if group else config, key, path)
            (plain[group] if group else plain)[key] = path
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
        The exit code: 0 if all populations are finished; 2 if none was begun, because of input that only the data or
        the disk could refuse; 1 if one could not be finished.

    Raises:
        InputError: a setting is not allowed; no job was started.
        KeyboardInterrupt: Ctrl-C. What was recorded stays; in training the state is saved first.
        SystemExit: with 143 after SIGTERM and 129 after SIGHUP, likewise; or Hydra's own, after help or a wrong option.
    """
    overrides, options = _sorted_out(arguments)
    refuse_secrets({override.split("=", 1)[0]: override for override in [*overrides, *options]})
    _planned.clear()
    _reasons.clear()
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
        with unbroken_output(), stops_raise():  # in a process of its own too, where submitit would ignore SIGTERM
            crash = _train(composed, about)
        if crash is not None:
            failed.append(crash)

    try:
        _application("mirrorjax sweep", arguments, job)
    except Exception as error:
        if not type(error).__module__.startswith("submitit."):
            raise
        print(f"error: {first_line(error)}", file=sys.stderr)  # a job's process was killed, or never began
        wait_for_submitit(next(iter(_planned)).parent)
        failed.append(True)
    return finish(_planned, _about, failed)


def sweep(overrides: Sequence[str] = ()) -> Path:
    """Trains the populations of a sweep, from Python; see `mirrorjax.sweep`."""
    if isinstance(overrides, str) or not all(isinstance(override, str) for override in overrides):
        raise InputError("mirrorjax.sweep takes a list of texts, for instance mirrorjax.sweep(['experiment=smoke'])")
    with _beside_another_hydra():
        code = run(list(overrides))
    if not _planned:
        raise InputError(f"mirrorjax.sweep({list(overrides)}) trains nothing; allowed: overrides, and -m")
    if code:
        why = "; ".join(dict.fromkeys(_reasons)) or "the lines above say why"
        if code == 2:
            raise InputError(why)
        raise RuntimeError(f"the sweep is not finished ({why}); the same call goes on with it")
    return next(iter(_planned)).parent


@contextmanager
def _beside_another_hydra() -> Iterator[None]:
    """Leaves alone what a notebook, or an application that calls, has set up of Hydra's."""
    instances = Singleton._instances
    kept = {kind: instances.pop(kind) for kind in (GlobalHydra, HydraConfig) if kind in instances}
    try:
        yield
    finally:
        for kind in (GlobalHydra, HydraConfig):
            instances.pop(kind, None)
        instances.update(kept)


def plan(arguments: Sequence[str]) -> int:
    """Says what a sweep would take: composes and checks its jobs, and ends there.

    Args:
        arguments: of `mirrorjax plan`, as typed: those of a sweep, and `--measure`.

    Returns:
        The exit code, 0.

    Raises:
        InputError: a setting is not allowed, or a population cannot be planned.
        SystemExit: Hydra's own, after help or a wrong option.
    """
    global _only_composed
    _only_composed = jobs = []
    given = [argument for argument in arguments if argument != "--measure"]
    try:
        _application("mirrorjax plan", given, lambda _: None)
    finally:
        _only_composed = None
    if jobs:  # none after --cfg and the like
        from rich.console import Console

        from mirrorjax.launch.plan import show_plans

        show_plans(jobs, "--measure" in arguments, Console(highlight=False))
    return 0


def _application(command: str, arguments: Sequence[str], job: Callable[[DictConfig], None]) -> None:
    """Runs the Hydra application.

    Raises:
        InputError: it was refused, before any job began.
    """
    overrides, options = _sorted_out(arguments)
    check_options(options)
    options = with_config_dir(options)
    multirun = any(given in ("-m", "--multirun", "hydra.mode=MULTIRUN") for given in arguments)
    ConfigStore.instance().store(name="schema", node=Config)
    OmegaConf.register_new_resolver("either", lambda first, second: str(expanded(first or second)), replace=True)
    Plugins.instance().register(SweepsSearchPath)
    application = hydra.main(version_base="1.3", config_path=str(data_folder("conf")), config_name="config")(job)
    wrong: Exception
    try:
        with (
            _command_line(
                command, *for_hydra(overrides, multirun), f'hydra.job.name="{sweep_name(arguments)}"', *options
            ),
            stops_raise(),
            configs_without_code(),
            files_named(),
        ):
            application()
        return
    except Composed:
        return
    except Refused as refused:
        wrong = refused.cause
    except _WRONG_INPUT as error:
        wrong = error
    if isinstance(wrong, InputError) or not isinstance(wrong, _WRONG_INPUT):
        raise wrong
    raise InputError(explain(wrong, arguments)) from wrong


def _train(composed: DictConfig, about: dict[str, Any]) -> bool | None:
    """Runs a job. None if that went well, else whether it was a crash and no wrong input; why is said and noted."""
    from rich.console import Console

    from mirrorjax.machine.hosts import is_first, several
    from mirrorjax.pipeline import run_population

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
                from mirrorjax.launch.refine import refine

                refine(config, resolved, sweep, about, console)
    except Exception as error:
        crash = not isinstance(error, InputError)
        _reasons.append(first_line(error))
        of_system = isinstance(error, OSError)  # a disk that is full, a file that may not be read: no trace helps
        why = first_line(error) if of_system else f"{type(error).__name__}: {error}" if crash else str(error)
        trace = hidden(traceback.format_exc()) if crash and not of_system else None
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
