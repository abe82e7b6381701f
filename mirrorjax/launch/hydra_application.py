"""Mirrorjax as a Hydra application: where its configs are, how Hydra is called, and what is wrong in a config file."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from string import Template
from typing import Any, cast

import hydra
import yaml
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mirrorjax.errors import InputError, first_line
from mirrorjax.launch.command_line import Typed
from mirrorjax.launch.explain import explain
from mirrorjax.launch.quoting import for_hydra
from mirrorjax.settings.schema import SETTINGS, Config, schema
from mirrorjax.settings.setting import settings_of
from mirrorjax.settings.texts import expanded

CONFIG = "config"  # the name of the first config file
_HEADER = "# @package _global_"  # of an experiment


def data_folder(name: str) -> Path:
    """`conf` or `sweeps`: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    return package / name if (package / name).is_dir() else package.parent / name


class SweepsSearchPath(SearchPathPlugin):
    """Lets Hydra find the experiments in `sweeps`."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Puts `sweeps` behind `conf`."""
        search_path.append("mirrorjax-sweeps", f"file://{data_folder('sweeps')}")


@contextmanager
def config_loader(job_name: str) -> Iterator[ConfigLoader]:
    """What composes configs, in which `hydra.job.name` is this, and runs nothing that they name: callbacks neither."""
    with _prepared(), hydra.initialize_config_dir(str(data_folder("conf")), job_name, version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


def through_hydra(typed: Typed, job: Callable[[DictConfig], None]) -> None:
    """Lets Hydra do what was typed: print something, or run jobs by a launcher.

    Raises:
        InputError: it takes something for wrong.
        SystemExit: Hydra's own, after help or a wrong option.
    """
    run = hydra.main(version_base="1.3", config_path=str(data_folder("conf")), config_name=CONFIG)(job)
    name = f'hydra.job.name="{typed.sweep_name}"'
    words = [*for_hydra(typed.overrides, typed.is_multirun), name, *typed.hydra_options]
    with _prepared(), _command_line(typed.command, *words), explained(typed.arguments):
        run()


def help_text(composed: DictConfig, resolve: bool) -> str:
    """What `--help` says, by the template in conf/hydra/help; Hydra's own copies all schemas for each group it lists.

    Args:
        composed: a whole config, with Hydra's settings.
        resolve: whether interpolations are shown as what they come to.
    """
    settings = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    shown = OmegaConf.to_yaml(settings, resolve=resolve)
    return Template(composed.hydra.help.template).substitute(APP_CONFIG_GROUPS=_choices(), CONFIG=shown)


@contextmanager
def explained(arguments: Sequence[str]) -> Iterator[None]:
    """Says in one line what Hydra or OmegaConf, in the block, has to say about a command.

    Raises:
        InputError: it is wrong.
    """
    try:
        yield
    except InputError:
        raise
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise InputError(explain(error, arguments)) from error


def _choices() -> str:
    """A line for each group of presets, with their names."""
    sources: list[ConfigSource] = GlobalHydra.instance().config_loader().get_sources()
    lines: list[str] = []

    def visit(group: str) -> None:
        having = [source for source in sources if source.is_group(group)]
        names, inner = (
            sorted({name for source in having for name in source.list(group, kind)})
            for kind in (ObjectType.CONFIG, ObjectType.GROUP)
        )
        if group and names:
            lines.append(f"{group}: {', '.join(names)}")
        for name in inner:
            if name != "hydra":
                visit(f"{group}/{name}" if group else name)

    visit("")
    return "\n".join(sorted(lines))


@contextmanager
def _prepared() -> Iterator[None]:
    """Hydra with our schema, resolver and experiments; what a notebook has set up of Hydra's is left alone."""
    there = ConfigStore.instance().repo.get("schema.yaml")
    if there is None or OmegaConf.get_type(there.node) is not schema():
        ConfigStore.instance().store(name="schema", node=schema())
    for group in ("model", "regime"):  # a network or a regime of a plugin has no YAML file
        key = f"{group}.name"
        for name in set(SETTINGS[key].options) - set(settings_of(Config)[key].options):
            ConfigStore.instance().store(group=group, name=name, node={"name": name})
    OmegaConf.register_new_resolver("either", lambda first, second: str(expanded(first or second)), replace=True)
    Plugins.instance().register(SweepsSearchPath)
    of_caller, config = GlobalHydra.instance(), HydraConfig.instance().cfg
    hydra_of_caller = of_caller.hydra
    of_caller.clear()
    HydraConfig.instance().cfg = None
    try:
        yield
    finally:
        of_caller.hydra = hydra_of_caller
        GlobalHydra.set_instance(of_caller)
        HydraConfig.instance().cfg = config


@contextmanager
def _command_line(*words: str) -> Iterator[None]:
    """What Hydra reads: the arguments, and that it shall raise its errors, to be said in one line."""
    arguments, full_error = sys.argv, {k: v for k, v in os.environ.items() if k == "HYDRA_FULL_ERROR"}
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = list(words), "1"
    try:
        yield
    finally:
        sys.argv = arguments
        del os.environ["HYDRA_FULL_ERROR"]
        os.environ.update(full_error)


@contextmanager
def files_named() -> Iterator[None]:
    """Lets Hydra's reading of a config file, in the block, fail in one line that names the file."""
    sources: list[Any] = Plugins.instance().discover(ConfigSource)
    reader = next(each for each in sources if each.scheme() == "file")  # that Hydra loaded: an import gives another one
    load = reader.load_config

    def named(source: Any, config_path: str) -> ConfigResult:
        name = source._normalize_file_name(config_path)
        file = Path(source.path) / name
        try:
            found = load(source, config_path)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            why = str(error.problem).splitlines()[0]
            why = "a tab; YAML is indented with spaces" if "'\\t'" in why else why
            raise InputError(f"{file}, line {mark.line + 1 if mark else 1}: {why}") from error
        except UnicodeDecodeError as error:
            line = file.read_bytes()[: _first_not_utf8(file)].count(b"\n") + 1
            raise InputError(f"{file}, line {line}: no UTF-8 ({error.reason}); save the file as UTF-8") from error
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise InputError(f"{file}, line 1: {first_line(error)}") from error
        if not isinstance(found.config, DictConfig):
            raise InputError(f"{file}, line 1: a list; allowed: settings, a name, a colon and a value each")
        if name.startswith("experiment/") and found.header.get("package") != "_global_":
            raise InputError(f"{file}, line 1: an experiment begins with the line {_HEADER!r}, which is missing")
        _refuse_two_presets(file, found.config)
        return found

    reader.load_config = named
    try:
        yield
    finally:
        reader.load_config = load


def _refuse_two_presets(file: Path, config: DictConfig) -> None:
    """Hydra would merge all that a default names, so that the sweep would be of neither."""
    defaults = cast(dict, OmegaConf.to_container(config, resolve=False)).get("defaults")
    entries = [each for each in defaults if isinstance(each, dict)] if isinstance(defaults, list) else []
    for group, chosen in (pair for entry in entries for pair in entry.items()):
        if isinstance(chosen, list):
            lines = file.read_text(encoding="utf-8").splitlines()
            number = next((i for i, line in enumerate(lines, 1) if f"{group}:" in line), 1)
            names = ", ".join(map(str, chosen))
            raise InputError(f"{file}, line {number}: {group} names {names}; allowed: one preset")


def _first_not_utf8(file: Path) -> int:
    try:
        file.read_bytes().decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0
