"""Which rows members are trained on where these differ by member: other games, or fewer boards.

Whoever is trained on what, all are measured on the test rows and matched boards of one reference dataset; rows of other
games that are on those boards are left out of training. Where only the number of boards differs, the fewer ones are
among the more.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mirrorjax.dataset.build import Dataset, DatasetSpec, scramble, sorted_unique
from mirrorjax.dataset.row import board_keys, row_keys
from mirrorjax.errors import InputError
from mirrorjax.game.state import GameParams
from mirrorjax.settings.schema import MEMBER
from mirrorjax.settings.setting import Acts, made

OF_SOURCE = {name: each for name, each in MEMBER.items() if each.acts is Acts.SOURCE}
_PARAMS = {"obstacle_rate": "obstacle_rate_max", "obstacle_width": "obstacle_width_max"}  # others have the same name
_OF_GAME = {name: _PARAMS.get(name, name) for name, each in OF_SOURCE.items() if each.key.startswith("game.")}
_FIELDS = [(name, each.hint, each.default) for name, each in OF_SOURCE.items()]


class Source(made("Source", _FIELDS, frozen=True)):
    """What of a member says which rows it is trained on; defaults are the paper's.

    Attributes:
        obstacle_rate, …: the numbers of the game.
        data_seed: of the games.
        boards: different boards; None: all.
    """

    @property
    def games(self) -> "Source":
        """The same games, all boards of them."""
        return replace(self, boards=None)


@dataclass(frozen=True)
class TrainingRows:
    """Packed rows [N, 2] of one source, and the number of different boards among those to train on."""

    train: np.ndarray
    validation: np.ndarray
    boards: int
    pairs: np.ndarray | None = None  # to train on [M, 4], see `dataset.pairs`; None: nobody learns from them


class Sources:
    """The rows of all sources of a population; a single one serves every member, whatever it asks for.

    Attributes:
        train: all training rows, source by source [N, 2].
        first, count: where those of each source are [sources].
        validation: the different sets of validation rows.
        validation_of: which of them each source has [sources].
        boards: different training boards of each source [sources].
        pairs: all pairs to train on, source by source [M, 4]; None: nobody learns from them.
        first_pair, pair_count: where those of each source are [sources].
    """

    def __init__(self, rows: Mapping[Source, TrainingRows]):
        self._places = {source: place for place, source in enumerate(rows)}
        found = list(rows.values())
        self.train = found[0].train if len(found) == 1 else np.concatenate([each.train for each in found])
        self.count = np.array([len(each.train) for each in found])
        self.first = np.cumsum(self.count) - self.count
        different = {id(each.validation): each.validation for each in found}
        self.validation = list(different.values())
        self.validation_of = np.array([list(different).index(id(each.validation)) for each in found])
        self.boards = np.array([each.boards for each in found])
        pairs = [each.pairs for each in found if each.pairs is not None]
        self.pairs = pairs[0] if len(pairs) == 1 else np.concatenate(pairs) if pairs else None
        self.pair_count = np.array([0 if each.pairs is None else len(each.pairs) for each in found])
        self.first_pair = np.cumsum(self.pair_count) - self.pair_count

    def __len__(self) -> int:
        return len(self._places)

    def place(self, source: Source) -> int:
        """Of a member's source among all."""
        return 0 if len(self) == 1 else self._places[source]

    @classmethod
    def only(cls, dataset: Dataset) -> "Sources":
        """Everybody is trained on the reference dataset."""
        return cls({Source(): _all_of(dataset)})

    @classmethod
    def of_rows(cls, train: np.ndarray, pairs: np.ndarray | None = None) -> "Sources":
        """Everybody is trained on these rows, or pairs, and nobody is measured."""
        return cls({Source(): TrainingRows(train, train[:0], 0, pairs)})


NOWHERE = Sources.of_rows(np.zeros((0, 2), np.uint32))  # for what does not depend on rows


def source_of(spec: DatasetSpec) -> Source:
    """The source that is a whole dataset."""
    own = {name: getattr(spec.params, field) for name, field in _OF_GAME.items()}
    return Source(**own, data_seed=spec.seed)


def game_params(settings: Any) -> GameParams:
    """The parameters of a game, of a member's source or the `game` of a configuration."""
    return GameParams(**{field: getattr(settings, name) for name, field in _OF_GAME.items()})


def load_sources(
    wanted: Sequence[Source], reference: Dataset, spec: DatasetSpec, load: Callable[[DatasetSpec], Dataset]
) -> Sources:
    """Rows of all sources that members ask for, each `wanted` once.

    All are measured on the `reference` dataset, made by `spec`; `load` finds or builds others.

    Raises:
        InputError: there are not as many boards as are asked for.
    """
    played = {source_of(spec): _all_of(reference)}
    for games, other in other_datasets(wanted, spec).items():
        played[games] = _other_games(load(other), reference)
    return Sources({source: _first_boards(played[source.games], source.boards, spec.of_splits) for source in wanted})


def other_datasets(wanted: Iterable[Source], spec: DatasetSpec) -> dict[Source, DatasetSpec]:
    """What is played besides the reference dataset, for the sources that members ask for."""
    different = dict.fromkeys(source.games for source in wanted)
    like = replace(spec, split_seed=spec.of_splits, test_rows=0)
    others = (games for games in different if games != source_of(spec))
    return {games: replace(like, params=game_params(games), seed=games.data_seed) for games in others}


def _all_of(dataset: Dataset) -> TrainingRows:
    boards = dataset.counts.get("train_boards") or len(sorted_unique(board_keys(row_keys(dataset.train))))
    return TrainingRows(dataset.train, dataset.validation, boards, dataset.pairs and dataset.pairs.train)


def _other_games(dataset: Dataset, reference: Dataset) -> TrainingRows:
    """Rows on boards that nobody is measured on."""
    measured = sorted_unique(board_keys(row_keys(np.concatenate([reference.test, reference.holdout]))))

    def others(words: np.ndarray) -> np.ndarray:
        boards = board_keys(row_keys(words))
        place = np.minimum(np.searchsorted(measured, boards), len(measured) - 1)
        return words[measured[place] != boards]

    train, pairs = others(dataset.train), dataset.pairs and others(dataset.pairs.train)
    return TrainingRows(train, dataset.validation, len(sorted_unique(board_keys(row_keys(train)))), pairs)


def _first_boards(rows: TrainingRows, boards: int | None, seed: int) -> TrainingRows:
    """The rows of so many boards, by a random number that each board has."""
    if boards is None:
        return rows
    if boards > rows.boards:
        raise InputError(f"dataset.boards is {boards:,}; allowed: at most {rows.boards:,}, which dataset.turns leaves")

    def drawn(words: np.ndarray) -> np.ndarray:
        return scramble(board_keys(row_keys(words)), seed, purpose=2)

    draw = drawn(rows.train)
    last = sorted_unique(draw)[boards - 1]
    pairs = None if rows.pairs is None else rows.pairs[drawn(rows.pairs) <= last]
    return TrainingRows(rows.train[draw <= last], rows.validation, boards, pairs)
