"""The fused kernel on a CPU: compiled by Numba at first use, called by JAX in a thread of each device."""

from functools import cache
from typing import Any

import numpy as np

from mirrorjax.training.engines.fused import Arguments
from mirrorjax.training.engines.shape import Shape


class Cpu:
    """A driver that trains one member after the other on the core of a device."""

    def address(self, buffer: Any) -> int:
        """In the host's memory."""
        return np.asarray(buffer).ctypes.data

    def launch(self, shape: Shape, arguments: Arguments, context: Any) -> None:
        """Returns when all are trained; others may use the interpreter meanwhile."""
        from mirrorjax.training.engines import loops

        at = loops.Layout.of(shape.width, shape.depth, shape.activation, shape.knobs, shape.permuted)
        words = np.zeros(loops.WORDS, np.uint32)
        words[: loops.AHEAD] = np.arange(loops.AHEAD)
        train = {16: loops.train_16, 32: loops.train_32, 64: loops.train_64}[at.lanes]
        numbers = np.zeros(at.size + 16, np.float32)  # from a cache line's beginning
        begin = -numbers.ctypes.data // 4 % 16
        train(np.frombuffer(arguments, np.uint64), numbers[begin:], words, np.zeros(loops.BYTES, np.uint8), at)
