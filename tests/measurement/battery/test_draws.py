"""Draws that are constants are those that a network's own would be; places are those of a sort."""

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.measurement.battery.draws import choices, normal
from mirrorjax.measurement.battery.ranks import places


def test_a_draw_is_the_beginning_of_a_larger_one():
    keys = jax.random.split(jax.random.key(0), 3)
    assert np.array_equal(normal(3, 2, 34, 3), [jax.random.normal(key, (2, 34, 3)) for key in keys])
    assert np.array_equal(normal(3, 2, 34, 3).reshape(3, -1)[:, :10], normal(3, 10))


def test_a_bootstrap_draws_with_replacement():
    found = choices(3, 100)
    keys = jax.random.split(jax.random.key(0), 3)
    assert np.array_equal(found, [jax.random.randint(key, (100,), 0, 100) for key in keys])
    assert all(len(set(row)) < 100 for row in found)


def test_a_draw_inside_a_traced_function_is_a_constant():
    assert np.array_equal(jax.jit(lambda x: x + normal(3, 4))(0.0), normal(3, 4))


def test_places_are_those_of_a_stable_sort():
    values = np.random.default_rng(0).integers(0, 20, 200)
    expected = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    assert np.array_equal(places(jnp.asarray(values, jnp.float32)), expected)
