"""Curves of several sweeps in one figure: medians with 90 % bands, against paper epochs or steps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.report.chart.figure import Chooser, Panel, axis, figure, of_networks, safe, static_figure
from mirrorjax.report.chart.lines import EPOCHS
from mirrorjax.report.chart.tables import Cell, Table
from mirrorjax.report.compare.sweeps import NEAREST, Compared, configurations
from mirrorjax.report.read.over_seeds import BANDS, Band, Curve, settled
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.view import View
from mirrorjax.settings.schema import PAPER_EPOCH

CLOCKS = {"epoch": EPOCHS, "step": "steps"}


def panel(sweeps: Sequence[Compared], measures: dict[str, str]) -> Panel:
    """Builds the figure: a variant for each measure, configuration and clock."""
    capacities = configurations(sweeps)
    result = Panel("Measures over training")
    result.choosers = (
        Chooser("Measure", tuple(measures.values())),
        Chooser("Configuration", tuple(capacity or NEAREST for capacity in capacities)),
        Chooser("Against", ("paper epochs", "steps")),
    )
    result.variants = {
        (row, column, place): _figure(sweeps, name, label, capacity, clock)
        for row, (name, label) in enumerate(measures.items())
        for column, capacity in enumerate(capacities)
        for place, clock in enumerate(CLOCKS)
    }
    result.caption = [
        "Lines are medians over networks that differ in their seeds alone; bands hold "
        f"{BANDS}. Diverged networks leave both. One colour and one kind of line a sweep; of each sweep one "
        "configuration is shown, which the legend names. Axes are cut to what is measured from paper epoch 1.5 on: "
        "untrained values may lie beyond.",
    ]
    return result


def curve_of(view: View, group: Group, measures: Sequence[str]) -> Curve:
    """A configuration's curve of any measures."""
    return view.measured(tuple(measures))[group.index]


def clock_of(curve: Curve, group: Group, clock: str) -> np.ndarray:
    """Where its checkpoints are."""
    return curve.epoch if clock == "epoch" else curve.epoch * PAPER_EPOCH / group.settings["learning_rate"]


def _shown(sweeps: Sequence[Compared], name: str, capacity: str) -> list[tuple[Compared, Group, Curve, Band]]:
    found = []
    for sweep in sweeps:
        shown = sweep.shown(capacity)
        if shown:
            curve = curve_of(*shown, [name])
            found.append((sweep, shown[1], curve, curve.bands[name]))
    return found


def _figure(sweeps: Sequence[Compared], name: str, label: str, capacity: str, clock: str) -> go.Figure:
    shown = _shown(sweeps, name, capacity)
    traces = [trace for each in shown for trace in _traces(*each, clock)]
    return figure(
        traces,
        height=520,
        title={"text": safe(f"{label}, {capacity or NEAREST}")},
        legend={"orientation": "h", "y": -0.17, "x": 0, "yanchor": "top"},
        margin={"l": 75, "r": 20, "t": 50, "b": 120},
        xaxis=axis(CLOCKS[clock], rangemode="tozero"),
        yaxis=axis(label, range=_range(shown)),
    )


def _traces(sweep: Compared, group: Group, curve: Curve, values: Band, clock: str) -> list[Any]:
    known = np.isfinite(values.median) & np.isfinite(curve.epoch)
    x, low, high = clock_of(curve, group, clock)[known], values.low[known], values.high[known]
    style, name = sweep.style, f"{sweep.name}: {of_networks(group, group.networks)}"
    shape = {
        "x": np.concatenate([x, x[::-1]]),
        "y": np.concatenate([high, low[::-1]]),
        "fill": "toself",
        "fillcolor": style.colour,
        "opacity": 0.16,
        "mode": "none",
        "hoverinfo": "skip",
        "legendgroup": name,
        "showlegend": False,
    }
    line = go.Scatter(
        x=x,
        y=values.median[known],
        customdata=np.column_stack([low, high, curve.alive[known], curve.epoch[known]]),
        mode="lines+markers",
        marker={"size": 6, "symbol": style.symbol},
        line={"color": style.colour, "width": 2.2, "dash": style.dash},
        name=safe(name),
        legendgroup=name,
        hovertemplate=f"{safe(sweep.name)}, epoch %{{customdata[3]:.3g}}: %{{y:.4f}} [%{{customdata[0]:.4f}}, "
        "%{customdata[1]:.4f}], %{customdata[2]} networks<extra></extra>",
    )
    return [go.Scatter(**shape), line]


def _range(shown: Sequence[tuple[Compared, Group, Curve, Band]]) -> list[float]:
    """Of the trained range of all bands, from zero where that is near."""
    drawn = [side[settled(curve.epoch)] for _, _, curve, band in shown for side in (band.low, band.high)]
    values = np.concatenate([*drawn, [np.nan]])
    values = values[np.isfinite(values)]
    if not len(values):
        return [0.0, 1.0]
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low or abs(high) or 1.0)
    return [0.0 if 0 <= low < 0.4 * high else low - room, high + room]


def draw(sweeps: Sequence[Compared], measures: dict[str, str]) -> MatplotlibFigure:
    """Draws a panel a measure, of the configurations nearest the paper's, against paper epochs."""
    columns = min(len(measures), 2)
    rows = -(-len(measures) // columns)
    made = static_figure(3.6 * columns, 2.5 * rows + 0.6)
    grid = made.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, label) in zip(grid, measures.items(), strict=False):
        shown = _shown(sweeps, name, "")
        for sweep, _, curve, values in shown:
            known = np.isfinite(values.median)
            style = sweep.style
            axes.fill_between(
                curve.epoch[known], values.low[known], values.high[known], color=style.colour, alpha=0.16, linewidth=0
            )
            axes.plot(
                curve.epoch[known],
                values.median[known],
                color=style.colour,
                linestyle=style.line,
                marker=style.marker,
                markersize=3,
            )
        axes.set_title(label, loc="left", fontsize=9)
        axes.set_xlabel("paper epoch")
        axes.set_ylim(*_range(shown))
    for axes in grid[len(measures) :]:
        axes.set_axis_off()
    names = [
        f"{each.name}: {of_networks(group, group.networks)}"
        for each, group, *_ in _shown(sweeps, next(iter(measures)), "")
    ]
    made.legend(handles=list(grid[0].lines), labels=names, loc="outside lower center", frameon=False, fontsize=8)
    return made


def table(sweeps: Sequence[Compared], measures: dict[str, str]) -> Table:
    """Every configuration's medians and bands at every checkpoint."""
    rows: list[list[Cell]] = []
    for sweep in sweeps:
        for view in sweep.views:
            for group in view.population.groups:
                curve = curve_of(view, group, tuple(measures))
                for name in measures:
                    band, steps = curve.bands[name], clock_of(curve, group, "step")
                    for place, epoch in enumerate(curve.epoch):
                        values = [float(each[place]) for each in (band.low, band.median, band.high)]
                        where = [float(epoch), round(float(steps[place])), int(curve.alive[place])]
                        rows.append([sweep.name, view.population.name, group.label, name, *where, *values])
    head = "sweep population configuration measure epoch step networks low_5 median high_95"
    return Table(head.split(), rows)
