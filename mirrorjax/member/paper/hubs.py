"""Which unit of the second layer is the hub of each of the paper's three circuits.

The criteria are those of `measurement.battery.circuits`. Where no unit meets all of a circuit's, the one that comes
nearest stands in for it, and what it misses is said: of the units that raise the circuit's output most, if there are
any, the one that meets most of the other criteria, and of several the one with the largest sum of min(1, value/limit).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mirrorjax.game.state import Action
from mirrorjax.measurement.battery.circuits import CRITERIA
from mirrorjax.measurement.learnt import COMPARED
from mirrorjax.measures import label

DOMINANT = "dominant"  # column: the output that a unit raises most


@dataclass(frozen=True)
class Criterion:
    """A unit's value must be at least, more than, or less than a limit."""

    words: str
    column: str
    relation: str  # ≥, > or <
    limit: float

    def met(self, values: np.ndarray) -> np.ndarray:
        """Which units meet it."""
        return COMPARED[self.relation](values, self.limit)

    def nearness(self, values: np.ndarray) -> np.ndarray:
        """How near each unit comes to it, from 0 to 1."""
        if self.relation == "<":
            return np.clip(self.limit / np.maximum(values, self.limit), 0.0, 1.0)
        return np.clip(values / self.limit, 0.0, 1.0)


@dataclass(frozen=True)
class Circuit:
    """One of the paper's circuits."""

    name: str  # as the paper has it
    # matched boards between x0 and which its paths are followed: xF one's own distress, xT the partner's
    condition: str
    strength: str  # column by which one of several hubs is chosen
    words: tuple[str, ...]  # for each of its criteria

    @property
    def output(self) -> Action:
        """That its hub raises most."""
        return CRITERIA[self.name][0]

    @property
    def criteria(self) -> list[Criterion]:
        """Of its hub, beside the output."""
        return [Criterion(words, *limit) for words, limit in zip(self.words, CRITERIA[self.name][1], strict=True)]


_BY_MIRROR, _MOVED = "share of its drive from mirror units", "help_moved_by_mirror"
CIRCUITS = (
    Circuit("self-preservation", "xF", "leap_lost", (_BY_MIRROR, label("leap_lost"))),
    Circuit("tactical help", "xT", "share_toad", ("share of its drive from Toad-only units", "from mirror units")),
    Circuit("empathy-influenced help", "xT", _MOVED, (_BY_MIRROR, "from Toad-only units", label(_MOVED))),
)


@dataclass(frozen=True)
class Hub:
    """The unit that was chosen for a circuit."""

    circuit: Circuit  # whose hub it is, or would be
    unit: int  # its number in the second layer, from 1
    dominant: Action  # the output that it raises most
    values: tuple[float, ...]  # of the circuit's criteria

    @property
    def met(self) -> tuple[bool, ...]:
        """Which criteria it meets: the output first, then those of the circuit."""
        pairs = zip(self.circuit.criteria, self.values, strict=True)
        return self.dominant == self.circuit.output, *(bool(each.met(np.asarray(value))) for each, value in pairs)

    @property
    def found(self) -> bool:
        """Whether it is a hub of the circuit, by all criteria."""
        return all(self.met)

    def note(self) -> str:
        """In words, what it meets and what it misses."""
        output_met, *met = self.met
        dominant, output = self.dominant.name.lower(), self.circuit.output.name.lower()
        parts = [f"dominant output {dominant}" + ("" if output_met else f", not {output} (missed)")]
        for each, value, is_met in zip(self.circuit.criteria, self.values, met, strict=True):
            parts.append(f"{each.words} {value:.3f} ({each.relation} {each.limit:g}: {'met' if is_met else 'missed'})")
        found = f"L2N{self.unit} is the hub of {self.circuit.name}"
        nearest = f"No unit is a hub of {self.circuit.name}; L2N{self.unit} comes nearest"
        return f"{found if self.found else nearest}: {'; '.join(parts)}."


def choose_hubs(columns: Mapping[str, np.ndarray], alive: np.ndarray) -> list[Hub]:
    """The hub, or the nearest unit, of each circuit in `CIRCUITS`; none if no unit of the second layer is alive.

    `columns` are of the criteria, and `dominant`, over these units [n]; those `alive` can be a hub [n].
    """
    if not alive.any():
        return []
    hubs = []
    for circuit in CIRCUITS:
        right = columns[DOMINANT] == circuit.output
        number, near = np.zeros(len(alive), int), np.zeros(len(alive))
        for criterion in circuit.criteria:
            values = np.asarray(columns[criterion.column], float)
            number, near = number + criterion.met(values), near + criterion.nearness(values)
        best = np.lexsort((columns[circuit.strength], near, number, right, alive))[-1]
        values = tuple(float(columns[criterion.column][best]) for criterion in circuit.criteria)
        hubs.append(Hub(circuit, int(best) + 1, Action(int(columns[DOMINANT][best])), values))
    return hubs
