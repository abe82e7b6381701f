"""The columns of members.parquet: what each member is, and what its knobs come to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mirrorjax.dataset.sources import Sources
from mirrorjax.population.members import Member, looked_at
from mirrorjax.settings.columns import KNOBS, SEEDS
from mirrorjax.settings.schema import MEMBER, PLUGGED


def member_columns(
    members: Sequence[Member],
    ids: Sequence[str],
    sizes: Sequence[tuple[int, int]],
    sources: Sources,
    known: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """The columns of members.parquet.

    Args:
        members, ids: the population.
        sizes: units and parameters of each.
        sources: of the rows that they are trained on.
        known: coordinates of their knobs, see `coordinates_of`.
    """
    plugged = looked_at(members)
    settings = [name for name in MEMBER if name not in PLUGGED or name in plugged]
    place = [sources.place(member.source) for member in members]
    seeds = [{"seed": member.seed, **member.seeds} for member in members]
    return {
        "member_id": list(ids),
        **{name: [each[name] for each in seeds] for name in SEEDS},
        **{name: [getattr(member, name) for member in members] for name in settings},
        "units": [units for units, _ in sizes],
        "parameters": [parameters for _, parameters in sizes],
        "train_boards": sources.boards[place],
        "train_rows": sources.count[place],
        **{name: known[name] for name in KNOBS},
    }
