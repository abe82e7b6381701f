"""The dip against its definition, and its test against samples of one heap and of two."""

import numpy as np
import pytest
from scipy.optimize import linprog

from mirrorjax.statistics.fluctuations import dip, dip_test


def by_definition(values: np.ndarray) -> float:
    """The least distance to a unimodal distribution, a linear programme for every place of the mode.

    The unknowns are G before and at each value, and the distance d. Between values F is flat, so that only there G is
    to be within d of F; G jumps at its mode alone.
    """
    x, number = np.sort(values), len(values)
    best = np.inf
    for mode in range(number):
        limits: list[tuple[dict[int, float], float]] = []  # left sides by place, and what they are at most
        before, at, d = list(range(number)), list(range(number, 2 * number)), 2 * number
        for k in range(number):
            for place, share in ((before[k], k / number), (at[k], (k + 1) / number)):
                limits.append(({place: 1, d: -1}, share))
                limits.append(({place: -1, d: -1}, -share))
            limits.append(({before[k]: 1, at[k]: -1}, 0))
            if k != mode:
                limits.append(({at[k]: 1, before[k]: -1}, 0))
            if k:
                limits.append(({at[k - 1]: 1, before[k]: -1}, 0))
        for k in range(1, number - 1):
            if k != mode:
                # slopes rise before the mode and fall after it
                sign = 1.0 if k < mode else -1.0
                left, right = sign / (x[k] - x[k - 1]), sign / (x[k + 1] - x[k])
                row = {before[k]: left, at[k - 1]: -left}
                row[at[k]] = right
                row[before[k + 1]] = -right
                limits.append((row, 0))
        rows = [[row.get(place, 0.0) for place in range(2 * number + 1)] for row, _ in limits]
        bounds = [bound for _, bound in limits]
        solved = linprog([0.0] * d + [1.0], A_ub=rows, b_ub=bounds, bounds=[(0, 1)] * d + [(0, None)])
        best = min(best, solved.fun)
    return best


@pytest.mark.parametrize("number", [4, 7, 12])
def test_dip_is_its_definition(number):
    rng = np.random.default_rng(number)
    samples = np.concatenate(
        [rng.random((5, number)), rng.normal(size=(5, number)) + 5 * (rng.random((5, number)) < 0.5)]
    )
    np.testing.assert_allclose(dip(samples), [by_definition(each) for each in samples], atol=1e-9)


@pytest.mark.parametrize(
    ("values", "known"),
    [
        (np.arange(8), 1 / 16),
        (np.repeat([0, 1], 5), 1 / 4),
        ([0, 0, 0, 1], 1 / 8),
    ],
)
def test_known_dips(values, known):
    """Evenly spread: 1/(2N); two heaps with k of N in the smaller: k/(2N)."""
    values = np.asarray(values, float)
    found = dip(np.stack([values, -values, 1e6 * values + 3]))
    np.testing.assert_allclose(found, known, atol=1e-9)


def test_level_and_power():
    rng = np.random.default_rng(1)
    repeats, number = 2000, 16
    _, p = dip_test(rng.random((repeats, number)))
    assert abs((p < 0.05).mean() - 0.05) < 5 * np.sqrt(0.05 * 0.95 / repeats)  # the null's own draws err as much again
    _, p = dip_test(rng.normal(size=(repeats, number)))
    assert (p < 0.05).mean() < 0.05


def test_two_heaps_are_told_from_one():
    """Half and half is the greatest dip there is, so that no draw of the null reaches it."""
    _, p = dip_test(np.repeat([[0.0, 1.0]], 8, axis=1))
    assert p == pytest.approx(1 / 2001)
    # four standard deviations either side of the middle: as good as two points for 64 values
    rng = np.random.default_rng(1)
    _, p = dip_test(rng.normal(size=(200, 64)) + 8 * (np.arange(64) < 32))
    assert p.max() < 0.01


def test_null_of_many_values_is_scaled():
    """√N·D has a limit: the null of 1,024 values, from draws of 256, has the level of its own draws."""
    rng = np.random.default_rng(2)
    _, p = dip_test(rng.random((300, 1024)))
    assert abs((p < 0.2).mean() - 0.2) < 4 * np.sqrt(0.2 * 0.8 / 300)


def test_too_few():
    dips, p = dip_test(np.zeros((2, 3)))
    assert np.isnan(dips).all() and np.isnan(p).all()
