"""End values of all configurations of several sweeps against what they differ in, with the law preferred over all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.report.chart.figure import (
    GREY,
    Chooser,
    Panel,
    axis,
    error_bars,
    figure,
    half_widths,
    safe,
    static_figure,
)
from mirrorjax.report.chart.laws import TITLE_ON_TOP, along, log_axis, log_ticks, with_words
from mirrorjax.report.chart.tables import Cell, Table
from mirrorjax.report.compare.sweeps import Compared
from mirrorjax.report.figures.scaling_points import MEASURES, OWN, REGRESSORS, ends, measured
from mirrorjax.report.read.populations import Group
from mirrorjax.report.words.laws import sentence
from mirrorjax.report.words.numbers import listed
from mirrorjax.statistics.intervals import mean_interval, mean_interval_words
from mirrorjax.statistics.laws import Laws, fit_laws


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
            own = ends(view.population, view.networks)
            for group in view.population.groups:
                inside = own.group == group.index
                for boards in np.unique(own.settings["train_boards"][inside]):  # nan counts once
                    same = own.settings["train_boards"] == boards
                    mask = inside & (same if np.isfinite(boards) else np.isnan(own.settings["train_boards"]))
                    x = {name: float(np.median(values[mask])) for name, values in own.settings.items()}
                    found.append(ScalingPoint(sweep, group, x, {name: row[mask] for name, row in own.values.items()}))
    return found


def regressors(found: Sequence[ScalingPoint]) -> list[str]:
    """Those in which points differ."""
    return [name for name in REGRESSORS if len({each.x[name] for each in found if np.isfinite(each.x[name])}) > 1]


def _measures(sweeps: Sequence[Compared]) -> dict[str, str]:
    known = [measured(view.population) for each in sweeps for view in each.views]
    return {name: label for name, label in MEASURES.items() if all(name in each for each in known)}


def panel(sweeps: Sequence[Compared]) -> Panel:
    """Builds the figure: a variant for each measure and regressor."""
    result, found, measures = (
        Panel("What networks end with, against what sweeps differ in"),
        points(sweeps),
        _measures(sweeps),
    )
    against = regressors(found)
    if not against or not measures:
        result.missing = (
            "The sweeps do not differ in parameters, training boards, learning rate, batch size or steps: "
            "nothing to hold their ends against."
        )
        return result
    result.choosers = (
        Chooser("Measure", tuple(measures.values())),
        Chooser("Against", tuple(REGRESSORS[name] for name in against)),
    )
    result.variants = {
        (row, column): _figure(found, sweeps, measure, regressor)
        for row, measure in enumerate(measures)
        for column, regressor in enumerate(against)
    }
    result.caption = [
        "A point is a configuration of a sweep: the mean over its networks, with "
        f"{mean_interval_words(_fewest(found, measures))}. The grey line is the law preferred over the points of all "
        "sweeps together, where there are three places or more "
        "(candidates compared by AIC as in a sweep's own report). Points may differ in more than the axis says: "
        + "; ".join(f"against {REGRESSORS[name]}: {_others(found, name)}" for name in against)
        + "."
    ]
    return result


def _fewest(found: Sequence[ScalingPoint], measures: dict[str, str]) -> int:
    """The fewest networks behind a mean."""
    return min(int(np.isfinite(each.values[name]).sum()) for each in found for name in measures)


def _others(found: Sequence[ScalingPoint], regressor: str) -> str:
    """The settings besides the regressor in which points differ."""
    settings = [name for name in found[0].group.settings if name not in OWN.get(regressor, set())]
    differing = [name for name in settings if len({str(each.group.settings.get(name)) for each in found}) > 1]
    return listed([name.replace("_", " ") for name in differing]) or "nothing else"


def _laws(found: Sequence[ScalingPoint], measure: str, regressor: str) -> Laws:
    known = [each for each in found if np.isfinite(each.x[regressor]) and each.x[regressor] > 0]
    known = [each for each in known if np.isfinite(each.values[measure]).any()]
    return fit_laws(np.array([each.x[regressor] for each in known]), [each.values[measure] for each in known])


def _figure(found: Sequence[ScalingPoint], sweeps: Sequence[Compared], measure: str, regressor: str) -> go.Figure:
    laws, traces, extremes = _laws(found, measure, regressor), [], []
    for sweep in sweeps:
        own = [each for each in found if each.sweep is sweep and each.x[regressor] > 0]
        x = np.array([each.x[regressor] for each in own])
        low, mean, high = np.array([mean_interval(each.values[measure]) for each in own]).reshape(-1, 3).T
        extremes += [low, mean, high]
        traces.append(
            go.Scatter(
                x=x,
                y=mean,
                error_y=error_bars(low, mean, high, color=sweep.style.colour),
                customdata=np.column_stack([low, high, [len(each.values[measure]) for each in own]]),
                text=[safe(each.group.label) for each in own],
                mode="markers",
                marker={"size": 9, "color": sweep.style.colour, "symbol": sweep.style.symbol},
                name=safe(sweep.name),
                hovertemplate=f"{safe(sweep.name)}: %{{text}}<br>%{{y:.4g}} [%{{customdata[0]:.4g}}, "
                "%{customdata[1]:.4g}], %{customdata[2]} networks<extra></extra>",
            )
        )
    if laws.preferred is not None:
        x = along(laws.x)
        line = {"color": GREY, "width": 2, "dash": "dot"}
        name = f"all together: {laws.preferred.name}"
        traces.append(go.Scatter(x=x, y=laws.preferred.at(x), mode="lines", line=line, name=name, hoverinfo="skip"))
    return figure(
        traces,
        title={"text": safe(f"{MEASURES[measure]} against {REGRESSORS[regressor]}"), **TITLE_ON_TOP},
        legend={"orientation": "h", "y": -0.16, "x": 0, "yanchor": "top"},
        xaxis=axis(REGRESSORS[regressor], type="log", **log_ticks(np.array([each.x[regressor] for each in found]))),
        yaxis=axis(MEASURES[measure], range=_range(np.concatenate(extremes))),
        **with_words(sentence(laws)),
    )


def _range(values: np.ndarray) -> list[float]:
    values = values[np.isfinite(values)]
    if not len(values):
        return [0.0, 1.0]
    room = 0.08 * (np.ptp(values) or abs(values[0]) or 1.0)
    return [float(values.min() - room), float(values.max() + room)]


def draw(sweeps: Sequence[Compared]) -> MatplotlibFigure | None:
    """Draws a panel a measure, against what most points differ in."""
    found, measures = points(sweeps), _measures(sweeps)
    against = regressors(found)
    if not against or not measures:
        return None
    regressor = max(against, key=lambda name: len({each.x[name] for each in found}))
    columns = min(len(measures), 2)
    rows = -(-len(measures) // columns)
    made = static_figure(3.6 * columns, 2.5 * rows + 0.6)
    grid = made.subplots(rows, columns, squeeze=False).ravel()
    for axes, (measure, label) in zip(grid, measures.items(), strict=False):
        for sweep in sweeps:
            own = [each for each in found if each.sweep is sweep and each.x[regressor] > 0]
            low, mean, high = np.array([mean_interval(each.values[measure]) for each in own]).reshape(-1, 3).T
            bars = half_widths(low, mean, high)
            x = [each.x[regressor] for each in own]
            axes.errorbar(x, mean, bars, fmt=sweep.style.marker, color=sweep.style.colour, markersize=4, capsize=2)
        log_axis(axes, np.array([each.x[regressor] for each in found]))
        axes.set_xlabel(REGRESSORS[regressor])
        axes.set_title(label, loc="left", fontsize=9)
    for axes in grid[len(measures) :]:
        axes.set_axis_off()
    handles = [container[0] for container in grid[0].containers]
    names = [each.name for each in sweeps]
    made.legend(handles=handles, labels=names, loc="outside lower center", frameon=False, fontsize=8, ncols=3)
    return made


def table(sweeps: Sequence[Compared]) -> Table:
    """Every point's mean with its interval."""
    rows: list[list[Cell]] = []
    for each in points(sweeps):
        for measure in _measures(sweeps):
            low, mean, high = mean_interval(each.values[measure])
            number = int(np.isfinite(each.values[measure]).sum())
            rows.append(
                [
                    each.sweep.name,
                    each.group.label,
                    measure,
                    *(each.x[name] for name in REGRESSORS),
                    number,
                    mean,
                    low,
                    high,
                ]
            )
    return Table(("sweep", "configuration", "measure", *REGRESSORS, "networks", "mean", "low_95", "high_95"), rows)
