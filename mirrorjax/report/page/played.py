"""The table of what networks did in the game, with scripted players below them."""

from mirrorjax.measures import PARTS, label
from mirrorjax.report.chart.figure import Cell, Table
from mirrorjax.report.read.played import COLUMNS, PAIRS, PARTNERS, SCRIPTED, SHOWN, Played, name_of


def table(rows: list[Played]) -> Table:
    """Medians of networks, and below them scripted players, as Frog beside each partner."""
    head = ["Frog", *(f"{words}, Toad {PARTS['PARTNER'][name]}" for words in SHOWN.values() for name in PARTNERS)]
    body: list[list[Cell]] = [[row.who, *(row.medians.get(name, float("nan")) for name in COLUMNS)] for row in rows]
    for player, beside in SCRIPTED.items():
        body.append(
            [name_of(player), *(getattr(beside[partner], what) + 0.0 for what in SHOWN for partner in PARTNERS)]
        )
    return Table(head, body)


def pairs_table(rows: list[Played]) -> Table:
    """Medians of pairs that play with each other."""
    known = [name for name in PAIRS if any(name in row.medians for row in rows)]
    head = ["pairs", *map(label, known)]
    return Table(head, [[row.who, *(row.medians[name] for name in known)] for row in rows])
