"""Figures 2 to 4 of the paper: a training run, and the mean activations of each layer's units."""

from dataclasses import replace

import numpy as np

from mirrorjax.dataset.oracle import SCENARIOS
from mirrorjax.measures import label
from mirrorjax.member.paper.analysis import ROLES, Analysis
from mirrorjax.report.chart.chart import Chart, Plot, Scale, in_rows, one
from mirrorjax.report.chart.figure import Chooser, Panel
from mirrorjax.report.chart.marks import BLUE, GREEN, PURPLE, RED, Bars, Line, Look
from mirrorjax.report.figures.first_layer import SCENARIOS as SCENARIO_TITLES
from mirrorjax.report.read.over_seeds import Curve, curves, settled
from mirrorjax.report.read.populations import Group, ReportedPopulation
from mirrorjax.report.read.published import LABEL, paper_curve
from mirrorjax.report.words.numbers import counted
from mirrorjax.report.words.time import EPOCHS

# Told apart by colour-blind readers, and in print
LOOKS = {
    "insensitive": Look(BLUE, symbol="circle"),
    "mirror": Look(GREEN, symbol="circle"),
    "differentiating": Look(RED, symbol="diamond", hatch="x"),
    "mirror and differentiating": Look(GREEN, symbol="square", hatch="/", second=RED),
    "other response": Look(PURPLE, symbol="hexagon", hatch="."),
}
LETTERS = {"insensitive": "", "mirror": "M", "differentiating": "D", "mirror and differentiating": "MD",
           "other response": "o"}  # fmt: skip


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
    loss, cmni = (curve.bands[name].median for name in ("val_loss", "cmni"))
    panel.variants = {
        (0,): _run(own["epoch"], own["val_loss"], own["cmni"], group, f"network {member_id}"),
        (1,): _run(curve.epoch, loss, cmni, group, "median over seeds", curve),
    }
    panel.caption = [
        f"{group.label}. Both axes are cut to the trained range: before training the loss and CMNI are far above it. "
        f"Dotted: {LABEL}, to be compared with 2×17 networks only. Bands of the median hold 90 % of the networks."
    ]
    return panel


def _run(
    epoch: np.ndarray, loss: np.ndarray, cmni: np.ndarray, group: Group, name: str, curve: Curve | None = None
) -> Chart:
    published, late, end = paper_curve(), settled(epoch), float(np.nanmax(epoch))
    within = published.epoch <= max(end, 2.0)
    marks, scales = [], []
    for key, values, colour, dash in (("val_loss", loss, RED, "solid"), ("cmni", cmni, GREEN, "dash")):
        band = curve.bands[key] if curve is not None else None
        look = Look(colour, f"{label(key)}, {name}", dash=dash, symbol="circle")
        ends = (band.low, band.high) if band else ()
        own = [Line(epoch, values, look, *ends, hover=f"{label(key)} {{y:.4f}}")]
        highest = [values[late], *(end[late] for end in ends)]
        if group.is_paper_capacity:
            there = getattr(published, key)[within]
            look = Look(colour, f"{label(key)}, published", dash="dot", width=1.5)
            own.append(Line(published.epoch[within], there, look, hover=f"published {label(key)} {{y:.4f}}"))
            highest.append(there)
        together = np.concatenate(highest)
        limit = 1.1 * float(np.max(together, initial=1e-3, where=np.isfinite(together)))
        marks.append(own)
        scales.append(Scale(label(key), (0.0, limit), colour=colour))
    (left, right), (at_left, at_right) = marks, scales
    plot = Plot(left, Scale(EPOCHS, (0.0, 1.02 * end)), at_left, right=at_right, marks_right=right)
    return one(plot, 480, title=f"{name}: {group.label}", hover_together=True)


def layer_bars(analysis: Analysis, layer: int) -> Panel:
    """Figures 3 and 4: mean activation per unit of a layer, one panel a scenario, on a common axis."""
    ordinal = {1: "first", 2: "second"}.get(layer, f"layer {layer}")
    here = analysis.layer == layer
    means = {name: analysis.scenarios[name].mean[here] for name in SCENARIOS}
    values, units = np.concatenate(list(means.values())), int(here.sum())
    ends = 1.15 * min(0.0, float(values.min())), 1.15 * max(float(values.max()), 1e-6)
    ticks = tuple((float(unit), str(unit)) for unit in range(1, units + 1, max(1, units // 20)))
    across, up = Scale("unit", (0.4, units + 0.6), ticks=ticks), Scale("mean activation", ends)
    plots = [Plot(_bars(analysis, here, name, means[name]), across, up, title) for name, title in SCENARIO_TITLES]
    caption = (
        "Means over all test rows of a scenario, not filtered. Classes come from matched boards of the hold-out (d′ "
        "beyond .3, sign-flip test, false discoveries at .05). M: own and the partner's distress both raise it; "
        "D: only Toad's distress moves it; MD: a mirror unit with one d′ more than twice the other; o: "
        "suppressed, Frog only or opposed."
    )
    title = f"Figure {layer + 2}: mean activation of the {ordinal} layer's units"
    return Panel(title, [caption], variants={(): Chart(in_rows(plots, 2), 620)})


def _bars(analysis: Analysis, here: np.ndarray, scenario: str, means: np.ndarray) -> list[Bars]:
    bars = []
    for place, name in enumerate(ROLES):
        own = analysis.role[here] == place
        look = replace(LOOKS[name], label=f"{named(name)} ({own.sum()})", symbol="")
        hover = f"N{{x}}, class {{kind}}\nmean in “{scenario}” {{y:.4f}}"
        kinds = {"kind": np.array(analysis.classes)[here][own]}
        letters = LETTERS[name]
        bars.append(Bars(analysis.number[here][own], means[own], look, hover=hover, details=kinds, letters=letters))
    return bars


def named(role: str) -> str:
    """A role with its letter, for legends."""
    return f"{LETTERS[role]}: {role}" if LETTERS[role] else role
