"""From what was typed to jobs: all are composed, as Hydra composes them, and checked before the first one begins."""

import copy
import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any, Self

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from mirrorjax.errors import InputError, enough_memory
from mirrorjax.launch.allow_list import LAUNCHERS, check_composed, launcher_of, refuse_searchpath
from mirrorjax.launch.command_line import Typed
from mirrorjax.launch.hydra_application import CONFIG, config_loader, explained, files_named, help_text, through_hydra
from mirrorjax.launch.plugins import load
from mirrorjax.launch.quoting import for_hydra, number_of_jobs, parsed, quotes
from mirrorjax.machine.log import now
from mirrorjax.machine.secrets import refuse_secrets
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.folder import job_hash
from mirrorjax.settings.schema import PATHS, Config, literal, schema, structured, value_of
from mirrorjax.settings.texts import expanded
from mirrorjax.tracking.wandb_config import with_environment

_USUAL: dict[str, DictConfig] = {}  # by launcher: Hydra's settings in the project's own conf, whatever else is typed
_MANY_JOBS = 100  # of which it is said that they are composed, which takes a while


@dataclass(frozen=True)
class ComposedJob:
    """One population that is asked for: the sweep's folder, its config, also as plain containers, and overrides."""

    sweep: Path
    config: Config
    resolved: dict[str, Any]
    overrides: list[str]

    @classmethod
    def of(cls, composed: DictConfig, hydras: Any) -> Self:
        """Of a config without Hydra's settings, and these. `+key=value` gets past Hydra's schema, but not past this."""
        plain = OmegaConf.to_container(composed, resolve=True)
        config = OmegaConf.to_object(OmegaConf.merge(structured(schema()), literal(plain)))
        assert isinstance(plain, dict) and isinstance(config, Config)
        config.tracker = with_environment(config.tracker, os.environ)
        plain["tracker"] = asdict(config.tracker)
        for name in PATHS:
            group, _, key = name.rpartition(".")
            if given := value_of(config, name):
                path = str(expanded(given))
                setattr(value_of(config, group) if group else config, key, path)
                (plain[group] if group else plain)[key] = path
        resolved = {str(key): value for key, value in plain.items()}
        return cls(Path(hydras.sweep.dir), config, resolved, list(hydras.overrides.task))

    @property
    def folder(self) -> Path:
        """The population's own, inside the sweep's."""
        return self.sweep / job_hash(self.resolved)


@dataclass(frozen=True)
class Asked:
    """What a command asks for.

    Attributes:
        whole: what Hydra makes of it before it is parted into jobs.
        about: what sweep.json is to say.
        plugins: that are loaded.
    """

    typed: Typed
    whole: DictConfig
    jobs: list[ComposedJob]
    about: dict[str, Any]
    plugins: list[str]


def compose(command: str, arguments: Sequence[str]) -> Asked | None:
    """Composes all jobs of `mirrorjax sweep` or `mirrorjax plan`, and checks them, before any folder is made.

    Returns:
        None if Hydra was asked to print something, which is done then.

    Raises:
        InputError: something is not allowed.
        SystemExit: after help, or Hydra's own after a wrong option.
    """
    refuse_secrets({argument.split("=", 1)[0]: argument for argument in arguments})
    typed = Typed.of(command, arguments)
    plugins = load(typed.plugins)
    if typed.completes:
        words = map(parsed, os.environ.get("COMP_LINE", "").split())
        refuse_searchpath([word for word in words if word])  # nothing is done with those that Hydra cannot read
        through_hydra(typed, lambda _: None)
        return None
    with explained(arguments), config_loader(typed.sweep_name) as loader, files_named():
        composer = _Composer(loader, typed)
        whole = composer.whole()
        if typed.helps:
            print(help_text(whole, typed.resolves))
            raise SystemExit(0)
        if not typed.only_prints:
            multirun = whole.hydra.mode == RunMode.MULTIRUN
            jobs = [_job(each) for each in (composer.jobs(whole) if multirun else [whole])]
            for job in jobs:
                validate(job.config)
            if not multirun and launcher_of(whole) != "basic":
                raise InputError(f"launcher is {LAUNCHERS[launcher_of(whole)]}; it needs -m, a multirun")
    if typed.only_prints:
        through_hydra(typed, lambda _: None)
        return None
    made_with = {"plugins": plugins} if plugins else {}
    about = {
        "name": typed.sweep_name,
        "command": [*typed.command.split(), *typed.arguments],
        "overrides": list(typed.overrides),
        "created": now(),
        "version": _version(),
        "jobs": [{**_planned(job), **made_with} for job in jobs],
    }
    return Asked(typed, whole, jobs, about, plugins)


def _version() -> str:
    try:
        return metadata.version("mirrorjax")
    except metadata.PackageNotFoundError:  # a source tree
        return "not installed"


class _Composer:
    """Composes configs, and holds each against the allow-list."""

    def __init__(self, loader: ConfigLoader, typed: Typed):
        self._loader, self._typed = loader, typed
        self._folders = [f"file://{typed.config_dir}"] if typed.config_dir else []

    def whole(self) -> DictConfig:
        """What is asked for before it is parted into jobs."""
        multirun = self._typed.is_multirun
        words = for_hydra(self._typed.overrides, multirun)
        typed = OverridesParser.create().parse_overrides(words)
        refuse_searchpath(typed)
        given = [f"hydra.searchpath=[{','.join(map(quotes, self._folders))}]"] if self._folders else []
        given += ["hydra.mode=MULTIRUN"] if multirun else []

        load = functools.partial(self._loader.load_configuration, CONFIG, [*words, *given])
        found = load(RunMode.MULTIRUN if multirun else RunMode.RUN, validate_sweep_overrides=multirun)
        if not multirun and (found.hydra.mode == RunMode.MULTIRUN or any(o.is_sweep_override() for o in typed)):
            found = load(found.hydra.mode or RunMode.RUN)  # a file may say that it is a multirun
        check_composed(found, typed, given, self._usual)
        return found

    def jobs(self, whole: DictConfig) -> Iterator[DictConfig]:
        """The configs of a multirun's jobs, in the order in which Hydra's sweeper makes them."""
        parser = OverridesParser.create(self._loader)
        params = whole.hydra.sweeper.get("params") or {}
        overrides = parser.parse_overrides([*(f"{k}={v}" for k, v in params.items()), *whole.hydra.overrides.task])
        number = number_of_jobs(overrides)
        if number >= _MANY_JOBS:
            print(f"{number:,} populations: composing and checking all of them first")
        given = list(whole.hydra.overrides.hydra)
        for words in product(*_values(overrides).values()):
            job = self._loader.load_sweep_config(whole, list(words))
            check_composed(job, parser.parse_overrides(list(words)), given, self._usual)
            yield job

    def _usual(self, launcher: str) -> DictConfig:
        """What the project's own conf alone makes with a launcher, whatever `--config-dir` has beside it."""
        if launcher not in _USUAL:
            _USUAL[launcher] = self._loader.load_configuration(CONFIG, [f"launcher={LAUNCHERS[launcher]}"], RunMode.RUN)
        _USUAL[launcher].hydra.searchpath = self._folders
        return _USUAL[launcher]


def _values(overrides: Sequence[Override]) -> dict[str, list[str]]:
    """The overrides of single jobs by the setting: one, or each that it is swept over; the last word counts."""
    found = {}
    for override in overrides:
        key, is_sweep = override.get_key_element(), override.is_sweep_override()
        if is_sweep and not override.is_discrete_sweep():
            raise InputError(f"{override.input_line}: an interval has no end of values; allowed: a,b or range(1,3)")
        values = override.sweep_string_iterator() if is_sweep else [override.get_value_element_as_str()]
        found[key] = [f"{key}={value}" for value in values]
    return found


def _job(composed: DictConfig) -> ComposedJob:
    task = copy.deepcopy(composed)
    with read_write(task), open_dict(task):
        del task["hydra"]
    return ComposedJob.of(task, composed.hydra)


def _planned(job: ComposedJob) -> dict[str, Any]:
    from mirrorjax.job.assemble import check_regime, planned
    from mirrorjax.job.folders import check_folders

    check_regime(job.config)
    check_folders(job.config, job.sweep)
    with enough_memory("its members", "population.seeds or population.axes"):
        return {**planned(job.config, job.resolved), "overrides": job.overrides}
