"""What every figure has in common: an interactive panel for the page and a static twin for papers.

A new figure is one file that ends in a `FigureKind`, and one line in `registry.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib import colormaps, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.report.chart.tables import Table
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted
from mirrorjax.results.store import replacing

# Okabe and Ito's colours, told apart by colour-blind readers too
RED, GREEN, BLUE, GREY, ORANGE, PURPLE = "#D55E00", "#009E73", "#0072B2", "#595959", "#E69F00", "#CC79A7"
SKY = "#56B4E9"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
GRID = "#e6e6e6"
NO_DATA = "#ececec"  # behind cells without data

_STATIC_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "svg.hashsalt": "mirrorjax",  # the same data give the same file
    "svg.fonttype": "none",
}


@dataclass(frozen=True)
class Chooser:
    """A question to the reader with its possible answers; the first is shown first."""

    label: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class LiveMap:
    """A map that the page draws by itself, out of numbers: it has too many views to carry each (see phase_map.js).

    Attributes:
        data: what can be written as JSON.
        orders: the chooser of what the colours show.
        slices: a chooser for each further axis, with the place of the answer that is shown first.
        cell: a chooser for each axis of the map itself, which find a cell.
        checkpoints: how many there are.
        height: of its tallest view, pixels.
    """

    data: dict[str, Any]
    orders: Chooser
    slices: tuple[tuple[Chooser, int], ...]
    cell: tuple[Chooser, ...]
    checkpoints: int
    height: int


@dataclass
class Panel:
    """A figure on the page.

    Attributes:
        title: its heading.
        caption: plain-text paragraphs below it.
        choosers: one control each.
        variants: a figure for every combination of answers, by their places.
        missing: why there is nothing to draw; empty when there is.
        table: of what is drawn, for the page.
        live: instead of variants.
    """

    title: str
    caption: list[str] = field(default_factory=list)
    choosers: tuple[Chooser, ...] = ()
    variants: dict[tuple[int, ...], go.Figure] = field(default_factory=dict)
    missing: str = ""
    table: Table | None = None
    live: LiveMap | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be drawn: there are figures, and none of them has a number."""
        return bool(self.variants) and not any(
            _has_numbers(each) for made in self.variants.values() for each in made.data
        )


def _has_numbers(trace: Any) -> bool:
    """Whether a trace has a value; a bar's and a point's category is none, and neither is a place on an axis alone."""
    values = [trace[name] for name in ("x", "y", "z") if name in trace and trace[name] is not None]
    numbers = [each for each in map(np.asarray, values) if each.dtype.kind in "iuf"]
    return bool(numbers) and all(each.size and np.isfinite(each).any() for each in numbers)


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure.

    Attributes:
        name: of its files.
        panel: builds it for the page.
        draw: the static twin, None when there is nothing to draw.
        table: all its numbers, for a file; None when there are none.
    """

    name: str
    panel: Callable[[View], Panel]
    draw: Callable[[View], MatplotlibFigure | None]
    table: Callable[[View], Table | None] | None = None


def cividis() -> list[list[Any]]:
    """A colour scale for plotly, even in lightness and the same to colour-blind readers."""
    places = np.linspace(0, 1, 17)
    colours = (colormaps["cividis"](places)[:, :3] * 255).round().astype(int)
    return [[float(p), f"rgb({r},{g},{b})"] for p, (r, g, b) in zip(places, colours, strict=True)]


def figure(traces: list[Any], height: int, **layout: Any) -> go.Figure:
    """Makes a plotly figure in the page's style."""
    base: dict[str, Any] = {
        "template": go.layout.Template(),  # plotly's own adds 7 kB to each figure
        "height": height,
        "font": {"family": FONT, "size": 13, "color": "#222"},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "title": {"font": {"size": 15}, "x": 0, "xref": "paper"},
        "margin": {"l": 70, "r": 20, "t": 50, "b": 60},
        "hoverlabel": {"font": {"family": FONT, "size": 12}, "align": "left"},
    }
    layout["title"] = {**base["title"], **layout.get("title", {})}
    return go.Figure(data=traces, layout={**base, **layout})


def axis(title: str, **options: Any) -> dict[str, Any]:
    """Describes an axis in the page's style."""
    return {
        "title": {"text": title, "standoff": 10, "font": {"size": 13}},
        "gridcolor": GRID,
        "zeroline": False,
        "showline": True,
        "linecolor": "#999",
        "ticks": "outside",
        "tickcolor": "#999",
        **options,
    }


def half_widths(low: np.ndarray, value: np.ndarray, high: np.ndarray) -> np.ndarray:
    """How far intervals reach below and above their values, [2, values]; 0 where there is no interval."""
    return np.nan_to_num(np.array([value - low, high - value])).clip(0)


def error_bars(low: np.ndarray, value: np.ndarray, high: np.ndarray, **options: Any) -> dict[str, Any]:
    """Describes the intervals of a trace's values."""
    below, above = half_widths(low, value, high)
    return {"type": "data", "array": above, "arrayminus": below, "width": 4, **options}


def note(text: str, **options: Any) -> dict[str, Any]:
    """Describes an annotation without an arrow."""
    return {"text": text, "showarrow": False, "font": {"size": 12, "color": GREY}, **options}


def safe(text: str) -> str:
    """Escapes what came from a config or a file for plotly, which reads a little HTML in its texts."""
    return escape(text, quote=False)


def of_networks(group: Group, number: int) -> str:
    """A configuration and how many of its networks are shown, as an option and a title name them."""
    return f"{group.label} ({counted(number, 'network')})"


def static_figure(width: float, height: float) -> MatplotlibFigure:
    """Makes a matplotlib figure [inches] without the global state of pyplot."""
    made = MatplotlibFigure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(made)
    return made


def static_style() -> Any:
    """The context in which static figures are drawn and saved."""
    return rc_context(_STATIC_STYLE)


def save(made: MatplotlibFigure, stem: Path) -> list[Path]:
    """Writes STEM.svg and STEM.png.

    Raises:
        NotWritten: one cannot be.
    """
    paths = []
    for kind in ("svg", "png"):
        # not with_suffix: a population's name may have a dot
        path = stem.parent / f"{stem.name}.{kind}"
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        with replacing(path) as unfinished:
            made.savefig(unfinished, format=kind, dpi=150, metadata=metadata)
        made.set_layout_engine("none")  # what the first save arranged stays: arranging is half of the time
        paths.append(path)
    return paths
