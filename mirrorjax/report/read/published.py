"""The published curve: one seed, 2×17, learning rate 4e-6, at 170 checkpoints."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

LABEL = "published, one seed, lr 4e-6, 2×17"


@dataclass(frozen=True)
class PaperCurve:
    """Validation loss and CMNI at paper epochs; arrays over checkpoints."""

    epoch: np.ndarray
    val_loss: np.ndarray
    cmni: np.ndarray

    def at(self, name: str, epoch: float) -> float:
        """The value of `val_loss` or `cmni` at the checkpoint nearest an epoch (not every epoch was published)."""
        return float(getattr(self, name)[np.argmin(np.abs(self.epoch - epoch))])


@cache
def paper_curve() -> PaperCurve:
    """Reads the published curve out of the package."""
    with (files("mirrorjax.report.read") / "paper_epochs.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    columns = (np.array([float(row[name]) for row in rows]) for name in ("epoch", "val_loss", "cmni"))
    return PaperCurve(*columns)
