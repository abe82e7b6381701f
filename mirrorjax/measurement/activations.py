"""One pass over the test and validation rows: everything that the cheap measures need of a member, streamed.

Rows come in pieces, so that memory does not grow with their number. Per unit and group of rows the first four
power sums are kept, taken about a pivot near the group's mean, so that float32 loses nothing that matters.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float32, Int32, UInt32

from mirrorjax.dataset.build import answers
from mirrorjax.dataset.oracle import EDGE_HELP, LABELS, RESCUE_HELP, situation_of_row
from mirrorjax.dataset.row import unpack
from mirrorjax.game.state import Action
from mirrorjax.regimes.supervised import Params, Supervised

# Disjoint groups of test rows; scenarios, filtered and not, are unions of them.
GROUPS = ("none", "frog_5", "frog_other", "toad_4", "toad_other", "both")
UNIONS = {
    "none": ("none",),
    "frog": ("frog_5", "frog_other"),
    "toad": ("toad_4", "toad_other"),
    "both": ("both",),
    "frog_filtered": ("frog_5",),  # rows that show a 5 (the published filter)
    "toad_filtered": ("toad_4",),  # rows that show a 4
}
TRUTHS = ("hop", "jump", "leap", "help_edge", "help_rescue")  # true answers, the two kinds of help apart
PIECE = 512  # rows at a time: the activations of a block of members stay in the cache


@struct.dataclass
class MeasuredRows:
    """The rows that a checkpoint is measured on, in pieces of P rows; padding has group and truth -1."""

    test: UInt32[Array, "pieces P 2"]
    group: Int32[Array, "pieces P"]  # into GROUPS
    truth: Int32[Array, "pieces P"]  # into TRUTHS
    validation: UInt32[Array, "validation_pieces P 2"]
    validation_weight: Float32[Array, "validation_pieces P"]  # 1, or 0 for padding


@dataclass(frozen=True)
class RowCounts:
    """What is known of the measured rows whoever is measured."""

    groups: np.ndarray  # test rows by GROUPS
    truths: np.ndarray  # test rows by TRUTHS
    validation: int
    constant_mse: float  # of the best constant answer on the validation rows

    def union(self, name: str) -> int:
        """Test rows of a scenario, filtered or not (a name in UNIONS)."""
        return int(sum(self.groups[GROUPS.index(group)] for group in UNIONS[name]))


@struct.dataclass
class Statistics:
    """What one pass leaves of one member; U units: the hidden ones layer by layer, then the four outputs."""

    pivot: Float32[Array, "U groups"]
    power_sums: Float32[Array, "4 U groups"]  # of (activation - pivot)^1..4
    confusion: Float32[Array, "truths answers"]  # test rows
    squared_error: Float32[Array, ""]  # summed over validation rows, mean over outputs
    penalty: Float32[Array, ""]  # unscaled


def measured_rows(test: np.ndarray, validation: np.ndarray) -> tuple[MeasuredRows, RowCounts]:
    """Arranges packed rows [N, 2] in pieces, with their groups and right answers."""
    found = answers(test)
    seen = jax.jit(jax.vmap(lambda words: situation_of_row(unpack(words))))(jnp.asarray(test))
    shows_frog, shows_toad = np.asarray(seen.shows_frog), np.asarray(seen.shows_toad)
    group = np.select(
        [found["scenario"] == 0, found["scenario"] == 1, found["scenario"] == 2],
        [0, np.where(shows_toad, 1, 2), np.where(shows_frog, 3, 4)],
        5,
    )
    truth = np.select(
        [found["help_kind"] == EDGE_HELP, found["help_kind"] == RESCUE_HELP],
        [TRUTHS.index("help_edge"), TRUTHS.index("help_rescue")],
        found["label"].astype(int),
    )
    share = np.bincount(answers(validation)["label"], minlength=len(LABELS)) / len(validation)
    counts = RowCounts(
        groups=np.bincount(group, minlength=len(GROUPS)),
        truths=np.bincount(truth, minlength=len(TRUTHS)),
        validation=len(validation),
        constant_mse=float(np.mean(share * (1 - share))),
    )
    rows = MeasuredRows(
        test=_pieces(test, 0),
        group=_pieces(group.astype(np.int32), -1),
        truth=_pieces(truth.astype(np.int32), -1),
        validation=_pieces(validation, 0),
        validation_weight=_pieces(np.ones(len(validation), np.float32), 0),
    )
    return rows, counts


def _pieces(array: np.ndarray, fill: int) -> jax.Array:
    pad = -len(array) % PIECE
    padded = np.concatenate([array, np.full((pad, *array.shape[1:]), fill, array.dtype)])
    return jnp.asarray(padded.reshape(-1, PIECE, *array.shape[1:]))


def measure(regime: Supervised, params: Params, true_width: Int32[Array, ""], rows: MeasuredRows) -> Statistics:
    """One member's pass over the rows, dropout off.

    Args:
        regime: the program's static part.
        params: of one member.
        true_width: its units a layer; padded units come out as zeros.
        rows: what to measure on.
    """
    gates = jnp.broadcast_to(regime.unit_mask(true_width)[None, :, None], (regime.depth, regime.width, PIECE))

    def units_of(piece: jax.Array) -> tuple[jax.Array, jax.Array]:
        outputs, hidden = regime.apply(params, piece, gates)
        return outputs, jnp.concatenate([*hidden, outputs])

    def membership(group: jax.Array) -> jax.Array:
        return jax.nn.one_hot(group, len(GROUPS), dtype=jnp.float32)

    first = membership(rows.group[0])
    pivot = (units_of(rows.test[0])[1] @ first) / jnp.maximum(first.sum(0), 1.0)[None, :]

    def test_piece(sums, piece):
        words, group, truth = piece
        outputs, units = units_of(words)
        of_group = membership(group)
        centred = units - pivot @ of_group.T
        square = centred * centred
        powers = jnp.stack([centred, square, square * centred, square * square])
        answer = jax.nn.one_hot(jnp.argmax(outputs, axis=0), len(Action), dtype=jnp.float32)
        confusion = jax.nn.one_hot(truth, len(TRUTHS), dtype=jnp.float32).T @ answer
        return (sums[0] + powers @ of_group, sums[1] + confusion), None

    zero = (jnp.zeros((4, *pivot.shape), jnp.float32), jnp.zeros((len(TRUTHS), len(Action)), jnp.float32))
    (power_sums, confusion), _ = jax.lax.scan(test_piece, zero, (rows.test, rows.group, rows.truth))

    def validation_piece(total, piece):
        words, weight = piece
        outputs, _ = regime.apply(params, words, gates)
        return total + jnp.sum(jnp.mean((outputs - regime.targets(words)) ** 2, axis=0) * weight), None

    squared_error, _ = jax.lax.scan(validation_piece, jnp.float32(0), (rows.validation, rows.validation_weight))
    return Statistics(
        pivot=pivot,
        power_sums=power_sums,
        confusion=confusion,
        squared_error=squared_error,
        penalty=regime.penalty(params),
    )


@dataclass(frozen=True)
class Moments:
    """Mean, variance (ddof 0), skewness g1 and kurtosis g2 (Fisher), [..., U] float64; NaN where undefined."""

    mean: np.ndarray
    variance: np.ndarray
    skewness: np.ndarray
    kurtosis: np.ndarray


def moments(statistics: Statistics, counts: RowCounts, union: str) -> Moments:
    """A scenario's moments per unit, merged exactly (float64) from its groups.

    Args:
        statistics: of members stacked on the leading axes, as numpy arrays.
        counts: of the measured rows.
        union: a name in UNIONS.
    """
    indices = [GROUPS.index(group) for group in UNIONS[union]]
    number = counts.groups[indices].astype(float)
    total = number.sum()
    pivot = np.asarray(statistics.pivot, float)[..., indices]
    sums = np.moveaxis(np.asarray(statistics.power_sums, float)[..., indices], -3, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.sum(pivot * number + sums[0], axis=-1) / total
        # Central moments about the union's mean: shift each group's power sums from its pivot.
        shift = pivot - mean[..., None]
        second = np.sum(sums[1] + 2 * shift * sums[0] + number * shift**2, axis=-1) / total
        third = np.sum(sums[2] + 3 * shift * sums[1] + 3 * shift**2 * sums[0] + number * shift**3, axis=-1) / total
        fourth = (
            np.sum(
                sums[3] + 4 * shift * sums[2] + 6 * shift**2 * sums[1] + 4 * shift**3 * sums[0] + number * shift**4,
                axis=-1,
            )
            / total
        )
        second = np.maximum(second, 0.0)
        alive = second > 0
        return Moments(
            mean=mean,
            variance=second,
            skewness=np.where(alive, third / second**1.5, np.nan),
            kurtosis=np.where(alive, fourth / second**2 - 3, np.nan),
        )
