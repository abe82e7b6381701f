"""The figures of the report, by the question that they answer: a new one is one file and one name here."""

from mirrorjax.report import (
    calibration,
    causes,
    circuits,
    decomposition,
    matched,
    onset,
    phase_diagram,
    phase_map,
    scaling,
    timeline,
    units,
)
from mirrorjax.report.figure import FigureKind

OF_QUESTIONS: dict[str, tuple[FigureKind, ...]] = {
    "learnt": (timeline.FIGURE,),
    "chance": (calibration.FIGURE, onset.FIGURE, decomposition.FIGURE, units.FIGURE),
    "causes": (causes.FIGURE, circuits.FIGURE),
    "settings": (phase_map.FIGURE, phase_diagram.FIGURE, matched.FIGURE, scaling.FIGURE),
}
FIGURES: tuple[FigureKind, ...] = tuple(kind for kinds in OF_QUESTIONS.values() for kind in kinds)
