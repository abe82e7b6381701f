"""Which networks are mirror networks: of those that have learnt their task and were asked what their units cause."""

from dataclasses import astuple, dataclass

import numpy as np

from mirrorjax.report.read.caused import caused
from mirrorjax.report.read.over_seeds import share_words
from mirrorjax.report.read.view import View, once
from mirrorjax.statistics.intervals import share

NOT_LEARNT = "not learnt, so no verdict"


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
        low, value, high = map(float, share(self.mirror, self.judged))
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
