"""What a player is after: payoffs by hand, how probable acts are, and what one act says of the goal."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game.givers import blind, giver, reciprocal
from mirrorjax.game.goals import drawn, log_policies, payoffs
from mirrorjax.game.state import Action, Actor, GameState, initial_state
from mirrorjax.randomness import word

pytestmark = pytest.mark.usefixtures("compiled_quickly")
HUNGRY, FULL = 10, 20


def toad_to_act(energy: int = HUNGRY, column: int = 16, fly: bool = False, rough: tuple[int, ...] = ()) -> GameState:
    """A game in which it is Toad's turn, and Frog, behind it, has room for a gift."""
    start = initial_state(jnp.uint32(1 << column if fly else 0))
    toad = replace(start.toad, energy=jnp.int32(energy), column=jnp.int32(column))
    frog = replace(start.frog, energy=jnp.int32(HUNGRY))
    ground = jnp.uint32(sum(1 << tile for tile in rough))
    return replace(start, frog=frog, toad=toad, ground=ground, actor=Actor.TOAD)


def test_one_act_is_what_bayes_says_it_is():
    """A fly in the own column, flat ahead, energy 10, β 2: worked out by hand."""
    state = toad_to_act(fly=True)
    assert np.asarray(payoffs(state)).tolist() == [[1, 0, 0, 0], [0, 4, -1, -1]]
    progress, energy = np.exp(np.asarray(log_policies(state, 2.0), float))
    hop, jump = int(Action.HOP), int(Action.JUMP)
    assert progress[[hop, jump]] == pytest.approx([np.e**2 / (np.e**2 + 3), 1 / (np.e**2 + 3)], rel=1e-5)
    assert energy[[hop, jump]] == pytest.approx(np.exp([0, 8]) / (1 + np.exp(8) + 2 * np.exp(-2)), rel=1e-5)

    def believed(act: int) -> float:
        return float(progress[act] / (progress[act] + energy[act]))

    assert believed(hop) == pytest.approx(0.99953, abs=1e-5)
    assert believed(jump) == pytest.approx(0.0879, abs=1e-4)


@pytest.mark.parametrize(
    ("state", "of_energy"),
    [
        (toad_to_act(), [0, 0, -1, -1]),
        (toad_to_act(rough=(17, 21)), [-1, 0, -2, -1]),
        (toad_to_act(energy=18, fly=True), [0, 2, -1, -1]),
        (toad_to_act(energy=-1, fly=True), [0, 4, 0, 0]),  # it can do nothing but jump
        (toad_to_act(column=27, rough=(28,)), [-1, 0, 0, -1]),  # no room to leap
    ],
)
def test_payoffs_of_energy(state: GameState, of_energy: list[float]):
    assert np.asarray(payoffs(state))[1].tolist() == of_energy


def test_getting_on_needs_energy_and_room():
    worth = [float(payoffs(state)[0, Action.HOP]) for state in (toad_to_act(), toad_to_act(0), toad_to_act(column=31))]
    assert worth == [1, 0, 0]


def test_acts_are_drawn_by_their_probabilities():
    """5,000 words: three standard errors are .02."""
    words = word((jnp.uint32(1), jnp.uint32(2)), jnp.arange(5000, dtype=jnp.uint32))
    log_policy = jnp.log(jnp.array([0.4, 0.3, 0.2, 0.1]))
    acts = jax.jit(jax.vmap(drawn, (None, 0)))(log_policy, words)
    np.testing.assert_allclose(np.bincount(np.asarray(acts), minlength=4) / 5000, [0.4, 0.3, 0.2, 0.1], atol=0.02)


def test_without_reason_all_acts_are_alike():
    np.testing.assert_allclose(np.exp(log_policies(toad_to_act(fly=True), 0.0)), 0.25, rtol=1e-6)


def test_givers_give_what_fits_and_where_it_reaches():
    low, bits = toad_to_act(), jnp.uint32(0)
    full = replace(low, frog=replace(low.frog, energy=jnp.int32(19)))
    far = replace(low, frog=replace(low.frog, column=jnp.int32(27)))
    helps = [int(giver()(state, bits)) == Action.HELP for state in (low, full, far)]
    assert helps == [True, False, False]
    assert int(giver()(toad_to_act(fly=True), bits)) == Action.JUMP
    assert [int(reciprocal(below)(low, bits)) for below in (9, 10)] == [Action.HOP, Action.HELP]
    assert int(reciprocal(20)(toad_to_act(energy=9), bits)) == Action.HOP, "the poorer one gives nothing"
    assert [int(blind(0.5)(low, jnp.uint32(each))) for each in (0, 2**32 - 1)] == [Action.HELP, Action.HOP]
