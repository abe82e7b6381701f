"""What makes a configuration: its settings, how they are called, and what they are in the paper."""

from dataclasses import dataclass
from typing import Any

from mirrorjax.combinations import BY_RATIO

PAPER_DEPTH, PAPER_WIDTH, PAPER_RATE, PAPER_BATCH = 2, 17, 4e-6, 25


@dataclass(frozen=True)
class Setting:
    """One setting of a network.

    Attributes:
        name: of its column in `members.parquet`.
        label: of an axis.
        paper: the published value; None of `boards` stands for all of them.
        is_knob: of the theory, so that the paper has one value; others are settings of training and capacity.
    """

    name: str
    label: str
    paper: Any
    is_knob: bool = False

    @property
    def in_logs(self) -> bool:
        """Whether its effect is by ratios, as of a size."""
        return self.name in BY_RATIO

    @property
    def is_number(self) -> bool:
        """Whether it can be an axis; a name can only part a diagram into several."""
        return not isinstance(self.paper, str)


_ALL = (
    Setting("depth", "hidden layers", PAPER_DEPTH),
    Setting("width", "units a hidden layer", PAPER_WIDTH),
    Setting("learning_rate", "learning rate", PAPER_RATE),
    Setting("batch_size", "batch size", PAPER_BATCH),
    Setting("dropout", "dropout", 0.12),
    Setting("l2", "L2", 0.01),
    Setting("congruence", "congruence C", 0.0, is_knob=True),
    Setting("dependency", "dependency D", 1.0, is_knob=True),
    Setting("scroll", "dependency D by the camera (scroll)", 1.0, is_knob=True),
    Setting("edge", "edge rule", 1.0, is_knob=True),
    Setting("veil_symbol", "veil I of symbols", 0.0, is_knob=True),
    Setting("veil_role", "veil I of roles", 0.0, is_knob=True),
    Setting("mask", "mask", 1.0, is_knob=True),
    Setting("shuffled", "shuffled answers", 0.0, is_knob=True),
    Setting("skies", "skies", 6.0, is_knob=True),
    Setting("obstacle_rate", "obstacle rate", 0.075, is_knob=True),
    Setting("obstacle_width", "obstacle width", 4.0, is_knob=True),
    Setting("boards", "training boards", None, is_knob=True),
    Setting("data_seed", "data seed", 0),
    Setting("encoding", "encoding", "ordinal", is_knob=True),
    Setting("regime", "regime", "supervised"),
    Setting("model", "model", "mlp"),
    Setting("activation", "activation", "relu"),
    Setting("data_order", "data order", "own"),
)
BY_NAME = {setting.name: setting for setting in _ALL}
SETTINGS = tuple(BY_NAME)
SEEDS = ("data_seed",)  # of the data: configurations differ in it, cells of a map do not
COORDINATES = {  # measured in a configuration's training rows and networks, beside what is nominal: label
    "measured_dependency": "dependency measured",
    "identity_hidden": "identity hidden, bits",
    "participation_ratio": "participation ratio of the pictures",
    "train_boards": "training boards found",
    "train_rows": "training rows",
    "parameters": "parameters",
    "units": "units",
}


def knobs_distance(settings: dict[str, Any]) -> float:
    """How far the theory's knobs are from the paper's values, each relative to it, summed; names are 1 apart."""
    return sum(_relative(settings[name], BY_NAME[name].paper) for name in knobs_off(settings))


def _relative(value: Any, paper: Any) -> float:
    if isinstance(value, str):
        return 1.0
    if paper is None:  # all of them: the more, the nearer
        return 1.0 / value
    return abs(value - paper) / max(abs(paper), 1.0)


def knobs_off(settings: dict[str, Any]) -> list[str]:
    """Names of the theory's knobs that are not at the paper's value."""
    return [each.name for each in _ALL if each.is_knob and settings[each.name] != each.paper]
