"""What figures and sentences draw from: one population, and what was computed over it, each thing once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from mirrorjax.report.read.over_seeds import Curve, Networks, curves
from mirrorjax.report.read.populations import ReportedPopulation

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class View:
    """All that a figure may draw from: one population, what was computed over it, and what the reader chose."""

    population: ReportedPopulation
    curves: dict[int, Curve]
    networks: Networks
    member: str | None = None
    _once: dict[str, Any] = field(default_factory=dict, repr=False)
    _measured: dict[tuple[str, ...], dict[int, Curve]] = field(default_factory=dict, repr=False)
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    def once(self, name: str, make: Callable[[], _Made]) -> _Made:
        """What is dear to compute and asked for by several: computed once, by name."""
        if name not in self._once:
            self._once[name] = make()
        return self._once[name]

    def measured(self, names: Sequence[str]) -> dict[int, Curve]:
        """Curves of any measures, by group index; computed once."""
        key = tuple(names)
        if key not in self._measured:
            self._measured[key] = curves(self.population, key)
        return self._measured[key]

    def kept(self, make: Callable[["View"], _Made]) -> _Made:
        """What a function makes of this view; computed once."""
        if make not in self._kept:
            self._kept[make] = make(self)
        return self._kept[make]
