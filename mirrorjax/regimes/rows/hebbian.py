"""Imitation without a gradient: acts are tried, and synapses grow where reward is beyond what it usually is.

An act a is drawn by softmax of the outputs, and rewarded with R = 1 where it is the watched one. With the error
1[a=i] − π_i, a synapse onto output i grows by η (R − R̄) times that and what it carries (Williams, *Mach. Learn.*
8:229, 1992); one onto a hidden unit that fires, by η (R − R̄) times the error as fixed random feedback brings it there
(Nøkland, *Direct feedback alignment*, arXiv 1609.01596) and what it carries. Rates, not spikes; no dropout, no decay.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float32, Int32, UInt32

from mirrorjax.dataset.row import features
from mirrorjax.errors import InputError
from mirrorjax.models.base import Affine, Layered, Params, besides, is_layered
from mirrorjax.models.encoding import encoded
from mirrorjax.models.mlp import glorot_rows
from mirrorjax.population.members import MemberValues, init_key
from mirrorjax.randomness import substream, uniform, word
from mirrorjax.regimes.base import Numbers, Step, World
from mirrorjax.regimes.descent import batch_weights
from mirrorjax.regimes.rows.watching import ByWatching, watching

USUAL = 0.99  # of the usual reward R̄ that is left after an update
CHANCE = 0.25  # R̄ before the first
_LEAST = 1e-3  # of the deviation of an input
_FEEDBACK_KEY = 3000  # of the first layer's feedback
_TRYING = 1 << 30  # the stream of the acts that are tried


@struct.dataclass
class Rewarded:
    """The state of a member: weights as they are on pictures, the usual reward, and the updates it has had."""

    params: Params
    usual: Float32[Array, ""]
    count: Int32[Array, ""]


@struct.dataclass
class StandardisedRows:
    """What members share: rows, and how inputs are standardised, for raw ones differ by a factor of twenty."""

    rows: UInt32[Array, "rows 2"]
    mean: Float32[Array, " inputs"]
    deviation: Float32[Array, " inputs"]


def grown(
    layers: Sequence[Affine],
    feedback: Sequence[Float32[Array, "units acts"]],
    inputs: Float32[Array, "inputs batch"],
    acts: Int32[Array, " batch"],
    rewards: Float32[Array, " batch"],
) -> list[Affine]:
    """By how much synapses grow, summed over a batch, without η.

    Args:
        layers: of relu units, and the outputs'.
        feedback: of the error to each layer of units.
        inputs: standardised.
        acts: that were tried.
        rewards: beyond the usual, times the row's weight.
    """
    carried = [inputs]
    for layer in layers[:-1]:
        carried.append(jax.nn.relu(layer.kernel @ carried[-1] + layer.bias[:, None]))
    chance = jax.nn.softmax(layers[-1].kernel @ carried[-1] + layers[-1].bias[:, None], axis=0)
    error = jax.nn.one_hot(acts, len(chance), axis=0) - chance
    brought = [jnp.where(units > 0, back @ error, 0.0) for back, units in zip(feedback, carried[1:], strict=True)]
    onto = [each * rewards[None, :] for each in (*brought, error)]
    return [Affine(each @ before.T, each.sum(-1)) for each, before in zip(onto, carried, strict=True)]


def within_reach(layer: Affine) -> Affine:
    """A layer whose units have synapses of length 1 at most, all together: homeostasis."""
    length = jnp.sqrt(jnp.sum(layer.kernel**2, axis=1, keepdims=True))
    return Affine(layer.kernel / jnp.maximum(length, 1.0), layer.bias)


@dataclass(frozen=True)
class Hebbian(ByWatching):
    """What members of one program have in common; η is the learning rate."""

    def __post_init__(self) -> None:
        """Raises an `InputError` for a network that the rule does not know."""
        if not is_layered(self.network) or besides(self.network).activation != "relu":
            known = "a network of dense relu layers"
            raise InputError(f"regime.plasticity is hebbian for {self.network}; allowed: gradient, or {known}")

    def world(self, data: World) -> World:
        """The rows, and how inputs are standardised: over the first of the dataset's."""
        words = jnp.asarray(data.sample["rows"])
        inputs = jax.jit(lambda words: encoded(jax.vmap(features, out_axes=-1)(words), self.encoding))(words)
        return World(StandardisedRows(data.train, inputs.mean(-1), inputs.std(-1) + _LEAST), data.held)

    def init(self, values: MemberValues) -> Any:
        """A member with its initial weights, as `supervised` has them."""
        params = self.network.init(init_key(values), values.width)
        return Rewarded(params, jnp.float32(CHANCE), jnp.int32(0))

    def feedback(self, values: MemberValues) -> list[Float32[Array, "units acts"]]:
        """The random ways by which the error comes to each layer; they never change."""
        keys = [jax.random.fold_in(init_key(values), _FEEDBACK_KEY + number) for number in range(len(self.sites))]
        acts, one = self.network.outputs, jnp.float32(1)
        return [glorot_rows(key, site.size, acts, one) for key, site in zip(keys, self.sites, strict=True)]

    def update(self, state: Any, values: MemberValues, step: Step, drawn: Numbers, train: Any) -> tuple[Any, Any]:
        """One batch of acts that are tried; a member is always well, for its synapses are within reach."""
        seen = watching(values, values.watched_share)
        rows, weights = train.rows[drawn], batch_weights(values, self.batch)
        raw = encoded(self.pictures(rows, seen.knobs), self.encoding)
        inputs = (raw - train.mean[:, None]) / train.deviation[:, None]
        first, *others = cast(Layered, self.network).layers(state.params)
        layers = [Affine(first.kernel * train.deviation[None, :], first.bias + first.kernel @ train.mean), *others]
        chance = jax.nn.softmax(self.network.run(state.params, raw).outputs, axis=0)
        stream = substream((values.dropout_stream[0], values.dropout_stream[1]), jnp.uint32(_TRYING))
        draws = uniform(word(substream(stream, step), jnp.arange(self.batch, dtype=jnp.uint32)))
        acts = jnp.sum(draws[None, :] >= jnp.cumsum(chance[:-1], axis=0), axis=0, dtype=jnp.int32)
        reward = jnp.take_along_axis(self.targets(rows, seen.knobs), acts[None, :], axis=0)[0]
        growth = grown(layers, self.feedback(values), inputs, acts, (reward - state.usual) * weights)
        eta = values.learning_rate
        after = [
            within_reach(Affine(old.kernel + eta * new.kernel, old.bias + eta * new.bias))
            for old, new in zip(layers, growth, strict=True)
        ]
        kernel = after[0].kernel / train.deviation[None, :]
        after[0] = Affine(kernel, after[0].bias - kernel @ train.mean)
        usual = USUAL * state.usual + (1 - USUAL) * jnp.sum(reward * weights)
        return Rewarded(self._named(after), usual, state.count + 1), True

    def _named(self, layers: Sequence[Affine]) -> Params:
        names = [*(site.name for site in self.sites), "output"]
        kernels = {f"{name}_kernel": layer.kernel for name, layer in zip(names, layers, strict=True)}
        return kernels | {f"{name}_bias": layer.bias for name, layer in zip(names, layers, strict=True)}

    def steps(self, state: Any) -> Int32[Array, ""]:
        """As they were counted."""
        return state.count

    def answer(self, outputs: Float32[Array, "4 batch"]) -> Float32[Array, "4 batch"]:
        """The chance of each act."""
        return jax.nn.softmax(outputs, axis=0)
