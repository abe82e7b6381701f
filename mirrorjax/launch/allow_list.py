"""Configs name values and no code: of Hydra's own settings only those below are taken, all else is refused.

Hydra runs what its own settings name: callbacks, loggers, plugins, commands of a job, with an environment of their own.
A config may come from elsewhere (`--config-dir`), and an argument may be pasted, so both are held against this list.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mirrorjax.errors import InputError
from mirrorjax.machine.secrets import hidden, refuse_secrets

# By plugin, our own choice of it. Its settings below are values for a queue (docs/clusters.md): none is a command, and
# none names a file.
LAUNCHERS = {"basic": "local", "submitit_local": "submitit_local", "submitit_slurm": "submitit_slurm"}
LAUNCHER = (
    *("partition", "account", "qos", "constraint", "exclude", "comment", "gres", "nodes", "tasks_per_node"),
    *("cpus_per_task", "cpus_per_gpu", "gpus_per_node", "gpus_per_task", "mem_gb", "mem_per_cpu", "mem_per_gpu"),
    *("timeout_min", "signal_delay_s", "max_num_timeout", "array_parallelism", "stderr_to_stdout"),
)
FOR_SBATCH = (  # of `additional_parameters`
    *("reservation", "licenses", "nodelist", "exclusive", "nice", "priority", "dependency", "begin", "deadline"),
    *("mail-user", "mail-type", "clusters", "switches", "hint", "wckey", "prefer", "contiguous", "time-min", "tmp"),
)
_VALUES = ("hydra.launcher", "hydra.sweeper.params", "hydra.mode", "hydra.verbose")
_ALLOWED = "of hydra.* there are hydra.launcher.* (docs/clusters.md), hydra.sweeper.params, hydra.mode, hydra.verbose"
# Hydra writes these over, whatever a config says; and the name of the sweep's folder, which we give.
_HYDRAS_OWN = ("hydra.runtime.", "hydra.overrides.", "hydra.job.name", "hydra.job.override_dirname")

_LEFT_OUT = "left out"

_PLUGINS = {
    "hydra.launcher._target_": ("hydra._internal.core_plugins.", "hydra_plugins."),
    "hydra.sweeper._target_": ("hydra._internal.core_plugins.",),
}
_LOGGING = ("logging.StreamHandler", "logging.FileHandler", "logging.Formatter")
_STREAMS = ("ext://sys.stdout", "ext://sys.stderr")
_MADE_OF_TEXT = ("oc.decode", "oc.create")  # they could make what is looked for here out of a text


def refuse_searchpath(overrides: Iterable[Override]) -> None:
    """Checks that no folder or package is named to take configs from: packages would be imported while composing.

    Raises:
        InputError: one is.
    """
    for override in overrides:
        if override.key_or_group == "hydra.searchpath":
            raise InputError(f"hydra.searchpath is {override.value()!r}; {_ALLOWED}")


def check_composed(
    config: DictConfig, typed: Sequence[Override], given: Sequence[str], own: Callable[[str], DictConfig]
) -> None:
    """Checks a config that Hydra has composed, before anything is done with it.

    Args:
        config: with Hydra's settings.
        typed, given: the overrides that people gave, and those that mirrorjax gave besides.
        own: what the project's own conf alone makes with a launcher, whatever `--config-dir` has beside it.

    Raises:
        InputError: names the setting that is not allowed.
    """
    for name, value in _values(OmegaConf.to_container(config, resolve=False), ""):
        if not _harmless(name, value):
            raise InputError(f"{name} is {value!r}; a config names values, no code that is to be run")
    _refuse_what_differs(config, own(launcher_of(config)))
    noted = [line for _, line in _values(OmegaConf.to_container(config.hydra.overrides, resolve=False), "")]
    if added := set(noted) - {*given, *(override.input_line for override in typed)}:
        raise InputError(f"hydra.overrides holds {sorted(added)}; {_ALLOWED}")
    for override in typed:
        name = override.key_or_group
        if re.match(r"hydra($|[./@])", name) and not _is_allowed(name):
            raise InputError(f"{name} is {override.value()!r}; {_ALLOWED}")
    _refuse_revealed(config)


def _harmless(name: str, value: Any) -> bool:
    key = name.rpartition(".")[2]
    if isinstance(value, str) and any(resolver in value for resolver in _MADE_OF_TEXT):
        return False
    if key == "_target_":
        return str(value).startswith(_PLUGINS.get(name, ()))
    if name.startswith(("hydra.job_logging.", "hydra.hydra_logging.")):
        if key in ("()", "class"):
            return value in _LOGGING
        if isinstance(value, str) and "://" in value:
            return value in _STREAMS
    return True


def launcher_of(config: DictConfig) -> str:
    """The plugin that starts jobs.

    Raises:
        InputError: it is none of ours.
    """
    launcher = config.hydra.runtime.choices.get("hydra/launcher")
    if launcher not in LAUNCHERS:
        raise InputError(f"hydra/launcher is {launcher!r}; allowed: {', '.join(LAUNCHERS)}")
    return launcher


def _hydras(config: DictConfig) -> dict[str, Any]:
    """Hydra's settings by their full names, as they stand, and its choices of plugins."""
    settings = _values(OmegaConf.to_container(config.hydra, resolve=False), "hydra")
    choices = ((name, value) for name, value in config.hydra.runtime.choices.items() if str(name).startswith("hydra/"))
    return {str(name): value for name, value in (*settings, *choices) if not str(name).startswith(_HYDRAS_OWN)}


def _refuse_what_differs(config: DictConfig, own: DictConfig) -> None:
    """Checks that Hydra's settings are those of the project's own conf, but for those that may be given."""
    found, usual = _hydras(config), _hydras(own)
    for name in {**found, **usual}:
        known, value = _is_allowed(name), found.get(name, _LEFT_OUT)
        if name.startswith("hydra.launcher."):
            part, _, inner = name.removeprefix("hydra.launcher.").partition(".")
            known = part in LAUNCHER or (part == "additional_parameters" and inner.replace("_", "-") in FOR_SBATCH)
        if not known and value != usual.get(name, _LEFT_OUT):
            raise InputError(f"{name} is {hidden(value)!r}; {_ALLOWED}")


def _refuse_revealed(config: DictConfig) -> None:
    """Checks values as they are going to be, once what they refer to has been looked up."""
    values = {**dict(_looked_up(config, "")), **dict(_looked_up(config.hydra.launcher, "hydra.launcher"))}
    refuse_secrets(values)
    for name, value in values.items():
        # of several lines a batch script would run the second
        if name.startswith("hydra.launcher.") and isinstance(value, str) and re.search(r"[\x00-\x1f]", value):
            raise InputError(f"{name} is {value!r}; allowed: one line of text")


def _looked_up(node: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every value that is there, with its full name, less Hydra's; what cannot be is told by whoever needs it."""
    for key in node if isinstance(node, DictConfig) else range(len(node)):
        full = f"{name}.{key}" if name else str(key)
        if full == "hydra":
            continue
        try:
            value = node[key]
        except OmegaConfBaseException:
            continue
        if OmegaConf.is_config(value):
            yield from _looked_up(value, full)
        else:
            yield full, value


def _is_allowed(name: str) -> bool:
    """Whether a setting of Hydra's may be given; of the launcher's not all may, see `_refuse_what_differs`."""
    return name == "hydra/launcher" or re.match(rf"({'|'.join(map(re.escape, _VALUES))})($|\.)", name) is not None


def _values(node: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every value that is not a container, with its full name."""
    if not isinstance(node, dict | list):
        yield name, node
        return
    for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
        yield from _values(inner, f"{name}.{key}" if name else str(key))
