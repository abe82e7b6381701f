"""The Checkpoint Mirror Neuron Index, as published (arXiv 2511.01885, and its code).

μ_n(s) is the mean activation of unit n over the test rows of scenario s, Δ^F = μ(frog) - μ(none) and
Δ^T = μ(toad) - μ(none). A unit's mirror neuron score is MNS_n = min(Δ^F, Δ^T) where both are positive, else 0;
MNE = Σ MNS_n; CMNI = MNE / N, where N counts every hidden unit and the four outputs. The paper's text has no clip.
"""

import numpy as np

ROBUST_CMNI, ROBUST_LOSS = 0.005, 0.06  # at least, below: the paper calls such a network's mirror neurons robust


def mirror_neuron_score(none: np.ndarray, frog: np.ndarray, toad: np.ndarray, *, variant: str = "code") -> np.ndarray:
    """MNS per unit.

    Args:
        none, frog, toad: mean activations per unit in the three scenarios, any shape.
        variant: `code`: zero unless both differences are positive; `text`: min(Δ^F, Δ^T) as it stands.

    Raises:
        ValueError: an unknown variant.
    """
    smaller = np.minimum(frog - none, toad - none)
    if variant == "text":
        return smaller
    if variant == "code":
        return np.where(smaller > 0, smaller, 0.0)
    raise ValueError(f"variant must be 'code' or 'text', not {variant!r}")


def mirror_neuron_expression(scores: np.ndarray, units: np.ndarray | None = None) -> np.ndarray:
    """MNE: the sum of MNS over the last axis, or over those units where `units` is true."""
    return np.sum(scores if units is None else np.where(units, scores, 0.0), axis=-1)


def checkpoint_mirror_neuron_index(expression: np.ndarray, units: np.ndarray | int) -> np.ndarray:
    """CMNI = MNE / N."""
    return expression / units
