"""What grows with what: end values against capacity, data, rate, batch and steps, with the laws that may hold."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.chart.chart import Chart, Plot, Scale, around, one, put_together
from mirrorjax.report.chart.figure import Cell, Chooser, FigureKind, Panel, Table
from mirrorjax.report.chart.lines import law_lines, log_scale
from mirrorjax.report.chart.marks import Look, Points
from mirrorjax.report.figures.clocks import rate_verdicts, trajectories
from mirrorjax.report.read.over_seeds import Networks
from mirrorjax.report.read.populations import EPOCH_ROUNDING, PEAK_AFTER, Group, ReportedPopulation
from mirrorjax.report.read.view import View, once
from mirrorjax.report.words.findings import sentence
from mirrorjax.report.words.numbers import interval_words, tidy_number
from mirrorjax.statistics.intervals import mean_interval, mean_interval_words
from mirrorjax.statistics.laws import Laws, fit_laws

MOST = 6  # series that the reader can choose from
_AT_THE_END = ("cmni", "mni_star", "ssi", "accuracy", "rescue_accuracy", "excess_error")
MEASURES = {"peak": f"peak {label('cmni')}", "peak_epoch": "epoch of the peak"} | {
    name: f"{label(name)} at the end" for name in _AT_THE_END
}
REGRESSORS = {
    "parameters": "parameters", "train_boards": "training boards", "learning_rate": "learning rate",
    "batch_size": "batch size", "step": "steps",
}  # fmt: skip
_RATES = ("learning_rate", "batch_size")
# the settings that a regressor stands for
OWN = {"parameters": {"depth", "width"}, "train_boards": {"boards"}} | {name: {name} for name in _RATES}
FEWEST = 3  # places: a law takes three at least


@dataclass(frozen=True)
class ScalingSeries:
    """What networks end with at several places of a regressor.

    `series` says what is the same at all points, empty where nothing else varies; `values` is by measure, over the
    networks of each point, nan where not measured; if `paired` these are the same networks at every point, in the same
    order.
    """

    regressor: str
    series: str
    x: np.ndarray
    values: dict[str, list[np.ndarray]]
    paired: bool = False

    @property
    def against(self) -> str:
        """The regressor with the series, as an option names it."""
        return f"{REGRESSORS[self.regressor]} ({self.series})" if self.series else REGRESSORS[self.regressor]


def measured(population: ReportedPopulation) -> dict[str, str]:
    """Those of `MEASURES` that were recorded."""
    known = population.measures
    return {name: label for name, label in MEASURES.items() if (name if "peak" not in name else "cmni") in known}


def places_of(population: ReportedPopulation, found: Networks) -> dict[str, np.ndarray]:
    """Where each network is on every regressor, [networks] each; nan where that is not known."""
    groups = [population.groups[int(index)] for index in found.group]
    rates = {name: np.array([each.settings[name] for each in groups], np.float64) for name in _RATES}
    return {name: found.sizes[name] for name in ("parameters", "train_boards")} | rates | {"step": found.step}


def ends_of(population: ReportedPopulation, found: Networks) -> dict[str, np.ndarray]:
    """What each network ends with, by measure, [networks] each; diverged ones nan."""
    every = found.last | {"peak": found.peak, "peak_epoch": found.peak_epoch}
    return {name: every[name] for name in measured(population)}


def points_of(population: ReportedPopulation, networks: Networks) -> list[ScalingSeries]:
    """All series with at least three places, by regressor, that with most places first; the steps last."""
    if not len(networks.group):
        return []
    result = []
    for regressor in OWN:
        series = [each for each in _series(population, networks, regressor) if len(np.unique(each.x)) >= FEWEST]
        result += sorted(series, key=lambda each: -len(each.x))
    return result + _over_steps(population)


def _series(population: ReportedPopulation, networks: Networks, regressor: str) -> list[ScalingSeries]:
    """Points of one regressor, apart by what else differs."""
    x, ends = places_of(population, networks)[regressor], ends_of(population, networks)
    by_rest: dict[tuple[tuple[str, str], ...], list[Group]] = {}
    for group in population.groups:
        rest = tuple((name, str(group.settings[name])) for name in sorted(set(group.settings) - OWN[regressor]))
        by_rest.setdefault(rest, []).append(group)
    result = []
    for rest, groups in by_rest.items():
        places = []
        for group in groups:
            own = networks.of(group)
            places += [(float(at), group, own & (x == at)) for at in np.unique(x[own & np.isfinite(x) & (x > 0)])]
        places.sort(key=lambda place: (place[0], place[1].index))
        values = {name: [every[own] for _, _, own in places] for name, every in ends.items()}
        series = _differing(rest, list(by_rest)) if len(by_rest) > 1 else ""
        result.append(ScalingSeries(regressor, series, np.array([at for at, *_ in places]), values))
    return result


def _differing(rest: tuple[tuple[str, str], ...], others: list[tuple[tuple[str, str], ...]]) -> str:
    words = []
    for name, value in (own for place, own in enumerate(rest) if len({other[place] for other in others}) > 1):
        with suppress(ValueError):  # a word is written as it is
            value = tidy_number(float(value))
        words.append(f"{name.replace('learning_rate', 'lr').replace('_', ' ')} {value}")
    return ", ".join(words)


def _over_steps(population: ReportedPopulation) -> list[ScalingSeries]:
    """The configuration nearest the paper's at its own checkpoints: compute, at a fixed size."""
    group, names = population.headline, measured(population)
    made = trajectories(population, [group], [name for name in names if "peak" not in name])
    values = {name: np.ascontiguousarray(each.T) for name, each in made.values.items()}  # [checkpoints, networks]
    if len(values["epoch"]) < FEWEST:
        return []
    epochs, steps = (np.nanmedian(values.pop(clock), axis=1) for clock in ("epoch", "step"))
    if "peak" in names:
        late = (epochs > PEAK_AFTER + EPOCH_ROUNDING)[:, None]
        so_far = np.fmax.accumulate(np.where(late, values["cmni"], np.nan))
        values["peak"] = np.where(late, so_far, np.nan)
        values["peak_epoch"] = np.full_like(so_far, np.nan)  # a peak's time does not scale with time
    return [ScalingSeries("step", group.label, steps, {name: list(values[name]) for name in names}, paired=True)]


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
    result.variants = {(row, at): _chart(each) for row, line in enumerate(found) for at, each in enumerate(line)}
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
