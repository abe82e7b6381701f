"""The curves and ablation bars of one network."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa

from mirrorjax.measurement.stream import TRUTHS
from mirrorjax.measures import label
from mirrorjax.member.inspection.facts import CURVES, ablations
from mirrorjax.member.paper.analysis import Analysis
from mirrorjax.report.chart.figure import BLUE, GREEN, GREY, Chooser, Panel, axis, figure, note
from mirrorjax.report.read.over_seeds import settled
from mirrorjax.report.words.numbers import plain_number

_COLUMNS = 3


def curves(records: pa.Table, member_id: str) -> Panel:
    """Small multiples of what was recorded at every checkpoint.

    Args:
        records: of the member's population.
        member_id: whose.
    """
    panel = Panel("Over its checkpoints")
    own = records.filter(np.array(records["member_id"].to_pylist()) == member_id).sort_by("checkpoint")
    names = [name for name in CURVES if name in own.column_names and own[name].null_count < own.num_rows]
    if own.num_rows < 2 or not names:
        panel.missing = "Fewer than two checkpoints were recorded for this network: no curve can be drawn."
        return panel
    epoch = np.array(own["epoch"].to_pylist(), float)
    lines = -(-len(names) // _COLUMNS)
    traces, layout, annotations = [], {}, []
    for place, name in enumerate(names):
        values = np.array(own[name].to_pylist(), float)
        suffix, column, line = ("" if place == 0 else str(place + 1)), place % _COLUMNS, place // _COLUMNS
        left, top = column / _COLUMNS + 0.02, 1 - line / lines
        across, up = [left, left + 0.27], [top - 0.72 / lines, top - 0.14 / lines]
        traces.append(
            go.Scatter(
                x=epoch, y=values, xaxis=f"x{suffix}", yaxis=f"y{suffix}", mode="lines+markers", showlegend=False,
                line={"color": BLUE}, marker={"size": 4}, hovertemplate="epoch %{x:.3g}: %{y:.4f}<extra></extra>",
            )
        )  # fmt: skip
        layout[f"xaxis{suffix}"] = axis("paper epoch" if place + _COLUMNS >= len(names) else "", domain=across)
        layout[f"xaxis{suffix}"]["anchor"] = f"y{suffix}"
        layout[f"yaxis{suffix}"] = axis("", domain=up, anchor=f"x{suffix}", range=_range(epoch, values))
        heading = f"{label(name)}: {plain_number(values[0])} → {plain_number(values[-1])}"
        annotations.append(
            note(heading, xref="paper", x=across[0], xanchor="left", yref="paper", y=up[1], yanchor="bottom")
        )
    made = figure(
        traces, height=190 * lines + 60, annotations=annotations, margin={"l": 40, "r": 20, "t": 10, "b": 50}, **layout
    )
    panel.variants = {(): made}
    panel.caption = ["Above each: its first and its last value. Axes are cut to the trained range, from epoch 1.5 on."]
    return panel


def _range(epoch: np.ndarray, values: np.ndarray) -> list[float]:
    late = values[settled(epoch) & np.isfinite(values)]
    if not len(late):
        return [0.0, 1.0]
    low, high = float(late.min()), float(late.max())
    room = 0.08 * (high - low) or 0.05 * abs(high) or 0.05
    return [low - room, high + room]


def ablation_bars(analysis: Analysis) -> Panel:
    """What is lost without a set of first-layer units, beside random sets of the same size."""
    panel = Panel("Ablation of first-layer sets")
    sets = ablations(analysis)
    if not sets:
        panel.missing = "No set of units to ablate: the first layer has no alive unit."
        return panel
    kinds = [truth.replace("_", " ") for truth in TRUTHS]
    panel.choosers = (Chooser("Set", tuple(f"{each.name} ({each.size})" for each in sets)),)
    for place, each in enumerate(sets):
        bars: list[Any] = [
            go.Bar(x=kinds, y=each.effect, name=each.name, marker={"color": GREEN}),
            go.Bar(
                x=kinds, y=each.at_random, name="random sets of the same size, mean of 8",
                marker={"color": "#d0d0d0", "line": {"color": GREY, "width": 1}, "pattern": {"shape": "/"}},
            ),
        ]  # fmt: skip
        panel.variants[(place,)] = figure(
            bars,
            height=380,
            barmode="group",
            yaxis=axis("change of the share of right answers", range=[-1.05, 1.05]),
            xaxis=axis("right answer of the rows"),
            legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        )
    panel.caption = [
        "The set's activations are replaced by their means over up to 500 test rows of each kind of right answer. A "
        "set whose bars are like those of the random ones has no part of its own in these answers. No bar: no such "
        "rows, or no change.",
    ]
    return panel
