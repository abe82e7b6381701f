"""Checks recorded labels and scenarios: on the pictures, and on packed rows where these can express the picture."""

from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.dataset.oracle import label, scenario, situation_of_picture, situation_of_row
from mirrorjax.dataset.row import ENERGIES, SKY_CELLS, Row, pack, picture, unpack
from mirrorjax.errors import InputError
from mirrorjax.game.observation import FLY, OBSERVATION_SIZE, OWN_COLUMN, OWN_ENERGY, ROUGH
from mirrorjax.game.replay import load_recording
from mirrorjax.game.state import WIDTH, Symbol


@dataclass(frozen=True)
class LabelResult:
    """Rows checked as pictures, those of them that a packed row expresses, and differences."""

    rows: int
    packed_rows: int
    mismatches: dict[str, int]

    @property
    def exact(self) -> bool:
        return self.rows > 0 and not any(self.mismatches.values())


def rows_of_pictures(pictures: np.ndarray) -> tuple[Row, np.ndarray]:
    """The packed rows that pictures [N, 100] describe, and which of them do so exactly [N].

    A picture may show what no dataset row does (distress on flat ground, another sky): then its row is a stand-in.
    """
    columns = np.arange(WIDTH)
    cells = pictures[:, WIDTH : 2 * WIDTH].astype(int)
    frog_column = pictures[:, OWN_COLUMN].astype(int) % WIDTH
    others = np.where((cells != 0) & (columns != frog_column[:, None]), columns, -1).max(-1)
    toad_column = np.where(others >= 0, others, frog_column)
    toad_symbol = np.clip(np.take_along_axis(cells, toad_column[:, None], 1)[:, 0], Symbol.TOAD, Symbol.DISTRESS)
    flies = pictures[:, 2 * WIDTH : 3 * WIDTH] == FLY
    energy = np.abs(np.asarray(ENERGIES) - pictures[:, OWN_ENERGY].astype(int)[:, None])
    ground = ((pictures[:, :WIDTH] == ROUGH).astype(np.uint64) << columns.astype(np.uint64)).sum(-1)
    row = Row(
        ground=jnp.asarray(ground.astype(np.uint32)),
        frog_column=jnp.asarray(frog_column, jnp.int32),
        toad_column=jnp.asarray(toad_column, jnp.int32),
        toad_symbol=jnp.asarray(toad_symbol, jnp.int32),
        energy_index=jnp.asarray(energy.argmin(-1), jnp.int32),
        sky_index=jnp.asarray((flies[:, None, :] != SKY_CELLS).sum(-1).argmin(-1), jnp.int32),
    )
    drawn = np.asarray(jax.jit(jax.vmap(lambda r: picture(unpack(pack(r)))))(row))
    seen = np.arange(OBSERVATION_SIZE) <= 3 * WIDTH + 1
    seen[3 * WIDTH] = False  # own symbol, score and column are not drawn
    return row, (drawn[:, seen] == pictures[:, seen]).all(-1)


def verify_labels(path: Path) -> LabelResult:
    """Recomputes every scenario and label of a recording.

    Args:
        path: an .npz with `row` [N, 100] (column 99 still Frog's), `scenario` [N] and `label` [N].

    Raises:
        InputError: the file is no such recording.
    """
    fields = {"row": ("rows", OBSERVATION_SIZE), "scenario": ("rows",), "label": ("rows",)}
    recording = load_recording(Path(path), fields)
    pictures = recording["row"]
    if pictures.size and not ((pictures[:, OWN_COLUMN] >= 0) & (pictures[:, OWN_COLUMN] < WIDTH)).all():
        raise InputError(f"{path}: column {OWN_COLUMN} of 'row' must be Frog's column, 0..{WIDTH - 1}")
    if not len(pictures):
        return LabelResult(rows=0, packed_rows=0, mismatches={})

    def answers(seen):
        return {"scenario": scenario(seen), "label": label(seen)}

    from_picture = jax.jit(jax.vmap(lambda p: answers(situation_of_picture(p))))(jnp.asarray(pictures, jnp.int32))
    rows, exact = rows_of_pictures(pictures)
    from_row = jax.jit(jax.vmap(lambda r: answers(situation_of_row(unpack(pack(r))))))(rows)
    mismatches = {}
    for name in ("scenario", "label"):
        mismatches[name] = int((np.asarray(from_picture[name]) != recording[name]).sum())
        mismatches[f"{name} (packed row)"] = int((np.asarray(from_row[name]) != recording[name])[exact].sum())
    return LabelResult(rows=len(pictures), packed_rows=int(exact.sum()), mismatches=mismatches)
