"""The columns of members.parquet: what each member is, and what its knobs come to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mirrorjax.dataset.sources import Sources
from mirrorjax.population.members import Member, identity, parameter_count
from mirrorjax.settings.columns import KNOBS, SEEDS
from mirrorjax.settings.schema import MEMBER


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
    return {
        "member_id": [identity(member, dataset_hash) for member in members],
        **{name: [each[name] for each in seeds] for name in SEEDS},
        **{name: [getattr(member, name) for member in members] for name in (*MEMBER, "units")},
        "parameters": [parameter_count(member) for member in members],
        "train_boards": sources.boards[place],
        "train_rows": sources.count[place],
        **{name: known[name] for name in KNOBS},
    }
