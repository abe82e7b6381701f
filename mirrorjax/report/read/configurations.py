"""What makes a configuration, in the order in which reports name it, and how far it is from the paper's."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from mirrorjax.settings.groups import ModelConfig, OptimizerConfig
from mirrorjax.settings.schema import MEMBER
from mirrorjax.settings.setting import Setting

PAPER_DEPTH, PAPER_WIDTH = ModelConfig.depth, ModelConfig.width
PAPER_RATE, PAPER_BATCH = OptimizerConfig.learning_rate, OptimizerConfig.batch_size
CAPACITY = ("depth", "width")


def in_order(settings: Iterable[Setting]) -> dict[str, Setting]:
    """Settings by name: the capacity, other numbers, and then what has names for values."""
    by_name = {each.name: each for each in settings}
    return {name: by_name[name] for name in CAPACITY} | dict(
        sorted(by_name.items(), key=lambda item: not item[1].is_number)
    )


class _Described(dict[str, Setting]):
    """By name those of ours, in their order; any other is a plugin's, and called by its name if that is not loaded."""

    def __missing__(self, name: str) -> Setting:
        return MEMBER.get(name) or Setting(None, label=name.replace("_", " "), key=name, hint=float)


BY_NAME = _Described(in_order(MEMBER.values()))
SETTINGS = tuple(BY_NAME)
SEEDS = tuple(name for name, each in BY_NAME.items() if each.scale == "seed")  # cells of a map do not differ in these


def distance_to_paper(settings: dict[str, Any]) -> tuple[float, ...]:
    """Capacity first, then the theory's knobs (how many are off, how far), activation, learning rate and batch size."""
    off = knobs_off(settings)
    return (
        abs((settings["depth"] or 0) - PAPER_DEPTH) + abs(np.log2(max(settings["width"] or 1, 1) / PAPER_WIDTH)),
        len(off),
        sum(_relative(settings[name], BY_NAME[name].default) for name in off),
        float(settings["activation"] != "relu"),
        abs(np.log((settings["learning_rate"] or 1.0) / PAPER_RATE)),
        abs((settings["batch_size"] or 0) - PAPER_BATCH),
    )


def _relative(value: Any, paper: Any) -> float:
    """How far a knob is from the paper's value, relative to it; names are 1 apart."""
    if isinstance(value, str):
        return 1.0
    # without a number the paper has all of them: the more, the nearer
    return 1.0 / value if paper is None else abs(value - paper) / max(abs(paper), 1.0)


def knobs_off(settings: dict[str, Any]) -> list[str]:
    """Names of the theory's knobs that are not at the paper's value."""
    return [name for name, each in BY_NAME.items() if each.knob is not None and settings[name] != each.default]
