"""The paper's regime: mean squared error on one-hot labels of the oracle, and an L2 penalty on hidden kernels."""

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32, UInt32

from mirrorjax.dataset import knobs as turned
from mirrorjax.dataset.knobs import PAPER, Knobs
from mirrorjax.dataset.row import features
from mirrorjax.models.base import Edit, Network, Params, Shown, Site, in_turn, keep, padding
from mirrorjax.models.encoding import encoded
from mirrorjax.models.mlp import MLP
from mirrorjax.population.members import MemberValues, init_key
from mirrorjax.regimes.base import PAPER_EPOCHS, Clock, HeldOut, Numbers, Rows, Step, Use, Usual, Weights, World
from mirrorjax.regimes.descent import Learner, batch_numbers, batch_weights, begin, descend, dropout


@dataclass(frozen=True)
class Supervised(Usual):
    """What members of one program have in common; its methods are of one member."""

    initialises_as: ClassVar[str] = "supervised"
    settings: ClassVar[tuple[str, ...]] = ("learning_rate", "batch_size", "dropout", "l2", *PAPER)
    needs: ClassVar[tuple[str, ...]] = ("rows",)
    reads_out: ClassVar[bool] = False
    clock: ClassVar[Clock] = PAPER_EPOCHS

    network: Network = field(default_factory=MLP)  # as compiled
    encoding: str = "ordinal"  # of pictures, a name in `models.encoding.ENCODINGS`
    knobs: bool = False  # whether right answers and pictures follow the members' knobs; else these are not looked at
    batch: int = 0  # rows of an update as compiled

    def __str__(self) -> str:
        more = f"{'' if self.encoding == 'ordinal' else f', {self.encoding}'}{', knobs' if self.knobs else ''}"
        return f"{self.network}{more}"

    @property
    def sites(self) -> tuple[Site, ...]:
        """Of the network."""
        return self.network.sites

    @classmethod
    def of(cls, network: Network, program: Any) -> Self:
        """The regime of a program's members."""
        return cls(network, program.encoding, program.knobs, program.batch)

    def only(self, use: Use) -> Self:
        """Without the batch for scores, and without knobs where only pictures are shown."""
        return replace(self, batch=0, knobs=self.knobs and use == "score") if use != "update" else self

    def shown_as(self) -> "Supervised":
        """This one, for whoever is made of it and shows and answers no other way."""
        own = any(getattr(type(self), name) is not getattr(Supervised, name) for name in ("show", "answer", "sites"))
        return self if own else Supervised(self.network, self.encoding)

    def world(self, data: World) -> World:
        """The rows as they are."""
        return data

    def init(self, values: MemberValues) -> Learner:
        """A member with its initial weights; padding is zero."""
        return begin(self.network.init(init_key(values), values.width))

    def draw(self, values: MemberValues, step: Step) -> Numbers:
        """The numbers of its rows."""
        return batch_numbers(values, step, self.batch)

    def update(
        self, state: Learner, values: MemberValues, step: Step, drawn: Numbers, train: UInt32[Array, "rows 2"]
    ) -> tuple[Learner, Bool[Array, ""]]:
        """One batch."""
        rows, weights = train[drawn], batch_weights(values, self.batch)
        edit = dropout(self.sites, values, step, self.batch)
        return descend(lambda params: self.loss(params, values, rows, weights, edit), state, values)

    def steps(self, state: Learner) -> Int32[Array, ""]:
        """As Adam has counted them."""
        return jnp.asarray(state.moments.count)

    def policy(self, state: Learner, values: MemberValues, train: Any) -> Params:
        """The weights as they are."""
        return state.params

    def put(self, state: Learner, params: Params) -> Learner:
        """The weights in the place of its own."""
        return replace(state, params=params)

    def show(
        self, params: Params, values: MemberValues, pictures: Float32[Array, "100 batch"], edit: Edit = keep
    ) -> Shown:
        """The network over a batch of pictures, which no row need be able to express; dropout off.

        `edit` acts after the units that the member does not have are silenced.
        """
        inputs = encoded(pictures, self.encoding)
        return self.network.run(params, inputs, in_turn(padding(values.width), edit))

    def answer(self, outputs: Float32[Array, "4 batch"]) -> Float32[Array, "4 batch"]:
        """The outputs themselves, which are fitted to one-hot answers."""
        return outputs

    def pictures(self, rows: Rows, knobs: Knobs) -> Float32[Array, "100 batch"]:
        """Packed rows as they are seen in training."""
        with jax.named_scope("inputs"):
            if not self.knobs:
                return jax.vmap(features, out_axes=-1)(rows)
            return jax.vmap(turned.features, in_axes=(0, None), out_axes=-1)(rows, knobs)

    def targets(self, rows: Rows, knobs: Knobs) -> Float32[Array, "4 batch"]:
        """Right answers of packed rows in training, one-hot; mixed where the knobs say so."""
        if not self.knobs:
            return jax.vmap(turned.paper_target, out_axes=-1)(rows)
        return jax.vmap(turned.target, in_axes=(0, None), out_axes=-1)(rows, knobs)

    def shown(self, params: Params, values: MemberValues, rows: Rows, edit: Edit) -> Shown:
        """The network over packed rows, as they are seen in training."""
        return self.network.run(params, encoded(self.pictures(rows, values.knobs), self.encoding), edit)

    def penalty(self, params: Params) -> Float32[Array, ""]:
        """Sum of the squares of what decays."""
        return sum((jnp.sum(kernel * kernel) for kernel in self.network.decayed(params)), jnp.float32(0))

    def loss(
        self, params: Params, values: MemberValues, rows: Rows, weights: Weights, edit: Edit
    ) -> Float32[Array, ""]:
        """Mean squared error over the batch and the four outputs, plus the member's `l2` times the penalty.

        Rows are padded to the program's batch; `edit` is the dropout of the units, and their padding.
        """
        outputs = self.shown(params, values, rows, edit).outputs
        error = jnp.mean((outputs - self.targets(rows, values.knobs)) ** 2, axis=0)
        return jnp.sum(error * weights) + values.l2 * self.penalty(params)

    def score(self, params: Params, values: MemberValues, held: HeldOut) -> dict[str, Float32[Array, ""]]:
        """`squared_error`, summed over the held-out rows, a mean over outputs; `penalty`, without its factor."""
        # once for all members, unless they have knobs, or rows of their own
        rows = held.rows[0 if len(held.rows) == 1 else values.validation]
        targets = jax.lax.map(lambda words: self.targets(words, values.knobs), rows)

        def add(number: Int32[Array, ""], total: jax.Array) -> jax.Array:
            answers = self.answer(self.show(params, values, self.pictures(rows[number], values.knobs)).outputs)
            return total + (answers - targets[number]) ** 2 * held.weight[number][None, :]

        errors = jax.lax.fori_loop(0, held.pieces, add, jnp.zeros(targets.shape[1:], jnp.float32))
        return {"squared_error": jnp.sum(errors) / self.network.outputs, "penalty": self.penalty(params)}
