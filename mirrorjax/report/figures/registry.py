"""The figures of the report, by the question that they answer: a new one is one file and one name here."""

from mirrorjax.report.chart.figure import FigureKind
from mirrorjax.report.figures import (
    calibration,
    causes,
    circuits,
    decomposition,
    first_layer,
    helping,
    matched,
    onset,
    scaling,
    timeline,
)
from mirrorjax.report.figures import capacity_time as phase_diagram
from mirrorjax.report.map import figure as phase_map

OF_QUESTIONS: dict[str, tuple[FigureKind, ...]] = {
    "learnt": (timeline.FIGURE,),
    "chance": (calibration.FIGURE, onset.FIGURE, decomposition.FIGURE, first_layer.FIGURE),
    "causes": (causes.FIGURE, circuits.FIGURE),
    "settings": (phase_map.FIGURE, helping.FIGURE, phase_diagram.FIGURE, matched.FIGURE, scaling.FIGURE),
}
FIGURES: tuple[FigureKind, ...] = tuple(kind for kinds in OF_QUESTIONS.values() for kind in kinds)
