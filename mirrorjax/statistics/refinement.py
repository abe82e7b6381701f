"""Where further networks narrow the boundary's band most: more seeds in cells that are there, and new points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mirrorjax.statistics import boundary


@dataclass(frozen=True)
class Proposal:
    """What one round of refinement adds: `networks` in all, to places in the `cells` and in the `new` points.

    `widest` is the height of the widest band of P that holds 1/2, `at` its place, of the cells and then of the new
    points; nan and None where there is no boundary. `why` is the reason, a sentence, if nothing is added.
    """

    cells: list[int]
    new: list[int]
    networks: int
    widest: float
    at: int | None
    why: str


@dataclass(frozen=True)
class CellCounts:
    """A map as it is: coordinates of the cells, [cells, d], on scales where their effect is even, and counts [cells].

    `successes` and `trials` are of verdicts, `networks` those that each cell has, with a verdict or not.
    """

    points: np.ndarray
    successes: np.ndarray
    trials: np.ndarray
    networks: np.ndarray


def propose(
    cells: CellCounts, new: np.ndarray, *, seeds: int, budget: int, width: float, names: Sequence[str] = ()
) -> Proposal:
    """Chooses places one after the other: always where the band is widest, given what is chosen already.

    What a place with further networks does to the band is taken from the information that the fitted P expects of them
    (as in the sequential search for a G-optimal design: Fedorov 1972; Wynn 1970), so that a round does not put all of
    them beside each other. `new` are coordinates of the points that may be added, [points, d]. Each chosen place has
    `seeds` networks afterwards, and at most `budget` are added; places where the band of P is no wider than `width` are
    left as they are. Names are of the coordinates, for sentences.
    """
    points, trials, networks = cells.points, cells.trials, cells.networks
    found = boundary.fit(points, cells.successes, trials, names) if trials.sum() else None
    if found is None or not found.exists:
        return Proposal([], [], 0, float("nan"), None, found.why if found else "no network has a verdict")
    places = np.concatenate([points, new.reshape(-1, points.shape[1])])
    cost = np.concatenate([seeds - networks, np.full(len(new), seeds)])
    told = trials.sum() / networks.sum()  # share of the networks that have a verdict
    widths = found.width(places)
    widest, at = float(widths.max()), int(widths.argmax())
    chosen: list[int] = []
    left, expected = budget, found
    while True:
        may = (cost > 0) & (cost <= left) & (widths > width)
        may[chosen] = False
        if not may.any():
            break
        best = int(np.where(may, widths, -1).argmax())
        chosen.append(best)
        left -= int(cost[best])
        expected = expected.expecting(places[best], told * cost[best])
        widths = expected.width(places)
    why = ""
    if not chosen and widest == 0:
        why = "it is certain on which side of the boundary every place lies, cells and half-way between them"
    elif not chosen:
        why = f"no band of P is wider than {width:g}" if widest <= width else "its budget of networks is used up"
    again = sorted(place for place in chosen if place < len(points))
    added = sorted(place - len(points) for place in chosen if place >= len(points))
    return Proposal(again, added, budget - left, widest, at, why)
