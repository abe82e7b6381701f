"""Transitions and crossovers that were planted, with known exponents."""

import numpy as np
import pytest
from scipy.special import expit, gammaln

from mirrorjax.errors import InputError
from mirrorjax.statistics.collapse import collapse

KNOB, SIZES = np.linspace(0, 1, 13), np.array([32, 64, 128, 256])
X, UNITS = np.repeat(KNOB, 4), np.tile(SIZES, 13).astype(float)
NU, BETA, CENTRE = 1.5, 0.5, 0.4


def planted_transition(seeds: int, seed: int = 0):
    """Exactly of the scaling form: a root above the centre, and fluctuations that peak there."""
    z = (X - CENTRE) * UNITS ** (1 / NU)
    mean, spread = np.logaddexp(0, z) ** BETA, 0.5 / (1 + z**2) ** 0.25
    noise = np.random.default_rng(seed).normal(size=(len(X), seeds))
    return UNITS[:, None] ** (-BETA / NU) * (mean[:, None] + spread[:, None] * noise)


def spins(coupling: float, number: int, seeds: int, rng: np.random.Generator) -> np.ndarray:
    """|m| of the Curie–Weiss model, drawn from its exact distribution."""
    up = np.arange(number + 1)
    total = 2 * up - number
    logs = gammaln(number + 1) - gammaln(up + 1) - gammaln(number - up + 1) + coupling * total**2 / (2 * number)
    chances = np.exp(logs - logs.max())
    return np.abs(rng.choice(total, seeds, p=chances / chances.sum())) / number


def crossover(mean: np.ndarray, seeds: int = 16, seed: int = 0):
    return mean[:, None] + 0.1 * np.random.default_rng(seed).normal(size=(len(X), seeds))


def test_planted_transition():
    found = collapse(X, UNITS, planted_transition(64), "D")
    assert found.verdict == "transition" and "transition along D" in found.why
    assert found.delta_aic > 10 and found.peak_growth.low > 0
    for interval, truth in ((found.centre, CENTRE), (found.nu, NU), (found.beta, BETA)):
        error = (interval.high - interval.low) / 3.92
        assert abs(interval.value - truth) < 4 * error < 0.8 * truth


def test_curie_weiss_is_a_transition_at_one():
    """Its exponents, in the number of spins, are ν = 2 and β = 1/2; near the centre corrections are some per cent."""
    rng = np.random.default_rng(1)
    couplings, sizes = np.repeat(np.linspace(0.94, 1.06, 11), 3), np.tile([512, 2048, 8192], 11)
    values = np.stack([spins(j, n, 64, rng) for j, n in zip(couplings, sizes, strict=True)])
    found = collapse(couplings, sizes, values, "J")
    assert found.verdict == "transition"
    assert found.centre.value == pytest.approx(1, abs=0.01)
    assert found.nu.value == pytest.approx(2, rel=0.15)
    assert found.beta.value == pytest.approx(0.5, rel=0.25)


@pytest.mark.parametrize(
    "mean",
    [
        expit(12 * (X - 0.5)),
        expit(12 * (X - 0.5 - 0.05 * np.log(UNITS / 64))) * (1 - 0.1 * np.log(UNITS / 64)),
        np.clip((X - 0.3) / 0.4, 0, 1),  # no logistic, and no spline either
    ],
)
def test_planted_crossovers(mean):
    """Rises as sharp for large networks as for small ones, even if their centre and height move."""
    found = collapse(X, UNITS, crossover(mean), "I")
    assert found.verdict == "crossover" and "crossover along I" in found.why
    assert found.delta_aic < 10


def test_sharper_means_without_a_susceptibility_peak_are_no_transition():
    """The same fluctuations everywhere, so that the second sign is missing."""
    found = collapse(X, UNITS, crossover(expit((X - 0.5) * UNITS / 8)))
    assert found.delta_aic > 10 and found.peak_growth.low < 0
    assert found.verdict == "crossover" and "peak does not grow" in found.why


@pytest.mark.slow
def test_nothing_changes():
    found = collapse(X, UNITS, crossover(0.1 * np.log(UNITS)), "I")
    assert found.verdict == "neither" and "nothing changes along I" in found.why


@pytest.mark.slow
def test_same_again():
    values = crossover(expit(12 * (X - 0.5)), 4)
    values[::3, 0] = np.nan
    assert collapse(X, UNITS, values) == collapse(X, UNITS, values)


@pytest.mark.parametrize(
    ("x", "units", "values", "words"),
    [
        (X, UNITS[:5], np.zeros((52, 4)), "should be"),
        (X, np.where(UNITS > 64, 64, 32), np.ones((52, 4)), "2 sizes"),
        (X, UNITS, np.full((52, 4), np.nan), "finite"),
        (X, UNITS, np.ones((52, 4)), "equal"),
    ],
)
def test_refused(x, units, values, words):
    with pytest.raises(InputError, match=words):
        collapse(x, units, values)
