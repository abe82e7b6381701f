"""What grows with what: end values against capacity, data, rate, batch and steps, with the laws that may hold."""

from dataclasses import dataclass

import numpy as np

from mirrorjax.report.chart.chart import Chart, Plot, Scale, around, one, put_together
from mirrorjax.report.chart.figure import Cell, Chooser, FigureKind, Panel, Table
from mirrorjax.report.chart.lines import law_lines, log_scale
from mirrorjax.report.chart.marks import Look, Points
from mirrorjax.report.figures.clocks import rate_verdicts
from mirrorjax.report.figures.scaling_points import MEASURES, REGRESSORS, ScalingSeries, measured, points_of
from mirrorjax.report.read.view import View, once
from mirrorjax.report.words.findings import sentence
from mirrorjax.report.words.numbers import interval_words
from mirrorjax.statistics.intervals import mean_interval, mean_interval_words
from mirrorjax.statistics.laws import Laws, fit_laws

MOST = 6  # series that the reader can choose from


@dataclass(frozen=True)
class Scaling:
    """One measure against one regressor, with the laws fitted to it; `low` and `high` of the means."""

    measure: str
    points: ScalingSeries
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


@once
def scalings(view: View) -> list[list[Scaling]]:
    """By measure, against every series that is shown."""
    shown = points_of(view.population, view.networks)
    if len(shown) > MOST:  # the steps stay
        shown = [*shown[: MOST - 1], shown[-1]]
    return [[_scaling(name, points) for points in shown] for name in measured(view.population)] if shown else []


def _scaling(measure: str, points: ScalingSeries) -> Scaling:
    values = points.values[measure]
    known = [place for place in np.argsort(points.x, kind="stable") if np.isfinite(values[place]).any()]
    laws = fit_laws(points.x[known], [values[place] for place in known], points.paired)
    low, _, high = np.array([mean_interval(values[place]) for place in known]).reshape(-1, 3).T
    return Scaling(measure, points, laws, low, high)


def panel(view: View) -> Panel:
    """Builds the figure: one variant a measure and a series."""
    result = Panel("Scaling: what the networks end with, against capacity, data, rate, batch and steps")
    found = scalings(view)
    if not found:
        return result.without(
            "Nothing to hold measures against: no setting has three values, nor are there three checkpoints."
        )
    result.choosers = (
        Chooser("Measure", tuple(MEASURES[row[0].measure] for row in found)),
        Chooser("Against", tuple(each.points.against for each in found[0])),
    )
    result.variants = {
        (row, column): _chart(each) for row, line in enumerate(found) for column, each in enumerate(line)
    }
    result.for_print = _printed(found, result.variants)
    fewest = min((int(each.laws.networks.min()) for row in found for each in row if len(each.laws.x)), default=0)
    result.caption = [
        f"Points are means over networks that differ in their seeds alone, with {mean_interval_words(fewest)}. "
        "Lines are laws fitted to the means (weighted least squares, log x, the same error model for all: the seeds' "
        "own variance) and compared by AIC; the thick one is preferred, being the simplest within ΔAIC 2 of the best. "
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


def _summary(found: list[list[Scaling]]) -> Table:
    head = "measure|against|points|preferred law|cannot be told apart|exponent as a power law|misfit p"
    rows: list[list[Cell]] = []
    for each in (each for row in found for each in row):
        best = each.laws.preferred
        if best is None:
            continue
        power = each.laws.fit("power law")
        low, high = power.intervals.get("exponent", (np.nan, np.nan))
        exponent = interval_words(low, power.parameters["exponent"], high)
        alike = ", ".join(fit.name for fit in each.laws.alike) or "none"
        start: list[Cell] = [each.label, each.points.against, len(each.laws.x), best.name]
        rows.append([*start, alike, exponent, f"{each.laws.misfit:.2g}"])
    return Table(head.split("|"), rows)


def _chart(each: Scaling) -> Chart:
    laws, regressor = each.laws, each.points.regressor
    look = Look("black", "mean over networks, 95 % interval", symbol="circle", size=8)
    hover = "{x:,.6g}: {y:.4g} [{low:.4g}, {high:.4g}], {networks} networks"
    points = Points(laws.x, laws.mean, look, each.low, each.high, hover, {"networks": laws.networks})
    # laws may leave the plot
    scale = Scale(each.label, around(laws.mean, each.low, each.high))
    plot = Plot([points, *law_lines(laws)], log_scale(REGRESSORS[regressor], laws.x), scale)
    return one(plot, 560, title=f"{each.label} against {each.points.against}", words=each.words)


def _printed(found: list[list[Scaling]], charts: dict[tuple[int, ...], Chart]) -> Chart | None:
    """All measures against the first series."""
    shown = [(row, first, first.laws.preferred) for row, (first, *_) in enumerate(found) if len(first.laws.x)]
    titles = [f"{first.label}: {best.name if best else 'no law compared'}" for _, first, best in shown]
    own = [charts[row, 0] for row, *_ in shown]
    return put_together(own, titles, f"Against {found[0][0].points.against}") if own else None


def table(view: View) -> Table | None:
    """Every fit of every law, with its parameters and their intervals."""
    rows: list[list[Cell]] = []
    for each in (each for row in scalings(view) for each in row):
        for fit in each.laws.fits:
            parameters = "; ".join(f"{name}={value:.9g}" for name, value in fit.parameters.items())
            intervals = "; ".join(f"{name}={low:.9g}..{high:.9g}" for name, (low, high) in fit.intervals.items())
            what = (each.measure, each.points.regressor, each.points.series, fit.name, fit.law.formula)
            numbers = (fit.number, len(each.laws.x), each.laws.total, fit.chi_square, fit.aic, fit.delta)
            rows.append([*what, *numbers, int(fit is each.laws.preferred), parameters, intervals])
    head = "measure regressor series law formula number_of_parameters points networks chi_square aicc delta_aicc"
    return Table((*head.split(), "preferred", "parameters", "intervals_95"), rows) if rows else None


FIGURE = FigureKind("scaling", panel, table)
