"""First-layer units of one network: mean activation in the four scenarios, coloured by class (Figure 3)."""

import numpy as np

from mirrorjax.report.chart.chart import Chart, Plot, Scale, in_rows
from mirrorjax.report.chart.figure import Chooser, FigureKind, Panel
from mirrorjax.report.chart.marks import Bars, Look
from mirrorjax.report.figures.first_layer import CLASSES, SCENARIOS, Units, offered, units_of
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import epoch_words, plain_number


def panel(view: View) -> Panel:
    """Builds the figure: one variant a network."""
    result, members = Panel("Units of the first layer"), offered(view)
    if not members:
        return result.without(
            "No activations of single units were stored (units/ is empty): this figure cannot be drawn."
        )
    shown = [(units_of(view, member), why) for member, why in members]
    options = (f"{each.member_id[:8]} · {each.group.label} · seed {each.seed} · {why}" for each, why in shown)
    result.choosers = (Chooser("Network", tuple(options)),)
    result.variants = {(place,): _chart(units) for place, (units, _) in enumerate(shown)}
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


def _chart(units: Units) -> Chart:
    values = np.concatenate(list(units.means.values()))
    values = values[np.isfinite(values)]
    # not every activation function stays above zero
    ends = 1.06 * float(np.min(values, initial=0.0)), 1.06 * float(np.max(values, initial=0.0)) or 1.0
    number = len(units.unit)
    ticks = tuple((float(unit), str(unit)) for unit in range(1, number + 1, max(1, number // 20)))
    across, up = Scale("first-layer unit", (0.4, number + 0.6), ticks=ticks), Scale("mean activation", ends)
    plots = [Plot(_bars(units, name), across, up, title) for name, title in SCENARIOS]
    title = f"{units.member_id} – {units.group.label}, seed {units.seed}, epoch {epoch_words(units.epoch)}"
    return Chart(in_rows(plots, 2), 600, title)


def _bars(units: Units, name: str) -> list[Bars]:
    """Means in a scenario, class by class."""
    bars = []
    for number, kind in enumerate(CLASSES):
        own = units.classes == number
        details = {"mns": units.mns[own], "frog": units.frog_change[own], "toad": units.toad_change[own]}
        hover = (
            f"unit {{x}} ({kind.label})\nmean in “{name}” {{y:.4f}}\nMNS {{mns:.4f}}\n"
            "change in Frog's distress {frog:.4f}, in Toad's {toad:.4f}"
        )
        look = Look(kind.colour, f"{kind.label} ({own.sum()})", hatch="/" if kind.stripes else "", second=kind.stripes)
        bars.append(Bars(units.unit[own], units.means[name][own], look, hover=hover, details=details))
    return bars


FIGURE = FigureKind("units", panel)
