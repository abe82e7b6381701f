"""Ways to learn the game, and the registry of them: each is one file, with the contract of `base.Regime`."""

import functools
from dataclasses import replace
from typing import Any

from mirrorjax.dataset.knobs import PAPER
from mirrorjax.errors import InputError
from mirrorjax.models import network_of
from mirrorjax.population.members import Member
from mirrorjax.population.plan import ProgramSpec, program_of
from mirrorjax.regimes.base import Regime, whole, whole_kind
from mirrorjax.regimes.brains.assembly import Assembly
from mirrorjax.regimes.players.cirl_learner import CirlLearner
from mirrorjax.regimes.players.reinforcement import Reinforcement
from mirrorjax.regimes.players.turn_learners import TurnLearners
from mirrorjax.regimes.rows.contrastive import Contrastive
from mirrorjax.regimes.rows.imitation import Imitation
from mirrorjax.regimes.rows.overlap import Overlap
from mirrorjax.regimes.rows.predictive import Predictive
from mirrorjax.regimes.simulations.cirl import Cirl
from mirrorjax.regimes.simulations.turn_taking import TurnTaking
from mirrorjax.regimes.supervised import Supervised

REGIMES: dict[str, Any] = {
    "supervised": Supervised,
    "contrastive": Contrastive,
    "assembly": Assembly,
    "overlap": Overlap,
    "imitation": Imitation,
    "predictive": Predictive,
    "reinforcement": Reinforcement,
    "cirl": Cirl,
    "turn_taking": TurnTaking,
    "cirl_learner": CirlLearner,
    "turn_learners": TurnLearners,
}


@functools.cache
def regime_of(program: ProgramSpec) -> Regime:
    """How the members of a program learn.

    Raises:
        InputError: nobody has registered that, or their network.
    """
    if (regime := REGIMES.get(program.regime)) is None:
        raise InputError(f"regime {program.regime!r} is not known; a module that registers it is named by --plugins")
    return whole(regime.of(network_of(program), program))


def rows_of(program: ProgramSpec) -> int:
    """Rows that an update takes: a batch, unless its regime says how many."""
    return regime_of(program).rows or program.batch


def row_passes_of(program: ProgramSpec) -> int:
    """How many rows go through the network in an update, each as often as it does."""
    regime = regime_of(program)
    return regime.row_passes or regime.passes * program.batch


def own_regime(member: Member) -> Regime:
    """How a member learns, with a network of its own width: without padding."""
    return regime_of(replace(program_of(member), width=member.width))


def knobs_of(member: Member) -> tuple[float, ...]:
    """The knobs of a member's rows, in the order of PAPER: its own, or what its regime says that they are like."""
    like = whole_kind(REGIMES[member.regime]).rows_as(member)
    return tuple(float(like[name] if name in like else getattr(member, name)) for name in PAPER)
