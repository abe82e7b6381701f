"""What grows with what: end values against capacity, data, rate, batch and steps, with the laws that may hold."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.report.chart.figure import (
    Chooser,
    FigureKind,
    Panel,
    axis,
    error_bars,
    figure,
    half_widths,
    safe,
    static_figure,
)
from mirrorjax.report.chart.laws import TITLE_ON_TOP, draw_laws, law_legend, law_traces, log_axis, log_ticks, with_words
from mirrorjax.report.chart.tables import Cell, Table
from mirrorjax.report.figures.clocks import rate_verdicts
from mirrorjax.report.figures.scaling_points import MEASURES, REGRESSORS, Points, measured, points_of
from mirrorjax.report.read.view import View
from mirrorjax.report.words.laws import sentence
from mirrorjax.report.words.numbers import interval_words
from mirrorjax.statistics.intervals import mean_interval, mean_interval_words
from mirrorjax.statistics.laws import Laws, fit_laws

MOST = 6  # series that the reader can choose from


@dataclass(frozen=True)
class Scaling:
    """One measure against one regressor, with the laws fitted to it; `low` and `high` of the means."""

    measure: str
    points: Points
    laws: Laws
    low: np.ndarray
    high: np.ndarray

    @property
    def label(self) -> str:
        """Of the measure; against steps it is of every checkpoint, not of the end."""
        return MEASURES[self.measure].replace(" at the end", "") if self.points.paired else MEASURES[self.measure]

    @property
    def words(self) -> str:
        """What the comparison says."""
        if self.measure == "peak_epoch" and self.points.paired:
            return "The time of a peak is not held against steps, which are time themselves."
        return sentence(self.laws)


def scalings(view: View) -> list[list[Scaling]]:
    """By measure, against every series that is shown; computed once a view."""
    return view.once("scalings", lambda: _scalings(view))


def _scalings(view: View) -> list[list[Scaling]]:
    shown = points_of(view.population, view.networks)
    if len(shown) > MOST:  # the steps stay
        shown = [*shown[: MOST - 1], shown[-1]]
    return [[_scaling(name, points) for points in shown] for name in measured(view.population)] if shown else []


def _scaling(measure: str, points: Points) -> Scaling:
    values = points.values[measure]
    known = [place for place, row in enumerate(values) if np.isfinite(row).any()]
    laws = fit_laws(points.x[known], [values[place] for place in known], points.paired)
    order = [known[place] for place in np.argsort(points.x[known], kind="stable")]
    intervals = np.array([mean_interval(values[place]) for place in order]).reshape(-1, 3)
    return Scaling(measure, points, laws, intervals[:, 0], intervals[:, 2])


def panel(view: View) -> Panel:
    """Builds the figure: one variant a measure and a series."""
    result = Panel("Scaling: what the networks end with, against capacity, data, rate, batch and steps")
    found = scalings(view)
    if not found:
        result.missing = (
            "Nothing to hold measures against: no setting has three values, nor are there three checkpoints."
        )
        return result
    result.choosers = (
        Chooser("Measure", tuple(MEASURES[row[0].measure] for row in found)),
        Chooser("Against", tuple(each.points.against for each in found[0])),
    )
    result.variants = {
        (row, column): _figure(each) for row, line in enumerate(found) for column, each in enumerate(line)
    }
    result.caption = [
        "Points are means over networks that differ in their seeds alone, with "
        f"{mean_interval_words(_fewest(found))}. "
        "Lines are "
        "laws fitted to the means (weighted least squares, log x, the same error model for all: the seeds' own "
        "variance) and compared by AIC; the thick one is preferred, being the simplest within ΔAIC 2 of the best. "
        "Brackets behind parameters are 95 % intervals over resampled networks (of points with fewer than 8, normal "
        "draws with the error of their means). A law says nothing beyond the range of its points.",
        f"{found[0][0].label} against {found[0][0].points.against}: {found[0][0].words}",
    ]
    if any(each.points.paired for each in found[0]):
        result.caption.append(
            "Against steps the points are the same networks at their checkpoints: they are resampled together, but "
            "AIC takes points as independent and is a rougher guide there. At a fixed size, steps are compute up to a "
            "factor."
        )
    result.caption += rate_verdicts(view)
    result.table = _summary(found)
    return result


def _fewest(found: list[list[Scaling]]) -> int:
    """The fewest networks behind a mean; 0 without any."""
    return min((int(each.laws.networks.min()) for row in found for each in row if len(each.laws.x)), default=0)


def _summary(found: list[list[Scaling]]) -> Table:
    head = (
        "measure",
        "against",
        "points",
        "preferred law",
        "cannot be told apart",
        "exponent as a power law",
        "misfit p",
    )
    rows: list[list[Cell]] = []
    for each in (each for row in found for each in row):
        best = each.laws.preferred
        if best is None:
            continue
        power = each.laws.fit("power law")
        low, high = power.intervals.get("exponent", (np.nan, np.nan))
        exponent = interval_words(low, power.parameters["exponent"], high)
        alike = ", ".join(fit.name for fit in each.laws.alike) or "none"
        rows.append(
            [
                each.label,
                each.points.against,
                len(each.laws.x),
                best.name,
                alike,
                exponent,
                f"{each.laws.misfit:.2g}",
            ]
        )
    return Table(head, rows)


def _figure(each: Scaling) -> go.Figure:
    laws = each.laws
    return figure(
        [_points_trace(each), *law_traces(laws)],
        title={"text": safe(f"{each.label} against {each.points.against}"), **TITLE_ON_TOP},
        legend={"orientation": "h", "y": -0.16, "x": 0, "yanchor": "top"},
        **with_words(each.words),
        xaxis=axis(REGRESSORS[each.points.regressor], type="log", **log_ticks(laws.x)),
        yaxis=axis(each.label, range=_range(each)),
    )


def _range(each: Scaling) -> list[float]:
    """All points and their intervals; laws may leave it."""
    values = np.concatenate([each.laws.mean, each.low, each.high])
    values = values[np.isfinite(values)]
    if not len(values):
        return [0.0, 1.0]
    room = 0.08 * (np.ptp(values) or abs(values[0]) or 1.0)
    return [float(values.min() - room), float(values.max() + room)]


def _points_trace(each: Scaling) -> go.Scatter:
    laws = each.laws
    return go.Scatter(
        x=laws.x,
        y=laws.mean,
        error_y=error_bars(each.low, laws.mean, each.high, color="black", thickness=1.3),
        customdata=np.column_stack([each.low, each.high, laws.networks]),
        mode="markers",
        marker={"size": 8, "color": "black"},
        name="mean over networks, 95 % interval",
        hovertemplate="%{x:,.6~g}: %{y:.4g} [%{customdata[0]:.4g}, %{customdata[1]:.4g}], %{customdata[2]} networks"
        "<extra></extra>",
    )


def draw(view: View) -> MatplotlibFigure | None:
    """Draws the measures, each in a panel, against the first series."""
    found = scalings(view)
    if not found:
        return None
    shown = [row[0] for row in found if len(row[0].laws.x)]
    if not shown:
        return None
    columns = min(len(shown), 2)
    rows = -(-len(shown) // columns)
    made = static_figure(3.6 * columns, 2.6 * rows + 0.7)
    grid = made.subplots(rows, columns, squeeze=False).ravel()
    for axes, each in zip(grid, shown, strict=False):
        _draw(axes, each)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    made.suptitle(f"Against {shown[0].points.against}", x=0.01, ha="left", fontsize=10)
    law_legend(made)
    return made


def _draw(axes: Axes, each: Scaling) -> None:
    laws = each.laws
    draw_laws(axes, laws)
    axes.errorbar(
        laws.x, laws.mean, half_widths(each.low, laws.mean, each.high), fmt="ko", markersize=3, capsize=2, linewidth=1
    )
    log_axis(axes, laws.x)
    axes.set_ylim(*_range(each))
    axes.set_xlabel(REGRESSORS[each.points.regressor])
    best = laws.preferred
    axes.set_title(f"{each.label}: {best.name if best else 'no law compared'}", loc="left", fontsize=8)


def table(view: View) -> Table | None:
    """Every fit of every law, with its parameters and their intervals."""
    rows: list[list[Cell]] = []
    for each in (each for row in scalings(view) for each in row):
        for fit in each.laws.fits:
            parameters = "; ".join(f"{name}={value:.9g}" for name, value in fit.parameters.items())
            intervals = "; ".join(f"{name}={low:.9g}..{high:.9g}" for name, (low, high) in fit.intervals.items())
            rows.append(
                [
                    each.measure,
                    each.points.regressor,
                    each.points.series,
                    fit.name,
                    fit.law.formula,
                    fit.number,
                    len(each.laws.x),
                    each.laws.total,
                    fit.chi_square,
                    fit.aic,
                    fit.delta,
                    int(fit is each.laws.preferred),
                    parameters,
                    intervals,
                ]
            )
    head = "measure regressor series law formula number_of_parameters points networks chi_square aicc delta_aicc"
    return Table((*head.split(), "preferred", "parameters", "intervals_95"), rows) if rows else None


FIGURE = FigureKind("scaling", panel, draw, table)
