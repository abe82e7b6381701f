"""Whether networks have more of something than the networks of a line that is to be beaten."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, false_discovery_control, mannwhitneyu

LEVEL = 0.05  # of false discoveries
FEWEST = 3  # networks on each side: of fewer no test says anything


@dataclass(frozen=True)
class Excess:
    """How far networks are beyond a line: `z` in its standard deviations, `p` of a one-sided test; nan if unknown."""

    z: float
    p: float


UNKNOWN = Excess(np.nan, np.nan)


def excess(values: np.ndarray, lines: Sequence[np.ndarray], floor: float | None = None) -> Excess:
    """How far networks are beyond all of some lines, by the one that is hardest to beat.

    Args:
        values: a measure over networks, [networks]; what is not finite is left out.
        lines: the same of the networks of each line, [networks] each.
        floor: what the values' median has to be above as well: more than a line that is below nothing is not something.

    Returns:
        z, the least (mean − mean of a line) / standard deviation of its networks, and p, the largest of Mann and
        Whitney's one-sided tests (1947, Ann. Math. Stat. 18) and of the sign test against the floor: all are beaten
        only if each is, so that p needs no correction for their number (Berger 1982, Technometrics 24). nan without
        lines, or with fewer than 3 networks in any; z alone where those of a line do not differ.
    """
    own, *others = (each[np.isfinite(each)] for each in (np.asarray(one, np.float64) for one in (values, *lines)))
    if not others or min(len(own), *map(len, others)) < FEWEST:
        return UNKNOWN
    z = [(own.mean() - each.mean()) / each.std(ddof=1) if np.ptp(each) > 0 else np.nan for each in others]
    p = [mannwhitneyu(own, each, alternative="greater").pvalue for each in others]
    if floor is not None:
        p.append(binomtest(int(np.sum(own > floor)), len(own), alternative="greater").pvalue)
    return Excess(float(np.min(z)), float(np.max(p)))


def discoveries(p_values: Sequence[float]) -> np.ndarray:
    """Which tests of a family say something while 5 % of those that do are false, [tests]; nan says nothing.

    Benjamini and Hochberg (1995, J. R. Stat. Soc. B 57).
    """
    found = np.asarray(p_values, np.float64)
    known = np.isfinite(found)
    result = np.zeros(len(found), bool)
    if known.any():
        result[known] = false_discovery_control(found[known]) <= LEVEL
    return result
