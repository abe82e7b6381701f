"""Whether a setting changes a network or only how far it is: measures at equal lr · steps and at equal excess error."""

from dataclasses import dataclass, replace

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.chart.chart import Chart, Plot, Scale, at_places, one, put_together
from mirrorjax.report.chart.figure import Cell, Chooser, FigureKind, Panel, Table
from mirrorjax.report.chart.marks import BLUE, RED, Look, Points
from mirrorjax.report.figures.clocks import alike_but, trajectories
from mirrorjax.report.map.axes import MOST_VALUES, Axis, axes
from mirrorjax.report.read.configurations import SEEDS
from mirrorjax.report.read.view import View, once
from mirrorjax.report.words.numbers import interval_words, plain_number
from mirrorjax.report.words.time import Time
from mirrorjax.statistics.intervals import Interval, mean_interval_words
from mirrorjax.statistics.matching import Condition, common_excess, compare

MEASURES = ("mni_star", "ssi_last", "cross_decoding_social", "rescue_accuracy", "accuracy", "cmni")
MOST_AXES = 4


@dataclass(frozen=True)
class MatchedLine:
    """One measure along one axis, all other settings as in the configuration nearest the paper's.

    `ticks` are the axis' values at which there are conditions; `error` is the excess error that is matched, nan where
    there is none that all pass; `epoch` the paper epoch that is: the last one that networks of all conditions have.
    """

    measure: str
    axis: Axis
    ticks: list[str]
    conditions: list[Condition]
    error: float
    epoch: float
    time: Time

    @property
    def label(self) -> str:
        """Of the measure."""
        return label(self.measure)

    @property
    def points(self) -> list[Points]:
        """What is drawn of it: matched by time, and by error if there is one that all pass."""
        timed = [(each.at_epoch, f"{each.absent} have no value there") for each in self.conditions]
        look = Look(BLUE, f"at {self.time.at(self.epoch, paper=True)}", f"at {self.time.matched}", symbol="circle")
        found = [self._points(timed, look, -0.08)]
        if np.isfinite(self.error):
            matched = [
                (
                    each.at_excess,
                    f"{each.never} never reach it, reached at {interval_words(*each.epoch)} {self.time.units}",
                )
                for each in self.conditions
            ]
            words = f"at excess error {plain_number(self.error)}"
            look = Look(RED, words, "at the same excess error", symbol="square")
            found.append(self._points(matched, look, 0.08))
        return found

    def _points(self, means: list[tuple[Interval[float], str]], look: Look, beside: float) -> Points:
        """Means with how many networks each leaves out, in words, a little beside their places."""
        low, mean, high = np.array([mean for mean, _ in means], np.float64).T
        words = [
            f"{tick}: {interval_words(*mean)}; {each.networks} networks, {note}"
            for tick, each, (mean, note) in zip(self.ticks, self.conditions, means, strict=True)
        ]
        look = replace(look, size=8)
        return Points(np.arange(len(means)) + beside, mean, look, low, high, "{words}", {"words": words})

    @property
    def words(self) -> str:
        """From the first to the last condition, both ways."""
        first, last = self.conditions[0], self.conditions[-1]
        timed = f"{interval_words(*first.at_epoch)} and {interval_words(*last.at_epoch)}"
        matched = "there is no excess error that half of the networks reach at every value"
        if np.isfinite(self.error):
            matched = f"{interval_words(*first.at_excess)} and {interval_words(*last.at_excess)} where excess error"
            matched += f" first reaches {plain_number(self.error)}"
        moved = f"{self.label} at {self.axis.letters} {self.ticks[0]} and {self.ticks[-1]}"
        return f"{moved}: {timed} at {self.time.at(self.epoch, paper=True)}; {matched}."


@once
def lines(view: View) -> list[list[MatchedLine]]:
    """By axis, the measures that were recorded."""
    names = [name for name in MEASURES if name in view.population.measures]
    if "excess_error" not in view.population.measures or not names:
        return []
    known = [each for each in axes(view.population.groups) if len(each.values) <= MOST_VALUES]
    found = [line for each in known[:MOST_AXES] if (line := _along(view, each, names))]
    shared = [name for name in names if all(name in line for line in found)]
    return [[line[name] for name in shared] for line in found] if shared else []


def _along(view: View, along: Axis, names: list[str]) -> dict[str, MatchedLine]:
    """By measure; values of the axis at which no network has it are left out."""
    groups = alike_but(view, [*along.names, *SEEDS])
    place_of = {
        group.index: along.values.index(tuple(group.settings[name] for name in along.names)) for group in groups
    }
    made = trajectories(view.population, groups, names)
    places = np.array([place_of[int(group)] for group in made.groups], np.int64)
    epoch = np.nanmedian(made.values["epoch"], axis=0)
    found = {}
    for name in names:
        values = made.values[name]
        known = np.isfinite(values)
        shown = [place for place in np.unique(places) if known[places == place].any()]
        if len(shown) < 2:
            continue
        rows, kept = [places == place for place in shown], np.isin(places, shown)
        excess = np.where(known, made.values["excess_error"], np.nan)
        last = float(epoch[min(np.flatnonzero(known[own].any(axis=0))[-1] for own in rows)])
        error = common_excess([excess[own] for own in rows])
        matched = compare(places[kept], epoch, excess[kept], values[kept], excess_target=error, epoch_target=last)
        found[name] = MatchedLine(
            name, along, [along.ticks[place] for place in shown], matched, error, last, view.population.time
        )
    return found


def panel(view: View) -> Panel:
    """Builds the figure: one variant an axis and measure."""
    result = Panel("Matched: does a setting change networks, or only how far they are?")
    found = lines(view)
    if not found:
        return result.without(
            "Nothing to match: no setting varies around the paper's, or excess error was not recorded."
        )
    result.choosers = (
        Chooser("Measure", tuple(line.label for line in found[0])),
        Chooser("Along", tuple(row[0].axis.label for row in found)),
    )
    result.variants = {(column, row): _chart(line) for row, own in enumerate(found) for column, line in enumerate(own)}
    every = [each for row in found for line in row for each in line.conditions]
    fewest = min(each.networks - max(each.never, each.absent) for each in every)
    result.caption = [
        f"Means over networks with {mean_interval_words(fewest)}; all other settings are those of the "
        f"configuration nearest the paper's. Circles: at {view.population.time.matched}, the last that all have. "
        "Squares: where a network's excess error first reaches the least value that half of the networks of every "
        "condition reach (straight lines between checkpoints; on hover, how many never do and are left out). A "
        "difference among the circles alone may be one of how far training is; one among the squares is not.",
        *(row[0].words for row in found),
    ]
    first = [result.variants[0, row] for row in range(len(found))]
    result.for_print = put_together(first, [chart.title for chart in first], columns=len(first), height=300)
    return result


def _chart(line: MatchedLine) -> Chart:
    plot = Plot(line.points, at_places(line.axis.label, line.ticks), Scale(line.label))
    return one(plot, 400, title=f"{line.label} along {line.axis.label}")


def table(view: View) -> Table | None:
    """All measures along all axes, matched both ways."""
    rows: list[list[Cell]] = [
        [
            *(line.measure, line.axis.letters, tick, each.networks),
            *(line.epoch, each.absent, each.at_epoch.value, each.at_epoch.low, each.at_epoch.high),
            *(line.error, each.never, each.at_excess.value, each.at_excess.low, each.at_excess.high),
            *(each.epoch.value, each.epoch.low, each.epoch.high),
        ]
        for line in (line for row in lines(view) for line in row)
        for tick, each in zip(line.ticks, line.conditions, strict=True)
    ]
    head = (
        "measure along value networks epoch absent at_epoch at_epoch_low_95 at_epoch_high_95 excess_error never "
        "at_excess at_excess_low_95 at_excess_high_95 reached_epoch reached_epoch_low_95 reached_epoch_high_95"
    )
    return Table(head.split(), rows) if rows else None


FIGURE = FigureKind("matched", panel, table)
