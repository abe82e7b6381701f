"""Which settings may vary inside a population, in which order, and the schema of how they do.

That is `population.axes`, `.zip`, `.random` and `.list`; what they come to is in `grid.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from mirrorjax.settings.groups import DatasetConfig, GameConfig, ModelConfig, OptimizerConfig, RegimeConfig
from mirrorjax.settings.setting import Made, Setting, extended, made, settings_of

# The settings that there were from the start, in the order in which a grid walks them, the last one fastest. They are
# part of every identity and required columns; each later one is no part of an identity where it is at its default.
FIRST = (
    "regime", "model", "width", "depth", "activation", "learning_rate", "dropout", "l2", "batch_size", "data_order",
)  # fmt: skip
GROUPS = {
    "regime": RegimeConfig, "model": ModelConfig, "optimizer": OptimizerConfig, "game": GameConfig,
    "dataset": DatasetConfig,
}  # fmt: skip


def of_members(settings: Iterable[Setting]) -> dict[str, Setting]:
    """The settings that define a member, by name: the first ones, then by group, then the seed of the data.

    Members are expanded in this order, and results are continued by their place: it may only grow.
    """

    def place(each: Setting) -> tuple[int, int]:
        if each.name in FIRST:
            return 0, FIRST.index(each.name)
        return 2 if each.scale == "seed" else 1, list(GROUPS).index(each.key.partition(".")[0])

    return {each.name: each for each in sorted((each for each in settings if each.label), key=place)}


def axes_of(settings: Iterable[Setting]) -> dict[str, Setting]:
    """Those of them that may vary inside a population."""
    return {name: each for name, each in of_members(settings).items() if each.is_axis}


AXES = axes_of(each for name, group in GROUPS.items() for each in settings_of(group, f"{name}.").values())


@dataclass
class IntegerRange:
    """Whole numbers to draw from: low to high, both included, or a choice."""

    low: int | None = None
    high: int | None = None
    log: bool = False  # uniform in the logarithm
    choice: list[int] | None = None


@dataclass
class NumberRange:
    """Numbers to draw from: low to high, or a choice."""

    low: float | None = None
    high: float | None = None
    log: bool = False  # uniform in the logarithm
    choice: list[float] | None = None


@dataclass
class TextChoice:
    """Names to draw from."""

    choice: list[str] | None = None


_KEY = "axis"  # of a field's metadata
_DRAWN: Mapping[type, type] = {int: IntegerRange, float: NumberRange, str: TextChoice}


def lists_schema(axes: Mapping[str, Setting]) -> type[Made]:
    """The schema of settings that vary, a list each; null: no axis."""
    return made(
        "AxesConfig",
        [(name, list[each.hint] | None, field(default=None, metadata={_KEY: each})) for name, each in axes.items()],
    )


def draws_schema(axes: Mapping[str, Setting]) -> type[Made]:
    """The schema of combinations drawn at random, a range for each setting that is drawn anew."""
    ranges = [(name, _DRAWN[each.kind], field(default_factory=_DRAWN[each.kind])) for name, each in axes.items()]
    return made("RandomConfig", [("draws", int, 0), ("seed", int, 0), *ranges])


def values_schema(axes: Mapping[str, Setting]) -> type[Made]:
    """The schema of one combination, written out; null: as the other groups of the configuration say."""
    return made("SettingsConfig", [(name, each.kind | None, None) for name, each in axes.items()])


class AxesConfig(lists_schema(AXES)):
    """Settings that vary, a list each. null: no axis."""


class RandomConfig(draws_schema(AXES)):
    """Combinations drawn at random; all the named settings are drawn anew for each. More draws keep the first ones."""


class SettingsConfig(values_schema(AXES)):
    """One combination, written out; null: as `model`, `optimizer` and `regime` say."""


_Entries = list[SettingsConfig]  # inside the class `list` is the field


@dataclass
class GroupConfig:
    """Ways to vary settings; each combination of one way is trained with each of the others."""

    axes: AxesConfig = field(default_factory=AxesConfig)  # a grid: every combination
    zip: AxesConfig = field(default_factory=AxesConfig)  # lists of one length, walked together
    random: RandomConfig = field(default_factory=RandomConfig)
    list: _Entries = field(default_factory=list)


def axes_in(group: GroupConfig) -> dict[str, Setting]:
    """The settings that a group can vary, by name."""
    return {each.name: each.metadata[_KEY] for each in fields(group.axes)}


def group_schema(axes: Mapping[str, Setting]) -> type[GroupConfig]:
    """`GroupConfig` with other axes."""
    lists, values = lists_schema(axes), values_schema(axes)
    ways = {"axes": lists, "zip": lists, "random": draws_schema(axes)}
    more = [(name, kind, field(default_factory=kind)) for name, kind in ways.items()]
    return extended(GroupConfig, [*more, ("list", list[values], field(default_factory=list))])
