"""Along what a population's settings vary: the axes of its map, found in the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mirrorjax.report.read.configurations import BY_NAME, SEEDS
from mirrorjax.report.read.populations import Group
from mirrorjax.report.words.numbers import tidy_number

MOST_VALUES = 100  # of an axis: more are no grid but a random search
CONSTRUCTED = {  # steps that are in the data by construction, and no findings: by knob and value, in words
    ("dependency", 0.0): (
        "no rescue answer at D = 0",
        "At dependency 0 no label is a rescue, so that nothing about a partner can be learned.",
    ),
    ("dependency", 0.5): (
        "arg max of mixed labels changes at D = .5",
        "At dependency 0.5 the commoner of the two labels of a rescue board changes, and with it the right answer.",
    ),
}


@dataclass(frozen=True)
class Axis:
    """Settings that were moved together, one-to-one functions of each other, and the values that they took.

    `values` are combinations of their values in rising order, [values][names].
    """

    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]

    @property
    def label(self) -> str:
        """Named after all its settings."""
        if self.names == ("depth", "width"):
            return "hidden layers × units a layer"
        return " = ".join(BY_NAME[name].label for name in self.names)

    @property
    def letters(self) -> str:
        """The same as short as can be, for hover texts and lists of cells."""
        return " = ".join(name.replace("_", " ") for name in self.names)

    @property
    def ticks(self) -> list[str]:
        """Every value in words."""
        words = [[_value_words(each) for each in value] for value in self.values]
        if self.names == ("depth", "width"):
            return ["×".join(each) for each in words]
        return [each[0] if len(set(each)) == 1 else ", ".join(each) for each in words]

    def named(self, place: int) -> str:
        """One value with its settings' names: `veil symbol = veil role 0.5`, but `dropout 0, encoding one_hot`."""
        tick = self.ticks[place]
        return f"{self.letters} {tick}" if ", " not in tick else ", ".join(_named(self.names, self.values[place]))

    @property
    def is_number(self) -> bool:
        """Whether its values have an order, so that a map can run along it."""
        return any(self._is_number(place) for place in range(len(self.names)))

    @property
    def lead(self) -> int:
        """Which of its settings gives the coordinate: the first number."""
        return next((place for place in range(len(self.names)) if self._is_number(place)), 0)

    def _is_number(self, place: int) -> bool:
        return BY_NAME[self.names[place]].is_number and not any(isinstance(each[place], str) for each in self.values)

    @property
    def numbers(self) -> list[float]:
        """Those of the leading setting that were given."""
        return [each[self.lead] for each in self.values if each[self.lead] is not None]

    def coordinates(self, found: np.ndarray | None = None) -> np.ndarray:
        """Where the values lie on the scale on which their effect is even, [values]; logarithms of sizes and rates.

        `found` stands in for a value that was not given: the number of training boards, [values].
        """
        numbers = np.array([np.nan if each[self.lead] is None else each[self.lead] for each in self.values], np.float64)
        if found is not None:
            numbers = np.where(np.isnan(numbers), found, numbers)
        return np.log(numbers) if self.in_logs else numbers

    @property
    def in_logs(self) -> bool:
        """Whether its effect is taken as even in logarithms."""
        return BY_NAME[self.names[self.lead]].in_logs and min(self.numbers, default=0) > 0

    @property
    def scale(self) -> str:
        """What its coordinates are, for sentences."""
        return f"ln {self.letters}" if self.in_logs else self.letters

    @property
    def paper(self) -> float | None:
        """The place of the paper's value among the values: whole where it is one, between two, None outside.

        Settings that are moved together are at the paper's point only together.
        """
        paper = tuple(BY_NAME[name].default for name in self.names)
        if paper in self.values:
            return float(self.values.index(paper))
        if len(self.names) > 1 or not self.is_number or paper[0] is None:
            return None
        return self.place_of(float(paper[0]))

    def place_of(self, number: float) -> float | None:
        """The place of a number between the values; None outside."""
        numbers = self.numbers
        if not numbers or not min(numbers) <= number <= max(numbers):
            return None
        axis = Axis((self.names[self.lead],), tuple((each,) for each in (*numbers, number)))
        *known, own = axis.coordinates()
        return float(np.interp(own, known, np.arange(len(known))))

    def paper_words(self) -> str:
        """Where the paper's value lies, if it is not on the axis; else empty."""
        if self.paper is not None:
            return ""
        paper = [BY_NAME[name].default for name in self.names]
        own = " and ".join(_named(self.names, paper))
        if len(self.names) > 1 or not self.is_number:
            return f"the paper's {own} is none of the values here"
        below = paper[0] is not None and paper[0] < self.numbers[0]
        return f"the paper's {own} lies beyond this map's edge at {self.ticks[0 if below else -1]}"

    def marks(self) -> list[tuple[float, str, str]]:
        """Steps that the construction itself puts there, no finding about networks: places, labels, sentences."""
        found = []
        for (name, step), words in CONSTRUCTED.items():
            if name in self.names:
                at = self.names.index(name)
                place = Axis((name,), tuple((value[at],) for value in self.values)).place_of(step)
                if place is not None:
                    # of one value alone: the line stands between it and the next
                    found.append((place or 0.5, *words))
        return found


def axes(groups: Sequence[Group]) -> list[Axis]:
    """Every setting that varies over the configurations, but the data's seed, those that move together as one.

    Numbers with most values first, then the order of the settings; names last.
    """
    names = [name for name in (groups[0].settings if groups else ()) if name not in SEEDS]
    columns = {name: tuple(group.settings[name] for group in groups) for name in names}
    distinct = {name: len(set(values)) for name, values in columns.items() if len(set(values)) > 1}
    together: list[list[str]] = []
    for name in distinct:
        for names in together:
            pairs = set(zip(columns[names[0]], columns[name], strict=True))
            if distinct[name] == distinct[names[0]] == len(pairs):
                names.append(name)
                break
        else:
            together.append([name])
    found = []
    for names in together:
        lead = Axis(tuple(names), ()).lead
        values = set(zip(*(columns[name] for name in names), strict=True))
        found.append(Axis(tuple(names), tuple(sorted(values, key=lambda each: order_of(each[lead])))))
    return sorted(found, key=lambda axis: (not axis.is_number, -len(axis.values)))


def order_of(value: Any) -> tuple[bool, Any]:
    """By which values of a setting are sorted; one that was not given comes last."""
    return value is None, 0 if value is None else value  # all boards are more than any number


def _named(names: Sequence[str], values: Sequence[Any]) -> list[str]:
    return [f"{name.replace('_', ' ')} {_value_words(value)}" for name, value in zip(names, values, strict=True)]


def _value_words(value: Any) -> str:
    if value is None or isinstance(value, str):
        return "all" if value is None else value
    if abs(value) >= 1e4 and value == round(value):
        return f"{value:,.0f}"
    return tidy_number(round(value, 6) if abs(value) > 1e-3 else value)
