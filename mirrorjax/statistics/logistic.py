"""Binomial logistic regression that stays finite: Firth's penalised likelihood."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

_STEPS, _HALVINGS, _CLOSE = 200, 25, 1e-9
_LONGEST_STEP = 5.0  # a coefficient moves no further at once: far out, the likelihood is too flat to aim by


@dataclass(frozen=True)
class Fit:
    """A fitted logistic regression.

    `covariance` [k, k] of the coefficients [k] is the inverse of the Fisher information there; `log_likelihood` is
    binomial, without the penalty and without the constant binomial coefficients.
    """

    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float

    @property
    def aic(self) -> float:
        """Akaike's criterion 2k − 2 log L (Akaike 1974)."""
        return 2 * len(self.coefficients) - 2 * self.log_likelihood


def fit(design: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> Fit:
    """Maximises log L + ½ log|XᵀWX|, Firth's penalised likelihood (Firth 1993, Biometrika 80; Heinze & Schemper 2002).

    The penalty is Jeffreys' prior. It was taken, and not a ridge, because it has no strength to choose, does not
    depend on the units of the coordinates, removes the first-order bias of the slopes, and gives them finite values
    when cells with no success and cells with nothing else are separated, as they are across a sharp boundary. Of two
    separated cells of n trials it makes the shares 1/(2n + 2), about.

    Args:
        design: X, [cells, k] of full column rank.
        successes, trials: [cells], trials above 0.
    """
    beta = np.zeros(design.shape[1])
    value, probability, information = _penalised(beta, design, successes, trials)
    for _ in range(_STEPS):
        inverse = np.linalg.inv(information)
        weights = trials * probability * (1 - probability)
        leverage = weights * np.einsum("ci,ij,cj->c", design, inverse, design)
        score = design.T @ (successes - trials * probability + leverage * (0.5 - probability))
        step = inverse @ score
        step *= min(1.0, _LONGEST_STEP / max(np.abs(step).max(), 1e-300))
        for _ in range(_HALVINGS):
            trial = _penalised(beta + step, design, successes, trials)
            if trial[0] >= value - 1e-12 * abs(value):
                break
            step /= 2
        beta = beta + step
        value, probability, information = _penalised(beta, design, successes, trials)
        if np.abs(step).max() < _CLOSE * max(1.0, np.abs(beta).max()):
            break
    return Fit(beta, np.linalg.inv(information), log_likelihood(design @ beta, successes, trials))


def log_likelihood(logit: np.ndarray, successes: np.ndarray, trials: np.ndarray) -> float:
    """Binomial log likelihood Σ s·logit − n·log(1 + e^logit), which does not overflow."""
    return float(np.sum(successes * logit - trials * np.logaddexp(0, logit)))


def _penalised(
    beta: np.ndarray, design: np.ndarray, successes: np.ndarray, trials: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    logit = design @ beta
    probability = expit(logit)
    information = (design * (trials * probability * expit(-logit))[:, None]).T @ design
    sign, log_determinant = np.linalg.slogdet(information)
    penalty = 0.5 * log_determinant if sign > 0 else -np.inf
    return log_likelihood(logit, successes, trials) + penalty, probability, information
