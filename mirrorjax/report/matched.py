"""Whether a setting changes a network or only how far it is: measures at equal lr · steps and at equal excess error."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.phases.intervals import Interval
from mirrorjax.phases.matching import Condition, common_excess, compare
from mirrorjax.report.clocks import alike_but, trajectories
from mirrorjax.report.figure import (
    BLUE,
    RED,
    Chooser,
    FigureKind,
    Panel,
    View,
    axis,
    figure,
    safe,
    static_figure,
)
from mirrorjax.report.phase_axes import MOST_VALUES, Axis, axes
from mirrorjax.report.settings import SEEDS
from mirrorjax.report.tables import Cell, Table
from mirrorjax.report.words import epoch_words, plain_number

MEASURES = {
    "mni_star": "MNI*",
    "ssi_last": "SSI, last hidden layer",
    "cross_decoding_social": "cross-decoding, social",
    "rescue_accuracy": "rescue accuracy",
    "accuracy": "accuracy",
    "cmni": "CMNI",
}
MOST_AXES = 4


@dataclass(frozen=True)
class Line:
    """One measure along one axis, all other settings as in the configuration nearest the paper's.

    Attributes:
        conditions: at the axis' values that there are, by their place on it.
        error: the excess error that is matched; nan where there is none that all pass.
        epoch: the paper epoch that is matched: the last one that networks of all conditions have.
    """

    measure: str
    axis: Axis
    conditions: list[Condition]
    error: float
    epoch: float

    @property
    def ticks(self) -> list[str]:
        """The values of the axis."""
        return [self.axis.ticks[int(str(each.name))] for each in self.conditions]

    @property
    def words(self) -> str:
        """From the first to the last condition, both ways."""
        first, last = self.conditions[0], self.conditions[-1]
        moved = f"{MEASURES[self.measure]} at {self.axis.letters} {self.ticks[0]} and {self.ticks[-1]}"
        said = [f"{_words(first.at_epoch)} and {_words(last.at_epoch)} at paper epoch {epoch_words(self.epoch)}"]
        if np.isfinite(self.error):
            reached = f"{_words(first.at_excess)} and {_words(last.at_excess)}"
            said.append(f"{reached} where excess error first reaches {plain_number(self.error)}")
        else:
            said.append("there is no excess error that half of the networks reach at every value")
        return f"{moved}: {'; '.join(said)}."


def lines(view: View) -> list[list[Line]]:
    """By axis, the measures that were recorded; computed once a view."""
    return view.kept(_lines)


def _lines(view: View) -> list[list[Line]]:
    names = [name for name in MEASURES if name in view.population.measures]
    if "excess_error" not in view.population.measures or not names:
        return []
    known = [each for each in axes(view.population.groups) if len(each.values) <= MOST_VALUES]
    found = [line for each in known[:MOST_AXES] if (line := _along(view, each, names))]
    shared = [name for name in names if all(name in line for line in found)]
    return [[line[name] for name in shared] for line in found] if shared else []


def _along(view: View, along: Axis, names: list[str]) -> dict[str, Line]:
    """By measure; values of the axis at which no network has it are left out."""
    groups = alike_but(view, [*along.names, *SEEDS])
    place_of = {
        group.index: along.values.index(tuple(group.settings[name] for name in along.names)) for group in groups
    }
    made = trajectories(view.population, groups, names)
    places = np.array([place_of[int(group)] for group in made.groups], np.int64)
    found = {}
    for name in names:
        values = made.values[name]
        known = np.isfinite(values)
        rows = [own for place in np.unique(places) if known[own := places == place].any()]
        if len(rows) < 2:
            continue
        epoch = np.nanmedian(made.values["epoch"], axis=0)
        excess = np.where(known, made.values["excess_error"], np.nan)
        last = float(epoch[min(np.flatnonzero(known[own].any(axis=0))[-1] for own in rows)])
        error, kept = common_excess([excess[own] for own in rows]), np.logical_or.reduce(rows)
        matched = compare(places[kept], epoch, excess[kept], values[kept], excess_target=error, epoch_target=last)
        found[name] = Line(name, along, matched, error, last)
    return found


def panel(view: View) -> Panel:
    """Builds the figure: one variant an axis and measure."""
    result = Panel("Matched: does a setting change networks, or only how far they are?")
    found = lines(view)
    if not found:
        result.missing = "Nothing to match: no setting varies around the paper's, or excess error was not recorded."
        return result
    measures = [MEASURES[line.measure] for line in found[0]]
    result.choosers = (
        Chooser("Measure", tuple(measures)),
        Chooser("Along", tuple(row[0].axis.label for row in found)),
    )
    result.variants = {(column, row): _figure(line) for row, own in enumerate(found) for column, line in enumerate(own)}
    result.caption = [
        "Means over networks with 95 % bootstrap intervals; all other settings are those of the configuration nearest "
        "the paper's. Circles: at the same lr · steps, the last that all have. Squares: where a network's excess error "
        "first reaches the least value that half of the networks of every condition reach (straight lines between "
        "checkpoints; on hover, how many never do and are left out). A difference among the circles alone may be "
        "one of how far training is; one among the squares is not.",
        *(row[0].words for row in found),
    ]
    return result


def _figure(line: Line) -> go.Figure:
    traces = [_trace(line, f"at paper epoch {epoch_words(line.epoch)}", BLUE, "circle", -0.08, matched=False)]
    if np.isfinite(line.error):
        traces.append(_trace(line, f"at excess error {plain_number(line.error)}", RED, "square", 0.08, matched=True))
    return figure(
        traces,
        height=400,
        title={"text": safe(f"{MEASURES[line.measure]} along {line.axis.label}")},
        legend={"orientation": "h", "y": -0.2, "x": 0, "yanchor": "top"},
        xaxis=axis(
            line.axis.label, tickvals=list(range(len(line.ticks))), ticktext=[safe(tick) for tick in line.ticks]
        ),
        yaxis=axis(MEASURES[line.measure]),
    )


def _trace(line: Line, name: str, colour: str, symbol: str, beside: float, *, matched: bool) -> go.Scatter:
    intervals = [each.at_excess if matched else each.at_epoch for each in line.conditions]
    above, value, below = _errors(intervals)
    counts = [(each.networks, each.never if matched else each.absent) for each in line.conditions]
    what = "never reach it" if matched else "have no value there"
    reached = [f", reached at paper epoch {_words(each.epoch)}" if matched else "" for each in line.conditions]
    return go.Scatter(
        x=np.arange(len(value)) + beside,
        y=value,
        error_y={"type": "data", "array": above, "arrayminus": below, "color": colour, "thickness": 1.3, "width": 4},
        mode="markers",
        marker={"size": 8, "color": colour, "symbol": symbol},
        name=name,
        text=[
            f"{safe(tick)}: {_words(own)}; {number} networks, {lacking} {what}{when}"
            for tick, own, (number, lacking), when in zip(line.ticks, intervals, counts, reached, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )


def _errors(intervals: list[Interval[float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    low, value, high = np.array(intervals, np.float64).reshape(-1, 3).T
    known = np.isfinite(low)
    return np.where(known, high - value, 0), value, np.where(known, value - low, 0)


def _words(found: Interval[float]) -> str:
    return f"{plain_number(found.value)} [{plain_number(found.low)}, {plain_number(found.high)}]"


def draw(view: View) -> MatplotlibFigure | None:
    """Draws the first measure along every axis."""
    found = [row[0] for row in lines(view)]
    if not found:
        return None
    made = static_figure(3.6 * len(found), 3.0)
    for own, line in zip(made.subplots(1, len(found), squeeze=False)[0], found, strict=True):
        for matched, colour, marker, beside in ((False, BLUE, "o", -0.08), (True, RED, "s", 0.08)):
            if matched and not np.isfinite(line.error):
                continue
            above, value, below = _errors([each.at_excess if matched else each.at_epoch for each in line.conditions])
            label = f"excess error {plain_number(line.error)}" if matched else f"epoch {epoch_words(line.epoch)}"
            x = np.arange(len(value)) + beside
            own.errorbar(x, value, [below, above], fmt=marker, color=colour, capsize=2, markersize=4, label=label)
        own.set_xticks(range(len(line.ticks)), line.ticks, rotation=45 if len(line.ticks) > 5 else 0)
        own.set_xlabel(line.axis.label)
        own.set_ylabel(MEASURES[line.measure])
        own.legend(frameon=False, fontsize=7)
    return made


def table(view: View) -> Table | None:
    """All measures along all axes, matched both ways."""
    rows: list[list[Cell]] = [
        [
            *(line.measure, line.axis.letters, tick, each.networks),
            *(line.epoch, each.absent, each.at_epoch.value, each.at_epoch.low, each.at_epoch.high),
            *(line.error, each.never, each.at_excess.value, each.at_excess.low, each.at_excess.high),
            *(each.epoch.value, each.epoch.low, each.epoch.high),
        ]
        for line in (line for row in lines(view) for line in row)
        for tick, each in zip(line.ticks, line.conditions, strict=True)
    ]
    head = (
        "measure along value networks epoch absent at_epoch at_epoch_low_95 at_epoch_high_95 excess_error never "
        "at_excess at_excess_low_95 at_excess_high_95 reached_epoch reached_epoch_low_95 reached_epoch_high_95"
    )
    return Table(head.split(), rows) if rows else None


FIGURE = FigureKind("matched", panel, draw, table)
