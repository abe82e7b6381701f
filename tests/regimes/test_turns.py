"""Two phases and two who answer each other, held against their closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.population.members import Member, stack_values
from mirrorjax.regimes.simulations.turn_taking import TurnTaking
from mirrorjax.regimes.simulations.turns import echo_exact, information_exact, locking_exact, slips_exact, turned
from mirrorjax.training.step import init_state, train

pytestmark = pytest.mark.usefixtures("compiled_quickly")


def scores(regime: TurnTaking, members: list[Member], rounds: int) -> dict[str, np.ndarray]:
    """Of members after so many rounds."""

    def one(values):
        state = train(regime, init_state(regime, values), values, jnp.uint32(0), jnp.uint32(rounds), ())
        return regime.score(regime.policy(state.own, values, ()), values, ())

    found = jax.jit(jax.vmap(one))(stack_values(members, ""))
    return {name: np.asarray(value) for name, value in found.items()}


@pytest.mark.parametrize(
    ("detuning", "strength", "locked"),
    [(1, 0.2, 0.2087), (1, 0.4, 0.5), (1, 0.49, 0.8173), (1, 0.51, 1), (1, 1, 1), (1, -1, 1), (1, 0, 0), (0, 0.1, 1)],
)
def test_locking_in_closed_form(detuning: float, strength: float, locked: float):
    given = jnp.float32(detuning), jnp.float32(strength)
    assert float(locking_exact(*given)) == pytest.approx(locked, abs=1e-4)
    assert (float(slips_exact(*given)) == 0) == (abs(detuning) <= 2 * abs(strength))


def test_phases_come_to_the_closed_form():
    members = [
        Member(regime="turn_taking", turns_of="oscillators", coupling=coupling, phase_lag=lag)
        for coupling, lag in ((0.2, 0.0), (0.4, 0.0), (1.0, 0.0), (0.4, 1.0))
    ]
    found = scores(TurnTaking("oscillators"), members, 400)
    np.testing.assert_allclose(found["locking"], found["locking_exact"], atol=0.01)
    np.testing.assert_allclose(found["slips"], found["slips_exact"], atol=0.002)


@pytest.mark.parametrize(("strength", "about"), [(1.0, 0.0), (-1.0, np.pi)])
def test_locked_phases_are_together_or_apart(strength: float, about: float):
    """sin ψ = Δω/2K, within a quarter turn of 0 or of π."""
    given = jnp.float32(1.0), jnp.float32(strength)
    one = jax.jit(lambda gap: jax.lax.fori_loop(0, 40, lambda _, psi: turned(psi, *given)[0], gap))
    gap = np.asarray(one(jnp.linspace(0.3, 6.0, 5)))
    np.testing.assert_allclose(np.sin(gap), 0.5 / strength, atol=1e-5)
    assert (np.cos(gap - about) > 0).all()


def test_a_chain_comes_to_the_closed_form():
    """64 pairs of 256 rounds, 32,768 acts: three standard errors are .009 of flips and .017 of a correlation."""
    couplings = [-1.0, 0.0, 1.0, 2.0]
    members = [Member(regime="turn_taking", turns_of="chain", coupling=coupling) for coupling in couplings]
    found = scores(TurnTaking("chain"), members, 256)
    np.testing.assert_allclose(found["flips"], found["flips_exact"], atol=0.009)
    np.testing.assert_allclose(found["echo"], found["echo_exact"], atol=0.02)  # acts of lag 2 are correlated
    np.testing.assert_allclose(found["act_mi"], found["act_mi_exact"], atol=0.01)
    np.testing.assert_allclose(found["act_mi_null"], 0, atol=0.001)


def test_closed_forms_of_a_chain():
    """Numbers of κ = .5, 1, 2, 3, from the formulas in another arithmetic."""
    for coupling, flips in ((0.5, 0.62246), (1, 0.73106), (2, 0.88080), (3, 0.95257)):
        entropy = -(flips * np.log(flips) + (1 - flips) * np.log(1 - flips))
        found = float(information_exact(jnp.float32(coupling)))
        assert found == pytest.approx(np.log(2) - entropy, abs=3e-5)  # rates are of five digits
        assert float(echo_exact(jnp.float32(coupling), 2)) == pytest.approx((1 - 2 * flips) ** 2, abs=1e-4)
    assert float(echo_exact(jnp.float32(-1.0), 1)) > 0 > float(echo_exact(jnp.float32(1.0), 1))
