"""The columns of members.parquet: what each member is, and what its knobs come to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mirrorjax.dataset.sources import Sources
from mirrorjax.population.members import Member, identity, looked_at, parameter_count
from mirrorjax.settings.columns import KNOBS, SEEDS
from mirrorjax.settings.schema import MEMBER, PLUGGED


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
    plugged = looked_at(members)
    settings = [name for name in MEMBER if name not in PLUGGED or name in plugged]
    place = [sources.place(member.source) for member in members]
    seeds = [{"seed": member.seed, **member.seeds} for member in members]
    return {
        "member_id": [identity(member, dataset_hash) for member in members],
        **{name: [each[name] for each in seeds] for name in SEEDS},
        **{name: [getattr(member, name) for member in members] for name in (*settings, "units")},
        "parameters": [parameter_count(member) for member in members],
        "train_boards": sources.boards[place],
        "train_rows": sources.count[place],
        **{name: known[name] for name in KNOBS},
    }
