"""InfoNCE: values that are known, and what must not move it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.regimes.rows import alignment
from mirrorjax.regimes.rows.alignment import embedded

pytestmark = pytest.mark.usefixtures("compiled_quickly")

BATCH, TEMPERATURE = 8, 0.1
info_nce = jax.jit(alignment.info_nce)
EVEN = jnp.full(BATCH, 1 / BATCH)


@pytest.fixture(scope="module")
def views() -> tuple[jax.Array, jax.Array]:
    """Of the same situations, the second with noise."""
    own, noise = jax.random.normal(jax.random.key(0), (2, 5, BATCH))
    return embedded(jnp.eye(5), own), embedded(jnp.eye(5), own + 0.3 * noise)


def test_views_that_agree_and_are_orthogonal():
    known = np.log(1 + (BATCH - 1) * np.exp(-1 / TEMPERATURE))
    assert float(info_nce(jnp.eye(BATCH), jnp.eye(BATCH), TEMPERATURE, EVEN)) == pytest.approx(known, abs=1e-6)


def test_views_that_tell_nothing():
    alike = jnp.full((3, BATCH), 3**-0.5)
    assert float(info_nce(alike, alike, TEMPERATURE, EVEN)) == pytest.approx(np.log(BATCH), abs=1e-5)


def test_only_who_belongs_to_whom_matters(views):
    own, seen = views
    order = jnp.array([3, 1, 0, 2, 7, 6, 5, 4])
    given = float(info_nce(own, seen, TEMPERATURE, EVEN))
    assert float(info_nce(own[:, order], seen[:, order], TEMPERATURE, EVEN)) == pytest.approx(given, abs=1e-5)
    assert float(info_nce(own, seen[:, order], TEMPERATURE, EVEN)) > given + 0.01


def test_rows_without_weight_change_nothing(views):
    own, seen = views
    more = [jnp.concatenate([view, 9 * jnp.ones((5, 3))], axis=1) for view in views]
    weights = jnp.concatenate([EVEN, jnp.zeros(3)])

    def loss(own, seen):
        return info_nce(own, seen, TEMPERATURE, weights)

    assert float(loss(*more)) == pytest.approx(float(info_nce(own, seen, TEMPERATURE, EVEN)), abs=1e-6)
    for slope in jax.jit(jax.grad(loss, argnums=(0, 1)))(*more):
        np.testing.assert_array_equal(slope[:, BATCH:], 0)


def test_units_that_are_all_zero_have_a_finite_gradient():
    units = jnp.zeros((4, BATCH)).at[:, 1:].set(jax.random.normal(jax.random.key(1), (4, BATCH - 1)))

    def loss(units):
        z = embedded(jnp.eye(4), units)
        return info_nce(z, z, TEMPERATURE, EVEN)

    assert np.isfinite(jax.jit(jax.grad(loss))(units)).all()


def test_rows_with_the_same_act_share_the_mass():
    """Directions by act: each finds m views that are alike among the others, which are orthogonal."""
    acts = jnp.array([0, 0, 1, 1, 2, 2, 3, 3])
    by_act = jnp.eye(4)[:, acts]
    known = np.log(2 + (BATCH - 2) * np.exp(-1 / TEMPERATURE))
    assert float(info_nce(by_act, by_act, TEMPERATURE, EVEN, acts)) == pytest.approx(known, abs=1e-6)
    alike = jnp.full((3, BATCH), 3**-0.5)
    assert float(info_nce(alike, alike, TEMPERATURE, EVEN, acts)) == pytest.approx(np.log(BATCH), abs=1e-5)


def test_acts_of_their_own_are_views_of_their_own(views):
    alone = float(info_nce(*views, TEMPERATURE, EVEN, jnp.arange(BATCH)))
    assert alone == pytest.approx(float(info_nce(*views, TEMPERATURE, EVEN)), abs=1e-5)
    weights = EVEN.at[-2:].set(0.0)
    acts = jnp.array([0, 1, 0, 1, 2, 2, 0, 1])  # the last two do not count
    fewer = float(info_nce(*(view[:, :-2] for view in views), TEMPERATURE, jnp.full(6, 1 / 6), acts[:-2]))
    assert float(info_nce(*views, TEMPERATURE, weights, acts)) == pytest.approx(fewer, abs=1e-5)
