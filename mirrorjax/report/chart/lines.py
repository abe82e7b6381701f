"""Lines that several figures draw: medians with their bands over epochs, laws, and where a measure is zero."""

import numpy as np

from mirrorjax.report.chart.chart import Scale
from mirrorjax.report.chart.marks import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, Line, Look, Rule
from mirrorjax.report.read.over_seeds import Band, Curve
from mirrorjax.report.words.numbers import plain_number
from mirrorjax.report.words.time import EPOCHS as EPOCHS  # for figures of people's own, of networks alone
from mirrorjax.statistics.laws import Laws

MEDIANS = "medians and 90 % bands"
ZERO = Rule(0.0, look=Look(GREY, dash="dash", width=1))
FEW_TICKS = 8
LAWS = {  # colour and dash
    "constant": (GREY, "dot"),
    "power law": (RED, "solid"),
    "power law with offset": (ORANGE, "dash"),
    "plateau (power)": (GREEN, "solid"),
    "plateau (exponential)": (SKY, "dash"),
    "logistic": (PURPLE, "dashdot"),
    "bump": (BLUE, "longdash"),
}


def median_line(curve: Curve, values: Band, look: Look) -> Line:
    """Medians with their band over paper epochs."""
    hover = "{label} {y:.4f} [{low:.4f}, {high:.4f}], {networks} networks"
    return Line(curve.epoch, values.median, look, values.low, values.high, hover, {"networks": curve.alive})


def law_lines(laws: Laws) -> list[Line]:
    """All laws that could be compared; the preferred one is thick."""
    lines, best = [], laws.preferred
    for fit in (fit for fit in laws.fits if np.isfinite(fit.aic)):
        (colour, dash), x, width = LAWS[fit.name], along(laws.x), 4.0 if fit is best else 1.2
        look = Look(colour, f"{fit.name}: ΔAIC {fit.delta:.1f}", fit.name, dash, width, bold=fit is best)
        lines.append(Line(x, fit.at(x), look))
    return lines


def along(x: np.ndarray) -> np.ndarray:
    """Places from the first to the last point, even in their logarithms."""
    return np.geomspace(x.min(), x.max(), 61).clip(x.min(), x.max())


def log_scale(label: str, x: np.ndarray) -> Scale:
    """A logarithmic axis, with a tick at every point where they are few: powers of ten alone say little there."""
    places = [float(place) for place in np.unique(x)]
    words = [f"{at:,.0f}" if at >= 1000 and at == round(at) else plain_number(at) for at in places]
    return Scale(label, log=True, ticks=tuple(zip(places, words, strict=True)) if len(places) <= FEW_TICKS else ())
