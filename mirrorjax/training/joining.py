"""What the parts of a population have, as that of the whole: in the members' order, however it was cut."""

from collections.abc import Sequence

import jax
import numpy as np

from mirrorjax.measurement.records import Columns
from mirrorjax.training.measuring import PLACE


def in_order(pieces: list[dict]) -> dict:
    """The members of several parts as one, by their index."""
    order = np.argsort(np.concatenate([piece["member"] for piece in pieces]))
    return jax.tree.map(lambda *parts: np.concatenate(parts)[order], *pieces)


def joined(parts: Sequence[tuple[np.ndarray, Columns]], count: int) -> Columns:
    """The parts' columns in the order of the population; a column that a member lacks is NaN there."""
    whole: Columns = {}
    for members, columns in parts:
        for name, column in columns.items():
            if name not in whole:
                lacking = any(name not in others for _, others in parts)
                shape = (count, *column.shape[1:])
                whole[name] = np.full(shape, np.nan) if lacking else np.empty(shape, column.dtype)
            whole[name][members] = column
    return whole


def stacked(tables: list[Columns]) -> Columns | None:
    """The parts' tables in one, in the population's order, however it was cut."""
    if not tables:
        return None
    columns = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    order = np.argsort(columns.pop(PLACE), kind="stable")
    return {name: column[order] for name, column in columns.items()}
