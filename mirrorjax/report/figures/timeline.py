"""Validation loss and CMNI against paper epochs, over seeds, with the published curve laid over them (Figure 2)."""

import numpy as np

from mirrorjax.measurement.cmni import ROBUST_CMNI, ROBUST_LOSS
from mirrorjax.measures import label, measure
from mirrorjax.report.chart.chart import Chart, Plot, Scale
from mirrorjax.report.chart.figure import FigureKind, Panel
from mirrorjax.report.chart.lines import MEDIANS, median_line
from mirrorjax.report.chart.marks import BLUE, GREEN, RED, Line, Look, Note, Rule
from mirrorjax.report.read.over_seeds import BANDS, Curve, Networks, band, settled
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.published import LABEL, paper_curve
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted, interval_words, plain_number

MOST_GROUPS = 30  # of one chooser: more is no choice, and each adds to the page
_PLOTS = (("val_loss",), ("cmni", "cmni_hidden"))  # the measures of each, from the top
_COLOURS = {"val_loss": RED, "cmni": GREEN, "cmni_hidden": BLUE}


def panel(view: View) -> Panel:
    """Builds the figure: one variant a configuration, that nearest the paper's first."""
    result = Panel("Timeline: validation loss and CMNI over training")
    groups = shown_groups(view)
    if not groups:
        return result.without("No records yet: nothing to draw against epochs.")
    if all(len(view.curves[group.index].epoch) < 2 for group in groups):
        return result.without("Only one checkpoint was recorded: no curve can be drawn. The table has its values.")
    result.per_group(groups, lambda group: _chart(view, group))
    result.print_note = MEDIANS
    result.caption = [
        "Lines are medians over networks that differ in their seeds alone; bands hold "
        f"{BANDS}. {view.population.time.note} "
        "Diverged networks leave medians and bands from the checkpoint at which they diverged.",
        "Dotted lines are the paper's thresholds for “robust”. Both axes are cut so that the trained range can be "
        f"read; the untrained value, usually far above it, is written in. Dashed: {LABEL}. It can be compared with "
        "2×17 networks only, so that it is off at first for other architectures (click on it in the legend).",
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


def _limits(curve: Curve) -> dict[str, tuple[float, float]]:
    """Where axes are cut: above all that was measured once training shows, CMNI never below the published peak."""
    late, lowest = settled(curve.epoch), curve.bands["val_loss"].low
    loss, *cmni = (curve.bands[name].high[late] for name in ("val_loss", "cmni", "cmni_hidden"))
    top = 1.12 * np.max(np.concatenate(cmni), initial=0.0095, where=np.isfinite(np.concatenate(cmni)))
    low = 0.03 if np.min(lowest, initial=np.inf, where=np.isfinite(lowest)) >= 0.03 else 0.0
    high = max(1.05 * float(np.max(loss, initial=0.0, where=np.isfinite(loss))), 0.1)
    return {"val_loss": (low, high), "cmni": (0.0, float(top))}


def untrained_words(found: Networks, group: Group) -> str:
    """States the untrained CMNI of a configuration."""
    own = band(found.untrained[found.of(group)])
    if not np.isfinite(own.median):
        return "untrained CMNI: not measured (no checkpoint 0)"
    hidden = band(found.untrained_hidden[found.of(group)])
    return f"untrained: CMNI {interval_words(*own)}, hidden only {plain_number(hidden.median)}"


def _chart(view: View, group: Group) -> Chart:
    curve = view.curves[group.index]
    limits, end = _limits(curve), max(float(np.nanmax(curve.epoch)), 1e-3)
    above = band(view.networks.untrained[view.networks.of(group)]).median > limits["cmni"][1]
    words = untrained_words(view.networks, group) + (" – above this axis" if above else "")
    beside = {
        "val_loss": [Rule(ROBUST_LOSS, label=f"robust < {ROBUST_LOSS:g}")],
        "cmni": [Rule(ROBUST_CMNI, label=f"robust ≥ {ROBUST_CMNI:g}"), Note(words, 1.0, 1.0, ("bottom", "right"))],
    }
    epochs, published = Scale(view.population.time.axis, (-0.01 * end, 1.02 * end)), view.population.time.is_papers
    plots = []
    for first, *others in _PLOTS:
        own = [median_line(curve, curve.bands[name], Look(_COLOURS[name], label(name), symbol="circle"))
               for name in (first, *others)]  # fmt: skip
        scale = Scale(measure(first).title, limits[first])
        paper = [_published(first, group, end)] if published else []
        plots.append([Plot([*own, *paper, *beside[first]], epochs, scale)])
    return Chart(plots, 620, f"{group.label} – {counted(group.networks, 'network')}", hover_together=True)


def _published(name: str, group: Group, end: float) -> Line:
    """The paper's curve, as far as the networks were trained."""
    curve, known = paper_curve(), LABEL if group.is_paper_capacity else f"{LABEL}: another architecture"
    within = curve.epoch <= max(1.05 * end, 2.0)
    look = Look("black", known, dash="dash", width=1.5, off=not group.is_paper_capacity)
    return Line(curve.epoch[within], getattr(curve, name)[within], look, hover="{label} {y:.4f}")


FIGURE = FigureKind("timeline", panel)
