"""The order in which the blocks of a part are trained: one after the other on each device, each to its end.

A block that stays long has its weights in the caches; a few steps of each in turn would cost up to a fifth.
"""

import numpy as np


class BlockOrder:
    """The way of a part to its next checkpoint, as one number.

    Args:
        begin, end: steps [blocks] between which each is to be trained; no end before the beginning counts.
        devices: that have as many blocks each.

    Attributes:
        length: of the order, in steps of the device with most to do.
    """

    def __init__(self, begin: np.ndarray, end: np.ndarray, devices: int):
        self._begin = begin.astype(np.int64).reshape(devices, -1)
        self._steps = np.maximum(end.astype(np.int64).reshape(devices, -1) - self._begin, 0)
        self._longest = self._steps.max(0)  # of the blocks that are trained at the same time
        self._before = np.cumsum(self._longest) - self._longest
        self.length = int(self._longest.sum())

    def at(self, reached: int) -> np.ndarray:
        """The step of each block [blocks] when so much of the order is done."""
        share = np.clip(reached - self._before, 0, self._longest)
        return (self._begin + -(-self._steps * share // np.maximum(self._longest, 1))).ravel()
