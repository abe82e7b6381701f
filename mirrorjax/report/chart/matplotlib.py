"""Draws charts for papers, with matplotlib and without the global state of pyplot."""

from math import lcm
from pathlib import Path
from textwrap import fill
from typing import Any, cast

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, NullLocator

from mirrorjax.report.chart.chart import Chart, Plot, Scale
from mirrorjax.report.chart.marks import NO_DATA, AnyMark, Bars, HeatMap, Line, Look, Note, Points, Rule, Series, reach
from mirrorjax.results.store import replacing

_STYLE: Any = {
    "font.family": "sans-serif", "font.size": 9, "legend.fontsize": 8, "legend.frameon": False,
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlesize": 9, "axes.titlelocation": "left",
    "svg.hashsalt": "mirrorjax", "svg.fonttype": "none",  # the same data give the same file
}  # fmt: skip
_DASHES: dict[str, Any] = {
    "solid": "-", "dot": ":", "dash": "--", "dashdot": "-.", "longdash": (0, (8, 3)), "longdashdot": (0, (8, 2, 1, 2)),
}  # fmt: skip
_SYMBOLS = {
    "": "", "circle": "o", "circle-open": "o", "square": "s", "diamond": "D", "hexagon": "h", "triangle-up": "^",
    "cross": "P", "x": "X", "star": "*",
}  # fmt: skip
_POINTS = 0.6  # of print to a pixel of the page
_MOST_NAMES = {"x": 14, "y": 30}
_LETTER = 6.0  # of what is written in cells, pixels of a hundred to an inch
_MANY = 1000  # cells: as paths they would make an SVG of megabytes


def save(chart: Chart, stem: Path) -> list[Path]:
    """Writes STEM.svg and STEM.png.

    Raises:
        NotWritten: one cannot be.
    """
    paths = []
    with rc_context(_STYLE):
        made = draw(chart)
        for kind in ("svg", "png"):
            # not with_suffix: a population's name may have a dot
            path = stem.parent / f"{stem.name}.{kind}"
            metadata = {"Date": None} if kind == "svg" else {"Software": None}
            with replacing(path) as unfinished:
                made.savefig(unfinished, format=kind, dpi=150, metadata=metadata)
            made.set_layout_engine("none")  # what the first save arranged stays: arranging is half of the time
            paths.append(path)
    return paths


def save_image(chart: Chart, path: Path) -> None:
    """Writes one image, PNG or SVG by its suffix."""
    with rc_context(_STYLE):
        draw(chart).savefig(path, dpi=150)


def draw(chart: Chart) -> Figure:
    """The chart as a figure of matplotlib."""
    columns = lcm(*map(len, chart.rows))
    made = Figure(figsize=(7.2 if columns == 1 else 9.0, chart.height / 100), layout="constrained")
    FigureCanvasAgg(made)
    grid = made.add_gridspec(len(chart.rows), columns, height_ratios=[row[0].height for row in chart.rows])
    for row, column, plot in chart.placed():
        span = columns // len(chart.rows[row])
        axes = made.add_subplot(grid[row, column * span : (column + 1) * span])
        _draw_plot(axes, plot)
        if chart.legend == "beside" and axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    if chart.legend == "below":
        _legend(made)
    if any(isinstance(mark, Rule) and mark.axis == "y" and mark.label for plot in chart.plots for mark in plot.marks):
        cast(ConstrainedLayoutEngine, made.get_layout_engine()).set(rect=(0, 0, 0.985, 1))  # they stand at the edge
    words = "\n".join(filter(None, (chart.title, fill(chart.words, 130))))
    if words:
        made.suptitle(_text(words), x=0.01, ha="left", fontsize=10)
    return made


def _legend(made: Figure) -> None:
    """One for all plots, each label once."""
    named: dict[str, Any] = {}
    for axes in made.axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            named.setdefault(label, handle)
    if named:
        most = int(14 * made.get_figwidth()) // (max(map(len, named)) + 6)
        ncols = max(1, min(most, len(named)))
        made.legend([*named.values()], [*named], loc="outside lower center", ncols=ncols)


def _draw_plot(axes: Axes, plot: Plot) -> None:
    right = axes.twinx() if plot.right else axes
    for mark, on_right in plot.every_mark:
        if not (isinstance(mark, Series) and (mark.look.off or not mark.known.any())):
            DRAWN[type(mark)](right if on_right else axes, mark)
    _set_scale(axes, plot.x, "x")
    _set_scale(axes, plot.y, "y")
    if plot.right:
        right.spines["right"].set_visible(True)
        _set_scale(right, plot.right, "y")
    named = any(isinstance(mark, Rule) and mark.axis == "x" and mark.label for mark in plot.marks)
    axes.set_title(_text(fill(plot.title, 60)), pad=16 if named else None)
    if not plot.x.shown:
        axes.set_axis_off()


def _set_scale(axes: Axes, scale: Scale, side: str) -> None:
    axis, set_limits = (axes.xaxis, axes.set_xlim) if side == "x" else (axes.yaxis, axes.set_ylim)
    if scale.log:
        (axes.set_xscale if side == "x" else axes.set_yscale)("log")
    if scale.ends:
        set_limits(*scale.ends)
    if written := scale.written(_MOST_NAMES[side]):
        names = [_text(name) for _, name in written]
        crowded = side == "x" and sum(map(len, names)) > 30
        axis.set_ticks([at for at, _ in written], names, rotation=30 if crowded else 0)
        axis.set_minor_locator(NullLocator())
    if scale.format:
        axis.set_major_formatter(FuncFormatter(lambda value, _: format(value, scale.format)))
    if scale.quiet:
        axis.set_tick_params(labelbottom=False, labelleft=False)
    axis.set_label_text(_text(scale.label))
    if scale.colour:
        axis.label.set_color(scale.colour)
        axis.set_tick_params(colors=scale.colour)


def _stroke(look: Look) -> dict[str, Any]:
    face = "white" if look.symbol.endswith("-open") else look.colour
    line = {"color": look.colour, "linestyle": _DASHES[look.dash], "linewidth": look.width * _POINTS}
    marker = {"marker": _SYMBOLS[look.symbol], "markersize": look.size * _POINTS, "markerfacecolor": face}
    edge = {"markeredgecolor": look.edge} if look.edge else {}
    return line | marker | edge | {"alpha": look.opacity}


def _label(look: Look) -> str:
    return _text(look.label) or "_none"  # what matplotlib leaves out of legends


def _line(axes: Axes, mark: Line) -> None:
    known, x, y = mark.known, np.asarray(mark.x, np.float64), np.asarray(mark.y, np.float64)
    if mark.low is not None and mark.high is not None:
        band = (x[known], mark.low[known], mark.high[known])
        axes.fill_between(*band, color=mark.look.colour, alpha=0.18, linewidth=0)
    if not mark.broken:
        x, y = x[known], y[known]
    axes.plot(x, y, **_stroke(mark.look), label=_label(mark.look))


def _points(axes: Axes, mark: Points) -> None:
    known, look = mark.known, _stroke(mark.look)
    if not mark.joined:
        look["linestyle"] = ""
    ends = {"capsize": 2, "elinewidth": 1, "xerr" if mark.across else "yerr": reach(mark)}
    x, y = np.asarray(mark.x)[known], np.asarray(mark.y)[known]
    axes.errorbar(x, y, **ends, **look, label=_label(mark.look))


def _bars(axes: Axes, mark: Bars) -> None:
    known, look = mark.known, mark.look
    options: dict[str, Any] = {"color": look.colour, "label": _label(look)}
    options |= {"xerr" if mark.across else "yerr": reach(mark)}
    options |= {"error_kw": {"ecolor": "#222", "capsize": 2, "elinewidth": 1}}
    if look.hatch:
        options |= {"hatch": look.hatch * 3, "edgecolor": look.second, "linewidth": 0}
    at, value = (mark.y, mark.x) if mark.across else (mark.x, mark.y)
    places, values = np.asarray(at, np.float64)[known] + mark.shift, np.asarray(value)[known]
    drawn = (axes.barh if mark.across else axes.bar)(places, values, mark.width, **options)
    if mark.letters:
        axes.bar_label(drawn, [mark.letters] * len(values), fontsize=6)


def _heat_map(axes: Axes, mark: HeatMap) -> None:
    rows, columns = mark.z.shape
    look: dict[str, Any] = {"rasterized": True} if mark.z.size > _MANY else {"edgecolors": "white", "linewidth": 0.3}
    axes.set_facecolor(NO_DATA)
    low, high = mark.limits
    edges = (np.arange(number + 1) - 0.5 for number in (columns, rows))
    image = axes.pcolormesh(*edges, np.ma.masked_invalid(mark.z), cmap="cividis", vmin=low, vmax=high, **look)
    if mark.bar:
        form = FuncFormatter(lambda value, _: format(value, mark.format)) if mark.format else None
        axes.figure.colorbar(image, ax=axes, pad=0.02, label=_text(mark.unit), format=form)
    crowded = columns * max((len(words) for *_, words, _ in mark.texts), default=0) > axes.bbox.width / _LETTER
    for column, row, words, colour in () if crowded else mark.texts:
        axes.text(column, row, words, ha="center", va="center", fontsize=6, color=colour)


def _rule(axes: Axes, mark: Rule) -> None:
    level, look = mark.axis == "y", _stroke(mark.look)
    if mark.low is not None and mark.high is not None:
        shade = axes.axhspan if level else axes.axvspan
        shade(mark.low, mark.high, color=mark.look.colour, alpha=0.12, linewidth=0)
    (axes.axhline if level else axes.axvline)(mark.at, **look)
    if mark.label:
        beside = mark.at if mark.label_at is None else mark.label_at
        side, above = (1.005, beside, axes.get_yaxis_transform()), (mark.at, 1.0, axes.get_xaxis_transform())
        x, y, where = side if level else above
        across, up = ("left", "center") if level else ("center", "bottom")
        axes.text(x, y, _text(mark.label), transform=where, fontsize=7, ha=across, va=up)


def _note(axes: Axes, mark: Note) -> None:
    where = axes.transData if mark.in_data else axes.transAxes
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5} if mark.filled else None
    look = {"color": mark.colour, "fontsize": 8, "fontweight": "bold" if mark.bold else "normal", "bbox": box}
    upright, across = mark.anchor[0].replace("middle", "center"), mark.anchor[1]
    axes.text(mark.x, mark.y, _text(mark.text), transform=where, va=upright, ha=across, **look)


def _text(text: str) -> str:
    """Without what matplotlib would read as a formula."""
    return text.replace("$", r"\$")


DRAWN: dict[type[AnyMark], Any] = {Line: _line, Points: _points, Bars: _bars, HeatMap: _heat_map}
DRAWN |= {Rule: _rule, Note: _note}
