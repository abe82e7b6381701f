"""What the environment tells W&B: taken where a setting does not say otherwise, and named where it is overruled."""

from collections.abc import Mapping
from dataclasses import replace

from mirrorjax.errors import InputError
from mirrorjax.settings.schema import TrackerConfig
from mirrorjax.settings.texts import text_problem

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
