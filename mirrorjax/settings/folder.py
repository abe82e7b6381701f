"""The name of a population's folder: a hash of all that its results depend on."""

import copy
import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from mirrorjax.settings.schema import SETTINGS
from mirrorjax.settings.setting import Setting

# What no result depends on, and no folder's name either.
RUN_ONLY = (
    "results_dir", "report", "extend", "verbosity", "tracker", "dataset.cache", "measurement.null_cache",
    "measurement.games", "measurement.seats",  # add columns, as `mirrorjax measure` does later
    "refine", "refine_width", "refine_networks",
    "runtime.platform", "runtime.devices", "runtime.compile_cache", "runtime.distributed", "runtime.profile",
    "runtime.engine", "runtime.checkpoint_seconds", "runtime.keep_state", "runtime.memory_budget",
)  # fmt: skip


def job_hash(resolved: Mapping[str, Any], settings: Iterable[Setting] | None = None) -> str:
    """Twelve hex digits of a resolved config, as plain containers, less what no result depends on.

    Settings that are `later` (of these, by default of all) leave no trace where nobody gives them, so that a
    folder from before they existed is found again.
    """
    content = copy.deepcopy(dict(resolved))
    for name in RUN_ONLY:
        _group(content, name).pop(name.rpartition(".")[2], None)
    for setting in SETTINGS.values() if settings is None else settings:
        if setting.later:
            _without(content, setting)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _group(content: dict[str, Any], name: str) -> dict[str, Any]:
    return functools.reduce(dict.__getitem__, name.split(".")[:-1], content)


def _without(content: dict[str, Any], setting: Setting) -> None:
    """Takes a setting out of a config wherever it is not given."""
    group, key = _group(content, setting.key), setting.key.rpartition(".")[2]
    if group.get(key) == setting.default:
        group.pop(key, None)
    population = content["population"]
    for each in (population, *population["union"]):
        for way in (each["axes"], each["zip"], each["random"], *each["list"]):
            given = way.get(setting.name)
            if not (any(given.values()) if isinstance(given, dict) else given is not None):
                way.pop(setting.name, None)
