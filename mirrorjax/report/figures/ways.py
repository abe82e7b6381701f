"""Ways to learn beside each other: networks as dots, and what predictors have as bands."""

from collections.abc import Sequence

import numpy as np

from mirrorjax.measures import label, measure
from mirrorjax.report.chart.chart import Chart, Plot, Scale, around, one, put_together
from mirrorjax.report.chart.figure import Cell, Chooser, Panel, Table
from mirrorjax.report.chart.marks import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    AnyMark,
    Look,
    Points,
    Rule,
    labels_apart,
)
from mirrorjax.report.read.ways import OF_MIRRORS, PREDICTORS, Way, against_untrained, beyond, lacking, shown, z_against
from mirrorjax.report.words.numbers import interval_words, plain_number
from mirrorjax.statistics.intervals import mean_interval, mean_interval_words
from mirrorjax.statistics.line_to_beat import Excess

COLOURS = {  # of regimes, wherever they stand beside each other
    "supervised": BLUE, "contrastive": GREEN, "overlap": PURPLE, "imitation": ORANGE, "predictive": GREY,
}  # fmt: skip
_OTHERS = (RED, SKY)  # of plugins' regimes
_LABEL = 0.07  # of the height of a plot, between two labels of bands
_BAND = 2  # standard deviations on both sides


def panel(found: Sequence[Way], measures: Sequence[str] = (), at: str = "at its last record") -> Panel:
    """Builds the figure: a variant for each measure, with ways along x; `at` says when networks are looked at."""
    result, names = Panel("Ways to learn, network by network"), _mirrors_first(shown(found, measures))
    if not names:
        return result.without("nothing that is compared was measured")
    titles = tuple(label(name) for name in names)
    result.choosers = (Chooser("Measure", titles),)
    result.variants = {(place,): _chart(found, name) for place, name in enumerate(names)}
    if printed := [name for name in names if name in OF_MIRRORS]:
        own = [_chart(found, name, " ") for name in printed]
        result.for_print = put_together(own, [label(name) for name in printed], columns=1, height=240)
    bands = (
        f" Bands are the mean of a predictor ± {_BAND} standard deviations between its networks, grey of random and "
        "blue of next: the line to beat is both of them, not zero."
    )
    if len(lacking(found)) == len(PREDICTORS):
        bands = ""
    fewest = min(each.networks for each in found)
    result.caption = [
        f"A dot is a network {at}, a black one the mean of a way with "
        f"{mean_interval_words(fewest)}; one colour a regime.{bands}"
    ]
    return result


def _mirrors_first(names: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: name not in OF_MIRRORS)  # stable


def colour(regime: str, found: Sequence[Way]) -> str:
    """Of a regime; those of plugins have what is left, in their order."""
    others = [each for each in dict.fromkeys(way.regime for way in found) if each not in COLOURS]
    return COLOURS.get(regime) or _OTHERS[others.index(regime) % len(_OTHERS)]


def _chart(found: Sequence[Way], name: str, behind_regime: str = "\n") -> Chart:
    every = [_in_order(each.values[name]) for each in found]
    bands = _bands(found, name)
    marks: list[AnyMark] = []
    hover = "{way}: {y:.4g}"
    for place, (way, values) in enumerate(zip(found, every, strict=True)):
        x = place + np.linspace(-0.3, 0.3, len(values)) if len(values) > 1 else np.full(len(values), float(place))
        look = Look(colour(way.regime, found), way.regime, symbol="circle", size=5, opacity=0.6)
        marks.append(Points(x, values, look, hover=hover, details={"way": [way.name] * len(values)}))
    low, mean, high = np.array([mean_interval(values) for values in every]).T
    look = Look("black", "mean", symbol="diamond", size=7)
    marks.append(Points(np.arange(len(found)) + 0.0, mean, look, low, high, "mean {y:.4g} [{low:.4g}, {high:.4g}]"))
    ends = [end for band in bands for end in (band.low, band.high) if end is not None]
    limits = around(*every, low, high, include=ends)
    marks = [*labels_apart(bands, _LABEL * (limits[1] - limits[0])), *marks]
    ticks = tuple((float(place), each.name.replace(" ", behind_regime, 1)) for place, each in enumerate(found))
    across = Scale("", (-0.5, len(found) - 0.5), ticks=ticks)
    return one(Plot(marks, across, Scale(measure(name).title, limits)), 480)


def _in_order(values: np.ndarray) -> np.ndarray:
    """What is known, rising: dots lie beside each other then."""
    return np.sort(values[np.isfinite(values)])


def _bands(found: Sequence[Way], name: str) -> list[Rule]:
    """Of predictors with two networks at least that have the measure."""
    marks: list[Rule] = []
    for way in found:
        values = _in_order(way.values[name])
        if way.predictor and len(values) > 1:
            mean, reach = float(values.mean()), _BAND * float(values.std(ddof=1))
            look = Look(GREY if way.predictor == "random" else SKY, dash="dot", width=1)
            marks.append(Rule(mean, look=look, label=way.predictor, low=mean - reach, high=mean + reach))
    return marks


def shown_table(found: Sequence[Way], measures: Sequence[str] = ()) -> Table:
    """For the page, a column a way: means with their 95 % intervals, and z beside those of mirroring."""
    rows: list[list[Cell]] = [
        ["networks", *(_networks(each) for each in found)],
        ["hidden layers × units, parameters", *(f"{e.group.capacity}, {e.group.parameters:,}" for e in found)],
        ["paper epochs", *(plain_number(each.epoch) for each in found)],
    ]
    for name in shown(found, measures):
        rows.append([measure(name).title, *(_cell(found, way, name) for way in found)])
    return Table(("", *(each.name for each in found)), rows)


def _networks(way: Way) -> str:
    return f"{way.networks:,}, {way.diverged:,} more diverged" if way.diverged else f"{way.networks:,}"


def _cell(found: Sequence[Way], way: Way, name: str) -> str:
    values = way.values[name]
    words = interval_words(*mean_interval(values))
    if name == "tr":
        return f"{words}; {int(np.isfinite(values).sum()):,} of {way.asked:,} have one"
    if name not in OF_MIRRORS:
        return words
    every = {"z": beyond(found, way, name).z, "untrained": _z_untrained(way, name)}
    return "; ".join([words, *(f"{word} {plain_number(z)}" for word, z in every.items() if np.isfinite(z))])


def _z_untrained(way: Way, name: str) -> float:
    """The mean over networks of z against untrained ones; nan where it was not measured."""
    known = _in_order(way.values.get(against_untrained(name), np.empty(0)))
    return float(known.mean()) if len(known) else float("nan")


def table(found: Sequence[Way], tests: dict[tuple[str, str], tuple[Excess, bool]], measures: Sequence[str]) -> Table:
    """For the file: every way and measure, with the tests against predictors."""
    rows: list[list[Cell]] = []
    for way in found:
        for name in shown(found, measures):
            low, mean, high = mean_interval(way.values[name])
            known = int(np.isfinite(way.values[name]).sum())
            cells: list[Cell] = [way.name, way.regime, name, known, way.networks, mean, low, high]
            held, is_beyond = tests.get((way.name, name), (None, False))
            cells += (held.z, held.p, str(is_beyond).lower()) if held else ("", "", "")
            every = [*(z_against(found, way, name, kind) for kind in PREDICTORS), _z_untrained(way, name)]
            rows.append([*cells, *(z if np.isfinite(z) and name in OF_MIRRORS else "" for z in every)])
    head = "way regime measure networks of mean low_95 high_95 z_predictors p_predictors beyond_predictors "
    head += " ".join(f"z_{kind}" for kind in (*PREDICTORS, "untrained"))
    return Table(head.split(), rows)
