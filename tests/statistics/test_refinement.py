"""Rounds of refinement against planted boundaries, with verdicts that are drawn."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest

from mirrorjax.settings.axes import AxesConfig, GroupConfig
from mirrorjax.settings.map_axes import Map, map_of
from mirrorjax.statistics import boundary
from mirrorjax.statistics.refinement import CellCounts, Proposal, propose

LINE = [round(float(value), 6) for value in np.linspace(0, 1, 9)]
ONE = map_of(GroupConfig(axes=AxesConfig(dependency=LINE)), [])
TWO = map_of(GroupConfig(axes=AxesConfig(dependency=LINE), zip=AxesConfig(veil_symbol=LINE, veil_role=LINE)), [])
FINE = np.stack(np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 1, 41)), axis=-1)
CENTRE = 0.43
Truth = Callable[[np.ndarray], np.ndarray]  # logit P at points [..., d]


@dataclass
class Sampled:
    """A map with its verdicts."""

    points: np.ndarray
    successes: np.ndarray
    networks: np.ndarray
    new: np.ndarray  # the points that rounds have added
    last: Proposal | None = None

    @property
    def cells(self) -> CellCounts:
        return CellCounts(self.points, self.successes, self.networks, self.networks)

    def fit(self) -> boundary.Boundary:
        return boundary.fit(self.points, self.successes, self.networks)


def evenly(layout: Map, truth: Truth, seeds: int, rng: np.random.Generator) -> Sampled:
    points = np.array(list(itertools.product(*([axis.coordinate(v) for v in axis.values] for axis in layout.axes))))
    networks = np.full(len(points), seeds)
    return Sampled(points, rng.binomial(networks, expit(truth(points))), networks, points[:0])


def refined(
    layout: Map, truth: Truth, seeds: int, rng: np.random.Generator, budget: int, rounds: int = 3, width: float = 0.02
) -> Sampled:
    """As a sweep does it: each round brings its places to the population's seeds once more."""
    found = evenly(layout, truth, seeds, rng)
    places = list(itertools.product(*(axis.values for axis in layout.axes)))
    left = budget
    for number in range(rounds):
        new, level = layout.between(places), seeds * (number + 2)
        new_points = np.array([layout.coordinates(place) for place in new])
        found.last = propose(
            found.cells, new_points, seeds=level, budget=max(left // (rounds - number), min(level, left)), width=width,
        )  # fmt: skip
        left -= found.last.networks
        for cell in found.last.cells:
            more = level - found.networks[cell]
            found.successes[cell] += rng.binomial(more, expit(truth(found.points[cell])))
            found.networks[cell] = level
        places += [new[place] for place in found.last.new]
        added = new_points[found.last.new]
        found.new = np.concatenate([found.new, added])
        found.points = np.concatenate([found.points, added])
        found.successes = np.append(found.successes, rng.binomial(level, expit(truth(added))))
        found.networks = np.append(found.networks, np.full(len(added), level))
    return found


def on_a_line(slope: float) -> Truth:
    return lambda points: slope * (points[..., 0] - CENTRE)


def diagonal(points: np.ndarray) -> np.ndarray:
    return 10 * (points.sum(-1) - 1)


@pytest.mark.parametrize("slope", [15, 40, 200])
def test_the_place_of_a_boundary_is_narrower_than_with_as_many_networks_spread_evenly(slope: float):
    repeats, narrower, held, near = 60, 0, 0, []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        found, even = refined(ONE, on_a_line(slope), 8, rng, budget=72), evenly(ONE, on_a_line(slope), 16, rng)
        assert found.networks.sum() <= even.networks.sum()
        one, other = found.fit().centre, even.fit().centre
        narrower += one.high - one.low < other.high - other.low
        held += bool(one.holds(CENTRE))
        near += [np.abs(found.new - CENTRE)]
    # narrower in more than three of four, and the interval stays one of 95 %: chance alone does this once in 10^4
    assert binomtest(narrower, repeats, 0.75, alternative="greater").pvalue < 1e-3
    assert binomtest(held, repeats, 0.95, alternative="less").pvalue > 1e-4
    # new points lie where P is between .05 and .95, or between the two cells that the boundary parts
    assert np.concatenate(near).max() < max(3 / slope, 0.125)


def test_a_line_in_two_dimensions_has_a_narrower_band_than_with_as_many_networks_spread_evenly():
    repeats, narrower, smaller, near = 20, 0, 0, []
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        found, even = refined(TWO, diagonal, 4, rng, budget=81 * 4), evenly(TWO, diagonal, 8, rng)
        assert found.networks.sum() <= even.networks.sum()
        one, other = found.fit(), even.fit()
        narrower += one.width(FINE).max() < other.width(FINE).max()
        smaller += one.band(FINE).sum() < other.band(FINE).sum()
        near.append(diagonal(found.new))
    for better in (narrower, smaller):
        assert binomtest(better, repeats, 0.5, alternative="greater").pvalue < 1e-2
    # most are where the first band was that held the line: cells of 4 networks, of logit −2 to 2 about
    logits = np.abs(np.concatenate(near))
    assert len(logits) > repeats and np.median(logits) < 2


def test_same_verdicts_same_proposal():
    one, other = (refined(TWO, diagonal, 4, np.random.default_rng(3), budget=200) for _ in range(2))
    np.testing.assert_array_equal(one.points, other.points)
    np.testing.assert_array_equal(one.networks, other.networks)


@pytest.mark.parametrize("budget", [1, 7, 40, 1000])
def test_the_budget_is_kept(budget: int):
    start = evenly(TWO, diagonal, 8, np.random.default_rng(0))
    places = list(itertools.product(*(axis.values for axis in TWO.axes)))
    new = np.array([TWO.coordinates(place) for place in TWO.between(places)])
    found = propose(start.cells, new, seeds=16, budget=budget, width=0.02)
    assert found.networks == 8 * len(found.cells) + 16 * len(found.new) <= budget
    if budget < 8:
        assert found.networks == 0 and "budget" in found.why
    elif budget < 1000:
        assert found.networks > budget - 16, "or it could have had one more"


def test_it_stops_at_the_width():
    start = evenly(ONE, on_a_line(5), 64, np.random.default_rng(0))
    none = np.empty((0, 1))
    widest = propose(start.cells, none, seeds=128, budget=1000, width=0.01).widest
    assert widest == start.fit().width(start.points).max() > 0
    wider, narrower = (propose(start.cells, none, seeds=128, budget=1000, width=widest * by) for by in (1.01, 0.99))
    assert wider.networks == 0 and "no band of P is wider than" in wider.why
    assert narrower.networks == 64 and narrower.cells == [narrower.at]


def test_it_stops_where_the_side_of_every_place_is_certain():
    start = evenly(ONE, on_a_line(200), 64, np.random.default_rng(0))
    new = np.array([ONE.coordinates(place) for place in ONE.between([(values,) for values in ONE.axes[0].values])])
    successes = np.where(start.points[:, 0] > CENTRE, 64, 0)
    cells = CellCounts(start.points, successes, start.networks, start.networks)
    assert propose(cells, new, seeds=128, budget=1000, width=0.2).new == [3], "0.4375, between the two sides"
    certain = propose(cells, np.empty((0, 1)), seeds=128, budget=1000, width=0.2)
    assert certain.networks == 0 and "on which side of the boundary every place lies" in certain.why


def test_networks_are_spread_and_not_all_beside_the_widest_place():
    start = evenly(TWO, diagonal, 8, np.random.default_rng(1))
    found = propose(start.cells, np.empty((0, 2)), seeds=16, budget=64, width=0.02)
    chosen = start.points[found.cells]
    assert len(chosen) == 8 and np.ptp(chosen[:, 0]) >= 0.5, "both ends of the line are the widest places"


def test_networks_without_a_verdict_cost_as_well():
    start = evenly(ONE, on_a_line(5), 8, np.random.default_rng(0))
    cells = CellCounts(start.points, start.successes, start.networks, 2 * start.networks)
    found = propose(cells, np.empty((0, 1)), seeds=32, budget=40, width=0.02)
    assert found.networks == 32 and len(found.cells) == 2


@pytest.mark.parametrize(
    ("successes", "trials", "words"),
    [
        (0, 8, "the fitted P stays below 1/2 in all 9 cells"),
        (8, 8, "the fitted P stays above 1/2 in all 9 cells"),
        (0, 0, "no network has a verdict"),
    ],
)
def test_without_a_boundary_nothing_is_added_and_it_says_why(successes: int, trials: int, words: str):
    cells = CellCounts(np.array(LINE)[:, None], np.full(9, successes), np.full(9, trials), np.full(9, 8))
    found = propose(cells, np.empty((0, 1)), seeds=16, budget=100, width=0.2, names=["D"])
    assert (found.cells, found.new, found.networks, found.at) == ([], [], 0, None)
    assert np.isnan(found.widest) and words in found.why
