"""Matched counterfactual boards: one board several times, with nothing changed but who is in distress.

The boards are rows that nobody trains on: both players on flat ground, in different cells, Frog with energy and shown
as 4, Toad shown as 5. Then Frog's or Toad's tile is made rough and its player shows 9, or a token does the same that
nobody plays. Toad is never on the tile before Frog, and neither is the token: there its ground would change Frog's
right answer by itself.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from mirrorjax.dataset.build import scramble
from mirrorjax.dataset.oracle import RESCUE_COLUMN
from mirrorjax.dataset.row import ENERGIES, SKY_CELLS, Row, board_keys, row_keys, unpack_all
from mirrorjax.errors import InputError
from mirrorjax.game.observation import FLAT, FLY, OBSERVATION_SIZE, OWN_ENERGY, ROUGH
from mirrorjax.game.state import WIDTH, Symbol

CONDITIONS = {
    "x0": "nobody is in distress",
    "xF": "Frog is",
    "xT": "Toad is",
    "xFT": "both are",
    "xO0": "nobody is; a token that looks like Toad lies on an empty flat tile",
    "xO": "the token is: rough ground, and it shows 9",
    "xF_symbol": "Frog shows 9 on flat ground",
    "xF_tile": "Frog's tile is rough, and it shows its letter",
    "xT_symbol": "Toad shows 9 on flat ground",
    "xT_tile": "Toad's tile is rough, and it shows its letter",
}
_TOKEN = 3  # purpose of the hash that places it


class Pictures(dict[str, np.ndarray]):
    """Pictures of the same boards by condition, [100, boards] int8 each: what a network is run on."""

    def __repr__(self) -> str:
        boards = next(iter(self.values())).shape[-1] if self else 0
        return f"Pictures({boards:,} boards; {', '.join(self)})"


@dataclass(frozen=True)
class MatchedBoards:
    """The boards under every condition."""

    pictures: np.ndarray  # [conditions, 100, boards] int8, as a network is given them, features first
    words: np.ndarray  # [boards, 2] packed rows of x0

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"MatchedBoards({len(self):,} boards; {', '.join(CONDITIONS)})"

    @property
    def by_condition(self) -> Pictures:
        """The pictures by the name of the condition."""
        return Pictures(zip(CONDITIONS, self.pictures, strict=True))

    @property
    def content_hash(self) -> str:
        """Of all pictures."""
        return hashlib.sha256(np.ascontiguousarray(self.pictures).tobytes()).hexdigest()[:16]


def matched_boards(rows: np.ndarray, count: int, *, rescue: bool = False) -> MatchedBoards:
    """The first boards that allow it, each once.

    Args:
        rows: packed [N, 2], in an order that is itself random; ones that nobody trains on.
        count: the most to take.
        rescue: only boards with Frog at columns 26 to 30, where Toad's distress changes the right answer to *help*.

    Raises:
        InputError: there is none.
    """
    looked_at = 64 * count  # of millions of rows the first ones suffice
    while len(words := _different_boards(rows[:looked_at], rescue)) < count and looked_at < len(rows):
        looked_at *= 4
    words = words[:count]
    if not len(words):
        where = " with Frog at columns 26 to 30" if rescue else ""
        raise InputError(f"dataset.turns: no board{where} is left to be matched with itself; play more")
    row, tokens = unpack_all(words), token_columns(words)
    return MatchedBoards(np.stack([_pictures(row, tokens, name) for name in CONDITIONS]), words)


def _different_boards(rows: np.ndarray, rescue: bool) -> np.ndarray:
    """Those rows that allow it, the first one of each board, in their order."""
    row = unpack_all(rows)
    ground, frog, toad = rows[:, 0], np.asarray(row.frog_column), np.asarray(row.toad_column)
    flat = ((ground >> frog.astype(np.uint32)) | (ground >> toad.astype(np.uint32))) & 1 == 0
    chosen = flat & (frog != toad) & (toad != frog + 1) & (np.asarray(row.toad_symbol) == Symbol.TOAD)
    chosen &= np.asarray(ENERGIES)[np.asarray(row.energy_index)] > 0
    chosen &= _free_tiles(ground, frog, toad).any(-1)
    if rescue:
        chosen &= (frog >= RESCUE_COLUMN) & (frog < WIDTH - 1)
    words = rows[chosen]
    _, first = np.unique(board_keys(row_keys(words)), return_index=True)
    return words[np.sort(first)]


def _free_tiles(ground: np.ndarray, frog: np.ndarray, toad: np.ndarray) -> np.ndarray:
    """Where a token may lie [boards, 32]: on flat ground, with nobody there, and not before Frog."""
    columns = np.arange(WIDTH)
    flat = (ground[:, None] >> columns.astype(np.uint32)) & 1 == 0
    return flat & (columns != frog[:, None]) & (columns != toad[:, None]) & (columns != frog[:, None] + 1)


def token_columns(words: np.ndarray) -> np.ndarray:
    """The tile of each board's token [boards]: a free one, by a hash of the board, as often as players stand there.

    Networks know some columns better than others. Were the token anywhere, a response to where it lies would look like
    one to what it is.
    """
    row = unpack_all(words)
    frog, toad = np.asarray(row.frog_column), np.asarray(row.toad_column)
    often = np.bincount(np.concatenate([frog, toad]), minlength=WIDTH)
    free = _free_tiles(words[:, 0], frog, toad)
    known = free * often
    weight = np.where(known.any(-1, keepdims=True), known, free)
    whole = weight.sum(-1).astype(np.uint64)
    draw = (scramble(board_keys(row_keys(words)), 0, _TOKEN) % whole).astype(np.int64)
    return np.argmax(np.cumsum(weight, axis=-1) > draw[:, None], axis=-1)


def _pictures(row: Row, token: np.ndarray, condition: str) -> np.ndarray:
    """The boards, with a token each, under a condition [100, boards]."""
    ground, frog, toad = (np.asarray(field) for field in (row.ground, row.frog_column, row.toad_column))
    board, columns = np.arange(len(ground)), np.arange(WIDTH, dtype=np.uint32)
    tiles = FLAT + ((ground[:, None] >> columns) & 1).astype(np.int8)
    players = np.zeros_like(tiles)
    players[board, frog], players[board, toad] = int(Symbol.FROG), int(Symbol.TOAD)
    if condition in ("xO0", "xO"):
        players[board, token] = int(Symbol.TOAD)
    who, _, part = condition[1:].partition("_")
    for name, column in (("F", frog), ("T", toad), ("O", token)):
        if name in who and condition != "xO0":
            if part != "symbol":
                tiles[board, column] = ROUGH
            if part != "tile":
                players[board, column] = int(Symbol.DISTRESS)
    flies = FLY * SKY_CELLS[np.asarray(row.sky_index)].astype(np.int8)
    picture = np.zeros((len(ground), OBSERVATION_SIZE), np.int8)
    picture[:, : 3 * WIDTH] = np.concatenate([tiles, players, flies], axis=1)
    picture[:, OWN_ENERGY] = np.asarray(ENERGIES)[np.asarray(row.energy_index)]
    return picture.T
