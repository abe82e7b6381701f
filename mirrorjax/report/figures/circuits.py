"""Circuits: how many networks have hubs of each kind, which units their first layers have, and the verdict."""

import numpy as np

from mirrorjax.measures import PARTS, label
from mirrorjax.report.chart.chart import Chart, Plot, Scale, around
from mirrorjax.report.chart.figure import Cell, Chooser, FigureKind, Panel, Table, of_networks
from mirrorjax.report.chart.marks import BLUE, RED, Bars, Look
from mirrorjax.report.figures.timeline import MOST_GROUPS
from mirrorjax.report.read.caused import CIRCUITS, CLASSES, NOT_ASKED, NOT_LEARNT, Caused, Share, caused, share
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import NOT_MEASURED, epoch_words, percent
from mirrorjax.statistics.intervals import mean_interval, mean_interval_words

VERDICT, _CLASS_WORDS = label("mirror"), PARTS["CLASS"]
_LEFT = "the verdict, and networks with a hub of a kind"


def panel(view: View) -> Panel:
    """Builds the figure, one variant a configuration, and the table of all that are offered."""
    result, found = Panel("Circuits"), caused(view)[:MOST_GROUPS]
    if not found:
        return result.without(NOT_ASKED)
    result.choosers = (Chooser("Configuration", tuple(of_networks(each.group, each.networks) for each in found)),)
    result.variants = {(place,): _chart(each) for place, each in enumerate(found)}
    result.caption = [
        "Left: of the networks that have learnt their task the share that the verdict calls mirror networks, and of "
        "all that were asked the share with at least one hub of a kind in the second layer; whiskers are Wilson 95 % "
        "intervals. Right: units of each class in the first layer, means with "
        f"{mean_interval_words(min(each.networks for each in found))}.",
        "The table has the shares with their intervals, and means over networks. Hubs are looked for in networks of "
        "two hidden layers only; the verdict needs a network that has learnt its task, and untrained ones beside it.",
    ]
    hubs = [words for kind in CIRCUITS.values() for words in (kind, "mean of hubs")]
    head = ("configuration", "networks", "learnt", view.population.time.unit, VERDICT, *hubs, *_CLASS_WORDS.values())
    result.table = Table(head, [_row(each) for each in found])
    return result


def shares(found: Caused) -> dict[str, Share]:
    """Networks called mirror, and those with a hub of each kind."""
    kinds = {words: share(found.of(f"circuits_{kind}")) for kind, words in CIRCUITS.items()}
    return {VERDICT: share(found.of("mirror")), **kinds}


def _row(found: Caused) -> list[Cell]:
    verdict, *hubs = shares(found).values()
    learnt = int(found.learnt.sum())
    called = _share_words(verdict) if learnt else NOT_LEARNT
    cells: list[Cell] = [found.group.label, found.networks, learnt, epoch_words(found.epoch), called]
    for kind, each in zip(CIRCUITS, hubs, strict=True):
        cells += [_share_words(each), mean_interval(found.of(f"circuits_{kind}")).value]
    return cells + [mean_interval(found.of(f"units_{kind}_1"))[1] for kind in CLASSES]


def _share_words(each: Share) -> str:
    words = f"{each.count} of {each.number} [{percent(each.low)}, {percent(each.high)}]"
    return words if each.number else NOT_MEASURED


def _chart(found: Caused) -> Chart:
    every = shares(found)
    names = [f"{name}\n{_of(name, each, found)}" for name, each in every.items()]
    bars = _bars([each[2:] for each in every.values()], BLUE, ".0%")
    left = Plot([bars], Scale("share of networks", (0.0, 1.02), format=".0%"), _from_the_top(names), _LEFT)
    counts = _bars([mean_interval(found.of(f"units_{kind}_1")) for kind in CLASSES], RED, ".2f")
    across = Scale("units of the first layer, mean", around(counts.x, counts.low, counts.high, include=(0.0,)))
    right = Plot([counts], across, _from_the_top([_CLASS_WORDS[name] for name in CLASSES]), "classes of units")
    return Chart([[left, right]], 380, f"{found.group.label} – {found.words}", legend="")


def _from_the_top(names: list[str]) -> Scale:
    return Scale("", (len(names) - 0.5, -0.5), names=tuple(names))


def _of(name: str, each: Share, found: Caused) -> str:
    """A share's numbers, or why it has none."""
    if each.number:
        return f"{each.count} of {each.number}" + (" learnt" if name == VERDICT else "")
    return "not learnt" if name == VERDICT and not found.learnt.any() else "not asked"


def _bars(values: list[tuple[float, float, float]], colour: str, digits: str) -> Bars:
    low, middle, high = (np.array(each, np.float64) for each in zip(*values, strict=True))
    hover = f"{{y}}\n{{x:{digits}}} [{{low:{digits}}}, {{high:{digits}}}]"
    return Bars(middle, np.arange(len(middle)), Look(colour), low, high, hover, across=True)


def table(view: View) -> Table | None:
    """Every configuration's shares and means."""
    rows: list[list[Cell]] = []
    for found in caused(view):
        start: list[Cell] = [found.group.label, found.epoch]
        for name, each in shares(found).items():
            rows.append([*start, "share of networks", name, each.number, each.count, each.value, each.low, each.high])
        means = [("hubs a network", name, f"circuits_{kind}") for kind, name in CIRCUITS.items()]
        means += [("first-layer units a network", kind, f"units_{kind}_1") for kind in CLASSES]
        for what, of, column in means:
            low, value, high = mean_interval(found.of(column))
            rows.append([*start, what, of, found.defined(column), np.nan, value, low, high])
    head = ("configuration", "epoch", "what", "of", "networks", "count", "value", "low", "high")
    return Table(head, rows) if rows else None


FIGURE = FigureKind("circuits", panel, table)
