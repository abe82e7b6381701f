"""How far chance may go: the limits that the statistical assertions share.

Seeds are fixed, so a test that passes keeps passing; the limits say how often a right program would fail at a new seed.
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

Z_LIMIT = 4.5  # two-sided p = 7e-6 for one number
P_LIMIT = 1e-5  # of a chi-square


def z_score(successes: float, trials: float, probability: float) -> float:
    """How many standard deviations a binomial count is from its mean."""
    return float((successes - trials * probability) / np.sqrt(trials * probability * (1 - probability)))


def assert_share(flags: ArrayLike, probability: float) -> None:
    """The share of true values is `probability`, within chance."""
    flags = np.asarray(flags)
    z = z_score(float(np.count_nonzero(flags)), flags.size, probability)
    assert abs(z) < Z_LIMIT, f"{np.mean(flags):.6f}, expected {probability:.6f} (z = {z:.1f}, n = {flags.size})"


def assert_counts(counts: ArrayLike, probabilities: ArrayLike) -> None:
    """Counts by category are as `probabilities` say, within chance (chi-square)."""
    expected = np.asarray(probabilities) * np.sum(np.asarray(counts))
    assert expected.min() > 20, "too few expected in a category for the chi-square"
    p = float(stats.chisquare(counts, expected).pvalue)
    assert p > P_LIMIT, f"{counts}, expected {expected} (p = {p:.1e})"


def assert_uncorrelated(values: np.ndarray) -> None:
    """No two columns of `values` [n, k] are correlated, within chance over all pairs."""
    n, k = values.shape
    correlations = np.corrcoef(values, rowvar=False)[np.triu_indices(k, 1)]
    limit = stats.norm.isf(P_LIMIT / 2 / len(correlations)) / np.sqrt(n)  # Bonferroni over the pairs
    assert np.abs(correlations).max() < limit, f"{np.abs(correlations).max():.5f} >= {limit:.5f}"
