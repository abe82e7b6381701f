"""How laws are drawn: their lines, a logarithmic axis with ticks at the points, and words above a figure."""

from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from mirrorjax.report.chart.figure import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, note, safe
from mirrorjax.report.words.numbers import plain_number
from mirrorjax.statistics.laws import Laws

FEW_TICKS = 8
LINES = {  # of laws: colour, dash on the page and in print
    "constant": (GREY, "dot", ":"),
    "power law": (RED, "solid", "-"),
    "power law with offset": (ORANGE, "dash", "--"),
    "plateau (power)": (GREEN, "solid", "-"),
    "plateau (exponential)": (SKY, "dash", "--"),
    "logistic": (PURPLE, "dashdot", "-."),
    "bump": (BLUE, "longdash", (0, (8, 3))),
}


TITLE_ON_TOP = {"yref": "container", "y": 0.985, "yanchor": "top"}


def with_words(words: str) -> dict[str, Any]:
    """Room for a paragraph between a figure's title and its axes."""
    lines = wrap(safe(words), 135)
    return {
        "height": 560 + 17 * len(lines),
        "margin": {"l": 75, "r": 20, "t": 50 + 17 * len(lines), "b": 130},
        "annotations": [
            note(
                "<br>".join(lines),
                xref="paper",
                x=0,
                xanchor="left",
                yref="paper",
                y=1.01,
                yanchor="bottom",
                align="left",
            )
        ],
    }


def log_ticks(x: np.ndarray) -> dict[str, Any]:
    """A tick at every point where they are few: powers of ten alone say little over a short range."""
    places = np.unique(x)
    if not 1 <= len(places) <= FEW_TICKS:
        return {"dtick": "D2"}
    return {"tickvals": places.tolist(), "ticktext": [tick(place) for place in places]}


def tick(value: float) -> str:
    """Writes a place of the axis."""
    return f"{value:,.0f}" if value >= 1000 and value == round(value) else plain_number(value)


def law_traces(laws: Laws) -> list[go.Scatter]:
    traces = []
    for fit in laws.fits:
        if not np.isfinite(fit.aic):
            continue
        colour, dash, _ = LINES[fit.name]
        best = fit is laws.preferred
        x = along(laws.x)
        traces.append(
            go.Scatter(
                x=x,
                y=fit.at(x).astype(np.float32),
                mode="lines",
                line={"color": colour, "dash": dash, "width": 4 if best else 1.2},
                name=f"{'<b>' if best else ''}{fit.name}: ΔAIC {fit.delta:.1f}{'</b>' if best else ''}",
                hoverinfo="skip",
            )
        )
    return traces


def along(x: np.ndarray) -> np.ndarray:
    return np.geomspace(x.min(), x.max(), 61).clip(x.min(), x.max())


def draw_laws(axes: Axes, laws: Laws) -> None:
    """The same in print."""
    x = along(laws.x)
    for fit in laws.fits:
        if np.isfinite(fit.aic):
            colour, _, style = LINES[fit.name]
            best = fit is laws.preferred
            axes.plot(x, fit.at(x), color=colour, linestyle=style, linewidth=2.6 if best else 0.7)


def law_legend(made: MatplotlibFigure) -> None:
    """Names all lines below a static figure."""
    lines = [Line2D([], [], color=colour, linestyle=style, label=name) for name, (colour, _, style) in LINES.items()]
    made.legend(handles=lines, loc="outside lower center", ncols=4, frameon=False, fontsize=8)


def log_axis(axes: Axes, x: np.ndarray) -> None:
    """The same ticks in print."""
    axes.set_xscale("log")
    places = np.unique(x)
    if 1 <= len(places) <= FEW_TICKS:
        axes.xaxis.set_major_locator(FixedLocator(places.tolist()))
        axes.xaxis.set_major_formatter(FixedFormatter([tick(place) for place in places]))
        axes.xaxis.set_minor_locator(NullLocator())
