"""Replays recorded turns and compares every field: the proof that these rules are the published game's."""

from collections import Counter
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.game.observation import OBSERVATION_SIZE, observe
from mirrorjax.game.state import MAX_SCROLL, WIDTH, Actor, Draws, GameParams, GameState, Player
from mirrorjax.game.turn import turn

Shape = tuple[int | str, ...]  # a string names a length that several fields share

FIELDS: dict[str, Shape] = {
    "s_ground": ("states", WIDTH),
    "s_flies": ("states", WIDTH),
    "s_queue": ("states", 6),
    "s_random_rate": ("states",),
    **{f"s_{name}": ("states", 2) for name in ("pos", "energy", "score", "symbol")},
    "s_obs": ("states", 2, OBSERVATION_SIZE),
    **{f"t_{name}": ("turns",) for name in ("actor", "action", "before", "after", "dstart", "dend")},
    "d_kind": ("draws",),
    "d_val": ("draws",),
}
_PLACED, _MOVED, _OBSTACLE, _OBSTACLE_WIDTH, _HELPED_LEAP = 0, 1, 2, 4, 5  # values of d_kind
_play = jax.jit(jax.vmap(turn, in_axes=(0, 0, 0, None)))


@dataclass(frozen=True)
class ReplayResult:
    """How many recorded turns were checked, and in how many each field came out differently."""

    turns: int
    mismatches: dict[str, int]

    @property
    def exact(self) -> bool:
        return self.turns > 0 and not any(self.mismatches.values())


def load_recording(path: Path, fields: dict[str, Shape]) -> dict[str, np.ndarray]:
    """Reads an .npz recording that must have these fields, in these shapes.

    Raises:
        InputError: it is no .npz, or a field is missing, has another shape, or does not hold numbers.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            recording = {name: archive[name] for name in archive.files}
    except Exception as error:  # zipfile.BadZipFile, zlib.error, OSError and ValueError share no base class
        raise InputError(f"{path}: not a readable .npz recording ({type(error).__name__}: {error})") from error
    lengths: dict[str, int] = {}
    for name, expected in fields.items():
        if name not in recording:
            raise InputError(f"{path}: field '{name}' is missing; a recording has {', '.join(fields)}")
        array = recording[name]
        known = tuple(lengths.get(size, size) if isinstance(size, str) else size for size in expected)
        fits = array.ndim == len(known) and all(
            isinstance(size, str) or size == actual for size, actual in zip(known, array.shape, strict=True)
        )
        if not fits or array.dtype.kind not in "buif":
            shape = ", ".join(map(str, known))
            raise InputError(f"{path}: field '{name}' is {array.dtype} {list(array.shape)}, expected numbers [{shape}]")
        lengths |= {size: actual for size, actual in zip(expected, array.shape, strict=True) if isinstance(size, str)}
    return recording


def recorded_states(recording: dict[str, np.ndarray], rows: np.ndarray, actor: Actor) -> GameState:
    """The recorded states `rows`, stacked on the leading axis, with `actor` to play."""
    columns = np.arange(WIDTH, dtype=np.uint32)

    def mask(cells: np.ndarray) -> jax.Array:
        return jnp.asarray((cells.astype(np.uint32) << columns).sum(-1, dtype=np.uint32))

    def player(who: Actor) -> Player:
        return Player(
            *(jnp.asarray(recording[f"s_{n}"][rows, who], jnp.int32) for n in ("pos", "energy", "score", "symbol"))
        )

    steps = np.round(np.nan_to_num(recording["s_random_rate"][rows]) / 0.005)  # NaN is compared as it is, below
    return GameState(
        ground=mask(recording["s_ground"][rows] == 2),
        flies=mask(recording["s_flies"][rows]),
        queue=jnp.asarray((recording["s_queue"][rows] > 0).sum(-1), jnp.int32),
        rate_steps=jnp.asarray(steps, jnp.int32),
        frog=player(Actor.FROG),
        toad=player(Actor.TOAD),
        actor=actor,
    )


def recorded_draws(recording: dict[str, np.ndarray], turns: np.ndarray) -> Draws:
    """The recorded chance of `turns` as the game's own `Draws`.

    A recording lists only the draws that the game asked for, in order. A fly's move is put at the cell of its fly
    after placement; an obstacle's draws at the scrolled tiles at which the queue was empty.
    """
    count = len(turns)
    placed, left, right = (np.zeros(count, np.uint32) for _ in range(3))
    helped = np.zeros(count, bool)
    chance = np.full((count, MAX_SCROLL), 65535, np.uint32)
    width = np.ones((count, MAX_SCROLL), np.int32)
    for i, t in enumerate(turns):
        drawn = slice(recording["t_dstart"][t], recording["t_dend"][t])
        kind, value = recording["d_kind"][drawn], recording["d_val"][drawn].astype(np.int64)
        before = recording["t_before"][t]

        new = (value[kind == _PLACED] / 65536 < 0.01).nonzero()[0]
        flies = recording["s_flies"][before].astype(bool).copy()
        if recording["t_action"][t] == 1:
            flies[recording["s_pos"][before, recording["t_actor"][t]]] = False  # eaten before the flies move
        flies[new] = True
        cells, moves = flies.nonzero()[0], value[kind == _MOVED]
        placed[i] = sum(1 << int(c) for c in new)
        left[i] = sum(1 << int(c) for c, m in zip(cells, moves, strict=False) if m == 0)
        right[i] = sum(1 << int(c) for c, m in zip(cells, moves, strict=False) if m == 2)
        helped[i] = any(value[kind == _HELPED_LEAP] / 65536 <= 0.25)

        queue, tile = int((recording["s_queue"][before] > 0).sum()), 0
        obstacle = [(k, v) for k, v in zip(kind, value, strict=True) if k in (_OBSTACLE, _OBSTACLE_WIDTH)]
        for j, (k, v) in enumerate(obstacle):
            if k == _OBSTACLE:
                tile, queue = tile + queue, 0  # tiles from the queue need no draw
                if tile >= MAX_SCROLL:
                    break
                chance[i, tile] = v
                tile += 1
                if j + 1 < len(obstacle) and obstacle[j + 1][0] == _OBSTACLE_WIDTH:
                    queue = width[i, tile - 1] = int(obstacle[j + 1][1])  # its other tiles and the flat one
    chances, widths = (tuple(jnp.asarray(each.T)) for each in (chance, width))
    return Draws(jnp.asarray(placed), jnp.asarray(left), jnp.asarray(right), jnp.asarray(helped), chances, widths)


def verify_turns(path: Path) -> ReplayResult:
    """Replays every turn recorded in an .npz (see docs/formats.md) and counts differences by field, views included.

    Raises:
        InputError: the file is no such recording.
    """
    recording = load_recording(Path(path), FIELDS)
    actors = recording["t_actor"]
    if not np.isin(actors, (0, 1)).all() or not np.isin(recording["t_action"], (0, 1, 2, 3)).all():
        raise InputError(f"{path}: t_actor must be 0 or 1 and t_action 0..3")
    last_row, draws = len(recording["s_ground"]) - 1, len(recording["d_val"])
    for name, last in (("t_before", last_row), ("t_after", last_row), ("t_dstart", draws), ("t_dend", draws)):
        values = recording[name]
        if values.size and (values.dtype.kind == "f" or values.min() < 0 or values.max() > last):
            raise InputError(f"{path}: '{name}' must be integers of 0..{last}")

    mismatches: Counter[str] = Counter()
    for actor in Actor:
        turns = np.flatnonzero(actors == actor)
        if not turns.size:
            continue
        before = recorded_states(recording, recording["t_before"][turns], actor)
        expected_rows = recording["t_after"][turns]
        expected = recorded_states(recording, expected_rows, actor.partner)
        actions = jnp.asarray(recording["t_action"][turns], jnp.int32)
        after = _play(before, actions, recorded_draws(recording, turns), GameParams())
        differences = _differences(recording, after, expected, expected_rows)
        mismatches.update({field: int(differs.sum()) for field, differs in differences.items()})
    return ReplayResult(turns=len(actors), mismatches=dict(mismatches))


def _differences(
    recording: dict[str, np.ndarray], after: GameState, expected: GameState, rows: np.ndarray
) -> dict[str, np.ndarray]:
    of_player = (f"{who}.{name}" for who in ("frog", "toad") for name in ("column", "energy", "score", "symbol"))
    fields = [(name, attrgetter(name)) for name in ("ground", "flies", "queue", *of_player)]
    differences = {name: np.asarray(of(after)) != np.asarray(of(expected)) for name, of in fields}
    rate = np.asarray(after.rate_steps) * 0.005
    differences["rate"] = ~(np.abs(rate - recording["s_random_rate"][rows]) <= 1e-6)  # NaN is a difference
    for who in Actor:
        seen = np.asarray(jax.vmap(observe, in_axes=(0, None))(after, who))
        differences[f"{who.name.lower()}.observation"] = (seen != recording["s_obs"][rows, who]).any(-1)
    return differences
