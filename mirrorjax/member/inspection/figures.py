"""The curves and ablation bars of one network."""

import numpy as np
import pyarrow as pa

from mirrorjax.measurement.stream import TRUTHS
from mirrorjax.measures import label
from mirrorjax.member.inspection.facts import CURVES, ablations
from mirrorjax.member.paper.analysis import Analysis
from mirrorjax.report.chart.chart import Chart, Plot, Scale, around, in_rows, one
from mirrorjax.report.chart.figure import Chooser, Panel
from mirrorjax.report.chart.marks import BLUE, GREEN, Bars, Line, Look
from mirrorjax.report.read.over_seeds import settled
from mirrorjax.report.words.numbers import plain_number

_COLUMNS = 3


def curves(records: pa.Table, member_id: str) -> Panel:
    """Small multiples of what its population recorded of a member at every checkpoint."""
    panel = Panel("Over its checkpoints")
    own = records.filter(np.array(records["member_id"].to_pylist()) == member_id).sort_by("checkpoint")
    names = [name for name in CURVES if name in own.column_names and own[name].null_count < own.num_rows]
    if own.num_rows < 2 or not names:
        panel.missing = "Fewer than two checkpoints were recorded for this network: no curve can be drawn."
        return panel
    epoch = np.array(own["epoch"].to_pylist(), float)
    plots = []
    for name in names:
        values = np.array(own[name].to_pylist(), float)
        heading = f"{label(name)}: {plain_number(values[0])} → {plain_number(values[-1])}"
        line = Line(epoch, values, Look(BLUE, symbol="circle"), hover="epoch {x:.3g}: {y:.4f}")
        plots.append(Plot([line], Scale("paper epoch"), Scale("", around(values[settled(epoch)])), heading))
    rows = in_rows(plots, _COLUMNS)
    panel.variants = {(): Chart(rows, 190 * len(rows) + 60)}
    panel.caption = ["Above each: its first and its last value. Axes are cut to the trained range, from epoch 1.5 on."]
    return panel


def ablation_bars(analysis: Analysis) -> Panel:
    """What is lost without a set of first-layer units, beside random sets of the same size."""
    panel = Panel("Ablation of first-layer sets")
    sets = ablations(analysis)
    if not sets:
        panel.missing = "No set of units to ablate: the first layer has no alive unit."
        return panel
    kinds = Scale("right answer of the rows", names=tuple(truth.replace("_", " ") for truth in TRUTHS))
    share = Scale("change of the share of right answers", (-1.05, 1.05))
    panel.choosers = (Chooser("Set", tuple(f"{each.name} ({each.size})" for each in sets)),)
    places = np.arange(len(TRUTHS), dtype=np.float64)
    by_chance = Look("#b0b0b0", "random sets of the same size, mean of 8", hatch="/")
    for place, each in enumerate(sets):
        drawn = ((each.effect, Look(GREEN, each.name), -0.2), (each.at_random, by_chance, 0.2))
        bars = [Bars(places, values, look, hover="{label}\n{x}: {y:.4g}", width=0.4, shift=shift)
                for values, look, shift in drawn]  # fmt: skip
        panel.variants[(place,)] = one(Plot(bars, kinds, share), 380)
    panel.caption = [
        "The set's activations are replaced by their means over up to 500 test rows of each kind of right answer. A "
        "set whose bars are like those of the random ones has no part of its own in these answers. No bar: no such "
        "rows, or no change."
    ]
    return panel
