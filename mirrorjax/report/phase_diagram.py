"""Capacity against training time: the share of robust networks, and other order parameters, over seeds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from matplotlib import colormaps
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.report.figure import NO_DATA, Chooser, FigureKind, Panel, View, axis, figure, safe, static_figure
from mirrorjax.report.load import Group
from mirrorjax.report.statistics import Band, Curve, wilson
from mirrorjax.report.words import counted

MOST_SERIES = 12  # of the chooser
MOST_COLUMNS = 60  # of checkpoints: more are thinner than a hair
MOST_WRITTEN = 360  # cells with their value written in


@dataclass(frozen=True)
class OrderParameter:
    """One way to colour the diagram; `band` gives its value and interval at every checkpoint of a curve."""

    label: str
    unit: str
    band: Callable[[Curve], Band]
    is_share: bool = False


def robust_share(curve: Curve) -> Band:
    """Share of robust networks with its Wilson 95 % interval; nan where there are none."""
    low, high = wilson(curve.robust, curve.networks)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Band(low, curve.robust / curve.networks, high)


ORDER_PARAMETERS = (
    OrderParameter("robust share", "share of networks", robust_share, is_share=True),
    OrderParameter("median CMNI", "CMNI", lambda curve: curve.bands["cmni"]),
    OrderParameter("median CMNI, hidden units only", "CMNI", lambda curve: curve.bands["cmni_hidden"]),
    OrderParameter("median validation loss", "loss", lambda curve: curve.bands["val_loss"]),
)


@dataclass(frozen=True)
class Grid:
    """One series (all settings but the capacity equal) as a grid, rows are capacities and columns are checkpoints.

    Attributes:
        series: what is equal.
        rows: configurations, by depth and then width.
        epochs: of the columns, paper epochs [C].
        networks, robust: counts [R, C], nan where there is no record.
        bands: by order parameter's label, arrays [R, C].
    """

    series: str
    rows: list[Group]
    epochs: np.ndarray
    networks: np.ndarray
    robust: np.ndarray
    bands: dict[str, Band]

    def seeds_words(self) -> str:
        """States how many networks a cell has."""
        known = self.networks[np.isfinite(self.networks)]
        if not len(known):
            return "no networks"
        low, high = int(known.min()), int(known.max())
        return f"{counted(low, 'network')} in every cell" if low == high else f"{low} to {high} networks a cell"


def grids(view: View) -> list[Grid]:
    """Makes one grid a series, that of the configuration nearest the paper's first, then those with most networks."""
    by_series: dict[str, list[Group]] = {}
    for group in view.population.groups:
        if len(view.curves[group.index].epoch):
            by_series.setdefault(group.series, []).append(group)
    if not by_series:
        return []
    first = view.population.headline.series
    names = list(by_series)
    if len(names) > MOST_SERIES:
        names.sort(key=lambda name: -sum(group.networks for group in by_series[name]))
    names.sort(key=lambda name: name != first)
    return [_grid(view, name, by_series[name]) for name in names[:MOST_SERIES]]


def _grid(view: View, series: str, groups: list[Group]) -> Grid:
    groups = sorted(groups, key=lambda group: (group.settings["depth"] or 0, group.settings["width"] or 0))
    epoch_of: dict[int, float] = {}
    for group in groups:
        curve = view.curves[group.index]
        for checkpoint, epoch in zip(curve.checkpoint, curve.epoch, strict=True):
            epoch_of[int(checkpoint)] = max(epoch, epoch_of.get(int(checkpoint), 0.0))
    checkpoints = sorted(epoch_of)
    if len(checkpoints) > MOST_COLUMNS:
        chosen = np.unique(np.linspace(0, len(checkpoints) - 1, MOST_COLUMNS).round().astype(int))
        checkpoints = [checkpoints[place] for place in chosen]
    shape = (len(groups), len(checkpoints))
    column = {checkpoint: place for place, checkpoint in enumerate(checkpoints)}
    counts = {name: np.full(shape, np.nan) for name in ("networks", "robust")}
    bands = {each.label: Band(*(np.full(shape, np.nan) for _ in range(3))) for each in ORDER_PARAMETERS}
    for row, group in enumerate(groups):
        curve = view.curves[group.index]
        known = [(place, column[int(c)]) for place, c in enumerate(curve.checkpoint) if int(c) in column]
        if not known:
            continue
        places, columns = (list(each) for each in zip(*known, strict=True))
        for name, grid in counts.items():
            grid[row, columns] = getattr(curve, name)[places]
        for each in ORDER_PARAMETERS:
            own, target = each.band(curve), bands[each.label]
            for name in ("low", "median", "high"):
                getattr(target, name)[row, columns] = getattr(own, name)[places]
    return Grid(series, groups, np.array([epoch_of[c] for c in checkpoints]), **counts, bands=bands)


def colour_range(grid: Grid, order: OrderParameter) -> tuple[float, float]:
    """Where the colours begin and end: 0 to 1 for a share; else cut to what was measured from epoch 1 on.

    Untrained networks score so far above trained ones that one colour would be left for all that training does.
    """
    if order.is_share:
        return 0.0, 1.0
    values = grid.bands[order.label].median
    late = values[:, grid.epochs >= min(1.0 - 1e-6, float(grid.epochs.max()))]
    late = late[np.isfinite(late)]
    return (float(late.min()), float(late.max())) if len(late) else (0.0, 1.0)


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
        "A network is robust at a checkpoint by the paper's thresholds, CMNI ≥ 0.005 and validation loss < 0.06. "
        "Shares are over all networks of a cell, diverged ones counted as not robust, with Wilson 95 % intervals on "
        "hover; medians are over networks that have not diverged, with their 5 % and 95 % quantiles. Columns are "
        "checkpoints, which are not evenly spaced in time. Grey cells have no data. Settings other than the capacity "
        "are never pooled.",
        "Except for shares, the colour scale spans what was measured from epoch 1 on: the untrained column may lie far "
        "outside it (its value is on hover). Intervals are conditional on the dataset: all seeds saw the same one.",
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
        texttemplate=f"%{{z:{digits}}}" if written else None,
        textfont={"size": 11},
        colorscale=_colours(),
        colorbar={
            "title": {"text": order.unit, "side": "right"},
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
    return figure(
        [trace],
        height=height,
        title={"text": safe(f"{order.label}, {grid.series} – {grid.seeds_words()}")},
        plot_bgcolor=NO_DATA,
        xaxis=axis("checkpoint, at paper epoch", showgrid=False, type="category", tickangle=0),
        yaxis=axis("hidden layers × units a layer", showgrid=False, type="category"),
    )


def column_labels(epochs: np.ndarray) -> list[str]:
    """Writes paper epochs with as few digits as tell them apart: of equal texts plotly would make one column."""
    for digits in (3, 4, 5, 6):
        labels = [f"{epoch:.{digits}g}" for epoch in epochs]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{place}: {label}" for place, label in enumerate(labels)]


def _colours() -> list[list[object]]:
    """Cividis: even in lightness and the same to colour-blind readers."""
    places = np.linspace(0, 1, 17)
    colours = (colormaps["cividis"](places)[:, :3] * 255).round().astype(int)
    return [[float(p), f"rgb({r},{g},{b})"] for p, (r, g, b) in zip(places, colours, strict=True)]


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
