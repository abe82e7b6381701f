"""The paper's regime: mean squared error on one-hot labels of the oracle, and an L2 penalty on hidden kernels."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, cast

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Bool, Float32, UInt32

from mirrorjax.dataset import knobs as turned
from mirrorjax.dataset.knobs import Knobs
from mirrorjax.dataset.row import features
from mirrorjax.models import MODELS
from mirrorjax.models.encoding import ENCODINGS, encoded

Params = dict[str, jax.Array]


@dataclass(frozen=True)
class Supervised:
    """One compiled program's static part: the network's shape and what it is trained to do.

    Attributes:
        model: a name in `models.MODELS`.
        width: units of each hidden layer as compiled, true ones and padding.
        depth: hidden layers.
        activation: of the hidden layers.
        encoding: of pictures, a name in `models.encoding.ENCODINGS`.
        knobs: whether right answers and pictures follow the members' knobs; else these are not looked at.
        initialises_as: the regime whose networks start with the same hidden weights; they have one null.
    """

    initialises_as: ClassVar[str] = "supervised"

    model: str = "mlp"
    width: int = 17
    depth: int = 2
    activation: str = "relu"
    encoding: str = "ordinal"
    knobs: bool = False

    def __str__(self) -> str:
        """In a line of a log."""
        more = f"{'' if self.encoding == 'ordinal' else f', {self.encoding}'}{', knobs' if self.knobs else ''}"
        return f"{self.model}, depth {self.depth}, width {self.width}, {self.activation}{more}"

    @cached_property
    def network(self) -> nn.Module:
        return MODELS[self.model](width=self.width, depth=self.depth, activation=self.activation)

    def unit_mask(self, true_width: jax.Array) -> Float32[Array, " width"]:
        """1 for a unit of the member, 0 for padding."""
        return (jnp.arange(self.width) < true_width).astype(jnp.float32)

    def init(self, key: jax.Array, true_width: jax.Array) -> Params:
        """Initial weights of one member; padding is zero."""
        gates = jnp.broadcast_to(self.unit_mask(true_width), (self.depth, self.width))
        variables = self.network.init(key, jnp.zeros(ENCODINGS[self.encoding].size, jnp.float32), gates)
        return cast(Params, variables["params"])

    def apply(
        self,
        params: Params,
        rows: UInt32[Array, "batch 2"],
        gates: Float32[Array, "depth width batch"],
        knobs: Knobs | None = None,
    ) -> tuple[Float32[Array, "4 batch"], tuple[Float32[Array, "width batch"], ...]]:
        """The network over a batch of packed rows.

        Args:
            params: of one member.
            rows: packed.
            gates: of each hidden unit and row.
            knobs: of the pictures, as in training; None: they are the paper's, as always in measurements.

        Returns:
            Outputs [4, batch] and hidden activations, [width, batch] a layer.
        """
        with jax.named_scope("inputs"):
            if self.knobs and knobs is not None:
                inputs = jax.vmap(turned.features, in_axes=(0, None), out_axes=-1)(rows, knobs)
            else:
                inputs = jax.vmap(features, out_axes=-1)(rows)
        return self.apply_inputs(params, inputs, gates)

    def apply_inputs(
        self,
        params: Params,
        inputs: Float32[Array, "100 batch"],
        gates: Float32[Array, "depth width batch"],
        replaced: tuple[Bool[Array, "depth width ..."], Float32[Array, "depth width batch"]] | None = None,
    ) -> tuple[Float32[Array, "4 batch"], tuple[Float32[Array, "width batch"], ...]]:
        """The network over a batch of pictures, which no row need be able to express.

        Args:
            params: of one member.
            inputs: the pictures.
            gates: of each hidden unit and picture.
            replaced: which units' activations are others than the network's own, and what they are instead.
        """
        outputs, hidden = self.network.apply({"params": params}, encoded(inputs, self.encoding), gates, replaced)
        return jnp.asarray(outputs), tuple(jnp.asarray(layer) for layer in hidden)

    def targets(self, rows: UInt32[Array, "batch 2"], knobs: Knobs | None = None) -> Float32[Array, "4 batch"]:
        """Right answers of packed rows, one-hot; mixed where the knobs say so. Without knobs they are the paper's."""
        if not self.knobs or knobs is None:
            return jax.vmap(turned.paper_target, out_axes=-1)(rows)
        return jax.vmap(turned.target, in_axes=(0, None), out_axes=-1)(rows, knobs)

    def penalty(self, params: Params) -> Float32[Array, ""]:
        """Sum of the squared hidden kernels: no biases, not the output kernel."""
        kernels = [params[f"hidden_{layer + 1}_kernel"] for layer in range(self.depth)]
        return sum((jnp.sum(k * k) for k in kernels), jnp.float32(0))

    def loss(
        self,
        params: Params,
        rows: UInt32[Array, "batch 2"],
        weights: Float32[Array, " batch"],
        gates: Float32[Array, "depth width batch"],
        l2: Float32[Array, ""],
        knobs: Knobs | None = None,
    ) -> Float32[Array, ""]:
        """Mean squared error over the batch and the four outputs, plus `l2` times the penalty.

        Args:
            params: of one member.
            rows: packed rows, padded to the program's batch.
            weights: of each row, summing to one; zero for padding.
            gates: of each hidden unit and row.
            l2: factor of the penalty.
            knobs: of the pictures and the right answers.
        """
        outputs, _ = self.apply(params, rows, gates, knobs)
        error = jnp.mean((outputs - self.targets(rows, knobs)) ** 2, axis=0)
        return jnp.sum(error * weights) + l2 * self.penalty(params)
