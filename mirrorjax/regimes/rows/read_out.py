"""A linear read-out in closed form: what a network's last units tell of right acts, whatever they were made for."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, UInt32

ROWS = 20_000  # that it is fitted on, at the most
RIDGE = 1e-4  # of the mean square of a unit
PIECE = 125  # rows at a time

Rows = UInt32[Array, "rows 2"]
Seen = tuple[Float32[Array, "units rows"], Float32[Array, "answers rows"]]
Affine = tuple[Float32[Array, "answers units"], Float32[Array, " answers"]]


def read_out(
    seen: Callable[[Rows], Seen], rows: Rows, weights: Float32[Array, " rows"], own: Bool[Array, " units"]
) -> Affine:
    """Kernel and bias of the ridge regression of right answers on units.

    With H = [h; 1] over N rows it is Y Hᵀ (H Hᵀ + λ N diag(1, …, 1, 0))⁻¹, λ = RIDGE · tr(H Hᵀ / N) / (n + 1): the bias
    is free, and a unit that is always zero has no weight. It is solved in deviations from the mean, which are summed up
    about the mean of the first rows, so that float32 loses nothing that matters.

    Args:
        seen: units and right answers of packed rows.
        rows, weights: a whole number of PIECEs, and how much each row counts; the first ones do.
        own: which units are no padding.
    """
    pieces = rows.reshape(-1, PIECE, 2), weights.reshape(-1, PIECE)
    count = jnp.maximum(jnp.sum(weights), 1.0)
    first, answers = seen(pieces[0][0])
    about = (first @ pieces[1][0]) / jnp.maximum(jnp.sum(pieces[1][0]), 1.0)

    def add(sums: tuple[Array, ...], piece: tuple[Array, Array]) -> tuple[tuple[Array, ...], None]:
        h, y = seen(piece[0])
        h, weight = h - about[:, None], piece[1][None, :]
        terms = jnp.sum(h * weight, axis=-1), jnp.sum(y * weight, axis=-1), (h * weight) @ h.T, (y * weight) @ h.T
        return tuple(s + term for s, term in zip(sums, terms, strict=True)), None

    units = len(about)
    shapes = (units,), (len(answers),), (units, units), (len(answers), units)
    sums, _ = jax.lax.scan(add, tuple(jnp.zeros(shape, jnp.float32) for shape in shapes), pieces)
    off, mean_answer, square, product = (each / count for each in sums)
    mean = about + off
    covariance = square - jnp.outer(off, off)
    size = jnp.trace(covariance) + mean @ mean + 1.0
    ridge = RIDGE * size / (jnp.sum(own).astype(jnp.float32) + 1.0)
    lower = jnp.linalg.cholesky(covariance + ridge * jnp.eye(units))
    kernel = jax.scipy.linalg.cho_solve((lower, True), (product - jnp.outer(mean_answer, off)).T).T
    return kernel, mean_answer - kernel @ mean
