"""W&B's settings: what the environment says where nothing else does; and a population's config as W&B shows it."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mirrorjax.errors import InputError
from mirrorjax.settings.axes import AXES
from mirrorjax.settings.schema import TrackerConfig
from mirrorjax.settings.texts import text_problem

MOST_VALUES = 50  # of a setting that are listed; of random draws there may be thousands
_EXPANDED = ("axes", "zip", "random", "list", "union")  # of `population`; what they come to is shown instead
_PROJECT = "mirrorjax"
# A population has one run: its name, group and id say which population it is, and its files are in the population's
# folder. So these would mix up runs, or lose one that is resumed.
_OVERRULED = ("WANDB_NAME", "WANDB_RUN_GROUP", "WANDB_RUN_ID", "WANDB_DIR", "WANDB_RESUME")


def with_environment(tracker: TrackerConfig, env: Mapping[str, str]) -> TrackerConfig:
    """The settings, with WANDB_PROJECT, WANDB_ENTITY and WANDB_TAGS where they say nothing.

    Raises:
        InputError: W&B does not allow a variable's value.
    """

    def taken(setting: str, value: str) -> str:
        problem = text_problem(f"WANDB_{setting.upper()}", value, rules=f"tracker.{setting}")
        if problem and tracker.mode != "disabled":
            raise InputError(problem)
        return value

    project, entity, tags = tracker.project, tracker.entity, tracker.tags
    if project is None:
        project = taken("project", env.get("WANDB_PROJECT") or _PROJECT)
    if entity is None and env.get("WANDB_ENTITY"):
        entity = taken("entity", env["WANDB_ENTITY"])
    if not tags:
        tags = [taken("tags", tag.strip()) for tag in env.get("WANDB_TAGS", "").split(",") if tag.strip()]
    return replace(tracker, project=project, entity=entity, tags=tags)


def overruled(env: Mapping[str, str]) -> str | None:
    """A line that names the variables that do not count; None if there are none."""
    found = [name for name in _OVERRULED if env.get(name)]
    words = f"W&B: {', '.join(found)} {'does' if len(found) == 1 else 'do'} not count"
    return f"{words}: a population is one run, named, grouped and resumed as such" if found else None


def shown_config(resolved: Mapping[str, Any], members: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The config without what is not set, so that runs can be told apart by what is.

    Returns:
        Its settings, nested, with the value that all networks have; those that vary are in `varies` alone, by the name
        of their axis: all values in order, or words where there are more than MOST_VALUES.
    """
    shown = copy.deepcopy(dict(resolved))
    varies: dict[str, Any] = {}
    for axis, setting in AXES.items():
        if axis not in members:
            continue
        values = list(dict.fromkeys(members[axis]))
        group, _, name = setting.key.rpartition(".")
        settings = shown.setdefault(group, {})
        given = settings.pop(name, None)
        if len(values) == 1:
            settings[name] = given if given == values[0] else values[0]  # 4 where a column has 4.0
        elif values:
            values.sort(key=lambda value: (value is None, value))
            few = len(values) <= MOST_VALUES
            varies[axis] = values if few else f"{len(values)} values, {values[0]} to {values[-1]}"
    if isinstance(shown.get("population"), dict):
        shown["population"] = {name: value for name, value in shown["population"].items() if name not in _EXPANDED}
    return {**_set_ones(shown), **({"varies": varies} if varies else {})}


def _set_ones(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same without nulls, and without groups and lists that have nothing in them."""
    kept = {name: _set_ones(value) if isinstance(value, Mapping) else value for name, value in config.items()}
    return {name: value for name, value in kept.items() if value not in (None, {}, [])}
