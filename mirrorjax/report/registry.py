"""The figures of the report, in its order: a new one is one file and one line here."""

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

FIGURES: tuple[FigureKind, ...] = (
    timeline.FIGURE,
    calibration.FIGURE,
    decomposition.FIGURE,
    onset.FIGURE,
    causes.FIGURE,
    circuits.FIGURE,
    phase_map.FIGURE,
    phase_diagram.FIGURE,
    matched.FIGURE,
    scaling.FIGURE,
    units.FIGURE,
)
