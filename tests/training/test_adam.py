"""Adam as Keras has it, where its epsilon matters."""

from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mirrorjax.regimes.descent import BETA_1, BETA_2, EPSILON, adam

RATE = 0.1
SLOPES = np.array([1.0, 1e-2, 1e-4, 1e-6, 1e-7, 1e-8, 0.0])  # gradients from plain to far below epsilon
STEPS = 60


def gradients(number: int) -> np.ndarray:
    """Hand-made: of changing size and sign."""
    return SLOPES * np.cos(0.7 * number) * (1 + number % 3)


def by_formula() -> np.ndarray:
    """Keras' formula in float64: α_t = α √(1 - β₂ᵗ)/(1 - β₁ᵗ); p - α_t m/(√v + ε). [steps, slopes]"""
    p, m, v, path = np.ones(len(SLOPES)), np.zeros(len(SLOPES)), np.zeros(len(SLOPES)), []
    for t in range(1, STEPS + 1):
        g = gradients(t)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        p = p - RATE * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-7)
        path.append(p)
    return np.array(path)


def untouched() -> optax.ScaleByAdamState:
    zero = {"w": jnp.zeros(len(SLOPES), jnp.float32)}
    return optax.ScaleByAdamState(count=jnp.zeros((), jnp.int32), mu=zero, nu=zero)


def test_constants_are_the_published_ones():
    assert (BETA_1, BETA_2, EPSILON) == (0.9, 0.999, 1e-7)


def test_updates_follow_keras_formula():
    params = {"w": jnp.ones(len(SLOPES), jnp.float32)}
    moments = untouched()
    step = jax.jit(adam)
    path = []
    for t in range(1, STEPS + 1):
        gradient = {"w": jnp.asarray(gradients(t), jnp.float32)}
        params, moments = step(params, gradient, moments, jnp.float32(RATE))
        path.append(np.asarray(params["w"]))
    assert moments.count == STEPS
    expected = by_formula()
    # 1 - .999^t is off by up to 1e-5 relative in float32 (at t = 1), and so is an update of .1. Seen: 1.7e-6.
    np.testing.assert_allclose(path, expected, rtol=0, atol=5e-6)
    assert np.abs(expected[-1] - 1)[5] < 0.1 * np.abs(expected[-1] - 1)[0]  # epsilon holds the small ones back
    assert path[-1][6] == 1  # no gradient, no update


def test_optax_adam_is_another():
    """The same ε beside the corrected root lets gradients below it move a weight much further."""
    params, gradient = jnp.ones(len(SLOPES), jnp.float32), jnp.asarray(gradients(1), jnp.float32)
    optimizer = optax.adam(RATE, 0.9, 0.999, 1e-7)
    with jax.numpy_dtype_promotion("standard"):  # optax raises a float to an integer count
        update, _ = optimizer.update({"w": gradient}, optimizer.init({"w": params}))
    theirs = np.asarray(cast(dict, update)["w"])
    ours, _ = adam({"w": params}, {"w": gradient}, untouched(), jnp.float32(RATE))
    ours = np.asarray(ours["w"] - params)
    np.testing.assert_allclose(ours[:2], theirs[:2], rtol=1e-3)
    assert abs(theirs[5]) > 10 * abs(ours[5])
