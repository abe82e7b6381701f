"""Counter-based randomness: pure functions of (stream, counter), cheap enough for the hot loops.

A *stream* is two 32-bit words that identify who draws (a member, a game); a *counter* says which draw it is.
Nothing is carried from draw to draw, so a draw depends on its identity only, never on the number of devices,
the block it runs in, or what was drawn before. Threefry (`jax.random`) costs ten times as much per word, in
compile time too, and makes keys only.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, UInt32

Stream = tuple[UInt32[Array, ""], UInt32[Array, ""]]

_GOLDEN = 0x9E3779B9  # 2^32 / golden ratio: consecutive counters land far apart
_MULTIPLIER_1, _MULTIPLIER_2 = 0x21F0AAAD, 0xD35A2D97  # of the bijection by T. Ettinger (2022)


def mix(x: UInt32[Array, ""]) -> UInt32[Array, ""]:
    """Scrambles one word; a bijection of 32 bits with low bias (xorshift and multiply)."""
    x = (x ^ (x >> 16)) * jnp.uint32(_MULTIPLIER_1)
    x = (x ^ (x >> 15)) * jnp.uint32(_MULTIPLIER_2)
    return x ^ (x >> 15)


def stream_from_key(key: jax.Array) -> Stream:
    """The stream of a `jax.random.key`; scrambled, since keys of small seeds differ in a few bits only."""
    words = jax.random.key_data(key).astype(jnp.uint32)
    return substream((words[0], words[-1]), jnp.uint32(0))


def substream(stream: Stream, counter: UInt32[Array, ""]) -> Stream:
    """An independent stream for one value of `counter` (a turn, a step, a layer)."""
    counter = jnp.asarray(counter, jnp.uint32)
    first = mix(stream[0] + counter * jnp.uint32(_GOLDEN))
    return mix(first ^ stream[1]), mix(first + (stream[1] ^ jnp.uint32(0x5851F42D)))


def word(stream: Stream, counter: UInt32[Array, ""]) -> UInt32[Array, ""]:
    """The uniform 32-bit word number `counter` of a stream: `mix` with the second word of the stream in its middle."""
    x = stream[0] + jnp.asarray(counter, jnp.uint32) * jnp.uint32(_GOLDEN)
    x = (x ^ (x >> 16)) * jnp.uint32(_MULTIPLIER_1) ^ stream[1]
    x = (x ^ (x >> 15)) * jnp.uint32(_MULTIPLIER_2)
    return x ^ (x >> 15)


def uniform(bits: UInt32[Array, ""]) -> jax.Array:
    """Float32 in [0, 1) from the upper 24 bits of a word."""
    return (bits >> 8).astype(jnp.float32) * jnp.float32(2**-24)


def bernoulli_mask(
    stream: Stream, first: UInt32[Array, ""] | int, probability: float, precision_bits: int
) -> UInt32[Array, ""]:
    """32 independent coin flips at once, one a bit.

    Args:
        stream: whose draws.
        first: counter of the first of the `precision_bits` words that are used.
        probability: of a set bit; rounded to a multiple of 2^-precision_bits.
        precision_bits: words drawn. Digit by digit of the binary expansion, from the lowest: a 1 is an OR
            with a fresh word, a 0 an AND, which halves (and for a 1 shifts up) the probability so far.
    """
    digits = round(probability * 2**precision_bits)
    mask = jnp.uint32(0)
    for i in range(precision_bits):
        fresh = word(stream, jnp.asarray(first, jnp.uint32) + jnp.uint32(i))
        mask = (fresh | mask) if (digits >> i) & 1 else (fresh & mask)
    return mask


def permute(index: UInt32[Array, ""], size: UInt32[Array, ""], stream: Stream, rounds: int = 8) -> UInt32[Array, ""]:
    """Position of `index` in a pseudo-random permutation of 0..size-1 (any size, no tables).

    Swap-or-not shuffle (Hoang, Morris & Rogaway, CRYPTO 2012): each round pairs i with k-i modulo size and swaps
    the pair or not by a hash of its larger element, which both compute alike. Meant for rows that were shuffled
    once when the dataset was built; eight rounds then give every member an order of its own.
    """
    size = jnp.asarray(size, jnp.uint32)
    index = jnp.asarray(index, jnp.uint32)
    # found once: the compiler would divide anew for each index
    pivots = jax.lax.optimization_barrier([word(stream, jnp.uint32(2 * r)) % size for r in range(rounds)])
    for r, pivot in enumerate(pivots):
        salt = word(stream, jnp.uint32(2 * r + 1))
        partner = jnp.where(pivot >= index, pivot - index, pivot + (size - index))
        swap = mix(jnp.maximum(index, partner) ^ salt) >> 31
        index = jnp.where(swap == 1, partner, index)
    return index
