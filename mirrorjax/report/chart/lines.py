"""Medians with their bands over epochs, on the page and in print, and the panels that they stand in."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes

from mirrorjax.report.chart.figure import GREY, axis, note
from mirrorjax.report.read.over_seeds import Band, Curve

EPOCHS = "paper epoch (learning rate × steps / 0.6144)"


def band_and_median(
    curve: Curve,
    values: Band,
    colour: str,
    label: str,
    place: int | str = "y",
    shown: bool = True,
    markers: bool = True,
) -> list[Any]:
    """Draws a median and its band; nothing where there is no value.

    Args:
        place: the y axis on the first x axis, or the number of a panel.
        shown: in the legend.
    """
    known = np.isfinite(values.median) & np.isfinite(curve.epoch)
    if not known.any():
        return []
    axes = {"yaxis": place} if isinstance(place, str) else {"xaxis": f"x{suffix(place)}", "yaxis": f"y{suffix(place)}"}
    epoch, low, high = curve.epoch[known], values.low[known], values.high[known]
    return [
        go.Scatter(
            x=np.concatenate([epoch, epoch[::-1]]),
            y=np.concatenate([high, low[::-1]]),
            fill="toself",
            fillcolor=colour,
            opacity=0.18,
            mode="none",
            hoverinfo="skip",
            legendgroup=label,
            showlegend=False,
            **axes,
        ),
        go.Scatter(
            x=epoch,
            y=values.median[known],
            customdata=np.column_stack([low, high, curve.alive[known]]).astype(np.float32),
            mode="lines+markers" if markers else "lines",
            marker={"size": 5},
            line={"color": colour, "width": 2},
            name=label,
            legendgroup=label,
            showlegend=shown,
            hovertemplate="%{y:.4f} [%{customdata[0]:.4f}, %{customdata[1]:.4f}], %{customdata[2]} networks",
            **axes,
        ),
    ]


def draw_band(axes: Axes, curve: Curve, values: Band, colour: str, label: str = "", style: str = "-") -> None:
    """The same in print."""
    known = np.isfinite(values.median)
    epoch = curve.epoch[known]
    axes.fill_between(epoch, values.low[known], values.high[known], color=colour, alpha=0.18, linewidth=0)
    axes.plot(epoch, values.median[known], style, color=colour, marker="o", markersize=3, label=label or None)


def panels(titles: Sequence[str], columns: int, y_title: str, gap: float = 0.07, low: float = 0.0) -> dict[str, Any]:
    """Lays out panels in rows, each with its axes and its title over it; the last row names the epochs.

    Args:
        low: where the lowest panels begin, as a share of the height.
    """
    rows = -(-len(titles) // columns)
    width, height = (1 - gap * (columns - 1)) / columns, (1 - low - 0.13 * (rows - 1)) / rows
    layout: dict[str, Any] = {"annotations": []}
    for place, title in enumerate(titles):
        row, column = divmod(place, columns)
        left, top = column * (width + gap), 1 - row * (height + 0.13)
        last = place + columns >= len(titles)
        layout[f"xaxis{suffix(place)}"] = axis(
            EPOCHS if last and column == (columns - 1) // 2 else "",
            domain=[left, left + width],
            anchor=f"y{suffix(place)}",
        )
        layout[f"yaxis{suffix(place)}"] = axis(
            y_title if column == 0 else "", domain=[max(top - height, 0), top], anchor=f"x{suffix(place)}"
        )
        layout["annotations"].append(
            note(title, xref="paper", x=left, xanchor="left", yref="paper", y=top, yanchor="bottom", font={"size": 13})
        )
    return layout


def level(value: float, place: int = 0, dash: str = "dot") -> dict[str, Any]:
    """A line across one panel."""
    return {
        "type": "line",
        "xref": f"x{suffix(place)} domain",
        "x0": 0,
        "x1": 1,
        "yref": f"y{suffix(place)}",
        "y0": value,
        "y1": value,
        "line": {"color": GREY, "width": 1, "dash": dash},
    }


def suffix(place: int) -> str:
    """What plotly puts behind the names of a panel's axes."""
    return "" if place == 0 else str(place + 1)
