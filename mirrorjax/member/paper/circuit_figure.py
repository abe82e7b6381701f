"""Figures 5 to 7 of the paper: a circuit as a layered graph of the two hidden layers and the four outputs."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from mirrorjax.dataset.oracle import LABELS
from mirrorjax.member.paper.analysis import ROLES, Analysis
from mirrorjax.member.paper.figures import COLOURS, LETTERS
from mirrorjax.member.paper.hubs import Hub
from mirrorjax.report.chart.figure import GREY, ORANGE, Chooser, Panel, axis, figure, note

NEGATIVE = "#a6a6a6"
_WIDEST = 7.0  # pixels of the largest edge of a layer pair
_SYMBOLS = {
    "insensitive": "circle",
    "mirror": "circle",
    "differentiating": "diamond",
    "mirror and differentiating": "square",
    "other response": "hexagon",
}
_LEVELS = 6  # of edge widths; edges of a level are one trace
_SHOWN = 0.04  # of the largest: thinner faint edges are left out


def circuit(analysis: Analysis, number: int, hub: Hub) -> Panel:
    """One circuit.

    Args:
        analysis: of a member of two hidden layers.
        number: of the paper's figure.
        hub: the circuit's.
    """
    _, into_hubs, into_outputs = analysis.kernels
    weights = into_hubs.T, into_outputs.T  # [from, to]
    paths = analysis.contributions[hub.circuit.name]
    through = paths[:, :, int(hub.circuit.output)]
    contributions = through, paths.sum(axis=0)
    panel = Panel(f"Figure {number}: the {hub.circuit.name} circuit")
    panel.choosers = (Chooser("Edge width", ("weight", "path contribution")),)
    panel.variants = {
        (0,): _graph(analysis, hub, weights, contributions, "weight"),
        (1,): _graph(analysis, hub, contributions, weights, "contribution"),
    }
    state = {"xF": "Frog's own distress", "xT": "Toad's distress"}[hub.circuit.condition]
    panel.caption = [
        hub.note(),
        "Strong lines: edges from mirror and differentiating units into the hub, and from the hub on; faint ones: all "
        "others, without those under 4 % of the largest. Width is relative to the largest of the layer pair; negative "
        "edges are grey. Large numbered units: the hub and its mirror (M) and differentiating (D) sources.",
        f"Path contribution: what {state} adds, on rescue boards, to the output {hub.circuit.output.name.lower()} over "
        "an edge of the first pair, and to each output over one of the second; all paths sum to the change of the "
        "output.",
    ]
    return panel


def _heights(count: int) -> np.ndarray:
    return np.linspace(1, 0, count + 2)[1:-1] if count < 6 else np.linspace(1, 0, count)


def _graph(
    analysis: Analysis,
    hub: Hub,
    widths: tuple[np.ndarray, np.ndarray],
    also: tuple[np.ndarray, np.ndarray],
    what: str,
) -> go.Figure:
    width = widths[0].shape[0]
    names = [ROLES[int(role)] for role in analysis.role]
    first, second = names[:width], names[width:]
    sources = np.array([name in ("mirror", "differentiating", "mirror and differentiating") for name in first])
    heights = _heights(width), _heights(width), _heights(len(LABELS))
    strong = np.zeros((width, width), bool), np.zeros((width, len(LABELS)), bool)
    strong[0][sources, hub.unit - 1] = True
    strong[1][hub.unit - 1] = True
    traces: list[Any] = []
    for pair in (0, 1):
        traces += _edges(widths[pair], ~strong[pair], pair, heights, [GREY] * width, min(0.08, 1.3 / width), _SHOWN)
    for pair in (0, 1):
        colours = [COLOURS[name] for name in first] if pair == 0 else [ORANGE] * width
        traces += _edges(widths[pair], strong[pair], pair, heights, colours, 0.9, 0.0)
        traces.append(_hover(widths[pair], also[pair], strong[pair], pair, heights, what))
    traces.append(_nodes(0, heights[0], first, sources, "L1"))
    traces.append(_nodes(1, heights[1], second, np.arange(width) == hub.unit - 1, "L2"))
    traces.append(
        go.Scatter(
            x=[2] * len(LABELS), y=heights[2], mode="markers+text", text=list(LABELS), textposition="middle right",
            marker={"size": 18, "color": "white", "line": {"color": "#222", "width": 1.5}}, hoverinfo="text",
            showlegend=False,
        )
    )  # fmt: skip
    traces += [_legend(name) for name in ROLES if name in names]
    traces.append(_line_legend("negative edge", NEGATIVE))
    plain: dict[str, Any] = {"showgrid": False, "showticklabels": False, "showline": False, "ticks": ""}
    heads = ("first hidden layer", "second hidden layer", "outputs")
    return figure(
        traces,
        height=min(max(480, 26 * width + 140), 1000),
        xaxis=axis("", range=[-0.2, 2.35], fixedrange=True, **plain),
        yaxis=axis("", range=[-0.06, 1.1], fixedrange=True, **plain),
        legend={"orientation": "h", "y": 0, "x": 0, "yanchor": "top"},
        margin={"l": 20, "r": 20, "t": 20, "b": 70},
        annotations=[note(head, x=place, y=1.05, yanchor="bottom") for place, head in enumerate(heads)],
    )


def _edges(
    values: np.ndarray,
    chosen: np.ndarray,
    pair: int,
    heights: tuple[np.ndarray, ...],
    colours: list[str],
    opacity: float,
    least: float,
) -> list[Any]:
    """Lines of the chosen edges [from, to], those of one width and colour in one trace."""
    relative = np.abs(values) / max(float(np.abs(values).max()), 1e-30)
    groups: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for source, target in np.argwhere(chosen & (relative >= least) & (relative > 0)):
        colour = colours[source] if values[source, target] > 0 else NEGATIVE
        level = int(np.ceil(relative[source, target] * _LEVELS))
        groups.setdefault((colour, level), []).append((int(source), int(target)))
    traces = []
    for (colour, level), edges in groups.items():
        x = [place for _ in edges for place in (pair, pair + 1, None)]
        y = [place for source, target in edges for place in (heights[pair][source], heights[pair + 1][target], None)]
        line = {"color": colour, "width": _WIDEST * level / _LEVELS}
        traces.append(
            go.Scatter(x=x, y=y, mode="lines", line=line, opacity=opacity, hoverinfo="skip", showlegend=False)
        )
    return traces


def _hover(
    widths: np.ndarray, also: np.ndarray, chosen: np.ndarray, pair: int, heights: tuple[np.ndarray, ...], what: str
) -> Any:
    """Invisible points on the strong edges that say weight and contribution."""
    other = "contribution" if what == "weight" else "weight"
    x, y, words = [], [], []
    for source, target in np.argwhere(chosen):
        along = 0.35
        x.append(pair + along)
        y.append((1 - along) * heights[pair][source] + along * heights[pair + 1][target])
        end = f"L2N{target + 1}" if pair == 0 else LABELS[target]
        words.append(
            f"L{pair + 1}N{source + 1} → {end}<br>{what} {widths[source, target]:.4g}<br>{other} "
            f"{also[source, target]:.4g}"
        )
    marker = {"size": 9, "color": "rgba(0,0,0,0)"}
    return go.Scatter(x=x, y=y, mode="markers", marker=marker, text=words, hoverinfo="text", showlegend=False)


def _nodes(place: int, heights: np.ndarray, roles: list[str], large: np.ndarray, layer: str) -> Any:
    return go.Scatter(
        x=[place] * len(roles),
        y=heights,
        mode="markers+text",
        text=[f"<b>{number}</b>" if big else "" for number, big in enumerate(large, start=1)],
        textfont={"size": 11, "color": "white"},
        hovertext=[f"{layer}N{number}: {role}" for number, role in enumerate(roles, start=1)],
        hoverinfo="text",
        marker={
            "size": [22 if big else 10 for big in large],
            "color": [COLOURS[role] for role in roles],
            "symbol": [_SYMBOLS[role] for role in roles],
            "line": {"color": "white", "width": 1},
            "opacity": 1,
        },
        showlegend=False,
    )


def _legend(role: str) -> Any:
    letter = f"{LETTERS[role]}: " if LETTERS[role] else ""
    marker = {"size": 11, "color": COLOURS[role], "symbol": _SYMBOLS[role]}
    return go.Scatter(x=[None], y=[None], mode="markers", marker=marker, name=letter + role)


def _line_legend(name: str, colour: str) -> Any:
    return go.Scatter(x=[None], y=[None], mode="lines", line={"color": colour, "width": 3}, name=name)
