"""Flax modules, of linen and of nnx, as networks that are measured: what they record, and edits of it."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

import mirrorjax
from mirrorjax.errors import InputError

pytestmark = pytest.mark.usefixtures("compiled_quickly")
SHOWN = jnp.asarray(np.random.default_rng(0).normal(size=(6, 5)), jnp.float32)
SEQUENCE = jnp.asarray(np.random.default_rng(1).normal(size=(6, 3, 5)), jnp.float32)


class Linen(linen.Module):
    @linen.compact
    def __call__(self, x):
        return linen.Dense(2, name="out")(jax.nn.relu(linen.Dense(4, name="in")(x)))


class Nnx(nnx.Module):
    def __init__(self):
        rngs = nnx.Rngs(0)
        self.layers = nnx.List([nnx.Linear(5, 4, rngs=rngs), nnx.Linear(4, 2, rngs=rngs)])

    def __call__(self, x):
        return self.layers[1](jax.nn.relu(self.layers[0](x)))


def made(kind: str, at: Any = None):
    if kind == "nnx":
        module = Nnx()
        return mirrorjax.from_flax(module, sites={"h": "layers/0"}, at=at), module
    module = Linen()
    variables = module.init(jax.random.key(0), SHOWN)
    return mirrorjax.from_flax(module, variables, {"h": "in"}, at=at), lambda x: module.apply(variables, x)


@pytest.mark.parametrize("kind", ["linen", "nnx"])
def test_what_is_recorded_and_edited(kind: str):
    network, plain = made(kind)
    plain: Any
    recorded = network.record(SHOWN)
    assert recorded["h"].shape == (6, 4) and np.array_equal(recorded["h"], network.record(SHOWN, batch=4)["h"])
    assert np.array_equal(network.run(SHOWN, lambda site, units: units), plain(SHOWN))
    nothing = network.run(SHOWN, lambda site, units: 0 * units)
    assert np.array_equal(nothing, jnp.zeros_like(nothing)) and np.any(np.asarray(plain(SHOWN)) != 0)
    assert np.array_equal(network.run(SHOWN, lambda site, units: units), plain(SHOWN)), "it is as it was"


@pytest.mark.parametrize("at", [-1, "mean"])
def test_positions_of_a_sequence(at: Any):
    network, plain = made("linen", at)
    units = network.record(SEQUENCE)["h"]
    assert units.shape == (6, 4)
    changed = network.run(SEQUENCE, lambda site, units: units + 1) != plain(SEQUENCE)
    assert changed.any(axis=(0, 2)).tolist() == ([False, False, True] if at == -1 else [True] * 3)
    with pytest.raises(InputError, match=r"gives \(6, 3, 4\), \[rows, positions, units\]; choose a position"):
        made("linen")[0].record(SEQUENCE)


def test_what_is_wrong_is_said():
    module = Linen()
    for message, arguments in {
        "Linear given|function given|type given": (len, {}, {"h": "in"}),
        "needs its variables": (module, None, {"h": "in"}),
        "sites must be a mapping": (module, {}, ["in"]),
    }.items():
        with pytest.raises(InputError, match=message.replace("Linear", "builtin_function_or_method")):
            mirrorjax.from_flax(*arguments)
    with pytest.raises(InputError, match="at: 'last'"):
        made("linen", "last")
    variables = module.init(jax.random.key(0), SHOWN)
    with pytest.raises(InputError, match="site h: lost was run 0 times"):
        mirrorjax.from_flax(module, variables, {"h": "lost"}).record(SHOWN)
    with pytest.raises(InputError, match="site h: no submodule 'lost' in Nnx"):
        mirrorjax.from_flax(Nnx(), sites={"h": "lost"}).record(SHOWN)
    with pytest.raises(InputError, match="at is a function, so that units cannot be edited"):
        made("linen", lambda output: output)[0].run(SHOWN, lambda site, units: units + 1)
