"""Capacity against training time: the share of robust networks, and other order parameters, over seeds."""

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.measurement.learnt import ROBUST
from mirrorjax.report.chart.figure import (
    NO_DATA,
    Chooser,
    FigureKind,
    Panel,
    axis,
    cividis,
    figure,
    safe,
    static_figure,
)
from mirrorjax.report.figures.capacity_time_cells import (
    ORDER_PARAMETERS,
    Grid,
    OrderParameter,
    colour_range,
    column_labels,
    grids,
)
from mirrorjax.report.read.view import View

MOST_WRITTEN = 360  # cells with their value written in


def panel(view: View) -> Panel:
    """Builds the diagram: one variant a series and order parameter."""
    result = Panel("Phase diagram: capacity against training time")
    made = grids(view)
    if not made:
        result.missing = "No records yet: the diagram has no cells."
        return result
    result.choosers = (
        Chooser("Settings", tuple(grid.series for grid in made)),
        Chooser("Colour", tuple(order.label for order in ORDER_PARAMETERS)),
    )
    result.variants = {
        (place, number): _figure(grid, order)
        for place, grid in enumerate(made)
        for number, order in enumerate(ORDER_PARAMETERS)
    }
    result.caption = [
        f"A network is robust at a checkpoint by the paper's thresholds, {ROBUST.words}. "
        "Shares are over all networks of a cell, diverged ones counted as not robust, with Wilson 95 % intervals on "
        "hover; medians are over networks that have not diverged, with bands of 90 % of them. Columns are "
        "checkpoints, which are not evenly spaced in time. Grey cells have no data. Settings other than the capacity "
        "are never pooled.",
        "Except for shares, the colour scale spans what was measured from epoch 1.5 on: the untrained column may lie "
        "far outside it (its value is on hover). Intervals are conditional on the dataset: all seeds saw the same one.",
        "Networks in a cell: " + "; ".join(f"{grid.series}: {grid.seeds_words()}" for grid in made) + ".",
    ]
    if len(made) < len({group.series for group in view.population.groups}):
        result.caption.append(f"The {len(made)} series with most networks are offered; the table has all.")
    if len(made[0].rows) == 1:
        result.caption.append("There is only one capacity here: the diagram has a single row.")
    return result


def _figure(grid: Grid, order: OrderParameter) -> go.Figure:
    values = grid.bands[order.label]
    low, high = colour_range(grid, order)
    rows = [group.capacity for group in grid.rows]
    columns = column_labels(grid.epochs)
    digits = ".0%" if order.is_share else ".4f"
    written = values.median.size <= MOST_WRITTEN and len(columns) <= 18
    details = np.stack([values.low, values.high, grid.robust, grid.networks], axis=-1).astype(np.float32)
    kind = "Wilson 95 %" if order.is_share else "5–95 %"
    gap = 1 if values.median.size <= 2000 else 0  # lines between thin cells would be all that is seen
    trace = go.Heatmap(
        x=columns,
        y=rows,
        z=values.median,
        zmin=low,
        zmax=high,
        customdata=details,
        colorscale=cividis(),
        colorbar={
            "title": {"text": order.unit, "side": "right", "font": {"size": 13}},
            "thickness": 14,
            "tickformat": ".0%" if order.is_share else None,
        },
        xgap=gap,
        ygap=gap,
        hoverongaps=False,
        hovertemplate=f"%{{y}}, epoch %{{x}}<br>{order.label} %{{z:{digits}}}<br>{kind} %{{customdata[0]:{digits}}} to "
        f"%{{customdata[1]:{digits}}}<br>robust: %{{customdata[2]}} of %{{customdata[3]}} networks<extra></extra>",
    )
    height = int(np.clip(150 + 30 * len(rows), 260, 1000))
    step = -(-len(columns) // 25)
    return figure(
        [trace, _written(grid, order, columns, rows, digits)] if written else [trace],
        height=height,
        title={"text": safe(f"{order.label}, {grid.series} – {grid.seeds_words()}")},
        plot_bgcolor=NO_DATA,
        xaxis=axis(
            "checkpoint, at paper epoch",
            showgrid=False,
            type="category",
            range=_ends(columns),
            tickvals=columns[::step],
        ),
        yaxis=axis("hidden layers × units a layer", showgrid=False, type="category", range=_ends(rows)),
    )


def _ends(categories: list[str]) -> list[float]:
    # without it plotly leaves a margin around the texts, in the colour of cells without data
    return [-0.5, len(categories) - 0.5]


def _written(grid: Grid, order: OrderParameter, columns: list[str], rows: list[str], digits: str) -> go.Scatter:
    """The values in the cells, white on dark colours; a heat map's own texts are hard to read on middling ones."""
    values, (low, high) = grid.bands[order.label].median, colour_range(grid, order)
    known = np.argwhere(np.isfinite(values))
    dark = [(values[row, column] - low) < 0.55 * (high - low) for row, column in known]
    return go.Scatter(
        x=[columns[column] for _, column in known],
        y=[rows[row] for row, _ in known],
        text=[format(values[row, column], digits) for row, column in known],
        mode="text",
        textfont={"size": 11, "color": ["white" if each else "black" for each in dark]},
        hoverinfo="skip",
        showlegend=False,
    )


def draw(view: View) -> MatplotlibFigure | None:
    """Draws the first series in all four order parameters."""
    made = grids(view)
    return draw_grid(made[0]) if made else None


def draw_grid(grid: Grid) -> MatplotlibFigure:
    """Draws one series, one panel an order parameter."""
    rows, columns = grid.networks.shape
    height = float(np.clip(1.2 + 0.2 * rows, 2.2, 8.0))
    drawn = static_figure(10.0, 2 * height)
    # thousands of cells as paths make an SVG of megabytes
    look = {"rasterized": True} if rows * columns > 1000 else {"edgecolors": "white", "linewidth": 0.3}
    step_x, step_y = -(-columns // 14), -(-rows // 30)
    for axes, order in zip(drawn.subplots(2, 2, sharex=True, sharey=True).flat, ORDER_PARAMETERS, strict=True):
        low, high = colour_range(grid, order)
        cells = np.ma.masked_invalid(grid.bands[order.label].median)
        axes.set_facecolor(NO_DATA)
        image = axes.pcolormesh(cells, cmap="cividis", vmin=low, vmax=high, **look)
        axes.set_title(order.label, loc="left")
        axes.set_xticks(np.arange(0, columns, step_x) + 0.5, column_labels(grid.epochs)[::step_x])
        axes.set_yticks(np.arange(0, rows, step_y) + 0.5, [group.capacity for group in grid.rows[::step_y]])
        drawn.colorbar(image, ax=axes, label=order.unit, extend="neither" if order.is_share else "max")
    drawn.supxlabel("checkpoint, at paper epoch", fontsize=9)
    drawn.supylabel("hidden layers × units a layer", fontsize=9)
    drawn.suptitle(f"{grid.series} – {grid.seeds_words()}; grey: no data", fontsize=10)
    return drawn


FIGURE = FigureKind("phase-diagram", panel, draw)
