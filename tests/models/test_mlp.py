"""The network: Glorot weights of the true widths, padding that stays zero, features first or one at a time."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from mirrorjax.models.base import Edit, Shown, Site, Units, padding
from mirrorjax.models.mlp import ACTIVATIONS, MLP
from tests.chance import P_LIMIT

pytestmark = pytest.mark.usefixtures("compiled_quickly")


@pytest.fixture(scope="module")
def initial():
    """Initial weights of width 17, compiled as 17, 24 and 32, three layers deep, from one key."""

    def start(compiled: int):
        network = MLP(width=compiled, depth=3)
        return jax.device_get(jax.jit(network.init)(jax.random.key(4), jnp.int32(17)))

    return {compiled: start(compiled) for compiled in (17, 24, 32)}


SHAPES = {
    "hidden_1_kernel": (17, 100),
    "hidden_1_bias": (17,),
    "hidden_2_kernel": (17, 17),
    "hidden_2_bias": (17,),
    "hidden_3_kernel": (17, 17),
    "hidden_3_bias": (17,),
    "output_kernel": (4, 17),
    "output_bias": (4,),
}


def test_shapes_and_biases(initial):
    assert {name: value.shape for name, value in initial[17].items()} == SHAPES
    assert all(value.dtype == np.float32 for value in initial[17].values())
    assert not any(initial[17][name].any() for name in SHAPES if name.endswith("bias"))


@pytest.mark.parametrize("name", [name for name in SHAPES if name.endswith("kernel")])
@pytest.mark.parametrize("compiled", [17, 24, 32])
def test_glorot_uniform_of_the_true_widths(initial, name, compiled):
    """±√(6/(fan-in + fan-out)); as compiled, the fans of hidden layers would be 24 or 32."""
    rows, columns = SHAPES[name]
    limit = np.sqrt(6 / (rows + columns))
    own = initial[compiled][name][:rows, :columns].ravel()
    assert np.abs(own).max() <= limit * (1 + 1e-6)  # rounding of the limit
    assert stats.kstest(own, stats.uniform(-limit, 2 * limit).cdf).pvalue > P_LIMIT
    if own.size > 200:  # the largest of n uniform draws is beyond 1 - 20/n of the limit but once in 5·10^8
        assert np.abs(own).max() > limit * (1 - 20 / own.size)


@pytest.mark.parametrize("compiled", [24, 32])
@pytest.mark.parametrize("name", SHAPES)
def test_padding_is_zero_and_the_rest_is_the_unpadded_network(initial, compiled, name):
    own = tuple(slice(size) for size in SHAPES[name])
    padded = initial[compiled][name].copy()
    assert padded[own].tobytes() == initial[17][name].tobytes()
    padded[own] = 0
    assert not padded.any()


def test_layers_and_rows_have_weights_of_their_own(initial):
    kernels = [value for name, value in initial[17].items() if name.endswith("kernel")]
    entries = np.concatenate([kernel.ravel() for kernel in kernels])
    assert len(np.unique(entries)) > 0.999 * len(entries)  # of 2,346 of 2^24 values perhaps one pair is equal
    other = jax.jit(MLP(width=17, depth=3).init)(jax.random.key(5), jnp.int32(17))
    assert not np.intersect1d(other["hidden_1_kernel"], initial[17]["hidden_1_kernel"]).size > 2


@pytest.fixture(scope="module")
def small():
    """Weights of a network of 2 x 5 with random biases, inputs for 7 examples, gates of dropout."""
    draw = np.random.default_rng(0)
    sizes = {"hidden_1": (5, 10), "hidden_2": (5, 5), "output": (4, 5)}
    params = {f"{name}_kernel": draw.normal(size=shape) for name, shape in sizes.items()}
    params |= {f"{name}_bias": draw.normal(size=shape[0]) for name, shape in sizes.items()}
    params = {name: jnp.asarray(value, jnp.float32) for name, value in params.items()}
    inputs = jnp.asarray(draw.normal(size=(10, 7)), jnp.float32)
    gates = jnp.asarray(draw.choice([0.0, 1.25], size=(2, 5, 7)), jnp.float32)
    return params, inputs, gates


FUNCTIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "gelu": lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "identity": lambda x: x,
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_outputs_and_activations_by_hand(small, activation):
    params, inputs, gates = small
    network = MLP(width=5, depth=2, activation=activation, inputs=10)
    shown = jax.jit(lambda params, inputs, gates: network.run(params, inputs, times(gates)))(params, inputs, gates)
    w = {name: np.asarray(value, float) for name, value in params.items()}
    h = np.asarray(inputs, float)
    for layer in (1, 2):
        h = FUNCTIONS[activation](w[f"hidden_{layer}_kernel"] @ h + w[f"hidden_{layer}_bias"][:, None])
        h = h * np.asarray(gates[layer - 1], float)
        np.testing.assert_allclose(shown.units[f"hidden_{layer}"], h, rtol=0, atol=1e-5)  # float32 sums of up to 30
    np.testing.assert_allclose(shown.outputs, w["output_kernel"] @ h + w["output_bias"][:, None], rtol=0, atol=1e-5)


def times(gates: jax.Array) -> Edit:
    """The edit that multiplies the units by gates [depth, width, *batch]."""
    return lambda site, units: units * gates[int(site.name[-1]) - 1]


def shown(params, inputs, edit: Edit) -> Shown:
    return MLP(width=5, depth=2, inputs=10).run(params, inputs, edit)


def test_a_batch_is_its_examples_one_at_a_time(small):
    params, inputs, gates = small
    whole = shown(params, inputs, times(gates))
    assert whole.outputs.shape == (4, 7) and [h.shape for h in whole.units.values()] == [(5, 7), (5, 7)]
    for example in range(7):
        one = shown(params, inputs[:, example], times(gates[:, :, example]))
        assert one.outputs.shape == (4,)
        np.testing.assert_allclose(one.outputs, whole.outputs[:, example], rtol=0, atol=1e-5)
        for name, activations in one.units.items():
            np.testing.assert_allclose(activations, whole.units[name][:, example], rtol=0, atol=1e-5)


def test_an_edit_is_what_the_rest_of_the_network_sees(small):
    """A silenced unit is one without outgoing weights; each site is edited once, the first first."""
    params, inputs, _ = small
    edited: list[str] = []

    def silence(site: Site, units: Units) -> Units:
        edited.append(site.name)
        return units.at[3].set(0.0) if site.name == "hidden_1" else units

    found = shown(params, inputs, silence)
    assert edited == ["hidden_1", "hidden_2"]
    first = found.units["hidden_1"]
    assert not first[3].any() and first[jnp.array([0, 1, 2, 4])].any()
    without = params | {"hidden_2_kernel": params["hidden_2_kernel"].at[:, 3].set(0.0)}
    np.testing.assert_allclose(found.outputs, shown(without, inputs, times(jnp.ones((2, 5, 7)))).outputs, atol=1e-6)


def test_padding_silences_what_a_narrower_member_has_not(small):
    params, inputs, _ = small
    units = shown(params, inputs, padding(jnp.int32(3))).units
    assert all(not h[3:].any() and h[:3].any() for h in units.values())
