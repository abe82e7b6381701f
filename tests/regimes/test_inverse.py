"""Cooperative inverse reinforcement learning where everything is known: paperclips and staples, and small matrices."""

import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.regimes.simulations.inverse import OneActEach, regret, told, untold, value_of_information

GRID = 9200  # of θ: the thresholds are between two of its points
CLIPS_AND_STAPLES = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 2.0]]), np.array([[90.0, 0.0], [50.0, 50.0], [0.0, 90.0]])


@pytest.fixture(scope="module")
def game() -> OneActEach:
    """R = θ · paperclips + (1 − θ) · staples, θ uniform; a person makes two, then a robot 90 or 100."""
    theta = (np.arange(GRID) + 0.5) / GRID
    worth = np.stack([theta, 1 - theta], axis=1)
    person, robot = (worth @ made.T for made in CLIPS_AND_STAPLES)
    return OneActEach(np.full(GRID, 1 / GRID), person, robot)


def test_a_person_alone_never_makes_one_of_each(game: OneActEach):
    alone = game.alone()
    assert set(alone) == {0, 2}
    assert np.argmax(alone == 0) == GRID // 2
    assert game.answers(alone).tolist() == [0, 1, 2]
    assert game.value(alone, game.answers(alone)) == pytest.approx(69, abs=1e-6)


def test_a_person_who_teaches_does_between_two_thresholds(game: OneActEach):
    answers = game.answers(game.alone())
    teaching = game.teaching(answers)
    theta = (np.arange(GRID) + 0.5) / GRID
    between = theta[teaching == 1]
    assert between[0] - 0.5 / GRID == pytest.approx(41 / 92, abs=1e-9)
    assert between[-1] + 0.5 / GRID == pytest.approx(51 / 92, abs=1e-9)
    assert set(teaching[theta < 41 / 92]) == {2} and set(teaching[theta > 51 / 92]) == {0}
    exact = 2 * 92 * (41 / 92 - (41 / 92) ** 2 / 2) + 51 * 10 / 92
    assert exact == pytest.approx(69.2717, abs=5e-5)
    assert game.value(teaching, answers) == pytest.approx(exact, abs=1e-6)
    assert game.answers(teaching).tolist() == [0, 1, 2], "and these are the best answers to one who teaches"


def test_a_belief_is_the_prior_of_who_does_so(game: OneActEach):
    alone = game.alone()
    belief = game.belief(alone, 0)
    assert belief.sum() == pytest.approx(1)
    assert belief @ ((np.arange(GRID) + 0.5) / GRID) == pytest.approx(0.75)
    np.testing.assert_allclose(game.belief(alone, 1), game.prior)


VALUES = jnp.array([[1.575, 1.496], [1.463, 1.721], [1.135, 1.449]])
HALF = jnp.array([0.5, 0.5])


def test_what_knowing_is_worth():
    assert float(told(VALUES, HALF)) == pytest.approx(1.648, abs=1e-6)
    assert float(untold(VALUES, HALF)) == pytest.approx(1.592, abs=1e-6)
    assert float(value_of_information(VALUES, HALF)) == pytest.approx(0.056, abs=1e-6)


@pytest.mark.parametrize("prior", [(0.5, 0.5), (0.9, 0.1), (1.0, 0.0)])
def test_names_of_goals_and_policies_do_not_matter(prior: tuple[float, float]):
    given = jnp.array(prior)
    found = float(value_of_information(VALUES, given))
    assert found >= -1e-6
    assert float(value_of_information(VALUES[:, ::-1], given[::-1])) == pytest.approx(found, abs=1e-6)
    assert float(value_of_information(VALUES[jnp.array([2, 0, 1])], given)) == pytest.approx(found, abs=1e-6)
    if 1.0 in prior:
        assert found == pytest.approx(0, abs=1e-6), "who is certain has nothing to learn"


def test_regrets_are_in_their_order():
    """Of one who is told none, of the prior alone all of it, of any fixed policy no less."""
    best = jnp.max(VALUES, axis=0)
    assert float(regret(best, VALUES, HALF)) == pytest.approx(0, abs=1e-6)
    assert float(regret(VALUES[1], VALUES, HALF)) == pytest.approx(0.056, abs=1e-6)
    assert min(float(regret(each, VALUES, HALF)) for each in VALUES) == pytest.approx(0.056, abs=1e-6)
