"""Ways to learn the game, and the registry of them: each is one file, with the contract of `base.Regime`."""

import functools
from dataclasses import replace
from typing import Any

from mirrorjax.errors import InputError
from mirrorjax.models import network_of
from mirrorjax.population.members import Member
from mirrorjax.population.plan import ProgramSpec, program_of
from mirrorjax.regimes.assembly import Assembly
from mirrorjax.regimes.base import Regime
from mirrorjax.regimes.contrastive import Contrastive
from mirrorjax.regimes.predictive import Predictive
from mirrorjax.regimes.supervised import Supervised

REGIMES: dict[str, Any] = {
    "supervised": Supervised, "contrastive": Contrastive, "assembly": Assembly, "predictive": Predictive
}  # fmt: skip


@functools.cache
def regime_of(program: ProgramSpec) -> Regime:
    """How the members of a program learn.

    Raises:
        InputError: nobody has registered that, or their network.
    """
    if (regime := REGIMES.get(program.regime)) is None:
        raise InputError(f"regime {program.regime!r} is not known; a module that registers it is named by --plugins")
    return regime.of(network_of(program), program)


def own_regime(member: Member) -> Regime:
    """How a member learns, with a network of its own width: without padding."""
    return regime_of(replace(program_of(member), width=member.width))
