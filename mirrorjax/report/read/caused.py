"""What units cause, over the networks that were asked, and which of those that learnt are mirror networks."""

from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np

from mirrorjax.measures import CAUSED, PARTS
from mirrorjax.report.read.over_seeds import share_words
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.view import View, once
from mirrorjax.report.words.numbers import counted
from mirrorjax.results.later import quoted
from mirrorjax.statistics import intervals

# of right answers; of ablations; of first-layer units, that are ablated; of units
KINDS, MODES, SETS, CLASSES = (tuple(PARTS[part]) for part in ("KIND", "MODE", "SET", "CLASS"))
CIRCUITS = {name: words for name, words in PARTS["CIRCUIT"].items() if name != "none"}
RATIOS = ("sufficiency", "necessity", "tr")
ASKED = "units_mirror_1"  # has a value in every network that was asked
NOT_LEARNT = "not learnt, so no verdict"
NOT_ASKED = (
    "No network was asked what its units cause (the records have no causal measures, as with "
    "measurement.causes_seeds=0, measurement.boards=0, no table of units, or an older version): "
    "this figure cannot be drawn."
)


@dataclass(frozen=True)
class Caused:
    """The networks of one configuration that were asked, at its last checkpoint with causal measures.

    `values` has every causal measure by name, over networks, nan where it is undefined; `learnt` says which have learnt
    their task: only these have a verdict. `epoch` is in paper epochs.
    """

    group: Group
    epoch: float
    when: str  # the same in words
    values: dict[str, np.ndarray]
    learnt: np.ndarray

    @property
    def networks(self) -> int:
        """How many; diverged ones are left out."""
        return len(self.learnt)

    @property
    def words(self) -> str:
        """Which networks and when, for titles."""
        networks = counted(self.networks, "network")
        return f"{networks}, {int(self.learnt.sum()):,} learnt, at {self.when}"

    def of(self, name: str) -> np.ndarray:
        """One measure over networks; nan if it was not recorded."""
        return self.values.get(name, np.full(self.networks, np.nan))

    def defined(self, name: str) -> int:
        """In how many networks a measure has a value."""
        return int(np.isfinite(self.of(name)).sum())


class Share(NamedTuple):
    """A share of networks with its Wilson 95 % interval; nan where nobody was asked."""

    count: int
    number: int
    low: float
    value: float
    high: float


def caused(view: View) -> list[Caused]:
    """Of all configurations that have causal measures, that nearest the paper's first."""
    population = view.population
    if ASKED not in population.measures:
        return []
    names = sorted(name for name in population.measures if any(each.match(name) for each in CAUSED))
    columns = population.query(
        f"WITH asked AS (SELECT * FROM observations WHERE alive AND {ASKED} IS NOT NULL) "
        f"SELECT group_index, epoch, learnt, {', '.join(map(quoted, names))} FROM asked "
        "QUALIFY checkpoint = max(checkpoint) OVER (PARTITION BY group_index) ORDER BY group_index, member_id"
    )
    found = []
    for group in population.groups:
        own = columns["group_index"] == group.index
        if own.any():
            epoch, *values = (columns[name][own] for name in ("epoch", *names))
            measured = dict(zip(names, values, strict=True))
            last = float(np.nanmax(epoch))
            found.append(Caused(group, last, population.time.at(last), measured, columns["learnt"][own] > 0))
    return sorted(found, key=lambda each: each.group is not population.headline)


def share(values: np.ndarray) -> Share:
    """Of the networks with a finite value, those above zero."""
    values = values[np.isfinite(values)]
    count, number = int((values > 0).sum()), len(values)
    return Share(count, number, *map(float, intervals.share(count, number)))


def ablated(chosen: str, mode: str, kind: str, at_random: bool = False) -> str:
    """The column with the change of a share of right answers by the ablation of a set."""
    return f"ablate_{'random_' if at_random else ''}{chosen}_{mode}_{kind}"


@dataclass(frozen=True)
class Verdict:
    """Counts of networks, each of the one before; the question's denominator is `judged`.

    With records; of these learnt, at their last record; of these asked what their units cause; of these judged, that
    is, held against untrained networks; and of these mirror networks.
    """

    networks: int = 0
    learnt: int = 0
    asked: int = 0
    judged: int = 0
    mirror: int = 0

    def __add__(self, other: "Verdict") -> "Verdict":
        """Both together."""
        return Verdict(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))

    @property
    def interval(self) -> tuple[float, float, float]:
        """The share of mirror networks among the judged, between its Wilson 95 % bounds; nan where nobody was."""
        low, value, high = map(float, intervals.share(self.mirror, self.judged))
        return low, value, high

    @property
    def learnt_words(self) -> str:
        """How many learnt, as it stands before every verdict."""
        return f"{self.learnt:,} of {self.networks:,} learnt"

    @property
    def missing(self) -> str:
        """Why there is no verdict; empty where there is one."""
        if self.judged:
            return ""
        if not self.learnt:
            return NOT_LEARNT
        if not self.asked:
            return "none of these was asked what its units cause, so no verdict"
        return "none of these was held against untrained networks, so no verdict"

    @property
    def words(self) -> str:
        """All of it: `30 of 32 learnt; mirror networks among the 16 of these that were asked: 0 of 16 (…)`."""
        if self.missing:
            return f"{self.learnt_words}: {self.missing}"
        asked = f" of the {self.judged:,} of these that were asked" if self.judged < self.learnt else " of these"
        return f"{self.learnt_words}; mirror networks{asked}: {share_words(self.mirror, self.judged)}"


def verdict(view: View) -> Verdict:
    """Of a whole population."""
    return sum(verdicts(view).values(), Verdict())


@once
def verdicts(view: View) -> dict[int, Verdict]:
    """Of every configuration, by its index."""
    asked, found = {each.group.index: each for each in caused(view)}, view.networks
    result = {}
    for group in view.population.groups:
        own = found.of(group)
        counts = (0, 0, 0)
        if group.index in asked:
            learnt, mirror = asked[group.index].learnt, asked[group.index].of("mirror")
            counts = (int(learnt.sum()), int(np.isfinite(mirror).sum()), int((mirror > 0).sum()))
        result[group.index] = Verdict(int(own.sum()), int(found.learnt[own].sum()), *counts)
    return result


def total(views: list[View]) -> Verdict:
    """Of all populations together: counts are added, values are never pooled."""
    return sum(map(verdict, views), Verdict())
