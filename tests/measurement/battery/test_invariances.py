"""What a measure must not see: a unit's scale, its place, its double, the padding."""

import functools

import jax
import numpy as np
import pytest

from mirrorjax.measurement.battery.observed import observed
from mirrorjax.models.mlp import MLP
from tests.measurement.battery.cases import rescaled, small_boards, untrained
from tests.networks import probe_of

NETWORK = MLP(width=8, depth=2)
TWICE = [0, 1, 2, 3, 4, 5, 6, 0]  # the first unit in the place of padding too
SCALED_ON_PURPOSE = ("rms_layer", "norm_", "cmni_")  # bookkeeping says what was rescaled


@functools.cache
def boards():
    return small_boards()


measured = jax.jit(observed)


def columns(params, width: int = 8, network: MLP = NETWORK) -> dict[str, float]:
    return {name: float(value) for name, value in measured(probe_of(params, network, width), boards()).items()}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_rescaling_units_changes_no_scale_free_measure(seed: int, factor: float):
    params = untrained(NETWORK, seed)
    factors = factor ** np.random.default_rng(seed).uniform(0.5, 1.0, NETWORK.width)
    before, after = columns(params), columns(rescaled(params, factors))
    for name, value in before.items():
        if not name.startswith(SCALED_ON_PURPOSE):
            assert after[name] == pytest.approx(value, rel=1e-4, abs=2e-5), name


def test_the_order_of_units_does_not_matter():
    params = untrained(NETWORK)
    order = np.random.default_rng(0).permutation(NETWORK.width)
    shuffled = params | {
        "hidden_1_kernel": params["hidden_1_kernel"][order],
        "hidden_1_bias": params["hidden_1_bias"][order],
        "hidden_2_kernel": params["hidden_2_kernel"][:, order],
    }
    assert columns(shuffled) == pytest.approx(columns(params), rel=1e-4, abs=2e-5)


def test_a_duplicate_with_halved_weights_changes_no_mean():
    params = untrained(NETWORK, width=7)
    twin = {
        "hidden_1_kernel": params["hidden_1_kernel"][TWICE],
        "hidden_1_bias": params["hidden_1_bias"][TWICE],
        "hidden_2_kernel": params["hidden_2_kernel"][:, TWICE] * np.asarray([0.5, 1, 1, 1, 1, 1, 1, 0.5], np.float32),
    }
    of_seven = columns(params, 7)
    with_twin = columns(params | twin, 8)
    for name in ("d_prime_mni", "cf_mni", "mni_star", "ssi", "cross_decoding", "rescue_accuracy", "unique_units"):
        assert with_twin[name] == pytest.approx(of_seven[name], rel=1e-3, abs=2e-3), name


def test_padding_is_not_seen():
    narrow, wide = MLP(width=5, depth=2), NETWORK
    params = untrained(narrow)
    padded = {
        name: np.pad(value, [(0, target - size) for size, target in zip(value.shape, shape, strict=True)])
        for (name, value), shape in zip(params.items(), [untrained(wide)[name].shape for name in params], strict=True)
    }
    assert columns(padded, 5) == pytest.approx(columns(params, 5, narrow), rel=1e-4, abs=2e-5)
