"""Capacity against training time: the share of robust networks, and other order parameters, over seeds."""

import numpy as np

from mirrorjax.measurement.learnt import ROBUST
from mirrorjax.report.chart.chart import Chart, Plot, Scale, one, put_together
from mirrorjax.report.chart.figure import Chooser, FigureKind, Panel
from mirrorjax.report.chart.marks import HeatMap
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
        (place, number): _chart(grid, order)
        for place, grid in enumerate(made)
        for number, order in enumerate(ORDER_PARAMETERS)
    }
    shown, labels = [*result.variants.values()][: len(ORDER_PARAMETERS)], [order.label for order in ORDER_PARAMETERS]
    title = f"{made[0].series} – {made[0].seeds_words()}; grey: no data"
    result.for_print = put_together(shown, labels, title, height=int(np.clip(120 + 20 * len(made[0].rows), 220, 800)))
    result.caption = [
        f"A network is robust at a checkpoint by the paper's thresholds, {ROBUST.words}. Shares are over all networks "
        "of a cell, diverged ones counted as not robust, with Wilson 95 % intervals on hover; medians are over "
        "networks that have not diverged, with bands of 90 % of them. Columns are checkpoints, which are not evenly "
        "spaced in time. Grey cells have no data. Settings other than the capacity are never pooled.",
        "Except for shares, the colour scale spans what was measured from epoch 1.5 on: the untrained column may lie "
        "far outside it (its value is on hover). Intervals are conditional on the dataset: all seeds saw the same one.",
        "Networks in a cell: " + "; ".join(f"{grid.series}: {grid.seeds_words()}" for grid in made) + ".",
    ]
    if len(made) < len({group.series for group in view.population.groups}):
        result.caption.append(f"The {len(made)} series with most networks are offered; the table has all.")
    if len(made[0].rows) == 1:
        result.caption.append("There is only one capacity here: the diagram has a single row.")
    return result


def _chart(grid: Grid, order: OrderParameter) -> Chart:
    values, columns = grid.bands[order.label], column_labels(grid.epochs)
    digits, kind = (".0%", "Wilson 95 %") if order.is_share else (".4f", "5–95 %")
    written = values.median.size <= MOST_WRITTEN and len(columns) <= 18
    cells = HeatMap(
        values.median,
        colour_range(grid, order),
        unit=order.unit,
        written=digits if written else "",
        format=".0%" if order.is_share else "",
        hover=f"{{y}}, epoch {{x}}\n{order.label} {{z:{digits}}}\n{kind} {{low:{digits}}} to {{high:{digits}}}\n"
        "robust: {robust} of {networks} networks",
        details={"low": values.low, "high": values.high, "robust": grid.robust, "networks": grid.networks},
    )
    across = Scale("checkpoint, at paper epoch", names=tuple(columns))
    up = Scale("hidden layers × units a layer", names=tuple(group.capacity for group in grid.rows))
    height = int(np.clip(150 + 30 * len(grid.rows), 260, 1000))
    return one(Plot([cells], across, up), height, title=f"{order.label}, {grid.series} – {grid.seeds_words()}")


FIGURE = FigureKind("phase-diagram", panel)
