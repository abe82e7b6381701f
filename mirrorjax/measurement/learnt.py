"""Whether a network has learnt its task at all: without that, no verdict on its units means anything."""

import numpy as np

LEARNT_BELOW = 0.5  # excess error: 0 is the best answer that the task leaves open, 1 the best constant one


def learnt(excess_error: np.ndarray) -> np.ndarray:
    """Whether each network has learnt its own task: its excess error is below LEARNT_BELOW.

    Args:
        excess_error: (MSE - best)/(MSE of the best constant - best) of each network, any shape; NaN is not learnt.

    Returns:
        Booleans of the same shape.
    """
    return np.asarray(excess_error, float) < LEARNT_BELOW
