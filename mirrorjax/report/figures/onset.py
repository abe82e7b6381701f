"""When it rises: behaviour and measures over epochs, each on the scale of its final value, around the peak of CMNI."""

from dataclasses import dataclass

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.chart.chart import Chart, Plot, Scale, one
from mirrorjax.report.chart.figure import FigureKind, Panel, of_networks
from mirrorjax.report.chart.marks import BLUE, GREEN, ORANGE, PURPLE, RED, Line, Look, Note, Rule
from mirrorjax.report.figures.timeline import shown_groups
from mirrorjax.report.read.over_seeds import BANDS, Band, Curve, after_peak_start
from mirrorjax.report.read.populations import PEAK_AFTER, Group
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import epoch_words, listed, plain_number
from mirrorjax.report.words.time import Time

MEASURES = {  # colour, line
    "rescue_accuracy": (RED, "solid"),
    "recall_leap": (ORANGE, "dash"),
    "d_prime_mni": (BLUE, "solid"),
    "ssi": (GREEN, "dash"),
    "tr": (PURPLE, "dot"),
}
NAMES = ("cmni", *MEASURES)


@dataclass(frozen=True)
class Rise:
    """One measure's median over the checkpoints that have it, with its band, at paper epochs.

    `final` is the last median, `half` the epoch of the first checkpoint from which on the median stays at or above half
    of it, nan if it is not above zero; `from_start` if that is the first checkpoint that has it: it may have risen
    before.
    """

    name: str
    epoch: np.ndarray
    values: Band
    final: float
    half: float
    from_start: bool

    @property
    def label(self) -> str:
        """In words."""
        return label(self.name)


def rises(curve: Curve) -> list[Rise]:
    """Of every measure with a median at two checkpoints at least."""
    found = []
    for name in MEASURES:
        own = curve.bands[name]
        known = np.flatnonzero(np.isfinite(own.median) & np.isfinite(curve.epoch))
        if len(known) < 2:
            continue
        epoch, values = curve.epoch[known], Band(*(part[known] for part in own))
        final = float(values.median[-1])
        below = np.flatnonzero(values.median < final / 2)
        half = float(epoch[below[-1] + 1 if len(below) else 0]) if final > 0 else np.nan
        found.append(Rise(name, epoch, values, final, half, from_start=not len(below)))
    return found


def peak_epoch(curve: Curve) -> float:
    """Of the median curve of CMNI; nan without a checkpoint after epoch 1.5."""
    cmni = curve.bands["cmni"].median
    known = np.flatnonzero(after_peak_start(curve.epoch) & np.isfinite(cmni))
    return float(curve.epoch[known[np.argmax(cmni[known])]]) if len(known) else np.nan


def panel(view: View) -> Panel:
    """Builds the figure: one variant a configuration."""
    result, groups = Panel("When it rises"), _groups(view)
    if not groups:
        return result.without(
            "Rescue accuracy, d′-MNI, SSI and TR were not recorded at two checkpoints at least (as with "
            "measurement.boards=0 or an older version): what rises when cannot be drawn."
        )
    result.per_group(groups, lambda group: _chart(view, group))
    curve = view.measured(NAMES)[groups[0].index]
    result.caption = [
        "Medians over networks, each divided by its last median, so that 1 is where it ends; on hover its own value "
        f"and the band of {BANDS}. The legend has the time from which on it stays above half of that (a checkpoint: "
        f"nothing is interpolated). TR is the median over networks where it is defined. {groups[0].label}: "
        f"{_when(curve, view.population.time)}",
        *_left_out(curve),
    ]
    return result


def _groups(view: View) -> list[Group]:
    if not {"rescue_accuracy", "d_prime_mni", "ssi", "tr"} & view.population.measures:
        return []
    found = view.measured(NAMES)
    return [group for group in shown_groups(view) if any(rise.final > 0 for rise in rises(found[group.index]))]


def _when(curve: Curve, time: Time) -> str:
    """When each passes half of its end, relative to the peak of CMNI."""
    peak, (risen, _) = peak_epoch(curve), _apart(curve)
    if not np.isfinite(peak):
        halves = listed([f"{rise.label} at {time.at(rise.half)}{_or_before(rise)}" for rise in risen])
        return f"half of the end is passed by {halves}; no checkpoint after {time.at(PEAK_AFTER)}, so no peak of CMNI."
    words = f"the median CMNI peaks at {time.at(peak)}"
    if peak >= curve.epoch[-1]:
        words += ", the last checkpoint: it may be a rise cut short"
    halves = listed([f"{rise.label} {_relative(rise.half - peak, time)}{_or_before(rise)}" for rise in risen])
    return f"{words}; half of the end is passed by {halves}."


def _relative(epochs: float, time: Time) -> str:
    side = "after" if epochs > 0 else "before"
    unit = "epochs" if time.is_papers else time.units
    return "at the peak" if abs(epochs) < 0.005 else f"{epoch_words(abs(epochs))} {unit} {side} it"


def _or_before(rise: Rise) -> str:
    return " or earlier (its first value)" if rise.from_start else ""


def _apart(curve: Curve) -> tuple[list[Rise], list[Rise]]:
    """Those that end above zero, and those that do not, which are not drawn."""
    found = rises(curve)
    return [rise for rise in found if rise.final > 0], [rise for rise in found if rise.final <= 0]


def _left_out(curve: Curve) -> list[str]:
    risen, flat = _apart(curve)
    absent = [label(name) for name in MEASURES if name not in {rise.name for rise in (*risen, *flat)}]
    values = listed([f"{rise.label} ({plain_number(rise.final)})" for rise in flat])
    words = [f"Not drawn, since it does not end above zero: {values}."] if flat else []
    return words + ([f"Not known at two checkpoints: {listed(absent)}."] if absent else [])


def _chart(view: View, group: Group) -> Chart:
    curve = view.measured(NAMES)[group.index]
    peak, (risen, flat) = peak_epoch(curve), _apart(curve)
    time = view.population.time
    lines = [_line(rise, time) for rise in risen]
    marks: list[Rule | Note] = [Rule(0.5), Rule(1.0)]
    if np.isfinite(peak):
        marks.append(Rule(peak, "x", label=f"CMNI peaks at {time.at(peak)}"))
    if flat:
        words = f"not drawn: {listed([rise.label for rise in flat])}, not above zero at the end"
        marks.append(Note(words, 0.005, 0.99, ("top", "left"), filled=True))
    # cut at what is far from the end: untrained values may be many times it
    values = np.concatenate([*(line.y for line in lines), [0.0, 1.0]])
    ends = max(float(values.min()), -1.0) - 0.08, min(float(values.max()), 3.0) + 0.12
    scale = Scale("median / last median", ends)
    title = of_networks(group, group.networks)
    return one(Plot([*lines, *marks], Scale(time.axis), scale), 520, title=title, hover_together=True)


def _line(rise: Rise, time: Time) -> Line:
    """The medians relative to the last, with their own values and band on hover."""
    colour, dash = MEASURES[rise.name]
    hover = f"{rise.label} {{median:.3f}} [{{q05:.3f}}, {{q95:.3f}}]"
    own: dict[str, np.ndarray] = dict(zip(("q05", "median", "q95"), rise.values, strict=True))
    half = f"half at {time.at(rise.half)}{_or_before(rise)}"
    look = Look(colour, f"{rise.label}: {half}, ends at {plain_number(rise.final)}", dash=dash, symbol="circle")
    return Line(rise.epoch, rise.values.median / rise.final, look, hover=hover, details=own)


FIGURE = FigureKind("onset", panel)
