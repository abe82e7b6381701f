"""Configs name values and no code: what Hydra or `logging` would call because a config says so is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from omegaconf import DictConfig, OmegaConf

from mirrorjax.errors import InputError

_CALLBACK = ("hydra.callbacks.check_first._target_", "mirrorjax.launch.CheckFirst")
_PLUGINS = {
    "hydra.launcher._target_": ("hydra._internal.core_plugins.", "hydra_plugins."),
    "hydra.sweeper._target_": ("hydra._internal.core_plugins.",),
}
_LOGGING = ("logging.StreamHandler", "logging.FileHandler", "logging.Formatter")
_STREAMS = ("ext://sys.stdout", "ext://sys.stderr")
_MADE_OF_TEXT = ("oc.decode", "oc.create")  # they could make what is looked for here out of a text


@contextmanager
def configs_without_code() -> Iterator[None]:
    """Checks every config that Hydra composes in the block, before Hydra does anything with it.

    Hydra instantiates callbacks and sets logging up as soon as it has composed a config; no hook of its own is earlier.
    """
    compose = ConfigLoaderImpl.load_configuration

    def checked(*args: Any, **kwargs: Any) -> DictConfig:
        config = compose(*args, **kwargs)
        refuse_callables(config)
        return config

    ConfigLoaderImpl.load_configuration = checked
    try:
        yield
    finally:
        ConfigLoaderImpl.load_configuration = compose


def refuse_callables(config: DictConfig) -> None:
    """Checks that a composed config names no callable but mirrorjax's callback and Hydra's own plugins.

    Raises:
        InputError: names the setting and what it holds.
    """
    for name, value in _values(OmegaConf.to_container(config, resolve=False), ""):
        if not _harmless(name, value):
            raise InputError(f"{name} is {value!r}; a config names values, no code that is to be run")


def _harmless(name: str, value: Any) -> bool:
    key = name.rpartition(".")[2]
    if isinstance(value, str) and any(resolver in value for resolver in _MADE_OF_TEXT):
        return False
    if key == "_target_":
        return (name, value) == _CALLBACK or str(value).startswith(_PLUGINS.get(name, ()))
    if name.startswith(("hydra.job_logging.", "hydra.hydra_logging.")):
        if key in ("()", "class"):
            return value in _LOGGING
        if isinstance(value, str) and "://" in value:
            return value in _STREAMS
    return True


def _values(node: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every value that is not a container, with its full name."""
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _values(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(node, list):
        for place, inner in enumerate(node):
            yield from _values(inner, f"{name}.{place}")
    else:
        yield name, node
