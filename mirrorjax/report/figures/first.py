"""The first figure: the share of networks that learnt the task, and of these the share of mirror networks."""

import textwrap
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.report.chart.figure import (
    GREY,
    NO_DATA,
    RED,
    SKY,
    Chooser,
    Panel,
    axis,
    cividis,
    error_bars,
    figure,
    half_widths,
    note,
    safe,
    static_figure,
)
from mirrorjax.report.chart.lines import EPOCHS
from mirrorjax.report.chart.tables import Cell, Table
from mirrorjax.report.figures.shares import Point, by_setting, over_training
from mirrorjax.report.map.cells import Cells
from mirrorjax.report.map.figure import cells_of
from mirrorjax.report.map.paper_point import paper_point
from mirrorjax.report.read.verdict import total
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted, percent

MOST_ROWS = 12  # of settings beside each other; more become a map
_LETTERS = 32  # of a row's label in one line: longer ones would leave no room for what they name
_KINDS = (  # label, colour, plotly's symbol, matplotlib's marker
    ("learnt the task", SKY, "circle", "o"),
    ("mirror networks among these", RED, "diamond", "D"),
)
_SHARE = "share of networks"
_INTERVALS = "Whiskers: Wilson 95 % intervals."


def panel(views: list[View]) -> Panel:
    """Builds it: settings beside each other where few vary, a map where many do, else all networks over training."""
    result = Panel("Networks that learnt, and mirror networks")
    points, grid = _shown(views)
    if grid is not None:
        result.choosers, order = _slices(grid)
        result.variants = {(place,): _map(points, grid, number) for place, number in enumerate(order)}
        result.caption = ["Numbers: share of mirror networks among the learnt. Grey: not learnt, so no verdict."]
    else:
        over = np.isfinite(points[0].epoch)
        result.variants = {(): _lines(points, total(views).missing) if over else _rows(points[:MOST_ROWS])}
        left_out = 0 if over else len(points[MOST_ROWS:])
        result.caption = [_INTERVALS, *([f"{counted(left_out, 'population')} not shown."] if left_out else [])]
    return result


def _shown(views: list[View]) -> tuple[list[Point], Cells | None]:
    """The points, and the map whose cells they are if they are too many for rows."""
    points = by_setting(views)
    if 1 < len(points) <= MOST_ROWS or len(views) != 1:
        return points, None
    grid = cells_of(views[0])
    if len(points) > 1 and grid is not None and grid.y is not None and any(each.verdict.judged for each in points):
        return points, grid
    return over_training(views[0]), None


def _slices(grid: Cells) -> tuple[tuple[Chooser, ...], list[int]]:
    """The choice of a slice, and the slices' numbers in its order: that with the paper's point first."""
    first = paper_point(grid).slice_number
    order = [first, *(number for number in range(len(grid.slice_words)) if number != first)]
    words = tuple(grid.slice_words[number] or "all" for number in order)
    return (Chooser("At" if len(words) > 1 else "Settings", words),), order


def _rows(points: list[Point]) -> go.Figure:
    """One row a setting, the first on top."""
    places = np.arange(len(points), 0, -1)
    traces = []
    for number, (label, colour, symbol, _) in enumerate(_KINDS):
        low, value, high = np.array([point.shares[number] for point in points]).T
        traces.append(
            go.Scatter(
                x=value,
                y=places + 0.14 * (1 - 2 * number),
                error_x=error_bars(low, value, high, color=colour, thickness=1.5),
                mode="markers",
                marker={"size": 10, "color": colour, "symbol": symbol},
                name=label,
                text=[_hover(point, number) for point in points],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    labels = [_lines_of(point) for point in points]
    return figure(
        traces,
        height=170 + (20 + 16 * max(map(len, labels))) * max(len(points), 4),
        margin={"l": 20, "r": 20, "t": 15, "b": 90},
        legend=_LEGEND,
        xaxis=axis(_SHARE, range=[-0.03, 1.03], tickformat=".0%"),
        yaxis=axis(
            "",
            tickvals=places,
            ticktext=["<br>".join(map(safe, lines)) for lines in labels],
            range=[0.4, len(points) + 0.6],
            automargin=True,
            showgrid=False,
        ),
        annotations=[
            note(
                words,
                x=0.0 if point.shares[0][1] > 0.5 else 1.0,
                xanchor="left" if point.shares[0][1] > 0.5 else "right",
                y=place - 0.14,
            )
            for point, place in zip(points, places, strict=True)
            if (words := point.verdict.missing)
        ],
    )


_LEGEND = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}


def _lines_of(point: Point) -> list[str]:
    """A row's label, as it is written beside the axis."""
    return textwrap.wrap(point.label, _LETTERS)


def _hover(point: Point, number: int) -> str:
    return f"{safe(point.label)}: {safe(point.verdict.words if number else point.verdict.learnt_words)}"


def _lines(points: list[Point], missing: str) -> go.Figure:
    """Both shares over epochs, and why there is no verdict where there is none."""
    epochs = np.array([point.epoch for point in points])
    traces: list[Any] = []
    for number, (label, colour, symbol, _) in enumerate(_KINDS):
        low, value, high = np.array([point.shares[number] for point in points]).T
        known = np.flatnonzero(np.isfinite(value))
        traces.append(
            go.Scatter(
                x=epochs[known],
                y=value[known],
                error_y=error_bars(low[known], value[known], high[known], color=colour, thickness=1.5),
                mode="lines+markers",
                marker={"size": 9, "color": colour, "symbol": symbol},
                line={"color": colour, "width": 2},
                name=label,
                text=[_hover(points[place], number) for place in known],
                hovertemplate="%{text}<br>%{x:.3g}<extra></extra>",
            )
        )
    return figure(
        traces,
        height=400,
        margin={"l": 60, "r": 20, "t": 15, "b": 100},
        legend=_LEGEND,
        xaxis=axis(EPOCHS),
        yaxis=axis(_SHARE, range=[-0.04, 1.04], tickformat=".0%"),
        annotations=[note(missing, xref="paper", x=0.5, y=0.5, bgcolor="white")] if missing else [],
    )


def _map(points: list[Point], grid: Cells, number: int) -> go.Figure:
    """The share of mirror networks over the two axes of one slice."""
    assert grid.y is not None
    shape = (len(grid.y.values), len(grid.x.values))
    value, words = np.full(shape, np.nan), np.full(shape, "", object)
    for cell in np.flatnonzero(grid.slice_number == number):
        x, y = grid.place[cell, :2]
        value[y, x], words[y, x] = points[cell].shares[1][1], _hover(points[cell], 1)
    written = np.where(np.isfinite(value), np.vectorize(percent)(np.nan_to_num(value)), "")
    axes = {"showgrid": False, "automargin": True}
    return figure(
        [
            go.Heatmap(
                z=value,
                text=written,
                texttemplate="%{text}" if shape[1] <= 10 else "",
                hovertext=words,
                hovertemplate="%{hovertext}<extra></extra>",
                zmin=0,
                zmax=1,
                colorscale=cividis(),
                xgap=1,
                ygap=1,
                showscale=False,
            )
        ],
        height=int(np.clip(150 + 30 * shape[0], 300, 480)),
        margin={"l": 20, "r": 20, "t": 15, "b": 60},
        plot_bgcolor=NO_DATA,
        xaxis=axis(grid.x.label, tickvals=list(range(shape[1])), ticktext=[*map(safe, grid.x.ticks)], **axes),
        yaxis=axis(grid.y.label, tickvals=list(range(shape[0])), ticktext=[*map(safe, grid.y.ticks)], **axes),
    )


def draw(views: list[View]) -> MatplotlibFigure | None:
    """The same in print; a map is left to that of all order parameters."""
    points, grid = _shown(views)
    if grid is not None:
        return None
    over = bool(np.isfinite(points[0].epoch))
    points = points if over else points[:MOST_ROWS]
    labels = [_lines_of(point) for point in points]
    made = static_figure(6.5, 3.2 if over else 1.2 + (0.2 + 0.15 * max(map(len, labels))) * max(len(points), 4))
    axes = made.subplots()
    places = np.array([point.epoch for point in points]) if over else np.arange(len(points), 0, -1.0)
    for number, (label, colour, _, marker) in enumerate(_KINDS):
        low, value, high = np.array([point.shares[number] for point in points]).T
        known = np.isfinite(value)
        bars = half_widths(low, value, high)[:, known]
        look: dict[str, Any] = {"color": colour, "capsize": 2, "label": label, "markersize": 5}
        if over:
            axes.errorbar(places[known], value[known], yerr=bars, fmt=f"-{marker}", **look)
        else:
            at = places[known] + 0.14 * (1 - 2 * number)
            axes.errorbar(value[known], at, xerr=bars, fmt=marker, **look)
    if over:
        axes.set(xlabel=EPOCHS, ylabel=_SHARE, ylim=(-0.04, 1.04))
    else:
        axes.set_yticks(places, ["\n".join(lines) for lines in labels])
        axes.set(xlabel=_SHARE, xlim=(-0.03, 1.03))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, frameon=False, fontsize=8)
    axes.set_title(f"{_INTERVALS} {total(views).missing}", loc="left", color=GREY, fontsize=8)
    return made


def table(views: list[View]) -> Table | None:
    """Every count behind the shares."""
    points, _ = _shown(views)
    rows: list[list[Cell]] = [
        [
            *(
                point.label,
                point.epoch,
                point.verdict.networks,
                point.verdict.learnt,
            ),
            *(point.verdict.judged, point.verdict.mirror),
            *(each for low, value, high in point.shares for each in (value, low, high)),
        ]
        for point in points
    ]
    shares = "learnt_share learnt_low_95 learnt_high_95 mirror_share mirror_low_95 mirror_high_95"
    head = f"setting epoch networks learnt with_verdict mirror {shares}"
    return Table(head.split(), rows) if rows else None
