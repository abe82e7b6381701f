"""What units cause: right answers that are lost when sets of first-layer units are ablated, and what patching moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.measures import PARTS, label
from mirrorjax.report.chart.figure import (
    BLUE,
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
from mirrorjax.report.chart.tables import Cell, Table
from mirrorjax.report.figures.timeline import MOST_GROUPS
from mirrorjax.report.read.caused import KINDS, MODES, NOT_ASKED, RATIOS, SETS, Caused, ablated, caused
from mirrorjax.report.read.view import View
from mirrorjax.statistics.intervals import mean_interval, mean_interval_words

ANSWERS = (("help_rescue", "help_edge", "leap"), ("hop", "jump"))  # that are shown together
_COLOURS = {False: RED, True: BLUE}  # by whether the set is a random one
_UPPER, _LOWER = [0.42, 0.95], [0.0, 0.22]  # where panels begin and end, as shares of the height


@dataclass(frozen=True)
class MeanEstimate:
    """A mean over networks with its 95 % interval, and over how many it is."""

    low: float
    value: float
    high: float
    networks: int


def estimate(values: np.ndarray) -> MeanEstimate:
    """Of the networks where there is a value."""
    low, value, high = mean_interval(values)
    return MeanEstimate(low, value, high, int(np.isfinite(values).sum()))


def panel(view: View) -> Panel:
    """Builds the figure: one variant a configuration, choice of answers and way to ablate."""
    result = Panel("What units cause")
    found = caused(view)[:MOST_GROUPS]
    if not found:
        result.missing = NOT_ASKED
        return result
    result.choosers = (
        Chooser("Configuration", tuple(of_networks(each.group, each.networks) for each in found)),
        Chooser("Right answers", tuple(", ".join(PARTS["KIND"][kind] for kind in kinds) for kinds in ANSWERS)),
        Chooser("Ablation", MODES),
    )
    result.variants = {
        (place, answers, number): _figure(each, kinds, mode)
        for place, each in enumerate(found)
        for answers, kinds in enumerate(ANSWERS)
        for number, mode in enumerate(MODES)
    }
    result.caption = [
        "Above: the change of the share of right answers when a set of first-layer units is replaced by its mean over "
        "the task's rows (mean) or by its activations on other rows (resample), with random sets of the same size in "
        "each network for comparison. Points are means over the networks that have such units (n), whiskers "
        f"{mean_interval_words(min(each.networks for each in found))}. Only rescue is social: help at the edge looks "
        "at nobody.",
        "Below: of the change of the help output by Toad's distress, what the mirror units alone bring about "
        "(sufficiency), what is lost without them (necessity), and TR, what Frog's own distress does through them "
        "relative to Toad's: 1 for a channel that does not ask whose distress it is. They are undefined, and "
        "counted so, in networks without mirror units or where the change that they are shares of is too small.",
        "Only the networks that were asked are here, at the last checkpoint with these measures.",
    ]
    return result


def _names(found: Caused, mode: str) -> list[tuple[str, bool, str]]:
    """Of each row from the top: the set, whether it is the random one, and its name."""
    names = []
    for chosen, words in PARTS["SET"].items():
        some = max(found.defined(ablated(chosen, mode, kind)) for kind in KINDS)
        names.append((chosen, False, f"{words}, n = {some}" if some else f"{words}: nobody has any"))
        names.append((chosen, True, "random, same size"))
    return names


def _figure(found: Caused, kinds: Sequence[str], mode: str) -> go.Figure:
    names = _names(found, mode)
    traces: list[Any] = []
    layout: dict[str, Any] = {"annotations": []}
    width = (1 - 0.05 * (len(kinds) - 1)) / len(kinds)
    rows = list(range(len(names), 0, -1))
    for place, kind in enumerate(kinds, start=1):
        for at_random, colour in _COLOURS.items():
            own = [row for row, name in zip(rows, names, strict=True) if name[1] == at_random]
            each = [
                estimate(found.of(ablated(name[0], mode, kind, at_random))) for name in names if name[1] == at_random
            ]
            traces.append(_points(own, each, colour, "random sets" if at_random else "units of the class", place))
        left = (place - 1) * (width + 0.05)
        where = {"domain": [left, left + width], "anchor": f"y{place}"}
        layout[f"xaxis{place}"] = axis(
            "change of the share" if place == 1 else "", zeroline=True, rangemode="tozero", **where
        )
        layout[f"yaxis{place}"] = axis(
            "set that is ablated" if place == 1 else "",
            domain=_UPPER,
            anchor=f"x{place}",
            range=[0.4, len(names) + 0.6],
            tickvals=rows,
            ticktext=[name[2] for name in names],
            showticklabels=place == 1,
            automargin=True,
        )
        intact = estimate(found.of(f"intact_{kind}")).value
        words = f"(intact {intact:.2f})" if np.isfinite(intact) else "(no such rows)"
        layout["annotations"].append(_heading(f"{PARTS['KIND'][kind]} {words}", left, _UPPER[1]))
    last = len(kinds) + 1
    ratios = [estimate(found.of(name)) for name in RATIOS]
    places = [3, 2, 1]
    traces.append(_points(places, ratios, RED, "patching the mirror units", last))
    layout[f"xaxis{last}"] = axis("ratio", zeroline=True, domain=[0, 1], anchor=f"y{last}", rangemode="tozero")
    layout[f"yaxis{last}"] = axis(
        "",
        domain=_LOWER,
        anchor=f"x{last}",
        range=[0.4, 3.6],
        tickvals=places,
        ticktext=[_ratio_words(*each, found) for each in zip(RATIOS, ratios, strict=True)],
    )
    layout["annotations"].append(_heading("patching the mirror units", 0.0, _LOWER[1]))
    return figure(
        traces,
        height=640,
        title={"text": safe(_title(found, mode)), "y": 0.98},
        margin={"l": 220, "r": 20, "t": 60, "b": 60},
        showlegend=False,
        **layout,
    )


def _heading(words: str, x: float, y: float) -> dict[str, Any]:
    return note(words, xref="paper", x=x, xanchor="left", yref="paper", y=y, yanchor="bottom", font={"size": 13})


def _ratio_words(name: str, each: MeanEstimate, found: Caused) -> str:
    return f"{label(name)}, n = {each.networks}; undefined {found.networks - each.networks}"


def _title(found: Caused, mode: str) -> str:
    return f"{found.group.label} – {found.words}, {mode} ablation"


def _points(rows: list[int], estimates: list[MeanEstimate], colour: str, label: str, place: int) -> go.Scatter:
    known = [(row, each) for row, each in zip(rows, estimates, strict=True) if each.networks]
    values = np.array([each.value for _, each in known])
    low, high = (np.array([getattr(each, end) for _, each in known]) for end in ("low", "high"))
    return go.Scatter(
        x=values,
        y=[row for row, _ in known],
        xaxis=f"x{place}",
        yaxis=f"y{place}",
        mode="markers",
        marker={"color": colour, "size": 8, "symbol": "circle" if colour == RED else "circle-open"},
        error_x={
            "type": "data",
            "array": np.nan_to_num(high - values),
            "arrayminus": np.nan_to_num(values - low),
            "color": colour,
        },
        customdata=np.column_stack([low, high, [each.networks for _, each in known]]).astype(np.float32),
        name=label,
        hovertemplate=f"{label}<br>%{{x:.3f}} [%{{customdata[0]:.3f}}, %{{customdata[1]:.3f}}]<br>"
        "%{customdata[2]} networks<extra></extra>",
    )


def draw(view: View) -> MatplotlibFigure | None:
    """Draws the configuration nearest the paper's, mean ablation."""
    every = caused(view)
    if not every:
        return None
    found, mode, kinds = every[0], MODES[0], ANSWERS[0]
    names, made = _names(every[0], MODES[0]), static_figure(9.0, 5.0)
    grid = made.add_gridspec(2, len(kinds), height_ratios=[2.5, 1])
    rows = list(range(len(names), 0, -1))
    for place, kind in enumerate(kinds):
        axes = made.add_subplot(grid[0, place])
        for row, (chosen, at_random, _) in zip(rows, names, strict=True):
            _whisker(axes, row, estimate(found.of(ablated(chosen, mode, kind, at_random))), at_random)
        axes.set_title(PARTS["KIND"][kind], loc="left")
        axes.set_yticks(rows, [name for *_, name in names] if place == 0 else [""] * len(rows))
        axes.set_ylim(0.4, len(names) + 0.6)
        axes.set_xlabel("change of the share" if place == 0 else "")
    axes, ratios = made.add_subplot(grid[1, :]), [estimate(found.of(name)) for name in RATIOS]
    for row, each in zip((3, 2, 1), ratios, strict=True):
        _whisker(axes, row, each, False)
    axes.set_yticks([3, 2, 1], [_ratio_words(*each, found) for each in zip(RATIOS, ratios, strict=True)])
    axes.set_ylim(0.4, 3.6)
    axes.set_xlabel("ratio")
    made.suptitle(_title(found, mode), fontsize=10)
    return made


def _whisker(axes: Axes, row: int, each: MeanEstimate, at_random: bool) -> None:
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.plot([each.low, each.high], [row, row], color=_COLOURS[at_random])
    axes.plot(each.value, row, "o", color=_COLOURS[at_random], markerfacecolor="white" if at_random else None)


def table(view: View) -> Table | None:
    """Every configuration's estimates."""
    rows: list[list[Cell]] = []

    def add(found: Caused, *words: str, column: str) -> None:
        each = estimate(found.of(column))
        start: list[Cell] = [found.group.label, found.epoch, *words, each.networks, found.networks - each.networks]
        rows.append([*start, each.value, each.low, each.high])

    for found in caused(view):
        for kind in KINDS:
            add(found, "intact", "", "", kind, column=f"intact_{kind}")
        for chosen in SETS:
            for what, at_random in (("ablation", False), ("ablation, random sets of the same size", True)):
                for mode in MODES:
                    for kind in KINDS:
                        add(found, what, chosen, mode, kind, column=ablated(chosen, mode, kind, at_random))
        for name in RATIOS:
            add(found, "patching", "mirror", "", name, column=name)
    head = ("configuration", "epoch", "what", "set", "mode", "measure", "networks", "undefined", "mean", "low", "high")
    return Table(head, rows) if rows else None


FIGURE = FigureKind("causes", panel, draw, table)
