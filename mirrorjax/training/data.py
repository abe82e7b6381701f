"""What a population learns from and is measured on, on the host."""

from dataclasses import dataclass

import numpy as np

from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.sources import Sources
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.training.memory import data_bytes

SAMPLE = 20_000  # rows, and pairs


@dataclass(frozen=True)
class Data:
    """What a population learns from and is measured on, on the host."""

    dataset: Dataset  # whose test rows are measured
    sources: Sources  # of the rows that members are trained on, and of the validation rows
    boards: Boards | None = None  # for the calibrated measures; None leaves these out
    # test_rows, validation_rows: how many of them are measured; None is all test rows, and as many validation rows
    test_rows: int | None = None
    validation_rows: int | None = None
    games: int = 0  # that each network plays beside each scripted partner; 0: none
    seats: bool = False  # whether `seat_scores` are measured of regimes that have no such score

    @classmethod
    def of(cls, dataset: Dataset, **options) -> "Data":
        """That of a population which is trained on all rows of one dataset."""
        return cls(dataset, Sources.only(dataset), **options)

    @property
    def sample(self) -> dict[str, np.ndarray]:
        """The first training rows of the dataset, and pairs if it has any: of them is what all have in common."""
        pairs = self.dataset.pairs
        return {"rows": self.dataset.train[:SAMPLE]} | ({} if pairs is None else {"pairs": pairs.train[:SAMPLE]})

    @property
    def test(self) -> np.ndarray:
        """The test rows that are measured [N, 2]."""
        return self.dataset.test[: self.test_rows]

    @property
    def validation(self) -> list[np.ndarray]:
        """The validation rows that are measured: so many of each set, the same number of all."""
        sets = self.sources.validation
        most = min(self.validation_rows or len(self.test), *(len(rows) for rows in sets))
        return [rows[:most] for rows in sets]

    @property
    def most_boards(self) -> int:
        """Matched boards that are shown at the most under one condition."""
        return 0 if self.boards is None else max(each.shape[-1] for each in (self.boards.anywhere, self.boards.rescue))

    @property
    def bytes(self) -> int:
        """What it takes of each device."""
        boards = 0 if self.boards is None else self.boards.anywhere.shape[-1]
        validation = self.validation
        pairs = 0 if self.sources.pairs is None else len(self.sources.pairs)
        return data_bytes(len(self.sources.train), len(self.test), len(validation[0]), boards, len(validation), pairs)
