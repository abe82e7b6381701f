"""A setting, described once: what is allowed of it, its label, its scale and where it acts stand in its field.

Whatever lists settings is derived: schemas of axes, fields of `Member`, columns, headings, tables of the docs.
"""

import functools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, make_dataclass, replace
from enum import Enum
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, get_args, get_type_hints

_KEY = "setting"  # of a field's metadata


class Acts(Enum):
    """Where a setting of a member acts, and what carries it there."""

    PROGRAM = "forces a compiled program of its own (`ProgramSpec`)"
    VALUE = "a number inside a program (`MemberValues`)"
    ROWS = "a number inside a program, on the rows that are trained on (`Knobs`)"
    SOURCE = "which rows there are to be trained on (`Source`)"


@dataclass(frozen=True)
class Range:
    """Numbers that are allowed.

    Attributes:
        low, high: the ends.
        closed: whether these two are allowed themselves.
        from_low: whether the lower one is, where `closed` is not.
    """

    low: float
    high: float = math.inf
    closed: bool = True
    from_low: bool = False

    def __contains__(self, number: Any) -> bool:
        """Whether a number is allowed; nan never is."""
        if self.closed:
            return self.low <= number <= self.high
        return self.low < number < self.high or (self.from_low and number == self.low)

    def __str__(self) -> str:
        """In words."""
        if self.closed and self.high < math.inf:
            return f"from {self.low:g} to {self.high:g}"
        least = f"{'at least' if self.closed or self.from_low else 'above'} {self.low:g}"
        return least if self.high == math.inf else f"{least} and below {self.high:g}"


@dataclass(frozen=True)
class Id:
    """The ids of members are allowed, and nothing, which is none."""

    def __contains__(self, given: Any) -> bool:
        """Whether it is one."""
        return isinstance(given, str) and re.fullmatch(r"([0-9a-f]{16})?", given) is not None

    def __str__(self) -> str:
        """In words."""
        return "the 16 hex digits of a member_id"


@dataclass(frozen=True)
class Setting:
    """One setting of a configuration.

    Attributes:
        default: where nothing is said; of a member's settings the paper's value.
        allowed: numbers, or the values that there are to choose from; None: no rule of its own. Where a setting may
            be null, null has no need of a rule.
        label: of an axis, for people; only settings that define a member have one.
        note: what it does, in a table of the docs.
        acts: where.
        scale: `linear`; `log`: its effect is by ratios, as of sizes and rates; `seed`: no scale, another draw.
        knob: of the theory: the quantity that it stands for, or nothing where that has no letter; None: it is a
            setting of training or capacity.
        is_axis: whether it may vary inside a population.
        later: whether folders had names before it existed: no trace of it in these where it is not given.
        of: the regime, or the model, that alone looks at it, if it is not for all.
        also: regimes besides `of` that look at it.
        column: type of its column where that is not its own.
        named: of its axis, field and column, if not the last part of its key.
        key: its place in the configuration, `model.width`.
        hint: its type, with None where it may be null.
    """

    default: Any
    allowed: Range | Id | tuple[Any, ...] | None = None
    label: str = ""
    note: str = ""
    acts: Acts | None = None
    scale: str = "linear"
    knob: str | None = None
    is_axis: bool = True
    later: bool = False
    of: str = ""
    also: tuple[str, ...] = ()
    column: type | None = None
    named: str = ""
    key: str = ""
    hint: Any = None

    @property
    def name(self) -> str:
        """Of its axis, its field of a member and its column."""
        return self.named or self.key.rpartition(".")[2]

    @property
    def whose(self) -> tuple[str, ...]:
        """The regimes, or the model, that alone look at it; none if it is for all."""
        return (self.of, *self.also) if self.of else ()

    @property
    def kind(self) -> type:
        """int, float or str."""
        return next((each for each in get_args(self.hint) if each is not NoneType), self.hint)

    @property
    def options(self) -> tuple[Any, ...]:
        """The values that there are to choose from; none where anything lies between."""
        return self.allowed if isinstance(self.allowed, tuple) else ()

    @property
    def is_choice(self) -> bool:
        """Whether nothing lies between its values."""
        return bool(self.options)

    @property
    def is_number(self) -> bool:
        """Whether it can be an axis of a map; a name can only part a map into several."""
        return self.kind is not str

    @property
    def in_logs(self) -> bool:
        """Whether its effect is by ratios."""
        return self.scale == "log"

    def problem(self, given: Any, name: str = "") -> str | None:
        """What is wrong with a value, in words, under the name that it was given by; None if nothing is."""
        if self.allowed is None or (given is None and not self.is_choice) or given in self.allowed:
            return None
        return f"{name or self.key} is {repr(given) if self.is_choice else given}; allowed: {self.words}"

    @property
    def words(self) -> str:
        """What is allowed."""
        return ", ".join("null" if each is None else str(each) for each in self.options) or str(self.allowed)

    @property
    def column_kind(self) -> type:
        """int, float or str: of its column."""
        return self.column or self.kind

    @property
    def as_field(self) -> tuple[str, Any, Any]:
        """The field of the configuration that it is, for `make_dataclass`."""
        return self.key.rpartition(".")[2], self.hint, field(default=self.default, metadata={_KEY: self})


def setting(default: Any, allowed: Range | Id | tuple[Any, ...] | None = None, **about: Any) -> Any:
    """A field of the configuration, with what is to be known of it: see `Setting`."""
    return field(default=default, metadata={_KEY: Setting(default, allowed, **about)})


@functools.cache
def settings_of(schema: type, prefix: str = "") -> Mapping[str, Setting]:
    """The settings of a configuration's class that are described, by key, those of its groups included."""
    found: dict[str, Setting] = {}
    types = get_type_hints(schema)
    for each in fields(schema):
        key, hint = f"{prefix}{each.name}", types[each.name]
        if is_dataclass(hint):
            found |= settings_of(hint, f"{key}.")
        elif _KEY in each.metadata:
            found[key] = replace(each.metadata[_KEY], key=key, hint=hint)
    return found


class Made:
    """A dataclass that is made of settings: it has an attribute for each, which a type checker cannot know."""

    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Any]]

        def __init__(self, **given: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...


def made(name: str, given: Iterable[tuple[str, Any] | tuple[str, Any, Any]], frozen: bool = False) -> type[Made]:
    """A dataclass to inherit from; of each field name and type are given, and the default if it has one."""
    return make_dataclass(name, given, frozen=frozen, bases=(Made,))


def extended(schema: type, more: Iterable[tuple[str, Any, Any]]) -> type:
    """A dataclass with further fields, or with others in the place of those that it has."""
    return make_dataclass(schema.__name__, more, bases=(schema,))
