"""End values of all configurations of several sweeps against what they differ in, with the law preferred over all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mirrorjax.report.chart.chart import Chart, Plot, Scale, around, one, put_together
from mirrorjax.report.chart.figure import Cell, Chooser, Panel, Table
from mirrorjax.report.chart.lines import along, log_scale
from mirrorjax.report.chart.marks import GREY, Line, Look, Points
from mirrorjax.report.compare.sweeps import Compared
from mirrorjax.report.figures.scaling import MEASURES, OWN, REGRESSORS, ends_of, measured, places_of
from mirrorjax.report.read.populations import Group
from mirrorjax.report.words.findings import sentence
from mirrorjax.report.words.numbers import listed
from mirrorjax.statistics.intervals import mean_interval, mean_interval_words
from mirrorjax.statistics.laws import fit_laws


@dataclass(frozen=True)
class ScalingPoint:
    """One configuration of one sweep: where it is on each regressor, and its networks' end values by measure."""

    sweep: Compared
    group: Group
    x: dict[str, float]
    values: dict[str, np.ndarray]


def points(sweeps: Sequence[Compared]) -> list[ScalingPoint]:
    """One a configuration; networks of one configuration with different numbers of training boards are apart."""
    found = []
    for sweep in sweeps:
        for view in sweep.views:
            places, ends = (each(view.population, view.networks) for each in (places_of, ends_of))
            for group in view.population.groups:
                inside, every = view.networks.of(group), places["train_boards"]
                for boards in np.unique(every[inside]):  # nan counts once
                    mask = inside & (every == boards if np.isfinite(boards) else np.isnan(every))
                    x = {name: float(np.median(values[mask])) for name, values in places.items()}
                    found.append(ScalingPoint(sweep, group, x, {name: row[mask] for name, row in ends.items()}))
    return found


def _measures(sweeps: Sequence[Compared]) -> dict[str, str]:
    known = [measured(view.population) for each in sweeps for view in each.views]
    return {name: label for name, label in MEASURES.items() if all(name in each for each in known)}


def panel(sweeps: Sequence[Compared]) -> Panel:
    """Builds the figure: a variant for each measure and regressor."""
    result, found = Panel("What networks end with, against what sweeps differ in"), points(sweeps)
    measures, places = _measures(sweeps), {name: [each.x[name] for each in found] for name in REGRESSORS}
    against = [name for name, own in places.items() if len({at for at in own if np.isfinite(at)}) > 1]
    if not against or not measures:
        return result.without(
            "The sweeps do not differ in parameters, training boards, learning rate, batch size or steps: "
            "nothing to hold their ends against."
        )
    result.choosers = (
        Chooser("Measure", tuple(measures.values())),
        Chooser("Against", tuple(REGRESSORS[name] for name in against)),
    )
    result.variants = {
        (row, column): _chart(found, sweeps, measure, regressor)
        for row, measure in enumerate(measures)
        for column, regressor in enumerate(against)
    }
    most = against.index(max(against, key=lambda name: len(set(places[name]))))
    own = [result.variants[row, most] for row in range(len(measures))]
    result.for_print = put_together(own, [*measures.values()], height=250)
    fewest = min(int(np.isfinite(each.values[name]).sum()) for each in found for name in measures)
    result.caption = [
        "A point is a configuration of a sweep: the mean over its networks, with "
        f"{mean_interval_words(fewest)}. The grey line is the law preferred over the points of all "
        "sweeps together, where there are three places or more "
        "(candidates compared by AIC as in a sweep's own report). Points may differ in more than the axis says: "
        + "; ".join(f"against {REGRESSORS[name]}: {_others(found, name)}" for name in against)
        + "."
    ]
    return result


def _others(found: Sequence[ScalingPoint], regressor: str) -> str:
    """The settings besides the regressor in which points differ."""
    settings = [name for name in found[0].group.settings if name not in OWN.get(regressor, set())]
    differing = [name for name in settings if len({str(each.group.settings.get(name)) for each in found}) > 1]
    return listed([name.replace("_", " ") for name in differing]) or "nothing else"


def _chart(found: Sequence[ScalingPoint], sweeps: Sequence[Compared], measure: str, regressor: str) -> Chart:
    known = [each for each in found if each.x[regressor] > 0 and np.isfinite(each.values[measure]).any()]
    laws = fit_laws(np.array([each.x[regressor] for each in known]), [each.values[measure] for each in known])
    marks: list[Points | Line] = [_points(found, sweep, measure, regressor) for sweep in sweeps]
    scale = Scale(MEASURES[measure], around(*(each for mark in marks for each in (mark.y, mark.low, mark.high))))
    if laws.preferred is not None:
        look = Look(GREY, f"all together: {laws.preferred.name}", "all together", "dot")
        marks.append(Line(along(laws.x), laws.preferred.at(along(laws.x)), look))
    across = log_scale(REGRESSORS[regressor], np.array([each.x[regressor] for each in found]))
    title = f"{MEASURES[measure]} against {REGRESSORS[regressor]}"
    return one(Plot(marks, across, scale), 560, title=title, words=sentence(laws))


def _points(found: Sequence[ScalingPoint], sweep: Compared, measure: str, regressor: str) -> Points:
    own = [each for each in found if each.sweep is sweep and each.x[regressor] > 0]
    low, mean, high = np.array([mean_interval(each.values[measure]) for each in own]).reshape(-1, 3).T
    numbers = [len(each.values[measure]) for each in own]
    details = {"configuration": [each.group.label for each in own], "networks": numbers}
    hover = "{label}: {configuration}\n{y:.4g} [{low:.4g}, {high:.4g}], {networks} networks"
    x = np.array([each.x[regressor] for each in own], np.float64)
    return Points(x, mean, replace(sweep.look, label=sweep.name), low, high, hover, details)


def table(sweeps: Sequence[Compared]) -> Table:
    """Every point's mean with its interval."""
    rows: list[list[Cell]] = []
    for each in points(sweeps):
        for measure in _measures(sweeps):
            low, mean, high = mean_interval(each.values[measure])
            start: list[Cell] = [each.sweep.name, each.group.label, measure, *(each.x[name] for name in REGRESSORS)]
            rows.append([*start, int(np.isfinite(each.values[measure]).sum()), mean, low, high])
    return Table(("sweep", "configuration", "measure", *REGRESSORS, "networks", "mean", "low_95", "high_95"), rows)
