"""The map in print: P(mirror) and SSI at the end, with the boundary and the paper's point."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.report.chart.figure import BLUE, GREEN, GREY, NO_DATA, ORANGE, PURPLE, RED, static_figure
from mirrorjax.report.map.axes import Axis
from mirrorjax.report.map.boundary import boundary_of
from mirrorjax.report.map.cells import Cells
from mirrorjax.report.map.data import colour_range
from mirrorjax.report.map.orders import SHARE, Order
from mirrorjax.report.map.paper_point import paper_point
from mirrorjax.report.words.numbers import epoch_words

_WANTED = ("mirror", "ssi_last")
_MOST_WRITTEN = 120
_COLOURS = (BLUE, RED, GREEN, PURPLE, ORANGE, GREY)


def draw_map(found: Cells) -> MatplotlibFigure | None:
    """Draws P and SSI, or what else was measured first; None where nothing was."""
    known = [order for order in found.orders if found.last(order.name) is not None]
    shown = [order for order in known if order.name in _WANTED] or known[:1]
    if not shown:
        return None
    number = paper_point(found).slice_number
    rows = 8 if found.y is None else len(found.y.values)
    drawn = static_figure(5.2 * len(shown), float(np.clip(1.9 + 0.28 * rows, 3.4, 9.0)))
    for axes, order in zip(np.atleast_1d(drawn.subplots(1, len(shown), sharex=True)), shown, strict=True):
        last = found.last(order.name)
        assert last is not None
        if found.y is None:
            _lines(axes, found, order)
        else:
            _map(drawn, axes, found, order, number)
        title = f"{order.label}, epoch {epoch_words(float(found.epoch[last]))}"
        axes.set_title(title, loc="left")
    where = found.slice_words[number] if found.y is not None else ""
    drawn.suptitle("; ".join(filter(None, (where, found.networks_words(False)))), fontsize=9)
    return drawn


def _map(drawn: MatplotlibFigure, axes: Axes, found: Cells, order: Order, number: int) -> None:
    values = found.at(order.name)
    assert values is not None and found.y is not None
    own = found.slice_number == number
    grid = np.full((len(found.y.values), len(found.x.values)), np.nan)
    x, y = found.place[own, 0], found.place[own, 1]
    grid[y, x] = values.value[own]
    low, high = colour_range(order, found.values[order.name], found.epoch)
    axes.set_facecolor(NO_DATA)
    edges = [np.arange(size + 1) - 0.5 for size in (grid.shape[1], grid.shape[0])]
    look: dict[str, Any] = {"rasterized": True} if grid.size > 1000 else {"edgecolors": "white", "linewidth": 0.3}
    image = axes.pcolormesh(*edges, np.ma.masked_invalid(grid), cmap="cividis", vmin=low, vmax=high, **look)
    drawn.colorbar(image, ax=axes, pad=0.02)
    if grid.size <= _MOST_WRITTEN:
        for (row, column), value in np.ndenumerate(grid):
            if np.isfinite(value):
                dark = value - low < 0.55 * (high - low)
                words = f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2g}"
                axes.text(column, row, words, ha="center", va="center", fontsize=6, color="white" if dark else "black")
    _ticks(axes, found.x, "x")
    _ticks(axes, found.y, "y")
    if order.is_verdict:
        _boundary(axes, found, order, number)
    for across, axis in ((True, found.x), (False, found.y)):
        for place, *_ in axis.marks():
            (axes.axvline if across else axes.axhline)(place, color="black", linestyle=":", linewidth=1)
    point = paper_point(found)
    if point.place is not None:
        left = 0.3 if point.place[0] == 0 else -0.3
        axes.plot(point.place[0] + left, point.place[1] + 0.27, "*", color=RED, markersize=10, markeredgecolor="white")


def _boundary(axes: Axes, found: Cells, order: Order, number: int) -> None:
    last = found.last(order.name)
    assert last is not None
    fit = boundary_of(found, order.name, last, number)
    for level, lines in fit.lines.items():
        for line in lines:
            middle = level == "value"
            axes.plot(*line.T, color="black", linewidth=2.6 if middle else 1.8)
            axes.plot(*line.T, color="white", linewidth=1.6 if middle else 0.9, linestyle="-" if middle else "--")


def _lines(axes: Axes, found: Cells, order: Order) -> None:
    """One line a slice."""
    last, values = found.last(order.name), found.at(order.name)
    assert last is not None and values is not None
    for number, name in enumerate(found.slice_words):
        own = np.flatnonzero((found.slice_number == number) & np.isfinite(values.value))
        colour = _COLOURS[number % len(_COLOURS)]
        x = found.place[own, 0]
        axes.fill_between(x, values.low[own], values.high[own], color=colour, alpha=0.18, linewidth=0)
        axes.plot(x, values.value[own], "-o", color=colour, markersize=3, label=name or None)
        if order.is_verdict:
            fit = boundary_of(found, order.name, last, number)
            if fit.centre is not None:
                axes.axvspan(fit.centre.low, fit.centre.high, color=colour, alpha=0.12, linewidth=0)
                axes.axvline(fit.centre.value, color=colour, linestyle="--", linewidth=1)
    for place, *_ in found.x.marks():
        axes.axvline(place, color="black", linestyle=":", linewidth=1)
    point = paper_point(found)
    if point.place is not None:
        axes.axvline(point.place[0], color=GREY, linestyle="-.", linewidth=1, label="the paper's point")
    if order.kind == SHARE:
        axes.set_ylim(-0.04, 1.04)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7, frameon=False)
    _ticks(axes, found.x, "x")


def _ticks(axes: Axes, axis: Axis, side: str) -> None:
    step = -(-len(axis.values) // (12 if side == "x" else 30))
    places, words = np.arange(0, len(axis.values), step), axis.ticks[::step]
    (axes.set_xticks if side == "x" else axes.set_yticks)(places, words)
    (axes.set_xlabel if side == "x" else axes.set_ylabel)(axis.label)
