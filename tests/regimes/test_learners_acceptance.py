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
    """Without flies, as the rate falls to 0; nobody lives so who is paid by its own points alone, though some give."""
    kind = {"regime": "turn_learners", "model": "gru", "width": 8, "fly_probability": 0.0, "discount": 0.997}
    kind |= {"anneal": 0.768}
    gains = [{**kind, "coupling": coupling, "reward_sharing": 1.0} for coupling in (0.0, 4.0)]
    *shared, selfish = ended(0.768, *gains, {**kind, "coupling": 1.0, "reward_sharing": 0.0})
    for found in shared:
        assert (found["pair_score_last"] >= 0.5).sum() >= SEEDS - 1
    assert (selfish["pair_score_last"] < 0.5).all()
    assert all(np.median(selfish["pair_gifts"]) < np.median(found["pair_gifts"]) / 2 for found in shared)


@pytest.mark.parametrize("knows", ["belief", "told", "masked"])
def test_regret_of_who_learns_beside_a_toad_that_is_after_something(knows: str):
    """Specified: below half of the value of information after five million turns with a belief.

    Who is not told was to lose all of it. But that is what knowing is worth to the scripted Frogs: whose energy is seen
    tells most of its goal, and one of them that looks at it needs no belief (`test_cirl.py`). So nor does a learner.
    """
    kind = {"regime": "cirl_learner", "partner_energy": "seen", "learning_rate": 3e-3, "anneal": 5.12}
    (found,) = ended(5.12, {**kind, "knows": knows})
    assert np.median(found["cirl_regret"]) < found["voi"][0] / 2
    assert (found["cirl_regret"] < found["cirl_told"] - found["cirl_untold"]).all()
