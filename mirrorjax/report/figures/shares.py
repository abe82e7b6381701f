"""Counts behind the first figure: who learnt the task and who is a mirror network, by setting and over training."""

from dataclasses import dataclass

import numpy as np

from mirrorjax.report.map.figure import cells_of
from mirrorjax.report.read.verdict import Verdict, verdict, verdicts
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import epoch_words
from mirrorjax.statistics.intervals import share


@dataclass(frozen=True)
class Point:
    """What is known of the networks of one setting, or of all at one checkpoint (`epoch`; nan: at the end)."""

    label: str
    verdict: Verdict
    epoch: float = np.nan

    @property
    def shares(self) -> list[tuple[float, float, float]]:
        """Learnt of all, and mirror networks of those with a verdict: Wilson's low, value, high."""
        learnt = share(self.verdict.learnt, self.verdict.networks)
        return [(float(learnt.low), float(learnt.value), float(learnt.high)), self.verdict.interval]


def by_setting(views: list[View]) -> list[Point]:
    """The populations apart, where there are several; else the cells of the one, if settings vary on a grid."""
    if len(views) > 1:
        return [Point(view.population.label, verdict(view)) for view in views]
    found = cells_of(views[0]) if views else None
    if found is None:
        return []
    own = verdicts(views[0])
    every = (sum((own[group.index] for group in groups), Verdict()) for groups in found.groups)
    return [Point(found.words(cell), each) for cell, each in enumerate(every)]


def over_training(view: View) -> list[Point]:
    """All networks at every checkpoint."""
    mirror = "mirror" if "mirror" in view.population.measures else "NULL::DOUBLE"
    columns = view.population.query(
        "SELECT max(epoch) AS epoch, count(*) AS networks, count(*) FILTER (learnt > 0) AS learnt, "
        f"count({mirror}) FILTER (alive) AS judged, count(*) FILTER (alive AND {mirror} > 0) AS mirror "
        "FROM observations GROUP BY checkpoint ORDER BY checkpoint"
    )
    points = []
    for place, epoch in enumerate(columns["epoch"]):
        counts = (int(columns[name][place]) for name in ("networks", "learnt", "judged", "judged", "mirror"))
        points.append(Point(f"epoch {epoch_words(epoch)}", Verdict(*counts), float(epoch)))
    return points
