"""Where a combination of knobs lies by what it does to the rows, beside what the knobs nominally are.

What one can know at best follows from the right answer's distribution given the picture: who sits where, on which
boards help is asked for and which answers are shuffled are hidden as far as the knobs hide them. Where both players
show 9 the paper's picture does not tell them apart either; that is not counted.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import entr
from jaxtyping import Array, Float32, UInt32
from scipy.special import xlogy

from mirrorjax.dataset.knobs import FREQUENCIES, Knobs, exchanged, features, rule, target
from mirrorjax.dataset.oracle import EDGE_COLUMN, LABELS, RESCUE_COLUMN, situation_of_row
from mirrorjax.dataset.row import Row, unpack, unpack_all
from mirrorjax.game.state import LEAP, WIDTH, bit

_PICTURES = 20_000  # of the rows whose covariance is taken
_KINDS = 4 * 2 * 2 * 2  # of situations without the partner, see `_kind`


@dataclass(frozen=True)
class Coordinates:
    """Of one combination of knobs on one set of rows."""

    # I(answer; partner's distress | rest of the situation) / H(answer), as if in Frog's seat
    measured_dependency: float
    identity_hidden: float  # bits that are missing to tell the own cell from the partner's, mean over rows
    participation_ratio: float  # (Σλ)²/Σλ² of the pictures' covariance
    constant_mse: float  # mean squared error of the best constant answer, mean over the four outputs
    best_mse: float  # of one who knows the rules, and all that the picture tells


def coordinates(words: np.ndarray, settings: Sequence[Knobs]) -> list[Coordinates]:
    """Of each combination of knobs, scalars each, on packed rows [N, 2] in random order."""
    rows, prior = jax.device_put((words, _frog_first(words).astype(np.float32)))
    return [_summed(jax.device_get(_of_rows(rows, each, prior))) for each in settings]


def _frog_first(words: np.ndarray) -> np.ndarray:
    """How likely it is Frog who stands at a, and Toad at b, of all rows with these cells [rough a, rough b, a, b]."""
    row = unpack_all(words)
    ground, frog, toad = (np.asarray(field) for field in (row.ground, row.frog_column, row.toad_column))
    count = np.zeros((2, 2, WIDTH, WIDTH))
    rough = [(ground >> column.astype(np.uint32)) & 1 for column in (frog, toad)]
    np.add.at(count, (*rough, frog, toad), 1)
    return count / np.maximum(1, count + count.transpose(1, 0, 3, 2))


class _Rows(NamedTuple):
    """What is found of each row [N, …]."""

    asked: jax.Array  # the right answer [N, 4]
    own: jax.Array  # as it is expected in Frog's seat [N, 4]
    hidden: jax.Array  # bits
    noise: jax.Array  # variance of the answer, given the picture
    kind: jax.Array
    partner: jax.Array  # in distress: 0 or 1
    pictures: jax.Array  # of the first rows [_PICTURES, 100]


@jax.jit
def _of_rows(words: UInt32[Array, "rows 2"], knobs: Knobs, prior: Float32[Array, "2 2 32 32"]) -> _Rows:
    rows = jax.vmap(unpack)(words)
    asked = jax.vmap(lambda row: target(row, knobs))(words)
    own = jax.vmap(lambda row: _shuffled(_answer(row, knobs)[0], knobs))(rows)
    left_open = jax.vmap(lambda row: _left_open(row, knobs, prior))(rows)
    pictures = jax.vmap(lambda row: features(row, knobs))(words[:_PICTURES])
    return _Rows(asked, own, *left_open, *jax.vmap(_kind)(rows), pictures)


def _summed(found: _Rows) -> Coordinates:
    """Sums over rows, on the host: on several devices XLA would round them otherwise."""
    asked = np.asarray(found.asked, np.float64)
    spread = np.cov(np.asarray(found.pictures, np.float64).T)
    exact = Coordinates(
        measured_dependency=_dependency(found),
        identity_hidden=float(np.mean(found.hidden, dtype=np.float64)),
        participation_ratio=float(np.trace(spread) ** 2 / np.sum(spread**2)),
        constant_mse=float(np.mean(asked.var(0))),
        best_mse=float(np.mean(found.noise, dtype=np.float64)) / len(LABELS),
    )
    return Coordinates(*(float(f"{value:.6g}") for value in astuple(exact)))


def _answer(row: Row, knobs: Knobs) -> tuple[Float32[Array, "4"], Float32[Array, ""]]:
    """The expected answer of one who does not know which boards are congruent, and its expected square."""
    usual, congruent = (rule(row, jnp.bool_(each), knobs) for each in (False, True))
    share = knobs.congruence
    square = (1 - share) * jnp.sum(usual**2) + share * jnp.sum(congruent**2)
    return (1 - share) * usual + share * congruent, square


def _shuffled(answer: Float32[Array, "4"], knobs: Knobs) -> Float32[Array, "4"]:
    return knobs.shuffled * jnp.asarray(FREQUENCIES, jnp.float32) + (1 - knobs.shuffled) * answer


def _left_open(row: Row, knobs: Knobs, prior: Float32[Array, "2 2 32 32"]) -> tuple[jax.Array, jax.Array]:
    """What the picture of a row leaves open: bits of whose cell is the own one, and the answer's variance."""
    (frogs, frogs_square), (toads, toads_square) = (_answer(each, knobs) for each in (row, exchanged(row)))
    role = knobs.veil_role / 2  # chance that the own cell is Toad's
    rough = [bit(row.ground, column).astype(jnp.int32) for column in (row.frog_column, row.toad_column)]
    first = prior[rough[0], rough[1], row.frog_column, row.toad_column]
    likely = jnp.stack([1 - role, first * (1 - role) + (1 - first) * role, jnp.float32(1), jnp.float32(0)])
    veiled, masked = knobs.veil_symbol, knobs.mask
    weight = jnp.stack([masked * (1 - veiled), masked * veiled, (1 - masked) * (1 - role), (1 - masked) * role])
    likely = jnp.where(row.frog_column == row.toad_column, 1.0, likely)  # that the own cell is Frog's, in each case

    def variance(chance: jax.Array) -> jax.Array:
        square = chance * frogs_square + (1 - chance) * toads_square
        expected = _shuffled(chance * frogs + (1 - chance) * toads, knobs)
        return knobs.shuffled + (1 - knobs.shuffled) * square - jnp.sum(expected**2)

    bits = (entr(likely) + entr(1 - likely)) / jnp.log(2.0)
    return weight @ bits, weight @ jax.vmap(variance)(likely)


def _kind(row: Row) -> tuple[jax.Array, jax.Array]:
    """All that the rules look at but the partner, as a number below _KINDS, and the partner's distress."""
    seen = situation_of_row(row)
    column = seen.column
    place = jnp.select([column == EDGE_COLUMN, column + LEAP >= EDGE_COLUMN, column >= RESCUE_COLUMN], [3, 2, 1], 0)
    flags = jnp.stack([seen.energy <= 0, seen.next_rough, seen.frog_distress]).astype(jnp.int32)
    return place * 8 + flags @ jnp.array([4, 2, 1]), seen.toad_distress.astype(jnp.int32)


def _dependency(found: _Rows) -> float:
    joint = np.zeros((_KINDS, 2, len(LABELS)))
    np.add.at(joint, (found.kind, found.partner), np.asarray(found.own, np.float64) / len(found.kind))

    def entropy(share: np.ndarray) -> float:
        """Of the answer, given what the leading axes say."""
        return float(np.sum(xlogy(share.sum(-1), share.sum(-1))) - np.sum(xlogy(share, share)))

    whole = entropy(joint.sum((0, 1)))
    told = entropy(joint.sum(1)) - entropy(joint)
    return max(0.0, told) / whole if whole > 0 else 0.0
