"""Ways to learn the game. A regime turns packed rows into a loss; each is one file and one line here."""

from typing import Any

from mirrorjax.models import network_of
from mirrorjax.regimes.supervised import Supervised

REGIMES = {"supervised": Supervised}


def regime_of(member: Any, knobs: bool = False) -> Supervised:
    """How a member learns, or all members of a program: of whatever has their settings by name.

    Args:
        member: regime, model and encoding, and what the model is made of.
        knobs: whether right answers and pictures in training are other ones than the paper's.
    """
    return REGIMES[member.regime](network=network_of(member), encoding=member.encoding, knobs=knobs)
