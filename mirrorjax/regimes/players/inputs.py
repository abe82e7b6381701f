"""How large a learner's inputs are made, and how its first kernel is what it would be on the numbers as they are.

Scales are powers of two, so that kernels there and back are the same to the bit.
"""

import numpy as np
from jaxtyping import Array

from mirrorjax.game.observation import OWN_ENERGY, OWN_SYMBOL
from mirrorjax.game.state import WIDTH
from mirrorjax.models.base import Params
from mirrorjax.models.encoding import ENCODINGS

_GROUND, _SYMBOL, _FLY, _ENERGY = 1 / 2, 1 / 8, 1 / 4, 1 / 16


def input_scale(encoding: str, further: int = 0) -> np.ndarray:
    """What inputs in an encoding are multiplied by [size + further]; further ones are energies."""
    size = ENCODINGS[encoding].size
    scale = np.ones(size, np.float32)
    if encoding != "one_hot":  # cells are 0 or 1 there
        scale[: 3 * WIDTH] = np.repeat([_GROUND, _SYMBOL, _FLY], WIDTH)
    scale[size - 4 + OWN_ENERGY - OWN_SYMBOL] = _ENERGY
    return np.concatenate([scale, np.full(further, _ENERGY, np.float32)])


def folded(params: Params, kernel: str, scale: np.ndarray) -> Params:
    """Parameters of a network on inputs as they are that answers as these do on scaled ones."""
    return {**params, kernel: params[kernel] * _of_columns(params[kernel], scale)}


def unfolded(params: Params, kernel: str, scale: np.ndarray) -> Params:
    """The inverse of `folded`."""
    return {**params, kernel: params[kernel] / _of_columns(params[kernel], scale)}


def _of_columns(kernel: Array, scale: np.ndarray) -> np.ndarray:
    """Scales of inputs, the last axis of a kernel."""
    return scale.reshape((1,) * (kernel.ndim - 1) + (-1,))
