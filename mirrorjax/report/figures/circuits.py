"""Circuits: how many networks have hubs of each kind, which units their first layers have, and the verdict."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from matplotlib.figure import Figure as MatplotlibFigure

from mirrorjax.measures import PARTS, label
from mirrorjax.report.chart.figure import (
    BLUE,
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
from mirrorjax.report.read.caused import CIRCUITS, CLASSES, NOT_ASKED, Caused, Share, caused, share
from mirrorjax.report.read.verdict import NOT_LEARNT
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import NOT_MEASURED, epoch_words, percent
from mirrorjax.statistics.intervals import mean_interval, mean_interval_words

VERDICT, _CLASS_WORDS = label("mirror"), PARTS["CLASS"]


def panel(view: View) -> Panel:
    """Builds the figure, one variant a configuration, and the table of all that are offered."""
    result = Panel("Circuits")
    found = caused(view)[:MOST_GROUPS]
    if not found:
        result.missing = NOT_ASKED
        return result
    options = tuple(of_networks(each.group, each.networks) for each in found)
    result.choosers = (Chooser("Configuration", options),)
    result.variants = {(place,): _figure(each) for place, each in enumerate(found)}
    result.caption = [
        "Left: of the networks that have learnt their task the share that the verdict calls mirror networks, and of "
        "all that were asked the share with at least one hub of a kind in the second layer; whiskers are Wilson 95 % "
        "intervals. Right: units of each class in the first layer, means with "
        f"{mean_interval_words(min(each.networks for each in found))}.",
        "The table has the shares with their intervals, and means over networks. Hubs are looked for in networks of "
        "two hidden layers only; the verdict needs a network that has learnt its task, and untrained ones beside it.",
    ]
    hubs = [words for kind in CIRCUITS.values() for words in (kind, "mean of hubs")]
    head = ("configuration", "networks", "learnt", "epoch", VERDICT, *hubs, *_CLASS_WORDS.values())
    result.table = Table(head, [_row(each) for each in found])
    return result


def shares(found: Caused) -> dict[str, Share]:
    """Networks called mirror, and those with a hub of each kind."""
    kinds = {words: share(found.of(f"circuits_{kind}")) for kind, words in CIRCUITS.items()}
    return {VERDICT: share(found.of("mirror")), **kinds}


def _row(found: Caused) -> list[Cell]:
    verdict, *hubs = shares(found).values()
    learnt, called = int(found.learnt.sum()), _share_words(verdict)
    called = called if learnt else NOT_LEARNT
    cells: list[Cell] = [found.group.label, found.networks, learnt, epoch_words(found.epoch), called]
    for kind, each in zip(CIRCUITS, hubs, strict=True):
        mean = mean_interval(found.of(f"circuits_{kind}"))[1]
        cells += [_share_words(each), mean]
    return cells + [mean_interval(found.of(f"units_{kind}_1"))[1] for kind in CLASSES]


def _share_words(each: Share) -> str:
    if not each.number:
        return NOT_MEASURED
    return f"{each.count} of {each.number} [{percent(each.low)}, {percent(each.high)}]"


def _title(found: Caused) -> str:
    return f"{found.group.label} – {found.words}"


def _figure(found: Caused) -> go.Figure:
    all_shares, counts = shares(found), _counts(found)
    left = _bars(
        [f"{name}<br>{_of(name, each, found)}" for name, each in all_shares.items()],
        [(each.low, each.value, each.high) for each in all_shares.values()],
        BLUE,
        "",
        ".0%",
    )
    right = _bars([_CLASS_WORDS[name] for name in CLASSES], counts, RED, "2", ".2f")
    upright: dict[str, Any] = {"type": "category", "autorange": "reversed", "automargin": True, "showgrid": False}
    return figure(
        [left, right],
        height=380,
        title={"text": safe(_title(found)), "y": 0.97},
        margin={"l": 170, "r": 20, "t": 75, "b": 60},
        showlegend=False,
        xaxis=axis("share of networks", domain=[0, 0.42], range=[0, 1.02], tickformat=".0%", anchor="y"),
        yaxis=axis("", domain=[0, 1], anchor="x", **upright),
        xaxis2=axis("units of the first layer, mean", domain=[0.58, 1], rangemode="tozero", anchor="y2"),
        yaxis2=axis("", domain=[0, 1], anchor="x2", **upright),
        annotations=[
            note(words, xref="paper", x=x, xanchor="left", yref="paper", y=1.0, yanchor="bottom", font={"size": 13})
            for words, x in (("the verdict, and networks with a hub of a kind", 0.0), ("classes of units", 0.58))
        ],
    )


def _of(name: str, each: Share, found: Caused) -> str:
    """A share's numbers, or why it has none."""
    if each.number:
        return f"{each.count} of {each.number}" + (" learnt" if name == VERDICT else "")
    return "not learnt" if name == VERDICT and not found.learnt.any() else "not asked"


def _counts(found: Caused) -> list[tuple[float, float, float]]:
    return [mean_interval(found.of(f"units_{kind}_1")) for kind in CLASSES]


def _bars(names: list[str], values: list[tuple[float, float, float]], colour: str, place: str, digits: str) -> go.Bar:
    low, middle, high = (np.array(each, np.float64) for each in zip(*values, strict=True))
    return go.Bar(
        y=names,
        x=middle,
        xaxis=f"x{place}",
        yaxis=f"y{place}",
        orientation="h",
        marker={"color": colour},
        error_x={
            "type": "data",
            "array": np.nan_to_num(high - middle),
            "arrayminus": np.nan_to_num(middle - low),
            "color": "#222",
        },
        customdata=np.column_stack([low, high]).astype(np.float32),
        hovertemplate=f"%{{y}}<br>%{{x:{digits}}} [%{{customdata[0]:{digits}}}, %{{customdata[1]:{digits}}}]"
        "<extra></extra>",
    )


def draw(view: View) -> MatplotlibFigure | None:
    """Draws the configuration nearest the paper's."""
    every = caused(view)
    if not every:
        return None
    found, made = every[0], static_figure(9.0, 3.4)
    left, right = made.subplots(1, 2)
    names = [f"{name}\n{_of(name, each, found)}" for name, each in shares(found).items()]
    intervals = [(each.low, each.value, each.high) for each in shares(found).values()]
    for axes, labels, values, colour in (
        (left, names, intervals, BLUE),
        (right, [_CLASS_WORDS[name] for name in CLASSES], _counts(found), RED),
    ):
        low, middle, high = (np.array(each) for each in zip(*values, strict=True))
        rows = np.arange(len(labels), 0, -1)
        axes.barh(rows, np.nan_to_num(middle), color=colour)
        axes.hlines(rows, low, high, color="#222")
        axes.set_yticks(rows, labels)
    left.set_xlim(0, 1.02)
    left.set_xlabel("share of networks: the verdict, and with a hub of a kind")
    right.set_xlabel("units of the first layer, mean")
    made.suptitle(_title(found), fontsize=10)
    return made


def table(view: View) -> Table | None:
    """Every configuration's shares and means."""
    rows: list[list[Cell]] = []
    for found in caused(view):
        start: list[Cell] = [found.group.label, found.epoch]
        for name, each in shares(found).items():
            rows.append([*start, "share of networks", name, each.number, each.count, each.value, each.low, each.high])
        for kind, name in CIRCUITS.items():
            rows.append([*start, "hubs a network", name, *_mean(found, f"circuits_{kind}")])
        for kind in CLASSES:
            rows.append([*start, "first-layer units a network", kind, *_mean(found, f"units_{kind}_1")])
    head = ("configuration", "epoch", "what", "of", "networks", "count", "value", "low", "high")
    return Table(head, rows) if rows else None


def _mean(found: Caused, name: str) -> list[Cell]:
    low, value, high = mean_interval(found.of(name))
    return [found.defined(name), np.nan, value, low, high]


FIGURE = FigureKind("circuits", panel, draw, table)
