"""The tables of the documents that say what columns there are: `python -m mirrorjax.report.page.columns docs`."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from mirrorjax.measures import (
    CALIBRATED,
    CAUSED,
    CAUSED_UNITS,
    EVERY_RECORD,
    EVERY_UNIT,
    MEASURES,
    OF_AGENTS,
    OF_OWN_NETWORKS,
    PARTS,
    PLAYED,
    Measure,
    measure,
)
from mirrorjax.report.page.marks import put
from mirrorjax.report.page.played import table
from mirrorjax.tracking.keys import OF_REGIMES, OF_SOME, QUANTITIES, SECTIONS


def blocks() -> dict[str, dict[str, str]]:
    """By page, the text of each block of it that is made of `mirrorjax.measures`."""
    return {
        "formats.md": {"records": _stored(EVERY_RECORD), "units": _stored(EVERY_UNIT), "parts": _parts(EVERY_UNIT)},
        "measures.md": {
            "calibrated": _measured(CALIBRATED),
            "nulls": _nulls(),
            "causes": _measured(CAUSED),
            "parts": _parts(CAUSED),
            "units": _measured(CAUSED_UNITS),
        },
        "own-network.md": {"measures": _measured(OF_OWN_NETWORKS)},
        "play.md": {"played": _measured(PLAYED), "players": _players()},
        "regimes.md": {"agents": _measured(OF_AGENTS)},
        "wandb.md": {"sections": _sections()},
    }


def write(folder: Path) -> None:
    """Replaces the blocks of the pages in a folder.

    Raises:
        InputError: a page is not there or lacks a block.
    """
    for page, texts in blocks().items():
        for name, text in texts.items():
            put(folder / page, name, text)


def _stored(measures: Sequence[Measure]) -> str:
    rows = [(_code(each), each.type, each.title, each.note) for each in measures]
    return _table("column | type | label | what", rows)


def _measured(measures: Sequence[Measure]) -> str:
    of_all = set.intersection(*(set(each.needs) for each in measures))
    head, rows = "column | label | what | needs | file", []
    for each in measures:
        needs = ", ".join(need for need in each.needs if need not in of_all)
        rows.append((_code(each), each.title, each.note, needs, f"`{each.file}`"))
    return _table(head, rows)


def _parts(measures: Sequence[Measure]) -> str:
    found = dict.fromkeys(part for each in measures for part in each.parts if part != "LAYER")
    return _table("part | stands for", [(part, ", ".join(f"`{value}`" for value in PARTS[part])) for part in found])


def _nulls() -> str:
    kinds = dict.fromkeys(each.null for each in reversed(MEASURES.values()) if each.has_z)
    rows = [(kind, _codes(each for each in MEASURES.values() if each.null == kind)) for kind in kinds]
    return _table("null | measures", rows)


def _players() -> str:
    found = table([])
    rows = [(str(who), *(f"{value:.3f}".removeprefix("0") for value in values)) for who, *values in found.rows]
    return _table(" | ".join(found.head), rows)


def _sections() -> str:
    known = [measure(name) for name in (*QUANTITIES, *OF_SOME)]
    logged = {name: [each for each in known if each.section == name] for name in (*SECTIONS, *OF_REGIMES)}
    rows = [(f"`{name}`", _codes(own)) for name, own in logged.items() if own]
    return _table("section | Q ([measures.md](measures.md))", rows)


def _table(head: str, rows: Sequence[tuple[str, ...]]) -> str:
    rule = "|" + "---|" * len(head.split(" | "))
    lines = (" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows)
    return "\n".join([f"| {head} |", rule, *(f"| {line} |" for line in lines)]) + "\n"


def _code(measure: Measure) -> str:
    return f"`{measure.name}`"


def _codes(measures: Iterable[Measure]) -> str:
    return ", ".join(map(_code, measures))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
