"""Does a map factor into f(rows)·g(columns)?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from mirrorjax.errors import InputError
from mirrorjax.statistics.intervals import TAILS, Interval

DRAWS = 400  # maps of each parametric bootstrap
_FAR = 30.0  # P = e^−30: as good as 0


@dataclass(frozen=True)
class Candidate:
    """One form of the map. AIC = 2·parameters − 2 log L (Akaike 1974)."""

    name: str
    parameters: int
    log_likelihood: float
    aic: float


@dataclass(frozen=True)
class Separability:
    """What a map's cells say about f(rows)·g(columns); the greatest g of the fitted factors f [A] and g [B] is 1.

    `interaction_p` is the p-value of the product against the full map: how often maps drawn from the fitted product
    have no smaller likelihood ratio. Small: it does not factor. `rank_one_share` is σ₁²/Σσ² of the matrix of cells. Its
    interval is of the map without its noise: a parametric bootstrap from the cells, reflected at the value (basic
    interval), since noise makes any map's share less. `share_if_product` is median and 95 % range of that share for
    maps drawn from the fitted product, with this noise.
    """

    candidates: tuple[Candidate, ...]  # constant, rows only, columns only, product, full
    best: str  # the name of the candidate of lowest AIC
    interaction_p: float
    rank_one_share: Interval[float]
    share_if_product: Interval[float]
    f: np.ndarray
    g: np.ndarray


def default_names(rows: str, columns: str) -> tuple[str, str, str, str, str]:
    """Names of the candidates of a map over two quantities."""
    return "constant", f"{rows} only", f"{columns} only", f"{rows} times {columns}", "full"


NAMES = default_names("f", "g")


def of_counts(successes: object, trials: object, names: Sequence[str] = NAMES, draws: int = DRAWS) -> Separability:
    """Tests a map of shares P, binomial in every cell: successes and trials [A, B], trials above 0 in every cell.

    `names` are of the five candidates, in the order of `Separability.candidates`; `draws` the maps of each parametric
    bootstrap.

    Raises:
        InputError: for a map that is no full grid of counts.
    """
    successes, trials = np.asarray(successes, np.float64), np.asarray(trials, np.float64)
    _check(successes, trials, names)
    if not ((successes >= 0) & (successes <= trials)).all():
        raise InputError("successes: should be from 0 to the cell's trials in every cell")
    matrix = successes / trials
    rows, columns = matrix.shape
    f, g = _product(successes, trials)
    fitted = np.outer(f, g)

    def mean(axis: int | None) -> np.ndarray:
        return np.broadcast_to(np.average(matrix, axis, trials, keepdims=True), matrix.shape)

    forms = (mean(None), mean(1), mean(0), fitted, matrix)
    sizes = (1, rows, columns, rows + columns - 1, rows * columns)
    logs = [_log_likelihood(successes, trials, form) for form in forms]
    candidates = tuple(
        Candidate(name, size, log, 2 * size - 2 * log) for name, size, log in zip(names, sizes, logs, strict=True)
    )
    rng, whole = np.random.default_rng(0), trials.astype(np.int64)

    def draw(shares: np.ndarray) -> np.ndarray:
        return rng.binomial(whole, np.clip(shares, 0, 1)).astype(np.float64)

    ratios, ranks = [], []
    for _ in range(draws):
        drawn = draw(fitted)
        product = np.outer(*_product(drawn, trials))
        ratios.append(_log_likelihood(drawn, trials, drawn / trials) - _log_likelihood(drawn, trials, product))
        ranks.append(_rank_one(drawn / trials))
    value = _rank_one(matrix)
    # a cell with no success has some chance of one: Jeffreys' (s + ½)/(n + 1)
    low, high = np.quantile([_rank_one(draw((successes + 0.5) / (trials + 1)) / trials) for _ in range(draws)], TAILS)
    best = min(candidates, key=lambda each: each.aic).name
    p = float((1 + np.sum(np.array(ratios) >= logs[4] - logs[3] - 1e-9)) / (1 + draws))
    share = Interval(*(float(np.clip(each, 0, 1)) for each in (2 * value - high, value, 2 * value - low)))
    if_product = Interval(*map(float, np.quantile(ranks, [TAILS[0], 0.5, TAILS[1]])))
    return Separability(candidates, best, p, share, if_product, f, g)


def _log_likelihood(successes: np.ndarray, trials: np.ndarray, shares: np.ndarray) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        hits = np.where(successes > 0, successes * np.log(shares), 0.0)
        misses = np.where(successes < trials, (trials - successes) * np.log1p(-shares), 0.0)
    return float((hits + misses).sum())


def _rank_one(matrix: np.ndarray) -> float:
    """σ₁²/Σσ² of the singular values; 1 for a map of zeros."""
    squares = np.linalg.svd(matrix, compute_uv=False) ** 2
    return float(squares[0] / squares.sum()) if squares.sum() > 0 else 1.0


def _product(successes: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Most likely f, g with P = f·g ≤ 1. In u = −log f, v = −log g ≥ 0 the log likelihood is concave."""
    rows, misses = len(successes), trials - successes

    def negative(uv: np.ndarray) -> tuple[float, np.ndarray]:
        depth = np.maximum(uv[:rows, None] + uv[None, rows:], 1e-9)
        slope = successes - misses / np.expm1(depth)
        value = (successes * depth - misses * np.log(-np.expm1(-depth))).sum()
        return float(value), np.concatenate([slope.sum(axis=1), slope.sum(axis=0)])

    shares = (successes + 0.5) / (trials + 1)
    start = np.concatenate([-np.log(shares.mean(1)), np.full(shares.shape[1], 0.1)])
    found = minimize(negative, start, jac=True, method="L-BFGS-B", bounds=[(0, _FAR)] * len(start))
    f, g = np.exp(-found.x[:rows]), np.exp(-found.x[rows:])
    return f * g.max(), g / g.max()


def _check(matrix: np.ndarray, trials: np.ndarray, names: Sequence[str]) -> None:
    if matrix.ndim != 2 or matrix.shape != trials.shape or min(matrix.shape) < 2:
        raise InputError(f"map {matrix.shape} of {trials.shape} networks: should be [A, B], two or more of each")
    if not (trials > 0).all():
        raise InputError("trials: every cell of the map should have networks")
    if len(names) != 5:
        raise InputError(f"names: {len(names)} given; there are five candidates")
