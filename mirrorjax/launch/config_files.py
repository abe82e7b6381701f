"""Config files of people's own, found through --config-dir: what is wrong in one is told with its file and line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import yaml
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import DictConfig, OmegaConf

from mirrorjax.errors import InputError, first_line

_HEADER = "# @package _global_"


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
