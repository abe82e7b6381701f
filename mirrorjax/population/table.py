"""The columns of members.parquet: what each member is, and what its knobs come to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mirrorjax.dataset.knobs import PAPER
from mirrorjax.dataset.sources import Sources
from mirrorjax.population.members import SOURCE, Member, identity, parameter_count

_OF_KNOBS = ("measured_dependency", "identity_hidden", "participation_ratio")
COORDINATES = (*_OF_KNOBS, "train_boards", "train_rows")  # measured: they follow from settings and the draw of the data


def member_columns(
    members: Sequence[Member], dataset_hash: str, sources: Sources, known: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """The columns of members.parquet.

    Args:
        members: the population.
        dataset_hash: of the reference dataset.
        sources: of the rows that they are trained on.
        known: coordinates of their knobs, see `coordinates_of`.
    """
    place = [sources.place(member.source) for member in members]
    seeds = [{"seed": member.seed, **member.seeds} for member in members]
    names = (
        "regime", "model", "activation", "data_order",
        "width", "depth", "batch_size", "units", "learning_rate", "dropout", "l2", "encoding", *PAPER, *SOURCE,
    )  # fmt: skip
    return {
        "member_id": [identity(member, dataset_hash) for member in members],
        **{name: [each[name] for each in seeds] for name in ("seed", "init_seed", "order_seed", "dropout_seed")},
        **{name: [getattr(member, name) for member in members] for name in names},
        "parameters": [parameter_count(member) for member in members],
        "train_boards": sources.boards[place],
        "train_rows": sources.count[place],
        **{name: known[name] for name in _OF_KNOBS},
    }
