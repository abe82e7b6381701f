"""First-layer units of one network: mean activation in the four scenarios, coloured by class (Figure 3)."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.patches import Patch

from mirrorjax.report.chart.figure import GREY, Chooser, FigureKind, Panel, axis, figure, note, safe, static_figure
from mirrorjax.report.figures.first_layer import CLASSES, SCENARIOS, Units, offered, units_of
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import epoch_words, plain_number


def panel(view: View) -> Panel:
    """Builds the figure: one variant a network."""
    result = Panel("Units of the first layer")
    members = offered(view)
    if not members:
        result.missing = "No activations of single units were stored (units/ is empty): this figure cannot be drawn."
        return result
    shown = [(units_of(view, member), why) for member, why in members]
    result.choosers = (Chooser("Network", tuple(_option(units, why) for units, why in shown)),)
    result.variants = {(place,): _figure(units) for place, (units, _) in enumerate(shown)}
    first, why = shown[0]
    peak = (
        f"its CMNI peaked at {plain_number(first.peak)}, epoch {epoch_words(first.peak_epoch)}"
        if np.isfinite(first.peak)
        else "it has no checkpoint after epoch 1.5, so that no peak is known and the last CMNI ranks"
    )
    result.caption = [
        f"Shown first: network {first.member_id} (seed {first.seed}, {first.group.label}), {why}; {peak}. The top of a "
        "ranking is not typical: compare it with those drawn at random. Activations are those at the network's last "
        "checkpoint that has units, not at its peak.",
        "Bars are means over all rows of a scenario. Colours come from the change against “none” over the rows that "
        "CMNI takes (Frog's scenario: rows that show a 5; Toad's: rows that show a 4). Mirror: both changes positive, "
        "that is, MNS > 0; and differentiating: one more than twice the other. Toad only, Frog only: a rise in that "
        "scenario alone. Falls in both: both negative. Insensitive: the rest, and changes under 5 % of the layer's "
        "largest. The class says what a unit does on average, not what it is for: distress of an object may move it "
        "just as well.",
    ]
    return result


def _option(units: Units, why: str) -> str:
    return f"{units.member_id[:8]} · {units.group.label} · seed {units.seed} · {why}"


def _figure(units: Units) -> go.Figure:
    details = np.column_stack([units.mns, units.frog_change, units.toad_change]).astype(np.float32)
    traces: list[Any] = []
    for number, kind in enumerate(CLASSES):
        own = units.classes == number
        if not own.any():
            continue
        marker: dict[str, Any] = {"color": kind.colour}
        if kind.stripes:
            marker["pattern"] = {"shape": "/", "fgcolor": kind.colour, "bgcolor": kind.stripes, "solidity": 0.5}
        for place, (name, _) in enumerate(SCENARIOS):
            suffix = "" if place == 0 else str(place + 1)
            traces.append(
                go.Bar(
                    x=units.unit[own],
                    y=units.means[name][own].astype(np.float32),
                    xaxis=f"x{suffix}",
                    yaxis=f"y{suffix}",
                    name=f"{kind.label} ({own.sum()})",
                    legendgroup=kind.label,
                    showlegend=place == 0,
                    marker=marker,
                    width=0.75,  # else plotly takes the distance to the next unit of the same class
                    customdata=details[own],
                    hovertemplate=f"unit %{{x}} ({kind.label})<br>mean in “{name}” %{{y:.4f}}<br>"
                    "MNS %{customdata[0]:.4f}<br>change in Frog's distress %{customdata[1]:.4f}, "
                    "in Toad's %{customdata[2]:.4f}<extra></extra>",
                )
            )
    values = np.concatenate(list(units.means.values()))
    values = values[np.isfinite(values)]
    # not every activation function stays above zero
    ends = [1.06 * float(np.min(values, initial=0.0)), 1.06 * float(np.max(values, initial=0.0)) or 1.0]
    step = max(1, len(units.unit) // 20)
    edges = [0.4, len(units.unit) + 0.6]
    layout: dict[str, Any] = {}
    annotations = []
    for place, (_, title) in enumerate(SCENARIOS):
        suffix, right, low = ("" if place == 0 else str(place + 1)), place % 2 == 1, place >= 2
        across, up = ([0.53, 1.0] if right else [0.0, 0.47]), ([0.0, 0.42] if low else [0.55, 0.97])
        layout[f"xaxis{suffix}"] = axis(
            "first-layer unit" if low else "",
            domain=across,
            anchor=f"y{suffix}",
            showgrid=False,
            range=edges,
            dtick=step,
            tick0=1,
        )
        layout[f"yaxis{suffix}"] = axis("" if right else "mean activation", domain=up, anchor=f"x{suffix}", range=ends)
        annotations.append(
            note(
                title,
                xref="paper",
                x=across[0],
                xanchor="left",
                yref="paper",
                y=up[1],
                yanchor="bottom",
                font={"size": 13},
            )
        )
    title = f"{units.member_id} – {units.group.label}, seed {units.seed}, epoch {epoch_words(units.epoch)}"
    return figure(
        traces,
        height=600,
        title={"text": safe(title)},
        barmode="overlay",  # each unit is in one class only
        legend={"orientation": "h", "y": -0.12, "x": 0, "yanchor": "top"},
        margin={"l": 70, "r": 20, "t": 50, "b": 90},
        annotations=annotations,
        **layout,
    )


def draw(view: View) -> MatplotlibFigure | None:
    """Draws the first network that is offered."""
    members = offered(view)
    if not members:
        return None
    units, made = units_of(view, members[0][0]), static_figure(8.0, 5.0)
    kinds = [CLASSES[place] for place in units.classes]
    panels = made.subplots(2, 2, sharex=True, sharey=True).flat
    for axes, (name, title) in zip(panels, SCENARIOS, strict=True):
        bars = axes.bar(units.unit, units.means[name], color=[kind.colour for kind in kinds])
        for bar, kind in zip(bars, kinds, strict=True):
            if kind.stripes:
                bar.set_hatch("///")
                bar.set_edgecolor(kind.stripes)
        axes.set_title(title, loc="left")
    present = [kind for place, kind in enumerate(CLASSES) if place in units.classes]
    handles = [
        Patch(facecolor=kind.colour, hatch="///" if kind.stripes else "", edgecolor=kind.stripes or "none")
        for kind in present
    ]
    made.axes[0].set_xlim(0.4, len(units.unit) + 0.6)
    made.legend(
        handles, [kind.label for kind in present], loc="outside lower center", ncols=6, frameon=False, fontsize=8
    )
    for axes in made.axes[2:]:
        axes.set_xlabel("first-layer unit")
    made.supylabel("mean activation", fontsize=9)
    made.suptitle(f"{units.member_id}: {units.group.label}, epoch {epoch_words(units.epoch)}", fontsize=10, color=GREY)
    return made


FIGURE = FigureKind("units", panel, draw)
