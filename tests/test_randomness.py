"""Words that are uniform, streams that are independent, permutations that permute."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax import randomness
from tests.chance import Z_LIMIT, assert_counts, assert_share, assert_uncorrelated, z_score

STREAM = randomness.stream_from_key(jax.random.key(11))
N = 1 << 16


def words(stream, count=N, first=0) -> np.ndarray:
    """The words number `first`.. of a stream."""
    counters = first + jnp.arange(count, dtype=jnp.uint32)
    return np.asarray(jax.jit(jax.vmap(randomness.word, in_axes=(None, 0)))(stream, counters))


def first_words_of_substreams(count=N) -> np.ndarray:
    def first(counter):
        return randomness.word(randomness.substream(STREAM, counter), jnp.uint32(0))

    return np.asarray(jax.jit(jax.vmap(first))(jnp.arange(count, dtype=jnp.uint32)))


def bits(values: np.ndarray) -> np.ndarray:
    """[n] words as [n, 32] bits."""
    return (values[:, None] >> np.arange(32, dtype=np.uint32)) & 1


@jax.jit
def places(index: jax.Array, size: jax.Array, stream) -> jax.Array:
    return jax.vmap(lambda i: randomness.permute(i, size, stream))(index)


def permutation(size: int, stream) -> np.ndarray:
    return np.asarray(places(jnp.arange(size, dtype=jnp.uint32), jnp.uint32(size), stream), np.int64)


@pytest.mark.parametrize("source", [lambda: words(STREAM), first_words_of_substreams], ids=["words", "substreams"])
class TestUniform:
    """The words of a stream, and the first words of its substreams, counter after counter."""

    def test_bytes(self, source):
        drawn = source()
        for place in range(4):
            assert_counts(np.bincount((drawn >> (8 * place)) & 255, minlength=256), np.full(256, 1 / 256))

    def test_bits(self, source):
        ones = bits(source()).sum(0)
        assert max(abs(z_score(count, N, 0.5)) for count in ones) < Z_LIMIT

    def test_bits_are_independent(self, source):
        drawn = bits(source()).astype(float)
        assert_uncorrelated(drawn)
        assert_uncorrelated(np.concatenate([drawn[1:], drawn[:-1]], axis=1))  # and of the word before

    def test_no_two_alike(self, source):
        # 65,536 of 2^32 values: half a pair is expected, more than eight comes once in 10^9.
        assert N - len(np.unique(source())) <= 8


def test_mix_is_a_bijection_on_a_sample():
    values = jnp.arange(1 << 20, dtype=jnp.uint32) * jnp.uint32(4099)  # odd: all different
    assert len(np.unique(np.asarray(randomness.mix(values)))) == 1 << 20


def test_mix_avalanches():
    """One changed bit changes half the bits."""
    values = jnp.arange(1 << 14, dtype=jnp.uint32)
    for bit in range(32):
        changed = randomness.mix(values) ^ randomness.mix(values ^ jnp.uint32(1 << bit))
        assert abs(bits(np.asarray(changed)).mean() - 0.5) < 0.01


def test_streams_are_independent():
    other = randomness.stream_from_key(jax.random.key(12))
    child = randomness.substream(STREAM, jnp.uint32(1))
    grandchild = randomness.substream(child, jnp.uint32(1))
    drawn = np.stack([words(stream) for stream in (STREAM, other, child, grandchild)], axis=1)
    assert_uncorrelated(np.concatenate([bits(column).astype(float) for column in drawn.T], axis=1))
    assert not np.intersect1d(drawn[:100, 0], drawn[:, 1:]).size


def test_a_word_depends_on_its_identity_only():
    assert words(STREAM, 10, first=90).tolist() == words(STREAM, 100)[90:].tolist()
    alone = randomness.word(STREAM, jnp.uint32(93))
    assert int(alone) == words(STREAM, 100)[93]


def test_known_words():
    """Frozen: results folders name datasets by their seeds, so the words must not change unnoticed."""
    stream = (jnp.uint32(1), jnp.uint32(2))
    assert words(stream, 3).tolist() == KNOWN_WORDS
    assert [int(w) for w in randomness.substream(stream, jnp.uint32(7))] == KNOWN_SUBSTREAM


KNOWN_WORDS = [2911438866, 1467605257, 238045803]
KNOWN_SUBSTREAM = [204731677, 2746239926]


def test_uniform_is_in_the_unit_interval():
    extremes = randomness.uniform(jnp.asarray([0, 255, 256, 2**32 - 1], jnp.uint32))
    assert extremes.tolist() == [0.0, 0.0, 2.0**-24, 1 - 2.0**-24]
    drawn = np.asarray(randomness.uniform(jnp.asarray(words(STREAM))))
    assert drawn.dtype == np.float32
    assert_counts(np.histogram(drawn, bins=100, range=(0, 1))[0], np.full(100, 0.01))


@pytest.mark.parametrize(
    ("probability", "precision"), [(0.01, 12), (1 / 3, 16), (0.5, 1), (0.25, 2), (0.9, 8), (0.0, 4), (1 - 2**-6, 6)]
)
def test_bernoulli_mask(probability, precision):
    @jax.jit
    @jax.vmap
    def masked(number):
        return randomness.bernoulli_mask(randomness.substream(STREAM, number), 5, probability, precision)

    masks = np.asarray(masked(jnp.arange(1 << 15, dtype=jnp.uint32)))
    flips = bits(masks)
    if probability == 0:
        assert not flips.any()
        return
    exact = round(probability * 2**precision) / 2**precision
    assert_share(flips, exact)
    assert max(abs(z_score(column.sum(), len(masks), exact)) for column in flips.T) < Z_LIMIT
    assert_uncorrelated(flips.astype(float))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 4096, 99_991])
def test_permute_is_a_permutation(size):
    assert np.sort(permutation(size, STREAM)).tolist() == list(range(size))


def test_permutations_of_different_streams_differ():
    orders = np.stack([permutation(1000, randomness.substream(STREAM, jnp.uint32(i))) for i in range(4)])
    for i in range(4):
        for j in range(i):
            # Of two unrelated orders about one place in a thousand agrees.
            assert np.mean(orders[i] == orders[j]) < 0.012
            assert abs(np.corrcoef(orders[i], orders[j])[0, 1]) < Z_LIMIT / np.sqrt(1000)


def test_every_place_is_reached():
    """Where index 3 of 8 ends up over many streams: every place, evenly."""
    streams = jax.vmap(randomness.substream, in_axes=(None, 0))(STREAM, jnp.arange(1 << 13, dtype=jnp.uint32))
    reached = jax.jit(jax.vmap(lambda s: randomness.permute(jnp.uint32(3), jnp.uint32(8), s, rounds=32)))(streams)
    assert_counts(np.bincount(np.asarray(reached), minlength=8), np.full(8, 1 / 8))


def test_permute_of_large_sizes_stays_in_range():
    size = 2**32 - 5
    index = jnp.asarray([0, 1, 2**31, size - 1], jnp.uint32)
    reached = np.asarray(places(index, jnp.uint32(size), STREAM))
    assert len(set(reached.tolist())) == 4 and reached.max() < size
