"""One pass over the test and validation rows: everything that the observational measures need of a member, streamed.

Rows come in pieces, so that memory does not grow with their number. Per unit and group of rows the first four
power sums are kept, taken about a pivot near the group's mean, so that float32 loses nothing that matters.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float32, Int32, UInt32

from mirrorjax.dataset.build import answers
from mirrorjax.dataset.oracle import EDGE_HELP, RESCUE_HELP, Situation, situation_of_row
from mirrorjax.dataset.row import unpack
from mirrorjax.measurement.probe import Probe, pictures_of
from mirrorjax.regimes.base import held_out

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
PIECE = 128  # rows at a time: the sums of a block of members stay in the cache
WIDE_PIECE = 1024  # of an accelerator, where each turn of a loop takes its time, however little there is to do in it


@struct.dataclass
class MeasuredRows:
    """The rows that a checkpoint is measured on, in pieces of P rows; padding has group and truth -1.

    The test rows of a group have pieces of their own.
    """

    test: UInt32[Array, "pieces P 2"]
    first_piece: Int32[Array, " bounds"]  # where each group's pieces begin, and the end of the last
    group: Int32[Array, "pieces P"]  # into GROUPS
    truth: Int32[Array, "pieces P"]  # into TRUTHS
    held: Any  # what the regime's score is on: of validation rows `HeldOut`, in pieces of P rows too


@dataclass(frozen=True)
class RowCounts:
    """What is known of the measured rows whoever is measured."""

    groups: np.ndarray  # test rows by GROUPS
    truths: np.ndarray  # test rows by TRUTHS
    validation: int


@struct.dataclass
class Statistics:
    """What one pass leaves of one member; U units: those of the sites, then the outputs."""

    pivot: Float32[Array, "U groups"]
    power_sums: Float32[Array, "4 U groups"]  # of (activation - pivot)^1..4
    confusion: Float32[Array, "truths answers"]  # test rows
    scores: dict[str, Float32[Array, ""]]  # the regime's own


def truths(found: Mapping[str, np.ndarray]) -> np.ndarray:
    """Indices into TRUTHS [N], of the `answers` of N rows."""
    return np.select(
        [found["help_kind"] == EDGE_HELP, found["help_kind"] == RESCUE_HELP],
        [TRUTHS.index("help_edge"), TRUTHS.index("help_rescue")],
        found["label"].astype(int),
    )


def piece_on(platform: str) -> int:
    """Rows at a time on devices of a platform."""
    return PIECE if platform == "cpu" else WIDE_PIECE


@jax.jit
@jax.vmap
def _situation(words: UInt32[Array, "2"]) -> Situation:
    return situation_of_row(unpack(words))


def measured_rows(test: np.ndarray, *validation: np.ndarray, piece: int = PIECE) -> tuple[MeasuredRows, RowCounts]:
    """Arranges packed rows [N, 2] in pieces of so many, with their groups and right answers.

    Sets of validation rows are of equal size.
    """
    found, seen = answers(test), _situation(test)
    shows_frog, shows_toad = np.asarray(seen.shows_frog), np.asarray(seen.shows_toad)
    group = np.select(
        [found["scenario"] == 0, found["scenario"] == 1, found["scenario"] == 2],
        [0, np.where(shows_toad, 1, 2), np.where(shows_frog, 3, 4)],
        5,
    )
    truth = truths(found)
    counts = RowCounts(
        groups=np.bincount(group, minlength=len(GROUPS)),
        truths=np.bincount(truth, minlength=len(TRUTHS)),
        validation=len(validation[0]),
    )
    pieces = -(-counts.groups // piece)
    first_piece = np.concatenate([[0], np.cumsum(pieces)])
    order = np.argsort(group, kind="stable")  # the groups one after the other, each from the start of a piece
    before = np.concatenate([[0], np.cumsum(counts.groups)])[group[order]]
    place = first_piece[group[order]] * piece + np.arange(len(test)) - before
    most = -(-len(test) // piece) + len(GROUPS)  # whatever the groups are: the shape depends on the number of rows only

    def in_pieces(values: np.ndarray, fill: int) -> jax.Array:
        placed = np.full((most * piece, *values.shape[1:]), fill, values.dtype)
        placed[place] = values[order]
        return jax.device_put(placed.reshape(most, piece, *values.shape[1:]))

    rows = MeasuredRows(
        test=in_pieces(test, 0),
        first_piece=jax.device_put(first_piece.astype(np.int32)),
        group=in_pieces(group.astype(np.int32), -1),
        truth=in_pieces(truth.astype(np.int32), -1),
        held=held_out(piece, *validation),
    )
    return rows, counts


def measure(probe: Probe, rows: MeasuredRows) -> Statistics:
    """One member's pass over the test rows, and its score on what is held out.

    Of a regime that is shown no rows the score alone.
    """
    if "rows" not in probe.regime.needs:
        nothing = jnp.zeros((0, len(GROUPS)))
        return Statistics(nothing, nothing[None], jnp.zeros((len(TRUTHS), 0)), probe.score(rows.held))
    acts = probe.network.outputs
    count = probe.count + acts

    def of_group(group: Int32[Array, ""]) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Pivot, power sums and confusion of the rows of one group, which fill pieces of their own."""
        first, last = rows.first_piece[group], rows.first_piece[group + 1]

        def units_of(number: Int32[Array, ""]) -> tuple[jax.Array, jax.Array, jax.Array]:
            shown = probe.show(pictures_of(rows.test[number]))
            here = (rows.group[number] == group).astype(jnp.float32)
            return probe.answer(shown), probe.everything(shown), here

        _, units, here = units_of(first)
        pivot = (units @ here) / jnp.maximum(here.sum(), 1.0)

        def add(number: Int32[Array, ""], sums: tuple[tuple[jax.Array, ...], jax.Array]):
            outputs, units, here = units_of(number)
            centred = (units - pivot[:, None]) * here[None, :]
            square = centred * centred
            powers = centred, square, square * centred, square * square
            summed = tuple(s + p for s, p in zip(sums[0], powers, strict=True))
            if not acts:
                return summed, sums[1]
            answer = jax.nn.one_hot(jnp.argmax(outputs, axis=0), acts, dtype=jnp.float32)
            truth = jax.nn.one_hot(rows.truth[number], len(TRUTHS), dtype=jnp.float32)
            return summed, sums[1] + truth.T @ answer

        # Sums stay apart by place in the piece until the end: additions of whole arrays, in place and vectorised.
        zero = (jnp.zeros((count, rows.group.shape[-1]), jnp.float32),) * 4, jnp.zeros((len(TRUTHS), acts), jnp.float32)
        powers, confusion = jax.lax.fori_loop(first, last, add, zero)
        return pivot, jnp.stack([power.sum(-1) for power in powers]), confusion

    pivot, power_sums, confusion = jax.lax.map(of_group, jnp.arange(len(GROUPS)))
    return Statistics(
        pivot=pivot.T,
        power_sums=jnp.moveaxis(power_sums, 0, -1),
        confusion=confusion.sum(0),
        scores=probe.score(rows.held),
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

    `statistics` are of members stacked on the leading axes, as numpy arrays; `union` is a name in UNIONS.
    """
    indices = [GROUPS.index(group) for group in UNIONS[union]]
    number = counts.groups[indices].astype(float)
    total = number.sum()
    pivot = np.asarray(statistics.pivot, float)[..., indices]
    s1, s2, s3, s4 = np.moveaxis(np.asarray(statistics.power_sums, float)[..., indices], -3, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.sum(pivot * number + s1, axis=-1) / total
        # Central moments about the union's mean: shift each group's power sums from its pivot.
        by = pivot - mean[..., None]
        second = np.sum(s2 + 2 * by * s1 + number * by**2, axis=-1) / total
        third = np.sum(s3 + 3 * by * s2 + 3 * by**2 * s1 + number * by**3, axis=-1) / total
        fourth = np.sum(s4 + 4 * by * s3 + 6 * by**2 * s2 + 4 * by**3 * s1 + number * by**4, axis=-1) / total
        second = np.maximum(second, 0.0)
        alive = second > 0
        skewness = np.where(alive, third / second**1.5, np.nan)
        return Moments(mean, second, skewness, kurtosis=np.where(alive, fourth / second**2 - 3, np.nan))
