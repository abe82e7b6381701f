"""What networks did in the game, and what scripted players do in the same place."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mirrorjax.measures import PARTS
from mirrorjax.report.read.over_seeds import band_sql
from mirrorjax.report.read.view import View

PARTNERS = tuple(PARTS["PARTNER"])
MOST_ROWS = 12  # configurations that have a row of their own


class Done(NamedTuple):
    """Of a player as Frog beside one partner: points a round of both; shares of its turns, as columns have them."""

    own: float
    partner: float
    help: float
    help_starved: float
    stalled: float


# fmt: off
SCRIPTED: dict[str, dict[str, Done]] = {  # beside each of PARTNERS, 1,024 games of 512 rounds
    "hop": {
        "hop": Done(.292, .290, 0, 0, 0), "random": Done(.678, .328, 0, 0, .126),
        "greedy": Done(.801, .908, 0, 0, 0), "expert": Done(.869, .737, 0, 0, 0),
    },
    "random": {
        "hop": Done(.329, .679, .125, .125, .002), "random": Done(.479, .480, .125, .122, .002),
        "greedy": Done(.420, .940, .125, .125, 0), "expert": Done(.455, .842, .125, .125, 0),
    },
    "expert": {
        "hop": Done(.739, .865, .050, .166, 0), "random": Done(.840, .456, .058, .077, .014),
        "greedy": Done(.790, .975, .028, .091, 0), "expert": Done(.849, .849, 0, .004, 0),
    },
    "expert_no_help": {
        "hop": Done(.298, .289, 0, 0, .688), "random": Done(.716, .362, 0, 0, .216),
        "greedy": Done(.844, .965, 0, 0, 0), "expert": Done(.848, .847, 0, 0, .001),
    },
    "greedy": {
        "hop": Done(.908, .798, .045, .183, .047), "random": Done(.940, .419, .029, .046, .031),
        "greedy": Done(.963, .963, 0, .001, 0), "expert": Done(.975, .788, 0, 0, 0),
    },
    "greedy_no_help": {
        "hop": Done(.346, .287, 0, 0, .644), "random": Done(.783, .355, 0, 0, .198),
        "greedy": Done(.963, .963, 0, 0, 0), "expert": Done(.975, .788, 0, 0, 0),
    },
}
# fmt: on
SHOWN = {"own": "own score", "partner": "Toad's", "help": "help"}  # of what is counted, in tables
COLUMNS = tuple(f"play_{partner}_{what}" for what in SHOWN for partner in PARTNERS)  # in the order of tables
PAIRS = (  # of two who learnt to play with each other, in games of their own
    *("pair_score_last", "pair_gifts", "alternation", "alternation_null", "transfer", "transfer_null", "transfer_z"),
    *("pair_score_last_deaf", "pair_score_last_loud"),
)


@dataclass(frozen=True)
class Played:
    """What networks of a population did at one time, in words who they are; medians by column."""

    who: str
    medians: dict[str, float]


def name_of(player: str) -> str:
    """A scripted player in words."""
    kind, _, helps = player.partition("_")
    return f"{kind}{', never helps' if helps else ''} (scripted)"


def columns_of(view: View, among: tuple[str, ...] = COLUMNS) -> list[str]:
    """The columns that its records have, of those that tables show."""
    return [name for name in among if name in view.population.measures]


def played(view: View, among: tuple[str, ...] = COLUMNS) -> list[Played]:
    """The networks when they last played, each configuration where there are few, and untrained if they played."""
    columns, groups = columns_of(view, among), view.population.groups
    if not columns:
        return []
    last = (
        f"SELECT * FROM observations WHERE {columns[0]} IS NOT NULL "
        "QUALIFY row_number() OVER (PARTITION BY member_id ORDER BY checkpoint DESC) = 1"
    )
    found = [Played("networks, when they last played", _medians(view, columns, last))]
    if 1 < len(groups) <= MOST_ROWS:
        for group in groups:
            own = f"SELECT * FROM ({last}) WHERE group_index = {group.index}"
            found.append(Played(group.label, _medians(view, columns, own)))
    before = _medians(view, columns, "SELECT * FROM observations WHERE checkpoint = 0")
    return [*found, *([Played("untrained networks", before)] if np.isfinite(list(before.values())).any() else [])]


def _medians(view: View, columns: list[str], networks: str) -> dict[str, float]:
    medians = ", ".join(f"{band_sql(name)['median']} AS {name}" for name in columns)
    found = view.population.query(f"SELECT {medians} FROM ({networks})")
    return {name: float(found[name][0]) for name in columns}
