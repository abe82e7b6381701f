"""What figures and sentences draw from: one population, and what was computed over it, each thing once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, TypeVar

from mirrorjax.report.read.over_seeds import CURVE_MEASURES, Curve, Networks, curves, networks
from mirrorjax.report.read.populations import ReportedPopulation

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class View:
    """All that a figure may draw from: one population, what was computed over it, and what the reader chose."""

    population: ReportedPopulation
    member: str | None = None
    kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def regime(self) -> str:
        """The name of its regime; empty where no member is listed."""
        groups = self.population.groups
        return str(groups[0].settings.get("regime", "")) if groups else ""

    @cached_property
    def networks(self) -> Networks:
        """What each network did."""
        return networks(self.population)

    @property
    def curves(self) -> dict[int, Curve]:
        """Curves of `CURVE_MEASURES`, by group index."""
        return self.measured(CURVE_MEASURES)

    def measured(self, names: Sequence[str]) -> dict[int, Curve]:
        """Curves of any measures, by group index; computed once."""
        key = tuple(names)
        if key not in self.kept:
            self.kept[key] = curves(self.population, key)
        return self.kept[key]


def once(make: Callable[[View], _Made]) -> Callable[[View], _Made]:
    """Keeps what a function makes of a view: however many ask for it, it is computed once."""

    @wraps(make)
    def kept(view: View) -> _Made:
        if make not in view.kept:
            view.kept[make] = make(view)
        return view.kept[make]

    return kept
