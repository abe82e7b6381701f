"""Finds one trained member in a results folder, and says how it ended."""

from pathlib import Path

import pyarrow.compute as pc

from mirrorjax.errors import InputError
from mirrorjax.results.network import TrainedNetwork
from mirrorjax.results.read import LAST_RECORDS, Population, Results

# The member with the highest CMNI; those that diverged have none.
_HIGHEST_CMNI = f"""
SELECT population, member_id FROM ({LAST_RECORDS}) WHERE status <> 'diverged' AND isfinite(cmni)
ORDER BY cmni DESC, population, member_id LIMIT 1
"""
_AT_THE_END = f"SELECT count(*), count(*) FILTER (status = 'diverged') FROM ({LAST_RECORDS})"


def find_network(results: Path, member: str | None = None) -> tuple[Population, TrainedNetwork]:
    """A member's population and its network.

    Args:
        results: a sweep's folder, or one population's.
        member: its id, or the beginning of it; None takes that of the highest CMNI at its end, of finished populations.

    Raises:
        InputError: no results there, no such member, more than one, or no weights are stored; or its regime is shown no
            pictures.
    """
    opened = Results.open(results)
    population, member_id = opened.find_member(_highest_cmni(opened) if member is None else member)
    network = population.member(member_id)
    if "rows" not in network.regime.needs:
        raise InputError(_no_pictures(opened.folder))
    return population, network


def _no_pictures(folder: Path) -> str:
    return f"{folder}: its members see no pictures and do not act (docs/regimes.md); `mirrorjax report` tells of them"


def how_it_ended(population: Population, member_id: str) -> str:
    """A sentence about a member that has diverged; empty of one that has not."""
    own = population.records().filter(pc.field("member_id") == member_id).sort_by([("checkpoint", "descending")])
    if not own.num_rows or own["status"][0].as_py() != "diverged":
        return ""
    return f"It has diverged, at epoch {own['epoch'][0].as_py():.3g} or before: its weights are its last finite ones."


def _highest_cmni(opened: Results) -> str:
    finished = Results(opened.folder, [each.folder for each in opened.populations if each.done])
    if not any("cmni" in each.record_names for each in finished.populations or opened.populations):
        raise InputError(_no_pictures(opened.folder))
    for row in finished.query(_HIGHEST_CMNI).to_pylist():
        return f"{row['population']}/{row['member_id']}"
    networks, diverged = finished.query(_AT_THE_END).to_pylist()[0].values()
    if not networks:
        raise InputError(f"{opened.folder}: no finished population with records here, so there is no trained member")
    who = f"all {networks:,} networks" if diverged == networks else f"{diverged:,} of {networks:,} networks"
    rest = "" if diverged == networks else ", and no other has a CMNI"
    raise InputError(f"{opened.folder}: {who} have diverged{rest}; --member ID takes one all the same")
