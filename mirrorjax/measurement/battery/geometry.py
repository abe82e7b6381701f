"""Are the *patterns* of response to one's own and to the partner's distress alike, over boards and over units?

`cka`: debiased linear centred kernel alignment of the two responses h(xF) - h(x0) and h(xT) - h(x0) over boards
(Kornblith et al. 2019; Nguyen et al. 2021 for the unbiased estimator of Song et al. 2012). `rsa`: Spearman's
correlation of their distances between boards (Kriegeskorte et al. 2008). Both are blind to which units respond;
`alignment` is not: the share of the leading directions that the two have in common, ‖V_Fᵀ V_T‖²/k, less that of
directions drawn at random from the covariance of the activations on x0 (Elsayed et al. 2016); `alignment_z` in units
of the draws' spread.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from mirrorjax.measurement.battery.draws import normal
from mirrorjax.measurement.battery.ranks import places
from mirrorjax.measurement.battery.responses import Responses
from mirrorjax.measurement.needs import needs

BOARDS = 256  # at the most: the distances between them grow with the square
DIRECTIONS = 3
_DRAWS = 200


def cka(one: Float32[Array, "boards U"], other: Float32[Array, "boards U"]) -> Float32[Array, ""]:
    """Debiased linear CKA; 0 where one of them never varies."""

    def cross(k: jax.Array, m: jax.Array) -> jax.Array:
        n = len(k)
        inner = jnp.sum(k * m) + jnp.sum(k) * jnp.sum(m) / ((n - 1) * (n - 2))
        return (inner - 2 / (n - 2) * jnp.sum(k @ m)) / (n * (n - 3))

    def kernel(x: jax.Array) -> jax.Array:
        x = x - x.mean(0, keepdims=True)
        product = x @ x.T
        return product - jnp.diag(jnp.diag(product))

    k, m = kernel(one), kernel(other)
    size = cross(k, k) * cross(m, m)
    return jnp.where(size > 0, cross(k, m) / jnp.sqrt(jnp.where(size > 0, size, 1.0)), 0.0)


def rsa(one: Float32[Array, "boards U"], other: Float32[Array, "boards U"]) -> Float32[Array, ""]:
    """Spearman's correlation of the Euclidean distances between boards."""

    def ranks(x: jax.Array) -> jax.Array:
        square = jnp.sum(x * x, axis=-1)
        distance = square[:, None] + square[None, :] - 2 * x @ x.T
        above = jnp.triu_indices(len(x), 1)
        values = distance[above]
        place = places(values).astype(jnp.float32)
        return place - place.mean()

    a, b = ranks(one), ranks(other)
    return jnp.sum(a * b) / jnp.sqrt(jnp.sum(a * a) * jnp.sum(b * b))


def _leading(covariance: Float32[Array, "U U"]) -> Float32[Array, "U k"]:
    _, vectors = jnp.linalg.eigh(covariance)
    return vectors[:, -DIRECTIONS:]


def _root(covariance: Float32[Array, "U U"]) -> Float32[Array, "U U"]:
    values, vectors = jnp.linalg.eigh(covariance)
    return vectors * jnp.sqrt(jnp.maximum(values, 0.0))[None, :]


@needs("levels")  # spikes are thousands of units, and it takes the cube of their number
def geometry(found: Responses) -> dict[str, Float32[Array, ""]]:
    """`cka`, `rsa`, `alignment`, `alignment_z`."""
    alike = jnp.sqrt(found.weight)[:, None]  # units that are alike weigh as one
    base = found.scaled("x0") * alike
    frog, toad = (found.scaled(name) * alike - base for name in ("xF", "xT"))
    few_frog, few_toad = frog[:, :BOARDS].T, toad[:, :BOARDS].T
    v_frog, v_toad = (_leading(change @ change.T / change.shape[-1]) for change in (frog, toad))
    overlap = jnp.sum((v_frog.T @ v_toad) ** 2) / DIRECTIONS
    centred = base - base.mean(-1, keepdims=True)
    root = _root(centred @ centred.T / base.shape[-1])

    def at_random(pair: Float32[Array, "2 U k"]) -> jax.Array:
        one, other = (jnp.linalg.qr(root @ directions)[0] for directions in pair)
        return jnp.sum((one.T @ other) ** 2) / DIRECTIONS

    null = jax.lax.map(at_random, jnp.asarray(normal(_DRAWS, 2, len(root), DIRECTIONS)))
    spread = jnp.maximum(null.std(), 1e-6)
    return {
        "cka": cka(few_frog, few_toad),
        "rsa": rsa(few_frog, few_toad),
        "alignment": overlap - null.mean(),
        "alignment_z": (overlap - null.mean()) / spread,
    }
