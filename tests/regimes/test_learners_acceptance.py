"""What learns with a memory: who lives by mutual gifts, and what is gained of a belief (`make test-acceptance`)."""

from typing import Any

import numpy as np
import pytest

from mirrorjax.population.members import Member
from tests.regimes.acceptance import agents_at

pytestmark = [pytest.mark.slow, pytest.mark.acceptance]
SEEDS = 4


def ended(millions: float, *kinds: dict[str, Any]) -> list[dict[str, np.ndarray]]:
    """What is told of members of each kind at the end [seeds]; all of one program."""
    members = [Member(**{"learning_rate": 1e-3, **kind}, seed=seed) for kind in kinds for seed in range(SEEDS)]
    found = agents_at(members, millions)
    return [{name: each.reshape(len(kinds), -1)[place] for name, each in found.items()} for place in range(len(kinds))]


def test_pairs_come_to_live_by_mutual_gifts_where_the_reward_is_shared():
    """Without flies, as the rate falls to 0; nobody who is paid by its own points alone gives."""
    kind = {"regime": "turn_learners", "model": "gru", "width": 8, "fly_probability": 0.0, "discount": 0.997}
    kind |= {"anneal": 0.768}
    gains = [{**kind, "coupling": coupling, "reward_sharing": 1.0} for coupling in (0.0, 4.0)]
    *shared, selfish = ended(0.768, *gains, {**kind, "coupling": 1.0, "reward_sharing": 0.0})
    for found in shared:
        assert (found["pair_score_last"] >= 0.5).sum() >= SEEDS - 1
    assert (selfish["pair_score_last"] < 0.1).all() and (selfish["pair_gifts"] < 0.01).all()


def test_regret_of_who_learns_beside_a_toad_that_is_after_something():
    """Specified: below half of the value of information after five million turns with a belief.

    Who is not told was to lose all of it, but that value is one of the scripted Frogs': who sees the board need not
    know (`test_cirl.py`). What holds is that knowing does no harm: who is told is worth as much, within noise.
    """
    kind = {"regime": "cirl_learner", "partner_energy": "seen", "learning_rate": 3e-3, "anneal": 5.12}
    found = {knows: ended(5.12, {**kind, "knows": knows})[0] for knows in ("belief", "told", "masked")}
    regret, worth = {knows: each["cirl_regret"] for knows, each in found.items()}, found["told"]["voi"][0]
    print(worth, regret)
    for knows in ("belief", "told"):
        assert np.median(regret[knows]) < worth / 2
        assert np.median(regret[knows]) <= np.median(regret["masked"])
