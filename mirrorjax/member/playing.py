"""What one network does in many games: the table of `mirrorjax play --games`."""

from pathlib import Path

import jax
import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.measurement.played import PARTNERS, ROUNDS, played, streams_of
from mirrorjax.report.read.played import SCRIPTED, Done, name_of
from mirrorjax.results.find import find_network
from mirrorjax.results.network import TrainedNetwork

MOST = 100_000
_HEADINGS = ("own", "Toad's", "help", "starved", "stuck")


def write_played(results: Path, member: str | None, games: int) -> str:
    """A network as Frog in so many games beside each scripted partner, and scripted players in its place, as text.

    Args:
        results: a sweep's folder, or one population's.
        member: its id, or the beginning of it; None takes that of the highest CMNI at the end.
        games: of 512 rounds beside each.

    Raises:
        InputError: a number that is not allowed, no results there, no such member, or no weights stored.
    """
    if not 1 <= games <= MOST:
        raise InputError(f"games: {games} is not in 1..{MOST:,}")
    network = find_network(results, member)[1]
    found = played_by(network, games)
    lines = [
        f"Frog is {network.describe()}; {games:,} games of {ROUNDS} rounds beside each Toad.",
        "Points a round of both; shares of its turns: with help, with help if Toad has no energy, at the last column.",
    ]
    width = max(map(len, (*map(name_of, SCRIPTED), network.member_id)))
    for partner in PARTNERS:
        rows = {network.member_id: found[partner], **{name_of(name): each[partner] for name, each in SCRIPTED.items()}}
        lines += ["", f"{f'Toad: {partner}':<{width}}" + "".join(f"{word:>9}" for word in _HEADINGS)]
        lines += [f"{who:<{width}}" + "".join(f"{_number(value):>9}" for value in done) for who, done in rows.items()]
    return "\n".join(lines)


def played_by(network: TrainedNetwork, games: int) -> dict[str, Done]:
    """What it does beside each partner, in the first of the games that all networks play."""
    probes = jax.tree.map(lambda x: x[None], network.probe)
    found = {name: float(value[0]) for name, value in _played(probes, streams_of(games)).items()}
    return {partner: Done(*(found[f"play_{partner}_{what}"] for what in Done._fields)) for partner in PARTNERS}


_played = jax.jit(played)


def _number(value: float) -> str:
    return "n/a" if np.isnan(value) else f"{value:.3f}".removeprefix("0")
