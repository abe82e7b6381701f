"""Do the *same* units carry self and other, beyond what their strengths give by accident?

Within each unit it is drawn anew which of its three responses is self's, other's and the object's; SSI over two halves
of the groups is held against what it is then. It takes units as independent of each other, which they are not quite,
and so stands in for untrained copies only where there are none.
"""

from itertools import permutations

import numpy as np

FEWEST_UNITS = 32  # unique ones
_ROLES = np.array(list(permutations(range(3))))


def p_roles(one: np.ndarray, other: np.ndarray, weight: np.ndarray, draws: int, seed: int) -> float:
    """p of SSI under exchanges of roles; nan where there are too few units.

    Args:
        one: mean changes by self, other and object over one half of the groups [3, U], divided by rms.
        other: the same over the other half.
        weight: of each unit [U].
        draws: how many exchanges.
        seed: of the exchanges.
    """
    if weight.sum() < FEWEST_UNITS:
        return float("nan")
    products = np.einsum("au,bu,u->abu", one, other, weight)
    products = (products + products.transpose(1, 0, 2)) / 2
    random = np.random.default_rng([seed, 4])
    seen = _ssi(products.sum(-1))
    units, beyond = np.arange(len(weight)), 0
    for _ in range(draws):
        role = _ROLES[random.integers(len(_ROLES), size=len(weight))].T  # [3, U]
        beyond += _ssi(products[role[:, None], role[None, :], units].sum(-1)) >= seen
    return (1 + beyond) / (1 + draws)


def _ssi(k: np.ndarray) -> float:
    size = np.sqrt(np.maximum(np.diag(k), 1e-300))
    cosine = k / size[:, None] / size[None, :]
    return float(cosine[0, 1] - (cosine[0, 2] + cosine[1, 2]) / 2)
