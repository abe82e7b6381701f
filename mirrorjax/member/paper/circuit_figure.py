"""Figures 5 to 7 of the paper: a circuit as a layered graph of the two hidden layers and the four outputs."""

from dataclasses import replace
from itertools import product

import numpy as np

from mirrorjax.dataset.oracle import LABELS
from mirrorjax.member.paper.analysis import ROLES, Analysis
from mirrorjax.member.paper.figures import LOOKS, named
from mirrorjax.member.paper.hubs import Hub
from mirrorjax.report.chart.chart import Chart, Plot, Scale, one
from mirrorjax.report.chart.figure import Chooser, Panel
from mirrorjax.report.chart.marks import GREY, ORANGE, AnyMark, Line, Look, Note, Points

Layers = tuple[np.ndarray, ...]  # an array a layer, or a pair of layers
NEGATIVE = "#a6a6a6"
_WIDEST = 7.0  # pixels of the largest edge of a layer pair
_LEVELS = 6  # of edge widths; edges of a level are one line
_HEADS = ("first hidden layer", "second hidden layer", "outputs")
_SHOWN = 0.04  # of the largest: thinner faint edges are left out


def circuit(analysis: Analysis, number: int, hub: Hub) -> Panel:
    """The circuit of a hub, as the paper's figure of this number, of a member of two hidden layers."""
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


def _graph(analysis: Analysis, hub: Hub, widths: Layers, also: Layers, what: str) -> Chart:
    width = widths[0].shape[0]
    names = [ROLES[int(role)] for role in analysis.role]
    first, second = names[:width], names[width:]
    sources = np.array(["mirror" in name or name == "differentiating" for name in first])
    heights = _heights(width), _heights(width), _heights(len(LABELS))
    strong = np.zeros((width, width), bool), np.zeros((width, len(LABELS)), bool)
    strong[0][sources, hub.unit - 1] = True
    strong[1][hub.unit - 1] = True
    colours = [LOOKS[name].colour for name in first], [ORANGE] * width
    marks: list[AnyMark] = []
    for pair in (0, 1):
        marks += _edges(widths[pair], ~strong[pair], pair, heights, [GREY] * width, min(0.08, 1.3 / width))
    for pair in (0, 1):
        marks += _edges(widths[pair], strong[pair], pair, heights, colours[pair], 0.9)
        marks.append(_words(widths[pair], also[pair], strong[pair], pair, heights, what))
    marks += _nodes(0, heights[0], first, sources) + _nodes(1, heights[1], second, np.arange(width) == hub.unit - 1)
    outputs = Look("white", symbol="circle", size=18, edge="#222")
    marks.append(Points(np.full(len(LABELS), 2.0), heights[2], outputs, hover="{name}", details={"name": [*LABELS]}))
    marks += [
        Note(name, 2.05, y, ("middle", "left"), True, colour="#222") for name, y in zip(LABELS, heights[2], strict=True)
    ]
    marks += [Note(head, float(place), 1.05, ("bottom", "center"), True) for place, head in enumerate(_HEADS)]
    plot = Plot(marks, Scale(limits=(-0.2, 2.35), shown=False), Scale(limits=(-0.06, 1.1), shown=False))
    return one(plot, min(max(480, 26 * width + 140), 1000))


def _edges(
    values: np.ndarray, chosen: np.ndarray, pair: int, heights: Layers, colours: list[str], opacity: float
) -> list[Line]:
    """Lines of the chosen edges [from, to], those of one width and colour as one; thin faint ones are left out."""
    relative = np.abs(values) / max(float(np.abs(values).max()), 1e-30)
    least = 0.0 if opacity > 0.5 else _SHOWN
    groups: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for source, target in np.argwhere(chosen & (relative >= least) & (relative > 0)):
        colour = colours[source] if values[source, target] > 0 else NEGATIVE
        level = int(np.ceil(relative[source, target] * _LEVELS))
        groups.setdefault((colour, level), []).append((int(source), int(target)))
    lines = []
    for (colour, level), edges in groups.items():
        x = np.tile([pair, pair + 1, np.nan], len(edges))
        y = np.concatenate([(heights[pair][source], heights[pair + 1][target], np.nan) for source, target in edges])
        label = "negative edge" if colour == NEGATIVE and opacity > 0.5 else ""
        look = Look(colour, label, width=_WIDEST * level / _LEVELS, opacity=opacity)
        lines.append(Line(x, y, look, broken=True))
    return lines


def _words(widths: np.ndarray, also: np.ndarray, chosen: np.ndarray, pair: int, heights: Layers, what: str) -> Points:
    """Invisible points on the strong edges that say weight and contribution."""
    other, along = "contribution" if what == "weight" else "weight", 0.35
    edges = np.argwhere(chosen)
    y = [(1 - along) * heights[pair][source] + along * heights[pair + 1][target] for source, target in edges]
    words = [
        f"L{pair + 1}N{source + 1} → {f'L2N{target + 1}' if pair == 0 else LABELS[target]}\n"
        f"{what} {widths[source, target]:.4g}\n{other} {also[source, target]:.4g}"
        for source, target in edges
    ]
    look = Look("white", symbol="circle", size=9, opacity=0.0)
    return Points(np.full(len(y), pair + along), np.array(y), look, hover="{words}", details={"words": words})


def _nodes(layer: int, heights: np.ndarray, roles: list[str], large: np.ndarray) -> list[AnyMark]:
    """Units by role; the hub and its sources are large, with their numbers."""
    marks: list[AnyMark] = []
    for role, big in product(ROLES, (False, True)):
        own = np.flatnonzero((np.array(roles) == role) & (large == big))
        look = replace(LOOKS[role], label=named(role), size=22 if big else 10, edge="white")
        words = [f"L{layer + 1}N{number + 1}: {role}" for number in own]
        x = np.full(len(own), float(layer))
        marks.append(Points(x, heights[own], look, hover="{words}", details={"words": words}))
        for number in own if big else ():
            marks.append(Note(str(number + 1), float(layer), heights[number], in_data=True, colour="white", bold=True))
    return marks
