"""What networks are shown when the calibrated measures are made, on a device."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float32, Int8, UInt32

from mirrorjax.dataset.build import Dataset, answers
from mirrorjax.dataset.matched import CONDITIONS, matched_boards
from mirrorjax.measurement.stream import TRUTHS, truths

OF_EACH = 400  # task rows of each kind of right answer


@struct.dataclass
class TaskRows:
    """Rows of the task itself: those of each kind of right answer, one kind after the other; padding has no weight."""

    words: UInt32[Array, "rows 2"]
    weight: Float32[Array, "truths rows"]  # of a row in the share of its kind; a row sums to one, or to zero if empty


def task_rows(words: np.ndarray, truths: np.ndarray, of_each: int) -> TaskRows:
    """The first rows of each kind, `of_each` at the most; a kind that has none has weight zero, so NaN effects.

    `words` are packed rows [N, 2], `truths` their indices into TRUTHS [N].
    """
    chosen = [np.flatnonzero(truths == kind)[:of_each] for kind in range(len(TRUTHS))]
    picked = np.concatenate(chosen)
    weight = np.zeros((len(TRUTHS), len(TRUTHS) * of_each), np.float32)
    start = 0
    for kind, found in enumerate(chosen):
        weight[kind, start : start + len(found)] = 1 / max(1, len(found))
        start += len(found)
    padded = np.zeros((len(TRUTHS) * of_each, 2), np.uint32)
    padded[: len(picked)] = words[picked]
    return TaskRows(words=jax.device_put(padded), weight=jax.device_put(weight))


@struct.dataclass
class Boards:
    """Pictures of matched boards: anywhere, and where Toad's distress makes *help* right; and the task."""

    anywhere: Int8[Array, "conditions 100 boards"]
    rescue: Int8[Array, "conditions 100 rescue_boards"]
    task: TaskRows

    def of_rescue(self, condition: str) -> Float32[Array, "100 rescue_boards"]:
        """Those for rescue under a condition, a name in CONDITIONS."""
        return self.rescue[list(CONDITIONS).index(condition)].astype(jnp.float32)

    def __repr__(self) -> str:
        anywhere, rescue = (np.shape(pictures)[-1] for pictures in (self.anywhere, self.rescue))
        return f"Boards({anywhere:,} anywhere, {rescue:,} rescue, {len(self.task.words):,} task rows)"


def boards_of(dataset: Dataset, count: int, rescue: int) -> Boards:
    """Boards of the hold-out and task rows of the test split: what nobody trains on.

    At most `count` matched boards are anywhere, `rescue` have Frog at columns 26 to 30.

    Raises:
        InputError: the hold-out has none.
    """
    return Boards(
        anywhere=jax.device_put(matched_boards(dataset.holdout, count).pictures),
        rescue=jax.device_put(matched_boards(dataset.holdout, rescue, rescue=True).pictures),
        task=task_rows(dataset.test, truths(answers(dataset.test)), OF_EACH),
    )
