"""The two thresholds that networks are counted by: whether one has learnt its task, and the paper's "robust".

Each is written once, as comparisons of columns, and is met by arrays and in SQL alike.
"""

import operator
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mirrorjax.measurement.cmni import ROBUST_CMNI, ROBUST_LOSS
from mirrorjax.measures import label

LEARNT_BELOW = 0.5  # excess error: 0 is the best answer that the task leaves open, 1 the best constant one
COMPARED = {"<": operator.lt, "≥": operator.ge, ">": operator.gt}


@dataclass(frozen=True)
class Threshold:
    """Comparisons that a network must meet, all of them, at one checkpoint."""

    limits: tuple[tuple[str, str, float], ...]  # column of the records, `<` or `≥`, and value

    def met(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Whether each network meets it, in the shape of the columns; NaN meets nothing."""
        each = [COMPARED[sign](np.asarray(columns[name], float), value) for name, sign, value in self.limits]
        return np.logical_and.reduce(each)

    @property
    def sql(self) -> str:
        """The same for DuckDB, of columns with null for NaN; null where one is null."""
        return " AND ".join(f"{name} {sign.replace('≥', '>=')} {value}" for name, sign, value in self.limits)

    @property
    def words(self) -> str:
        """For readers."""
        return " and ".join(f"{label(name)} {sign} {value:g}" for name, sign, value in self.limits)


# without the first no verdict on a network's units means anything
LEARNT = Threshold((("excess_error", "<", LEARNT_BELOW),))
ROBUST = Threshold((("cmni", "≥", ROBUST_CMNI), ("val_loss", "<", ROBUST_LOSS)))


def learnt(excess_error: np.ndarray) -> np.ndarray:
    """Whether each network has learnt its own task, by its excess error, any shape; NaN is not learnt."""
    return LEARNT.met({"excess_error": excess_error})
