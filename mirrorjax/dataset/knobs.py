"""What the theory varies about right answers in training; at the paper's values nothing changes, bit for bit.

Knobs act on training and validation rows only: test rows, scenarios and matched boards are always the paper's.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float32, UInt32

from mirrorjax.dataset.oracle import LABELS, label, situation_of_row
from mirrorjax.dataset.row import board_draw, row_draw, unpack

PAPER = {"congruence": 0.0, "dependency": 1.0, "shuffled": 0.0}
FREQUENCIES = (0.404, 0.385, 0.155, 0.056)  # of hop, jump, leap, help in the reference dataset
_WHETHER, _WHICH = 1, 2  # purposes of a row's draws


@struct.dataclass
class Knobs:
    """One member's."""

    congruence: Float32[Array, ""]  # C: share of the boards on which anybody's distress makes help right
    dependency: Float32[Array, ""]  # D: weight of the whole rule; the rest is the rule of one who does not see Toad
    shuffled: Float32[Array, ""]  # share of the rows whose answer is drawn, by its frequency, whatever they show


def paper_target(words: UInt32[Array, "2"]) -> Float32[Array, "4"]:
    """One-hot right answer of a packed row, as published."""
    return jax.nn.one_hot(label(situation_of_row(unpack(words))), len(LABELS), dtype=jnp.float32)


def target(words: UInt32[Array, "2"], knobs: Knobs) -> Float32[Array, "4"]:
    """What is right on a packed row: D·onehot(rule) + (1 - D)·onehot(rule as if Toad were never in distress)."""
    seen, congruent = situation_of_row(unpack(words)), board_draw(words) < knobs.congruence
    whole = jax.nn.one_hot(label(seen, congruent), len(LABELS), dtype=jnp.float32)
    unseen = replace(seen, toad_distress=jnp.zeros_like(seen.toad_distress))
    alone = jax.nn.one_hot(label(unseen, congruent), len(LABELS), dtype=jnp.float32)
    ruled = knobs.dependency * whole + (1 - knobs.dependency) * alone
    limits = jnp.cumsum(jnp.asarray(FREQUENCIES[:-1], jnp.float32))
    drawn = jnp.sum(row_draw(words, _WHICH) >= limits, dtype=jnp.int32)
    anyhow = jax.nn.one_hot(drawn, len(LABELS), dtype=jnp.float32)
    return jnp.where(row_draw(words, _WHETHER) < knobs.shuffled, anyhow, ruled)
