"""Do two take turns? Alternation of their events, locking of their phases, and what one's act says of the other's.

Pure functions of what two players did in each round, 1 or 0; -1 is a round that does not count. Each measure has its
null: a permutation's, known in closed form (Wald & Wolfowitz, Ann. Math. Stat. 11:147, 1940); circular shifts; the bias
of counting (Miller & Madow); or pairs whose players never met, which keeps the habits of either.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32

Acts = Int32[Array, " rounds"]
Phase = Float32[Array, " rounds"]
Number = Float32[Array, ""]
FEWEST_STRANGERS = 8  # that a deviation is made of


class OwnerChanges(NamedTuple):
    """Changes of owner among events that one of two has alone; sums over pairs are those of all together."""

    changes: Number
    chances: Number  # consecutive events: one less than there are
    mean: Number  # of the changes, were the same events in any order
    variance: Number


def changes(first: Acts, second: Acts) -> OwnerChanges:
    """How often the owner changes from one solo event to the next; rounds of both or of none are passed over."""
    solo = (first + second == 1) & (jnp.minimum(first, second) == 0)
    numbers = jnp.arange(len(first))
    last = jax.lax.cummax(jnp.where(solo, numbers, -1))
    before = jnp.concatenate([jnp.array([-1]), last[:-1]])
    changed = jnp.sum(solo & (before >= 0) & (first != first[before]))
    a, b = (jnp.sum(solo & (each == 1)).astype(jnp.float32) for each in (first, second))
    n, twice = jnp.maximum(a + b, 2.0), 2 * a * b
    variance = twice * (twice - n) / (n * n * (n - 1))
    some = a + b >= 2
    found = (changed.astype(jnp.float32), a + b - 1, twice / n, variance)
    return OwnerChanges(*(jnp.where(some, each, 0.0) for each in found))


def alternation(counted: OwnerChanges) -> dict[str, Number]:
    """ALT, the share of consecutive solo events whose owner changes; that of any other order; and their distance in sd.

    In expectation over independent players, one of whom has the share w, the null is 2w(1 − w).
    """
    chances = jnp.where(counted.chances > 0, counted.chances, jnp.nan)
    spread = jnp.sqrt(jnp.where(counted.variance > 0, counted.variance, jnp.nan))
    return {
        "alternation": counted.changes / chances,
        "alternation_null": counted.mean / chances,
        "alternation_z": (counted.changes - counted.mean) / spread,
    }


def phase(acts: Acts) -> Phase:
    """2π(t − t_k)/(t_{k+1} − t_k) between events k and k + 1; NaN before the first and from the last one on."""
    numbers, most = jnp.arange(len(acts)), len(acts)
    last = jax.lax.cummax(jnp.where(acts == 1, numbers, -1))
    after = jnp.concatenate([jnp.where(acts == 1, numbers, most)[1:], jnp.array([most])])
    coming = jax.lax.cummin(after, reverse=True)
    passed, whole = ((each - last).astype(jnp.float32) for each in (numbers, coming))
    between = passed / jnp.maximum(whole, 1.0)
    return jnp.where((last >= 0) & (coming < most), 2 * jnp.pi * between, jnp.nan)


def phase_locking(first: Phase, second: Phase) -> Number:
    """PLV, |⟨exp i(φ₁ − φ₂)⟩| over the rounds in which both have a phase; NaN without any."""
    both = jnp.isfinite(first) & jnp.isfinite(second)
    gap, there = jnp.where(both, first - second, 0.0), both.astype(jnp.float32)
    number = jnp.where(jnp.any(both), jnp.sum(there), jnp.nan)
    return jnp.hypot(jnp.sum(jnp.cos(gap) * there), jnp.sum(jnp.sin(gap) * there)) / number


def shifted_locking(first: Phase, second: Phase) -> Float32[Array, " shifts"]:
    """PLV with one of the two moved around the circle of rounds, by each number of them from a tenth to nine tenths"""
    rounds = len(first)

    def moved(one: jax.Array, other: jax.Array) -> jax.Array:
        """Σ_t one[t] · conj(other[t − s]) for each shift s."""
        return jnp.fft.ifft(jnp.fft.fft(one) * jnp.conj(jnp.fft.fft(other)))

    def turned(each: Phase) -> jax.Array:
        return jnp.where(jnp.isfinite(each), jax.lax.complex(jnp.cos(each), jnp.sin(each)), jnp.complex64(0))

    there = (jnp.isfinite(each).astype(jnp.complex64) for each in (first, second))
    both = jnp.round(jnp.real(moved(*there)))
    found = jnp.abs(moved(turned(first), turned(second))) / jnp.where(both > 0, both, jnp.nan)
    return found[-(-rounds // 10) : rounds * 9 // 10 + 1]


def joint(*acts: Acts, kinds: int = 2) -> Float32[Array, "..."]:
    """How often acts of so many kinds, several a round, occur together: a table with an axis for each."""
    there = jnp.min(jnp.stack(acts), axis=0) >= 0
    flat = sum(jnp.maximum(each, 0) * kinds**place for place, each in enumerate(reversed(acts)))
    counts = jnp.zeros(kinds ** len(acts)).at[flat].add(there.astype(jnp.float32))
    return counts.reshape((kinds,) * len(acts))


def mutual_information(table: Float32[Array, "a b"]) -> Number:
    """I(a; b) of counts, in nats, less its bias (|A| − 1)(|B| − 1)/2N; NaN without any."""
    number = jnp.sum(table)
    bias = (table.shape[0] - 1) * (table.shape[1] - 1) / (2 * number)
    plug_in = _entropy(table.sum(1)) + _entropy(table.sum(0)) - _entropy(table)
    return jnp.where(number > 0, plug_in - bias, jnp.nan)


def transfer_entropy(table: Float32[Array, "next other own"]) -> Number:
    """I(next; other | own) of counts, in nats, less its bias (|A| − 1)(|B| − 1)|A|/2N; NaN without any."""
    number, (acts, others, owns) = jnp.sum(table), table.shape
    bias = (acts - 1) * (others - 1) * owns / (2 * number)
    plug_in = _entropy(table.sum(1)) + _entropy(table.sum(0)) - _entropy(table) - _entropy(table.sum((0, 1)))
    return jnp.where(number > 0, plug_in - bias, jnp.nan)


def _entropy(counts: Float32[Array, "..."]) -> Number:
    share = counts / jnp.maximum(jnp.sum(counts), 1.0)
    return -jnp.sum(jax.scipy.special.xlogy(share, share))


def heard(first: Int32[Array, "rounds pairs"], second: Int32[Array, "rounds pairs"]) -> dict[str, Number]:
    """What acts say of the other's last act, over pairs who move in turn, the first one first; both directions' mean.

    Returns:
        Mutual information of an act and the other's last one, `act_mi`; `transfer`, the same beyond one's own last act;
        and either of players who never met (`_null`): the other is the next pair's. Where `transfer` lies among its
        likes of all pairings with strangers, `transfer_z` and `transfer_p` (`beside_strangers`).
    """

    def of(others: Int32[Array, "rounds pairs"], owns: Int32[Array, "rounds pairs"]) -> tuple[Number, Number]:
        ways = [(owns[1:], others[:-1], owns[:-1]), (others[1:], owns[1:], others[:-1])]
        tables = [joint(*(each.ravel() for each in way)) for way in ways]
        mi = sum(mutual_information(table.sum(2)) for table in tables) / 2
        return jnp.asarray(mi), jnp.asarray(sum(transfer_entropy(table) for table in tables) / 2)

    found, strangers = of(second, first), of(jnp.roll(second, 1, axis=1), first)
    told = {"act_mi": found[0], "act_mi_null": strangers[0], "transfer": found[1], "transfer_null": strangers[1]}
    return told | beside_strangers(first, second)


def beside_strangers(first: Int32[Array, "rounds pairs"], second: Int32[Array, "rounds pairs"]) -> dict[str, Number]:
    """Where transfer entropy lies among its likes of players who never met: each with that of s pairs on, for all s.

    Players keep their habits, whoever they are paired with; pairs without a round that counts are in none.

    Returns:
        `transfer_z`, its distance from strangers' mean in their sd, where there are enough of them; and `transfer_p`,
        the share of pairings that say as much, the true one among them: at least one over the pairs. Of pairs who
        neither hear each other nor share anything p is uniform.
    """
    pairs = first.shape[1]
    counts = jnp.any((first >= 0) & (second >= 0), axis=0)
    order, there = jnp.argsort(~counts), jnp.sum(counts.astype(jnp.int32))
    first, second = first[:, order], second[:, order]
    shifts = jnp.arange(pairs)
    partner = (shifts[None, :] + shifts[:, None]) % jnp.maximum(there, 1)

    def of(table: Float32[Array, "pairs others next other own"], others: Int32[Array, "shifts pairs"]) -> Array:
        return jax.vmap(lambda each: transfer_entropy(jnp.sum(table[shifts, each], axis=0)))(others)

    one, two = _pairings(first[1:], second[:-1], first[:-1]), _pairings(second[1:], first[1:], second[:-1])
    found = (of(one, partner) + of(jnp.swapaxes(two, 0, 1), partner)) / 2
    known = shifts < there
    strange, number = known & (shifts > 0), jnp.where(there > 1, there.astype(jnp.float32) - 1, jnp.nan)
    mean = jnp.sum(jnp.where(strange, found, 0.0)) / number
    spread = jnp.sqrt(jnp.sum(jnp.where(strange, (found - mean) ** 2, 0.0)) / number)
    as_much = jnp.sum((known & (found >= found[0])).astype(jnp.float32))
    return {
        "transfer_z": (found[0] - mean) / jnp.where((spread > 0) & (there > FEWEST_STRANGERS), spread, jnp.nan),
        "transfer_p": as_much / (number + 1),
    }


def _pairings(
    then: Int32[Array, "rounds pairs"], other: Int32[Array, "rounds pairs"], own: Int32[Array, "rounds pairs"]
) -> Float32[Array, "pairs others next other own"]:
    """Counts of an act, the other's last one and the own last one, of each player beside each other of any pair."""
    did = jnp.stack([jnp.stack([(then == new) & (own == old) for old in range(2)]) for new in range(2)])
    told = jnp.stack([other == act for act in range(2)])
    return jnp.einsum("aotn,btm->nmabo", did.astype(jnp.float32), told.astype(jnp.float32))
