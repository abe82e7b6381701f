"""What CMNI is made of: its parts by place in the network and, for hidden units, by cause."""

from itertools import cycle

import numpy as np

from mirrorjax.measures import label, measure
from mirrorjax.report.chart.chart import Chart, Plot, Scale
from mirrorjax.report.chart.figure import FigureKind, Panel, of_networks
from mirrorjax.report.chart.lines import MEDIANS, ZERO, median_line
from mirrorjax.report.chart.marks import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, Look
from mirrorjax.report.figures.timeline import shown_groups
from mirrorjax.report.read.over_seeds import BANDS, Band, Curve, settled
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.view import View

_TITLES = ("by place: sum over its units / N", "hidden units only, by cause")
CAUSES = {  # measure, or the difference of two: colour
    "cmni_hidden": GREY,
    "cmni_hidden - cmni_matched": BLUE,
    "cmni_matched - cmni_social": ORANGE,
    "cmni_social": RED,
}
_DIFFERENCES = {"cmni_hidden - cmni_matched": "composition", "cmni_matched - cmni_social": "value coding"}
_LAYER_COLOURS = (GREEN, BLUE, ORANGE, RED)  # beyond them again from the first


def panel(view: View) -> Panel:
    """Builds the figure: one variant a configuration."""
    result = Panel("What CMNI is made of")
    groups = [group for group in shown_groups(view) if len(view.curves[group.index].epoch) > 1]
    if not groups:
        return result.without("Only one checkpoint was recorded, or none: no parts of CMNI can be drawn over epochs.")
    result.per_group(groups, lambda group: _chart(view, group))
    result.print_note = MEDIANS
    result.caption = [
        f"Above: CMNI is the sum of these parts in each network; medians (lines) and bands ({BANDS}) of the "
        "parts need not add up. The axes are cut so that the trained range can be read.",
    ]
    if _by_cause(view):
        result.caption.append(
            "Below: CMNI of the hidden units, taken apart on matched boards, which differ in nothing but who is in "
            "distress. Composition: what is gone on matched boards, since the scenarios differ in more than distress; "
            "below zero where matched boards show more than the scenarios do. Value coding: what the same distress of "
            "an inanimate token does too. Residual: what is left, for both players and not for the token."
        )
    else:
        result.caption.append(
            "The parts by cause were not recorded (no cmni_matched and cmni_social, as with measurement.boards=0 or an "
            "older version), so that the lower panel is left out."
        )
    return result


def _by_cause(view: View) -> bool:
    return {"cmni_matched", "cmni_social"} <= view.population.measures


def parts(view: View, group: Group) -> list[list[tuple[str, str, Band]]]:
    """Name, colour and band of each line, panel by panel; parts by place are over all units, N."""
    deepest = max((_layers(each) for each in view.population.groups), key=len)
    curve = view.measured(("cmni", "mne_output", *deepest, *CAUSES))[group.index]
    places = [(label("cmni"), GREY, curve.bands["cmni"]), ("outputs", PURPLE, _over(curve, "mne_output", group))]
    places += [
        (f"layer {number + 1}", colour, _over(curve, name, group))
        for number, (name, colour) in enumerate(zip(_layers(group), cycle(_LAYER_COLOURS), strict=False))
        if name in view.population.measures
    ]
    causes = [(_DIFFERENCES.get(name) or label(name), colour, curve.bands[name]) for name, colour in CAUSES.items()]
    return [places, causes] if _by_cause(view) else [places]


def _layers(group: Group) -> list[str]:
    return [f"mne_layer_{layer}" for layer in range(1, (group.settings["depth"] or 0) + 1)]


def _over(curve: Curve, name: str, group: Group) -> Band:
    return Band(*(part / max(group.units, 1) for part in curve.bands[name]))


def _limits(curve: Curve, lines: list[tuple[str, str, Band]]) -> tuple[float, float]:
    """Where the axis is cut: around all that was measured once training shows."""
    late = settled(curve.epoch)
    ends = np.concatenate([[0.0], *(part[late] for *_, values in lines for part in (values.low, values.high))])
    return 1.08 * float(np.nanmin(ends)), 1.08 * float(np.nanmax(ends)) or 1.0


def _chart(view: View, group: Group) -> Chart:
    curve, rows, across = view.curves[group.index], [], Scale(view.population.time.axis)
    for title, own in zip(_TITLES, parts(view, group), strict=False):
        lines = [median_line(curve, values, Look(colour, words, symbol="circle")) for words, colour, values in own]
        rows.append([Plot([*lines, ZERO], across, Scale(measure("cmni").title, _limits(curve, own)), title)])
    return Chart(rows, 120 + 280 * len(rows), of_networks(group, group.networks), legend="beside")


FIGURE = FigureKind("decomposition", panel)
