"""What a transformer's block is built of, features first: linear maps of every token, LayerNorm, and attention.

Nothing is masked: every token attends to all. A bias of the keys would move all scores of a query alike, which softmax
does not see: it is not looked at, and stays zero.
"""

import functools
import math
import operator
from collections.abc import Iterable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32

from mirrorjax.models.base import along_batch
from mirrorjax.models.mlp import product

EPSILON = 1e-5  # of LayerNorm

Tokens = Float32[Array, "features tokens *batch"]
Queries = Float32[Array, "queries features *batch"]
Pattern = Float32[Array, "queries tokens *batch"]


class Heads(NamedTuple):
    """What a block's heads are made of, with the names and shapes of TransformerLens."""

    W_Q: Float32[Array, "heads d d_head"]
    W_K: Float32[Array, "heads d d_head"]
    W_V: Float32[Array, "heads d d_head"]
    b_Q: Float32[Array, "heads d_head"]
    b_V: Float32[Array, "heads d_head"]


def affine(kernel: Float32[Array, "inputs outputs"], bias: Float32[Array, " outputs"], x: jax.Array) -> jax.Array:
    """kernelᵀ x + bias, of every token and example: [inputs, …] -> [outputs, …]."""
    drive = linear(kernel, x)
    return drive + along_batch(bias, drive)


def linear(kernel: Float32[Array, "inputs outputs"], x: jax.Array) -> jax.Array:
    """kernelᵀ x, of every token and example: [inputs, …] -> [outputs, …]."""
    return product(kernel.T, x.reshape(len(x), -1)).reshape(kernel.shape[1], *x.shape[1:])


def behind_norm(
    kernel: Float32[Array, "inputs outputs"],
    bias: Float32[Array, " outputs"],
    scale: Float32[Array, " inputs"],
    shift: Float32[Array, " inputs"],
) -> tuple[Float32[Array, "inputs outputs"], Float32[Array, " outputs"]]:
    """The affine map of `normal(x)` that does what this one does to LayerNorm of x, with its scale and shift."""
    return kernel * scale[:, None], bias + shift @ kernel


@jax.custom_vjp
def normal(x: Float32[Array, "features ..."]) -> Float32[Array, "features ..."]:
    """LayerNorm of every token and example, without scale and shift (Ba et al. 2016, arXiv 1607.06450)."""
    return _normal(x)[0]


def _normal(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    centred = x - _mean(x)
    inverse = jax.lax.rsqrt(_mean(centred * centred) + EPSILON)
    return centred * inverse, inverse


def _normal_forward(x: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    found = _normal(x)
    return found[0], found


def _normal_backward(found: tuple[jax.Array, jax.Array], slope: jax.Array) -> tuple[jax.Array]:
    out, inverse = found
    return ((slope - _mean(slope) - out * _mean(slope * out)) * inverse,)


normal.defvjp(_normal_forward, _normal_backward)


def _mean(x: jax.Array) -> jax.Array:
    return jnp.mean(x, axis=0, keepdims=True)


def _sum(terms: Iterable[jax.Array]) -> jax.Array:
    return functools.reduce(operator.add, terms)


# One form in three arguments, u p x over queries, features and tokens: each is summed over what is not in its result,
# and the derivatives of one are the other two. The sums are written out term by term, each a product of whole batches:
# of a product of arrays, or a sum over an axis, compilers for CPUs make what takes five to ten times as long.


def _scored(u: Queries, x: Tokens) -> Pattern:
    return _sum(u[:, feature, None] * x[None, feature] for feature in range(len(x)))


def _mixed(p: Pattern, x: Tokens) -> Queries:
    return _sum(p[:, None, token] * x[None, :, token] for token in range(x.shape[1]))


def _spread(u: Queries, p: Pattern) -> Tokens:
    return _sum(u[query, :, None] * p[query, None] for query in range(len(u)))


@jax.custom_vjp
def scored(u: Queries, x: Tokens) -> Pattern:
    """The inner product of every query with every token."""
    return _scored(u, x)


@jax.custom_vjp
def mixed(p: Pattern, x: Tokens) -> Queries:
    """The sum of the tokens for every query, each with its weight."""
    return _mixed(p, x)


scored.defvjp(
    lambda u, x: (_scored(u, x), (u, x)), lambda given, slope: (_mixed(slope, given[1]), _spread(given[0], slope))
)
mixed.defvjp(
    lambda p, x: (_mixed(p, x), (p, x)), lambda given, slope: (_scored(slope, given[1]), _spread(slope, given[0]))
)


def attend(heads: Heads, x: Tokens) -> tuple[Float32[Array, "heads d_head tokens *batch"], jax.Array]:
    """What every token is given by attention to all (Vaswani et al. 2017, arXiv 1706.03762, without a mask).

    Returns:
        What each head gives, and its pattern [heads, queries, tokens, *batch], which sums to one over tokens.
    """

    def of_head(head: Heads) -> tuple[jax.Array, jax.Array]:
        q, k, v = affine(head.W_Q, head.b_Q, x), linear(head.W_K, x), affine(head.W_V, head.b_V, x)
        pattern = jax.nn.softmax(scored(q.swapaxes(0, 1), k) / math.sqrt(len(q)), axis=1)
        return mixed(pattern, v).swapaxes(0, 1), pattern

    return jax.vmap(of_head)(heads)


def attend_from_last(heads: Heads, x: Tokens) -> tuple[Float32[Array, "heads d_head 1 *batch"], jax.Array]:
    """What the last token alone is given: the same as `attend` has there, with a fraction of the work.

    Scores are q · W_Kᵀ x = (W_K q) · x, and what is given W_Vᵀ Σ p x, so that no token has keys and values.

    Returns:
        As `attend`, for one query.
    """
    q = jax.vmap(affine, (0, 0, None))(heads.W_Q, heads.b_Q, x[:, -1])
    sought = jax.vmap(linear)(heads.W_K.swapaxes(1, 2), q)
    pattern = jax.nn.softmax(scored(sought, x) / math.sqrt(q.shape[1]), axis=1)
    z = jax.vmap(affine)(heads.W_V, heads.b_V, mixed(pattern, x))
    return z[:, :, None], pattern[:, None]
