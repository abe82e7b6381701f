"""The regime `assembly`, which is one of two: `regime.stimuli` says what a brain is shown.

Persons and what they feel, out of any context (`persons.py`), or boards of the game on which they stand (`boards.py`).
"""

from dataclasses import dataclass
from typing import Any

from mirrorjax.regimes.brains.boards import OnBoards
from mirrorjax.regimes.brains.persons import AmongPersons

STIMULI = {"persons": AmongPersons, "boards": OnBoards}


@dataclass(frozen=True)
class Assembly(AmongPersons):
    """The regime by its name; its members are of one of STIMULI."""

    @classmethod
    def of(cls, network: Any, program: Any) -> Any:
        """The regime of a program's members; the network of others is not looked at."""
        return STIMULI[program.stimuli].of(network, program)
