"""The paper's regime: mean squared error on one-hot labels of the oracle, and an L2 penalty on hidden kernels."""

from dataclasses import dataclass, field
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32, UInt32

from mirrorjax.dataset import knobs as turned
from mirrorjax.dataset.knobs import Knobs
from mirrorjax.dataset.row import features
from mirrorjax.models.base import Edit, Network, Params, Shown, Site, in_turn, keep, padding
from mirrorjax.models.encoding import encoded
from mirrorjax.models.mlp import MLP
from mirrorjax.population.members import MemberValues


@dataclass(frozen=True)
class Supervised:
    """One compiled program's static part: the network and what it is trained to do.

    Attributes:
        network: as compiled.
        encoding: of pictures, a name in `models.encoding.ENCODINGS`.
        knobs: whether right answers and pictures follow the members' knobs; else these are not looked at.
        initialises_as: the regime whose networks start with the same hidden weights; they have one null.
    """

    initialises_as: ClassVar[str] = "supervised"

    network: Network = field(default_factory=MLP)
    encoding: str = "ordinal"
    knobs: bool = False

    def __str__(self) -> str:
        """In a line of a log."""
        more = f"{'' if self.encoding == 'ordinal' else f', {self.encoding}'}{', knobs' if self.knobs else ''}"
        return f"{self.network}{more}"

    @property
    def sites(self) -> tuple[Site, ...]:
        """Of the network."""
        return self.network.sites

    def init(self, key: jax.Array, width: Int32[Array, ""]) -> Params:
        """Initial weights of one member; padding is zero."""
        return self.network.init(key, width)

    def show(
        self, params: Params, values: MemberValues, pictures: Float32[Array, "100 batch"], edit: Edit = keep
    ) -> Shown:
        """The network over a batch of pictures, which no row need be able to express; dropout off.

        Args:
            params, values: of one member.
            pictures: what it sees.
            edit: what is done to the units, after those that the member does not have are silenced.
        """
        inputs = encoded(pictures, self.encoding)
        return self.network.run(params, inputs, in_turn(padding(values.width), edit))

    def pictures(self, rows: UInt32[Array, "batch 2"], knobs: Knobs | None = None) -> Float32[Array, "100 batch"]:
        """Packed rows as they are seen; with the knobs, as in training. Without them they are the paper's."""
        with jax.named_scope("inputs"):
            if self.knobs and knobs is not None:
                return jax.vmap(turned.features, in_axes=(0, None), out_axes=-1)(rows, knobs)
            return jax.vmap(features, out_axes=-1)(rows)

    def targets(self, rows: UInt32[Array, "batch 2"], knobs: Knobs | None = None) -> Float32[Array, "4 batch"]:
        """Right answers of packed rows, one-hot; mixed where the knobs say so. Without knobs they are the paper's."""
        if not self.knobs or knobs is None:
            return jax.vmap(turned.paper_target, out_axes=-1)(rows)
        return jax.vmap(turned.target, in_axes=(0, None), out_axes=-1)(rows, knobs)

    def penalty(self, params: Params) -> Float32[Array, ""]:
        """Sum of the squares of what decays."""
        return sum((jnp.sum(kernel * kernel) for kernel in self.network.decayed(params)), jnp.float32(0))

    def loss(
        self,
        params: Params,
        values: MemberValues,
        rows: UInt32[Array, "batch 2"],
        weights: Float32[Array, " batch"],
        edit: Edit,
    ) -> Float32[Array, ""]:
        """Mean squared error over the batch and the four outputs, plus the member's `l2` times the penalty.

        Args:
            params, values: of one member.
            rows: packed rows, padded to the program's batch.
            weights: of each row, summing to one; zero for padding.
            edit: the dropout of the units, and their padding.
        """
        inputs = encoded(self.pictures(rows, values.knobs), self.encoding)
        outputs = self.network.run(params, inputs, edit).outputs
        error = jnp.mean((outputs - self.targets(rows, values.knobs)) ** 2, axis=0)
        return jnp.sum(error * weights) + values.l2 * self.penalty(params)
