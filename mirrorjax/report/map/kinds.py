"""What stands in the place of learning, verdicts and CMNI where nobody acts on rows: brains, and simulations."""

from collections.abc import Callable
from dataclasses import dataclass

from mirrorjax.report.chart.figure import Panel
from mirrorjax.report.map import assemblies, simulations
from mirrorjax.report.read.view import View


@dataclass(frozen=True)
class Kind:
    """A kind of population: its words for a reader, of a population what was run and found, and its first figure."""

    meaning: str
    was_run: Callable[[View], str]
    sentences: Callable[[View], list[str]]
    first_panel: Callable[[View], Panel]


_BRAINS = Kind(
    "Brains of assembly calculus learn without a gradient and do not act; an assembly is what fires together. Empathy: "
    "one's own and the other's distress share neurons beyond those that they share with an object's.",
    assemblies.brains_words,
    assemblies.assembly_sentences,
    assemblies.first_panel,
)
_CIRL = Kind(
    "Toad is after something that Frog does not know and infers from its acts; nothing is learnt, and beliefs are "
    "exact. The value of information is what it would be worth a round to know.",
    simulations.simulations_words,
    simulations.cirl_sentences,
    simulations.first_panel,
)
_TURNS = Kind(
    "Pairs that may take turns; nothing is learnt. Where a closed form is known it stands beside what was simulated.",
    simulations.simulations_words,
    simulations.turns_sentences,
    simulations.first_panel,
)
_KINDS = {"assembly": _BRAINS, "cirl": _CIRL, "turn_taking": _TURNS}  # by regime


def kind_of(view: View) -> Kind | None:
    """Of a population in which nobody acts on rows; None of any other."""
    return _KINDS.get(view.regime)
