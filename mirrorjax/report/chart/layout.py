"""Where a chart's plots are on the page, and what is around them: margins, axes and headings, as plotly has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from textwrap import wrap
from typing import Any

import numpy as np

from mirrorjax.report.chart.chart import Chart, Plot, Scale
from mirrorjax.report.chart.marks import GREY, NO_DATA, HeatMap, Note, Rule, Series

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_WIDTH, _LETTER, _ROW, _WORDS = 1000, 7, 20, 17  # of the page, a letter, a row of the legend and of words, pixels
_HEAD = 22  # of what stands above a plot
_MOST_NAMES = {"x": 25, "y": 40}  # of categories along an axis; of more some are written

Drawing = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A plot on the page: the number of its axes, how many are in its row, and its ends as shares of the paper."""

    plot: Plot
    number: int
    beside: int
    x: tuple[float, float]
    y: tuple[float, float]

    def axis(self, side: str, on_right: bool = False) -> str:
        """What plotly calls an axis of it, or its legend: x, y, x2, y2 …"""
        number = self.number + 100 * on_right
        return f"{side}{number if number > 1 else ''}"


def text(words: str) -> str:
    """Escapes what came from a config or a file: plotly reads a little HTML in its texts."""
    return escape(words, quote=False).replace("\n", "<br>")


def annotation(words: str, **options: Any) -> Drawing:
    """Describes a text without an arrow."""
    return {"text": text(words), "showarrow": False, "font": {"size": 12, "color": GREY}, "align": "left", **options}


def layout(chart: Chart) -> tuple[Drawing, list[Place]]:
    """All of a chart but its marks, and where its plots are."""
    words = wrap(chart.words, 135)
    height, margin = chart.height + _WORDS * len(words), _margin(chart, len(words))
    places = _places(chart, height - margin["t"] - margin["b"])
    is_map = any(isinstance(mark, HeatMap) for plot in chart.plots for mark in plot.marks)
    legend = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "tracegroupgap": 0}
    # plotly's own template adds 7 kB to each figure
    found: Drawing = {"template": {}, "height": height, "font": {"family": FONT, "size": 13, "color": "#222"}}
    found |= {"paper_bgcolor": "white", "plot_bgcolor": NO_DATA if is_map else "white", "margin": margin}
    found |= {"hoverlabel": {"font": {"family": FONT, "size": 12}, "align": "left"}}
    found |= {"hovermode": "x unified" if chart.hover_together else "closest", "showlegend": bool(chart.legend)}
    found |= {"legend": legend, "barmode": "overlay", "shapes": []}
    found |= {"annotations": [_heading("\n".join(words), 0, 1.01)] if words else []}
    if chart.title:
        above = {"y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 12}}
        found["title"] = {"text": text(chart.title), "font": {"size": 15}, "x": 0, "xref": "paper", **above}
    for place in places:
        found |= _axes(place)
        if place.plot.title:
            found["annotations"].append(_heading(place.plot.title, place.x[0], place.y[1]) | {"font": {"size": 13}})
        if chart.legend == "beside":
            found[place.axis("legend")] = {"x": 1.01, "y": place.y[1], "yanchor": "top"}
    return found, places


def _heading(words: str, x: float, y: float) -> Drawing:
    return annotation(words, xref="paper", x=x, xanchor="left", yref="paper", y=y, yanchor="bottom")


def _margin(chart: Chart, words: int) -> dict[str, float]:
    """Room for title, words, headings, legend and what stands at the right, pixels."""
    looks = [mark.look for plot in chart.plots for mark, _ in plot.every_mark if isinstance(mark, Series)]
    labels = {look.label for look in looks if look.label}
    longest = _LETTER * max(map(len, labels), default=0)
    below = 32 + 26 * any(plot.x.label for plot in chart.rows[-1])
    right = [20, *(80 for plot in chart.plots if plot.right)]
    right += [14 + _LETTER * len(rule.label) for rule in _rules(chart.plots) if rule.axis == "y" and rule.label]
    if chart.legend == "below" and labels:
        below += 10 + _ROW * -(-len(labels) // max(1, _WIDTH // (longest + 45)))
    elif chart.legend == "beside":
        right.append(50 + longest)
    top = 15 + 28 * bool(chart.title) + _WORDS * words + max(map(_head, chart.rows[0]))
    return {"l": 70, "r": max(right), "t": top, "b": below}


def _rules(plots: Sequence[Plot]) -> list[Rule]:
    return [mark for plot in plots for mark in plot.marks if isinstance(mark, Rule)]


def _head(plot: Plot) -> int:
    """Room above a plot for what stands there, pixels."""
    notes = [mark for mark in plot.marks if isinstance(mark, Note) and not mark.in_data]
    above = any(note.anchor[0] == "bottom" and note.y >= 1 for note in notes)
    return _HEAD * (bool(plot.title) or above or any(rule.axis == "x" and rule.label for rule in _rules([plot])))


def _places(chart: Chart, area: float) -> list[Place]:
    """Where plots are; rows share the height that labels and headings leave."""
    placed = list(chart.placed())
    rows = [[plot for at, _, plot in placed if at == row] for row in range(len(chart.rows))]
    gaps = [
        (20 + max(22 * (not p.x.quiet) + 26 * bool(p.x.label) for p in row) + max(map(_head, following))) / area
        for row, following in pairwise(rows)
    ]
    unit = (1 - sum(gaps)) / sum(row[0].height for row in rows)
    places: list[Place] = []
    top = 1.0
    for row, gap in zip(rows, [*gaps, 0.0], strict=True):
        bottom, between = max(top - unit * row[0].height, 0.0), _between(row[1:])
        width = (1 - between * (len(row) - 1)) / len(row)
        for column, plot in enumerate(row):
            left = column * (width + between)
            places.append(Place(plot, len(places) + 1, len(row), (left, left + width), (bottom, top)))
        top = bottom - gap
    return places


def _between(plots: Sequence[Plot]) -> float:
    """The gap between plots of a row, as a share of the width: numbers and labels of the right ones are there."""
    widths = [20]
    for plot in plots:
        lines = [line for _, name in plot.y.written(99) for line in name.split("\n")]
        letters = 0 if plot.y.quiet else max(map(len, lines), default=4)
        widths.append(20 + _LETTER * letters + 25 * bool(plot.y.label))
    return max(widths) / _WIDTH


def _axes(place: Place) -> Drawing:
    plot, x, y = place.plot, place.axis("x"), place.axis("y")
    across, up = _axis(plot.x, "x"), _axis(plot.y, "y")
    across |= {"domain": [*place.x], "anchor": y}
    if plot.x.quiet:
        across["matches"] = f"x{place.number + place.beside}"
    found = {f"xaxis{x[1:]}": across, f"yaxis{y[1:]}": up | {"domain": [*place.y], "anchor": x}}
    if plot.right:
        own = {"overlaying": y, "side": "right", "anchor": x, "showgrid": False, "tickmode": "auto"}
        found[f"yaxis{place.axis('y', True)[1:]}"] = _axis(plot.right, "y") | own
    return found


def _axis(scale: Scale, side: str) -> Drawing:
    if not scale.shown:
        return {"visible": False, "range": scale.limits, "fixedrange": True}
    axis: Drawing = {"title": {"text": text(scale.label), "standoff": 10, "font": {"size": 13}}}
    axis |= {"gridcolor": "#e6e6e6", "zeroline": False, "showline": True, "linecolor": "#999"}
    axis |= {"ticks": "outside", "tickcolor": "#999", "automargin": True}
    axis |= {"showgrid": not scale.is_category, "showticklabels": not scale.quiet}
    if scale.format:
        axis["tickformat"] = scale.format
    if scale.log:
        axis |= {"type": "log", "dtick": "D2"}
    if scale.ends:
        axis["range"] = np.log10(scale.ends).tolist() if scale.log else [*scale.ends]
    if scale.is_category:
        axis |= {"type": "category", "categoryorder": "array", "categoryarray": [*map(text, scale.names)]}
    if written := scale.written(_MOST_NAMES[side]):
        axis["ticktext"] = [text(name) for _, name in written]
        axis["tickvals"] = axis["ticktext"] if scale.is_category else [at for at, _ in written]
    return axis | ({"color": scale.colour} if scale.colour else {})
