"""What agents learn in the game: eight of each kind, two million turns, 2×17 (`make test-acceptance`, minutes)."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mirrorjax.population.members import Member
from tests.regimes.acceptance import agents_at

pytestmark = [pytest.mark.slow, pytest.mark.acceptance]
SEEDS, MILLIONS = 8, 2.048
KIND = Member(regime="reinforcement", learning_rate=1e-3)


def ended(*kinds: dict[str, Any], seeds: int = SEEDS, millions: float = MILLIONS) -> list[dict[str, np.ndarray]]:
    """What is told of members of each kind at the end [seeds]; all of one program."""
    members = [replace(KIND, seed=seed, **kind) for kind in kinds for seed in range(seeds)]
    found = agents_at(members, millions)
    return [{name: each.reshape(len(kinds), -1)[place] for name, each in found.items()} for place in range(len(kinds))]


def most(values: np.ndarray) -> bool:
    """Of at least seven of eight."""
    return values.sum() >= 0.875 * len(values)


def test_help_is_learnt_where_the_reward_is_shared_and_nowhere_else():
    """A Toad that hops, the camera on Frog alone: at D = 0 nothing is lost by its starving."""
    selfish, half, shared = ended(*({"partner": "hop", "scroll": 0.0, "reward_sharing": each} for each in (0, 0.5, 1)))
    assert most(selfish["help_share"] < 0.005) and most(selfish["return_partner"] < 0.25)
    for each in (half, shared):
        assert most(each["help_share"] > 0.03) and most(each["return_partner"] > 0.6)
    assert most(selfish["return_own"] > 0.93) and most(half["excess_error"] < 0.5)


def test_a_selfish_agent_helps_where_the_camera_follows_both():
    (found,) = ended({"partner": "random"})
    assert most((found["return_own"] >= 0.75) & (found["help_share"] >= 0.02))


def test_nobody_helps_who_needs_none():
    (found,) = ended({"partner": "greedy"})
    assert most(found["help_share"] < 0.005)


def test_seeing_hunger_is_no_reason_to_help():
    """Yoshida & Man's claim: what is seen of the other moves nobody whose reward does not depend on it."""
    (found,) = ended({"partner": "hop", "scroll": 0.0, "partner_energy": "seen"})
    assert most(found["help_share"] < 0.005)
