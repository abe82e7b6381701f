"""What units cause: right answers that are lost when sets of first-layer units are ablated, and what patching moves."""

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from mirrorjax.measures import PARTS, label
from mirrorjax.report.chart.chart import Chart, Plot, Scale, around
from mirrorjax.report.chart.figure import Cell, Chooser, FigureKind, Panel, Table, of_networks
from mirrorjax.report.chart.marks import BLUE, GREY, RED, Look, Points, Rule
from mirrorjax.report.figures.timeline import MOST_GROUPS
from mirrorjax.report.read.caused import KINDS, MODES, NOT_ASKED, RATIOS, SETS, Caused, ablated, caused
from mirrorjax.report.read.view import View
from mirrorjax.statistics.intervals import mean_interval, mean_interval_words

ANSWERS = (("help_rescue", "help_edge", "leap"), ("hop", "jump"))  # that are shown together
_LOOKS = {  # by whether the set is a random one
    False: Look(RED, "units of the class", symbol="circle", size=8),
    True: Look(BLUE, "random sets", symbol="circle-open", size=8),
}
_ZERO = Rule(0.0, "x", Look(GREY, width=1))


class MeanEstimate(NamedTuple):
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
    result, found = Panel("What units cause"), caused(view)[:MOST_GROUPS]
    if not found:
        return result.without(NOT_ASKED)
    result.choosers = (
        Chooser("Configuration", tuple(of_networks(each.group, each.networks) for each in found)),
        Chooser("Right answers", tuple(", ".join(PARTS["KIND"][kind] for kind in kinds) for kinds in ANSWERS)),
        Chooser("Ablation", MODES),
    )
    result.variants = {
        (place, answers, number): _chart(each, kinds, mode)
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


def _chart(found: Caused, kinds: Sequence[str], mode: str) -> Chart:
    names = _names(found, mode)
    sets = Scale("set that is ablated", (len(names) - 0.4, -0.6), names=tuple(name for *_, name in names))
    plots = []
    for kind in kinds:
        estimates = [estimate(found.of(ablated(chosen, mode, kind, by_chance))) for chosen, by_chance, _ in names]
        marks = [
            _points([(row, each) for row, each in enumerate(estimates) if names[row][1] == by_chance], look)
            for by_chance, look in _LOOKS.items()
        ]
        intact = estimate(found.of(f"intact_{kind}")).value
        words = f"(intact {intact:.2f})" if np.isfinite(intact) else "(no such rows)"
        plots.append(_plot(marks, "change of the share", sets, f"{PARTS['KIND'][kind]} {words}", 2.5))
    ratios = [estimate(found.of(name)) for name in RATIOS]
    shares = tuple(
        f"{label(name)}, n = {each.networks}; undefined {found.networks - each.networks}"
        for name, each in zip(RATIOS, ratios, strict=True)
    )
    look = Look(RED, "patching the mirror units", symbol="circle", size=8)
    below = _plot([_points([*enumerate(ratios)], look)], "ratio", Scale("", (2.6, -0.6), names=shares), look.label)
    return Chart([plots, [below]], 640, f"{found.group.label} – {found.words}, {mode} ablation", legend="")


def _plot(marks: list[Points], label: str, sets: Scale, title: str, height: float = 1.0) -> Plot:
    values = [each for mark in marks for each in (mark.x, mark.low, mark.high)]
    return Plot([_ZERO, *marks], Scale(label, around(*values, include=(0.0,))), sets, title, height=height)


def _points(estimates: list[tuple[int, MeanEstimate]], look: Look) -> Points:
    """Means with their intervals in the rows with these places from the top."""
    rows = np.array([row for row, _ in estimates], np.float64)
    low, value, high, networks = np.array([each for _, each in estimates], np.float64).T
    hover = "{label}\n{x:.3f} [{low:.3f}, {high:.3f}]\n{networks} networks"
    return Points(value, rows, look, low, high, hover, {"networks": networks}, across=True)


def table(view: View) -> Table | None:
    """Every configuration's estimates."""
    rows: list[list[Cell]] = []

    def add(found: Caused, *words: str, column: str) -> None:
        each = estimate(found.of(column))
        start: list[Cell] = [found.group.label, found.epoch, *words, each.networks, found.networks - each.networks]
        rows.append([*start, each.value, each.low, each.high])

    kinds = (("ablation", False), ("ablation, random sets of the same size", True))
    for found in caused(view):
        for kind in KINDS:
            add(found, "intact", "", "", kind, column=f"intact_{kind}")
        for chosen, (what, at_random), mode, kind in product(SETS, kinds, MODES, KINDS):
            add(found, what, chosen, mode, kind, column=ablated(chosen, mode, kind, at_random))
        for name in RATIOS:
            add(found, "patching", "mirror", "", name, column=name)
    head = ("configuration", "epoch", "what", "set", "mode", "measure", "networks", "undefined", "mean", "low", "high")
    return Table(head, rows) if rows else None


FIGURE = FigureKind("causes", panel, table)
