"""The regime `imitation`, which is one of two: `regime.plasticity` says how is learnt what is watched.

By gradient (`watching.py`), or by synapses that grow where reward is beyond the usual (`hebbian.py`).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from mirrorjax.regimes.rows.hebbian import Hebbian
from mirrorjax.regimes.rows.watching import ByWatching

PLASTICITY = {"gradient": ByWatching, "hebbian": Hebbian}


@dataclass(frozen=True)
class Imitation(ByWatching):
    """The regime by its name; its members are of one of PLASTICITY."""

    settings: ClassVar[tuple[str, ...]] = (*ByWatching.settings, "plasticity")

    @classmethod
    def of(cls, network: Any, program: Any) -> Self:
        """The regime of a program's members."""
        kind: Any = PLASTICITY[program.plasticity]
        return kind.of(network, program)
