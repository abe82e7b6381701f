"""Validation loss and CMNI against paper epochs, over seeds, with the published curve laid over them (Figure 2)."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.measurement.cmni import ROBUST_CMNI, ROBUST_LOSS
from mirrorjax.measures import label, measure
from mirrorjax.report.chart.figure import (
    BLUE,
    GREEN,
    GREY,
    RED,
    Chooser,
    FigureKind,
    Panel,
    axis,
    figure,
    note,
    of_networks,
    safe,
    static_figure,
)
from mirrorjax.report.chart.lines import EPOCHS, band_and_median
from mirrorjax.report.read.over_seeds import BANDS, Curve, Networks, band, settled
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.published import LABEL, paper_curve
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted, interval_words, plain_number

MOST_GROUPS = 30  # of one chooser: more is no choice, and each adds to the page
_SERIES = (("val_loss", "y", RED), ("cmni", "y2", GREEN), ("cmni_hidden", "y2", BLUE))  # measure, y axis, colour


def panel(view: View) -> Panel:
    """Builds the figure: one variant a configuration, that nearest the paper's first."""
    result = Panel("Timeline: validation loss and CMNI over training")
    groups = shown_groups(view)
    if not groups:
        result.missing = "No records yet: nothing to draw against epochs."
        return result
    if all(len(view.curves[group.index].epoch) < 2 for group in groups):
        result.missing = "Only one checkpoint was recorded: no curve can be drawn. The table has its values."
        return result
    result.choosers = (Chooser("Configuration", tuple(of_networks(group, group.networks) for group in groups)),)
    result.variants = {(place,): _figure(view, group) for place, group in enumerate(groups)}
    result.caption = [
        "Lines are medians over networks that differ in their seeds alone; bands hold "
        f"{BANDS}. An epoch is a paper epoch, learning rate × steps / 0.6144. "
        "Diverged networks leave medians and bands from the checkpoint at which they diverged.",
        "Dotted lines are the paper's thresholds for “robust”. Both axes are cut so that the trained range can be "
        "read; the untrained value, usually far above it, is written in. "
        f"Dashed: {LABEL}. It can be compared with 2×17 networks only, so that it is off at first for other "
        "architectures (click on it in the legend).",
    ]
    left_out = len(view.population.groups) - len(groups)
    if left_out:
        result.caption.append(f"{counted(left_out, 'configuration')} not offered here for want of room: see the table.")
    return result


def shown_groups(view: View) -> list[Group]:
    """The configurations with records, nearest the paper's first, then in order, at most `MOST_GROUPS`."""
    headline = view.population.headline if view.population.groups else None
    groups = [group for group in view.population.groups if len(view.curves[group.index].epoch)]
    groups.sort(key=lambda group: (group is not headline, -group.networks if len(groups) > MOST_GROUPS else 0))
    return groups[:MOST_GROUPS]


def cmni_limit(curve: Curve) -> float:
    """Where to cut the CMNI axis: above all that was measured once training shows, never below the published peak."""
    late = settled(curve.epoch)
    values = np.concatenate([curve.bands[name].high[late] for name in ("cmni", "cmni_hidden")])
    return 1.12 * float(np.max(values, initial=0.0095, where=np.isfinite(values)))


def loss_range(curve: Curve) -> tuple[float, float]:
    """Where the axis of the loss begins and ends: cut like that of CMNI."""
    values = curve.bands["val_loss"]
    late = values.high[settled(curve.epoch)]
    low = 0.03 if np.min(values.low, initial=np.inf, where=np.isfinite(values.low)) >= 0.03 else 0.0
    return low, max(1.05 * float(np.max(late, initial=0.0, where=np.isfinite(late))), 0.1)


def untrained_words(found: Networks, group: Group) -> str:
    """States the untrained CMNI of a configuration."""
    own = band(found.untrained[found.of(group)])
    if not np.isfinite(own.median):
        return "untrained CMNI: not measured (no checkpoint 0)"
    hidden = band(found.untrained_hidden[found.of(group)])
    return (
        f"untrained (epoch 0): CMNI {interval_words(own.low, own.median, own.high)}, "
        f"hidden only {plain_number(hidden.median)}"
    )


def _end(curve: Curve) -> float:
    return max(float(np.nanmax(curve.epoch)), 1e-3)


def _figure(view: View, group: Group) -> go.Figure:
    curve = view.curves[group.index]
    traces: list[Any] = []
    for name, place, colour in _SERIES:
        traces += band_and_median(curve, curve.bands[name], colour, label(name), place)
    published, end = paper_curve(), _end(curve)
    within = published.epoch <= max(1.05 * end, 2.0)
    for name, place in (("val_loss", "y"), ("cmni", "y2")):
        traces.append(
            go.Scatter(
                x=published.epoch[within],
                y=getattr(published, name)[within],
                yaxis=place,
                mode="lines",
                line={"color": "black", "width": 1.5, "dash": "dash"},
                name=LABEL if group.is_paper_capacity else f"{LABEL}: another architecture",
                legendgroup="published",
                showlegend=place == "y",
                visible=True if group.is_paper_capacity else "legendonly",
                hovertemplate="%{y:.4f}",
            )
        )
    limit = cmni_limit(curve)
    above = band(view.networks.untrained[view.networks.of(group)]).median > limit
    words = safe(untrained_words(view.networks, group)) + (" – above this axis" if above else "")
    return figure(
        traces,
        height=620,
        title={"text": safe(f"{group.label} – {counted(group.networks, 'network')}")},
        hovermode="x unified",
        legend={"orientation": "h", "y": -0.13, "x": 0, "yanchor": "top"},
        margin={"l": 70, "r": 105, "t": 45, "b": 100},
        xaxis=axis(EPOCHS, range=[-0.01 * end, 1.02 * end], anchor="y2"),
        yaxis=axis(measure("val_loss").title, domain=[0.54, 1], range=loss_range(curve)),
        yaxis2=axis(measure("cmni").title, domain=[0, 0.46], range=[0, limit]),
        shapes=[_threshold(ROBUST_LOSS, "y"), _threshold(ROBUST_CMNI, "y2")],
        annotations=[
            _threshold_note(f"robust < {ROBUST_LOSS:g}", ROBUST_LOSS, "y"),
            _threshold_note(f"robust ≥ {ROBUST_CMNI:g}", ROBUST_CMNI, "y2"),
            note(words, xref="paper", x=1.0, xanchor="right", yref="y2 domain", y=1.0, yanchor="bottom"),
        ],
    )


def _threshold(value: float, place: str) -> dict[str, Any]:
    line = {"color": GREY, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": place, "y0": value, "y1": value, "line": line}


def _threshold_note(text: str, value: float, place: str) -> dict[str, Any]:
    return note(text, xref="paper", x=1.005, xanchor="left", yref=place, y=value, yanchor="middle", font={"size": 11})


def draw(view: View) -> MatplotlibFigure | None:
    """Draws the configuration nearest the paper's."""
    groups = shown_groups(view)
    if not groups or len(view.curves[groups[0].index].epoch) < 2:
        return None
    group, published = groups[0], paper_curve()
    curve, made = view.curves[group.index], static_figure(7.0, 5.6)
    upper, lower = made.subplots(2, 1, sharex=True)
    for name, place, colour in _SERIES:
        axes, values = (upper if place == "y" else lower), curve.bands[name]
        axes.fill_between(curve.epoch, values.low, values.high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(curve.epoch, values.median, color=colour, marker="o", markersize=3, label=label(name))
    if group.is_paper_capacity:
        upper.plot(published.epoch, published.val_loss, "k--", linewidth=1, label=LABEL)
        lower.plot(published.epoch, published.cmni, "k--", linewidth=1)
    upper.axhline(ROBUST_LOSS, color=GREY, linestyle=":", linewidth=1)
    lower.axhline(ROBUST_CMNI, color=GREY, linestyle=":", linewidth=1)
    upper.set_ylim(*loss_range(curve))
    upper.set_xlim(0, 1.02 * _end(curve))
    lower.set_ylim(0, cmni_limit(curve))
    upper.set_ylabel(label("val_loss"))
    lower.set_ylabel(label("cmni"))
    lower.set_xlabel(EPOCHS)
    upper.set_title(f"{group.label}: {counted(group.networks, 'network')}, median and 90 % band", loc="left")
    lower.set_title(untrained_words(view.networks, group), loc="left", color=GREY, fontsize=8)
    upper.legend(frameon=False, fontsize=8)
    lower.legend(frameon=False, fontsize=8)
    return made


FIGURE = FigureKind("timeline", panel, draw)
