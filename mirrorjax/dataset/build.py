"""Builds a dataset: play, snapshot, augment, keep unique rows, split by board."""

from collections.abc import Callable
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, UInt8, UInt32

from mirrorjax.dataset.oracle import LABELS, SCENARIOS, help_kind, label, scenario, situation_of_row
from mirrorjax.dataset.row import SKIES, add_energy_and_sky, board_keys, pack_board, row_keys, unpack, words_of
from mirrorjax.errors import InputError
from mirrorjax.game.rollout import PLAYERS, game_streams, new_game, rollout
from mirrorjax.game.state import GameParams, GameState
from mirrorjax.randomness import Stream, substream, uniform, word
from mirrorjax.settings.groups import DatasetConfig, GameConfig

ENERGY_PROBABILITIES = (0.5, *[0.0625] * 4, *[0.05] * 3, *[0.1 / 3] * 3)  # of ENERGIES
_PIECE = 256  # rounds played and augmented at a time: bounds memory, and one compiled program serves any length
_COPY = 1 << 20  # substreams of a round's augmentation, far from the turns' own


@dataclass(frozen=True)
class DatasetSpec:
    """Everything that a dataset depends on. Defaults are the reference dataset."""

    turns: int = DatasetConfig.turns  # game turns played after the burn-in, of both players together
    games: int = DatasetConfig.games  # played side by side
    # rounds played before the first snapshot, so that the frequencies no longer depend on the start
    burn_in: int = DatasetConfig.burn_in
    copies: int = 3  # of each snapshot, each with its own energy and sky
    players: str = GameConfig.players  # a preset of `PLAYERS`
    params: GameParams = field(default_factory=GameParams)  # the numbers of the game
    # `by_board` (no board on two sides) or `paper_leak` (test rows also in training, as published)
    split: str = DatasetConfig.split
    test_rows: int = DatasetConfig.test_rows  # drawn with the label mix `test_mix` (hop, jump, leap, help)
    test_mix: tuple[float, ...] = (0.4, 0.4, 0.1, 0.1)
    # train_share, validation_share: of the boards that are left; what remains is a second hold-out
    train_share: float = 0.64
    validation_share: float = 0.16
    seed: int = 0  # of games, energies, skies and splits
    # of splits, if they are to be those of other games: a board that both have is then on one side
    split_seed: int | None = None

    @property
    def of_splits(self) -> int:
        """The seed of splits."""
        return self.seed if self.split_seed is None else self.split_seed


@dataclass(frozen=True)
class Pairs:
    """A row and the board one round later, packed [N, 4] uint32: a row's two words, then a board's."""

    train: np.ndarray
    validation: np.ndarray
    content_hash: str = ""


@dataclass(frozen=True)
class Dataset:
    """Packed rows [N, 2] uint32 by split, in an order that is itself random, and what was counted on the way."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    holdout: np.ndarray
    counts: dict
    content_hash: str = ""
    pairs: Pairs | None = None  # only where somebody learns from them

    @property
    def splits(self) -> dict[str, np.ndarray]:
        return {name: getattr(self, name) for name in ("train", "validation", "test", "holdout")}

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {len(rows):,}" for name, rows in self.splits.items())
        return f"Dataset({self.content_hash or 'no hash'}; rows: {rows})"


def board_of(state: GameState) -> UInt32[Array, "2"]:
    """A snapshot: the board as shown at the start of Frog's turn."""
    return pack_board(state.ground, state.frog.column, state.toad.column, state.toad.symbol)


def augment(board: UInt32[Array, "2"], stream: Stream, copy: int) -> UInt32[Array, "2"]:
    """The board with its energy replaced by a draw and its flies by one of the six skies."""
    at = substream(stream, jnp.uint32(_COPY + copy))
    u = uniform(word(at, jnp.uint32(0)))
    limits = jnp.asarray(np.cumsum(ENERGY_PROBABILITIES)[:-1], jnp.float32)
    energy_index = jnp.sum(u >= limits, dtype=jnp.int32)
    sky_index = ((word(at, jnp.uint32(1)) >> 16) * len(SKIES) >> 16).astype(jnp.int32)
    return add_energy_and_sky(board, energy_index, sky_index)


def play_rows(spec: DatasetSpec, report: Callable[[str], None] = lambda line: None) -> tuple[np.ndarray, np.ndarray]:
    """Plays the games; returns boards [snapshots] and their augmented rows [snapshots * copies] as uint64 keys."""
    players = PLAYERS[spec.players]
    streams = game_streams(jax.random.key(spec.seed), spec.games)

    @jax.jit
    def play(states: GameState, first_round: jax.Array):
        def one_game(state: GameState, stream: Stream):
            return rollout(state, stream, first_round, _PIECE, players, spec.params, board_of)

        return jax.vmap(one_game)(states, streams)

    @jax.jit
    def augmented(boards: jax.Array, first_round: jax.Array):
        rounds = first_round + jnp.arange(_PIECE, dtype=jnp.uint32)

        def one(board, stream, number):
            at = substream(stream, 2 * number + 1)
            return jnp.stack([augment(board, at, copy) for copy in range(spec.copies)])

        over_rounds = jax.vmap(one, in_axes=(0, None, 0))
        return jax.vmap(over_rounds, in_axes=(0, 0, None))(boards, streams, rounds)

    report(f"playing {spec.turns:,} turns")
    states = jax.jit(jax.vmap(lambda stream: new_game(stream, spec.params)))(streams)
    burn_in_pieces = -(-spec.burn_in // _PIECE)
    snapshots = -(-spec.turns // 2)
    pieces = -(-snapshots // (spec.games * _PIECE))
    boards, rows = [], []
    for piece in range(burn_in_pieces + pieces):
        first_round = jnp.uint32(piece * _PIECE)
        states, seen = play(states, first_round)
        if piece >= burn_in_pieces:
            wanted = min(_PIECE * spec.games, snapshots - len(boards) * _PIECE * spec.games)
            by_round = np.asarray(seen).swapaxes(0, 1).reshape(-1, 2)[:wanted]
            boards.append(row_keys(by_round))
            copies = np.asarray(augmented(seen, first_round)).swapaxes(0, 1).reshape(-1, spec.copies, 2)[:wanted]
            rows.append(row_keys(copies.reshape(-1, 2)))
    return np.concatenate(boards), np.concatenate(rows)


@jax.jit
@jax.vmap
def _answer(row: UInt32[Array, "2"]) -> dict[str, UInt8[Array, ""]]:
    seen = situation_of_row(unpack(row))
    found = {"label": label(seen), "scenario": scenario(seen), "help_kind": help_kind(seen)}
    return jax.tree.map(lambda x: x.astype(jnp.uint8), found)


def answers(words: np.ndarray, piece: int = 1 << 16) -> dict[str, np.ndarray]:
    """Label, scenario and help kind of packed rows [N, 2], as uint8 [N] each; by one program for any number."""
    parts = []
    for start in range(0, len(words), piece):
        part = words[start : start + piece]
        padded = np.zeros((piece, 2), np.uint32)
        padded[: len(part)] = part
        parts.append({name: np.asarray(each)[: len(part)] for name, each in _answer(padded).items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def scramble(keys: np.ndarray, seed: int, purpose: int) -> np.ndarray:
    """A pseudo-random uint64 of each key (splitmix64): what a row or board draws depends on itself, not its place."""
    z = keys ^ np.uint64((seed * 0x9E3779B97F4A7C15 + purpose * 0xD1B54A32D192ED03) % 2**64)
    with np.errstate(over="ignore"):
        for _ in range(2):
            z = z + np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z = z ^ (z >> np.uint64(31))
    return z


def split_rows(keys: np.ndarray, labels: np.ndarray, spec: DatasetSpec) -> dict[str, np.ndarray]:
    """Unique rows by split, each in random order.

    Every board has a random number of its own. The boards with the smallest, just enough of them, hold the test
    rows, which have the label mix of the spec; their other rows are dropped. The boards that are left fall into
    train, validation and hold-out. So the test boards are a fair sample of boards, and training keeps its mix.

    Raises:
        InputError: there are too few rows of a label for the test set.
    """
    order = np.argsort(scramble(keys, spec.of_splits, purpose=1), kind="stable")
    keys, labels = keys[order], labels[order]
    draw = scramble(board_keys(keys), spec.of_splits, purpose=2)

    threshold = np.uint64(0)
    wanted = [round(spec.test_rows * share) for share in spec.test_mix]
    for index, (name, count) in enumerate(zip(LABELS, wanted, strict=True)):
        candidates = draw[labels == index]
        if len(candidates) < count:
            raise InputError(
                f"dataset.test_rows: {spec.test_rows:,} test rows need {count:,} unique rows labelled '{name}', "
                f"{len(candidates):,} were found; play more (dataset.turns is {spec.turns:,}) or test on fewer"
            )
        if count:
            threshold = max(threshold, np.partition(candidates, count - 1)[count - 1])
    on_test_board = draw <= threshold
    is_test = np.zeros(len(keys), bool)
    for index, count in enumerate(wanted):
        is_test[np.flatnonzero(on_test_board & (labels == index))[:count]] = True

    side = (draw - threshold) / (2.0**64 - float(threshold))  # uniform in [0, 1) over the boards that are left
    train = ~on_test_board & (side < spec.train_share)
    if spec.split == "paper_leak":
        train |= is_test
    validation = ~on_test_board & (side >= spec.train_share) & (side < spec.train_share + spec.validation_share)
    holdout = ~on_test_board & (side >= spec.train_share + spec.validation_share)
    of_split = {"train": train, "validation": validation, "test": is_test, "holdout": holdout}
    return {name: words_of(keys[chosen]) for name, chosen in of_split.items()}


def build(spec: DatasetSpec, report: Callable[[str], None] = lambda line: None) -> Dataset:
    """Plays, augments and splits; `report` is called with a line of progress now and then.

    Raises:
        InputError: the spec asks for more test rows than there are.
    """
    boards, rows = play_rows(spec, report)
    keys = sorted_unique(rows)
    words = words_of(keys)
    found = answers(words)
    splits = split_rows(keys, found["label"], spec)
    counts = {
        "turns": 2 * len(boards),
        "boards": len(sorted_unique(boards)),
        "rows": len(keys),
        **{f"{name}_rows": len(part) for name, part in splits.items()},
        "label": shares(found["label"], LABELS),
        "scenario": shares(found["scenario"], SCENARIOS),
        "help": shares(found["help_kind"], ("none", "edge", "rescue")),
    }
    for name in ("train", "validation"):
        if not len(splits[name]):
            raise InputError(f"dataset.turns: {spec.turns:,} turns leave no {name} rows; play more")
    counts["train_boards"] = len(sorted_unique(board_keys(row_keys(splits["train"]))))
    return Dataset(splits["train"], splits["validation"], splits["test"], splits["holdout"], counts)


def sorted_unique(keys: np.ndarray) -> np.ndarray:
    """The unique keys in order; NumPy's own `unique` hashes integers, which is several times slower here."""
    ordered = np.sort(keys)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]


def shares(values: np.ndarray, names: tuple[str, ...]) -> dict[str, float]:
    """Share of each value, by name."""
    count = np.bincount(values, minlength=len(names))
    return {name: round(float(c) / max(1, len(values)), 6) for name, c in zip(names, count, strict=True)}
