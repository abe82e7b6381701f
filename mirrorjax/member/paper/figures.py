"""Figures 2 to 4 of the paper: a training run, and the mean activations of each layer's units."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from mirrorjax.dataset.oracle import SCENARIOS
from mirrorjax.measures import label
from mirrorjax.member.paper.analysis import ROLES, Analysis
from mirrorjax.report.chart.figure import BLUE, GREEN, GREY, PURPLE, RED, Chooser, Panel, axis, figure, note, safe
from mirrorjax.report.figures.first_layer import SCENARIOS as SCENARIO_TITLES
from mirrorjax.report.read.over_seeds import Band, Curve, curves, settled
from mirrorjax.report.read.populations import Group, ReportedPopulation
from mirrorjax.report.read.published import LABEL, paper_curve
from mirrorjax.report.words.numbers import counted

# Colour, pattern and letter of each role: told apart by colour-blind readers, and in print.
COLOURS = {
    "insensitive": BLUE,
    "mirror": GREEN,
    "differentiating": RED,
    "mirror and differentiating": GREEN,
    "other response": PURPLE,
}
LETTERS = {
    "insensitive": "",
    "mirror": "M",
    "differentiating": "D",
    "mirror and differentiating": "MD",
    "other response": "o",
}
_PATTERNS: dict[str, dict[str, Any]] = {
    "insensitive": {},
    "mirror": {},
    "differentiating": {"shape": "x", "fgcolor": "white", "bgcolor": RED, "solidity": 0.15},
    "mirror and differentiating": {"shape": "/", "fgcolor": GREEN, "bgcolor": RED, "solidity": 0.5},
    "other response": {"shape": ".", "fgcolor": "white", "bgcolor": PURPLE, "solidity": 0.3},
}


def training_run(population: ReportedPopulation, member_id: str) -> Panel:
    """Figure 2: validation loss (left axis, red) and CMNI (right axis, green) against epoch.

    One variant is the member's own run, as published; the other its configuration's median over seeds.
    """
    panel = Panel("Figure 2: validation loss and CMNI against epoch")
    own = population.query(
        "SELECT epoch, val_loss, cmni, group_index FROM observations WHERE member_id = ? AND alive ORDER BY checkpoint",
        [member_id],
    )
    if len(own["epoch"]) < 2:
        panel.missing = "Fewer than two checkpoints were recorded for this network: no curve can be drawn."
        return panel
    group = population.groups[int(own["group_index"][0])]
    curve = curves(population)[group.index]
    panel.choosers = (Chooser("Curve", ("this network", f"median over {counted(group.networks, 'network')}")),)
    panel.variants = {
        (0,): _run_figure(own["epoch"], own["val_loss"], own["cmni"], group, f"network {member_id}"),
        (1,): _run_figure(
            curve.epoch, curve.bands["val_loss"].median, curve.bands["cmni"].median, group, "median over seeds", curve
        ),
    }
    panel.caption = [
        f"{group.label}. Both axes are cut to the trained range: before training the loss and CMNI are far above it. "
        f"Dotted: {LABEL}, to be compared with 2×17 networks only. Bands of the median hold 90 % of the networks.",
    ]
    return panel


def _run_figure(
    epoch: np.ndarray, loss: np.ndarray, cmni: np.ndarray, group: Group, name: str, curve: Curve | None = None
) -> go.Figure:
    published, traces = paper_curve(), []
    end = float(np.nanmax(epoch))
    within = published.epoch <= max(end, 2.0)
    late = settled(epoch)
    limits = {}
    for key, values, place, colour in (("val_loss", loss, "y", RED), ("cmni", cmni, "y2", GREEN)):
        words, highest = label(key), [values[late]]
        if curve is not None:
            band = curve.bands[key]
            traces.append(_band(epoch, band, place, colour))
            highest.append(band.high[late])
        line = {"color": colour, "width": 2, "dash": "solid" if key == "val_loss" else "dash"}
        drawn = {"yaxis": place, "hovertemplate": f"{words} %{{y:.4f}}", "name": f"{words}, {name}"}
        traces.append(go.Scatter(x=epoch, y=values, mode="lines+markers", line=line, marker={"size": 5}, **drawn))
        if group.is_paper_capacity:
            theirs = getattr(published, key)[within]
            highest.append(theirs)
            line = {"color": colour, "width": 1.5, "dash": "dot"}
            drawn = {"yaxis": place, "hovertemplate": f"published {words} %{{y:.4f}}", "name": f"{words}, published"}
            traces.append(go.Scatter(x=published.epoch[within], y=theirs, mode="lines", line=line, **drawn))
        together = np.concatenate(highest)
        limits[key] = 1.1 * float(np.max(together, initial=1e-3, where=np.isfinite(together)))
    beside: dict[str, Any] = {"overlaying": "y", "side": "right", "showgrid": False, "tickmode": "auto"}
    return figure(
        traces,
        height=480,
        title={"text": safe(f"{name}: {group.label}")},
        hovermode="x unified",
        legend={"orientation": "h", "y": -0.18, "x": 0, "yanchor": "top"},
        margin={"l": 70, "r": 80, "t": 45, "b": 110},
        xaxis=axis("paper epoch (learning rate × steps / 0.6144)", range=[0, 1.02 * end]),
        yaxis=axis(label("val_loss"), range=[0, limits["val_loss"]], color=RED),
        yaxis2=axis(label("cmni"), range=[0, limits["cmni"]], color=GREEN, **beside),
    )


def _band(epoch: np.ndarray, band: Band, place: str, colour: str) -> go.Scatter:
    """The part between low and high."""
    return go.Scatter(
        x=np.concatenate([epoch, epoch[::-1]]), y=np.concatenate([band.high, band.low[::-1]]), yaxis=place,
        fill="toself", fillcolor=colour, opacity=0.18, mode="none", hoverinfo="skip", showlegend=False,
    )  # fmt: skip


def layer_bars(analysis: Analysis, layer: int) -> Panel:
    """Figures 3 and 4: mean activation per unit of a layer, one panel a scenario, on a common axis."""
    ordinal = {1: "first", 2: "second"}.get(layer, f"layer {layer}")
    title = f"Figure {layer + 2}: mean activation of the {ordinal} layer's units"
    here = analysis.layer == layer
    own, number = analysis.role[here], analysis.number[here]
    means = {name: analysis.scenarios[name].mean[here] for name in SCENARIOS}
    traces: list[Any] = []
    for place, name in enumerate(ROLES):
        chosen = own == place
        if not chosen.any():
            continue
        letter = f"{LETTERS[name]}: " if LETTERS[name] else ""
        for panel, scenario in enumerate(SCENARIOS):
            suffix = "" if panel == 0 else str(panel + 1)
            traces.append(
                go.Bar(
                    x=number[chosen],
                    y=means[scenario][chosen].astype(np.float32),
                    xaxis=f"x{suffix}",
                    yaxis=f"y{suffix}",
                    width=0.75,
                    name=f"{letter}{name} ({chosen.sum()})",
                    legendgroup=name,
                    showlegend=panel == 0,
                    text=[LETTERS[name]] * int(chosen.sum()),
                    textposition="outside",
                    textfont={"size": 10},
                    cliponaxis=False,
                    marker={"color": COLOURS[name], "pattern": _PATTERNS[name]},
                    customdata=np.array(analysis.classes)[here][chosen],
                    hovertemplate=f"N%{{x}}, class %{{customdata}}<br>mean in “{scenario}” %{{y:.4f}}<extra></extra>",
                )
            )
    values = np.concatenate(list(means.values()))
    ends = [1.15 * min(0.0, float(values.min())), 1.15 * max(float(values.max()), 1e-6)]
    layout, annotations = _panels(ends, len(number))
    made = figure(
        traces,
        height=620,
        barmode="overlay",
        legend={"orientation": "h", "y": -0.12, "x": 0, "yanchor": "top"},
        margin={"l": 70, "r": 20, "t": 40, "b": 90},
        annotations=annotations,
        **layout,
    )
    caption = (
        "Means over all test rows of a scenario, not filtered. Classes come from matched boards of the hold-out (d′ "
        "beyond .3, sign-flip test, false discoveries at .05). M: own and the partner's distress both raise it; "
        "D: only Toad's distress moves it; MD: a mirror unit with one d′ more than twice the other; o: "
        "suppressed, Frog only or opposed."
    )
    return Panel(title, [caption], variants={(): made})


def _panels(ends: list[float], units: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Axes and headings of four panels, one a scenario."""
    layout: dict[str, Any] = {}
    annotations = []
    for panel, (_, title) in enumerate(SCENARIO_TITLES):
        suffix, right, low = ("" if panel == 0 else str(panel + 1)), panel % 2 == 1, panel >= 2
        across, up = ([0.53, 1.0] if right else [0.0, 0.47]), ([0.0, 0.42] if low else [0.55, 0.97])
        layout[f"xaxis{suffix}"] = axis(
            "unit" if low else "", domain=across, anchor=f"y{suffix}", showgrid=False, range=[0.4, units + 0.6],
            dtick=max(1, units // 20), tick0=1,
        )  # fmt: skip
        layout[f"yaxis{suffix}"] = axis("" if right else "mean activation", domain=up, anchor=f"x{suffix}", range=ends)
        place: dict[str, Any] = {"xref": "paper", "x": across[0], "xanchor": "left"}
        place |= {"yref": "paper", "y": up[1], "yanchor": "bottom", "font": {"size": 13, "color": GREY}}
        annotations.append(note(title, **place))
    return layout, annotations
