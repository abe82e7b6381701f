"""Networks that never learn to act: they foretell the next board, or rebuild the picture, or are as they were made.

The control of Schad (*Mirror Neuron; A Beautiful Unnecessary Concept*, arXiv 1911.08583): does an index of mirroring
need a policy at all? Acts are read out of the last site by ridge regression, solved wherever a network is measured and
no part of what is trained.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float32, UInt32

from mirrorjax.dataset.row import features
from mirrorjax.errors import InputError
from mirrorjax.game.observation import OBSERVATION_SIZE, OWN_ENERGY
from mirrorjax.game.state import WIDTH
from mirrorjax.models.base import Edit, Params, ReadOut, besides
from mirrorjax.models.mlp import glorot_rows
from mirrorjax.population.members import Member, MemberValues, init_key
from mirrorjax.regimes.base import Clock, Numbers, Step, Use, Weights, World
from mirrorjax.regimes.descent import Learner, batch_indices, batch_numbers, batch_weights, begin, descend, dropout
from mirrorjax.regimes.rows.read_out import PIECE, ROWS, read_out
from mirrorjax.regimes.supervised import Supervised

HEAD = ("predicted_kernel", "predicted_bias")
READ_OUT = ("output_kernel", "output_bias")  # of a network that has no `read_out`, but parameters of these names
_FIRST_KEY = 1000  # of the head: beyond the keys of any network's parameters
_LIVE = 1e-3  # deviation of a number of pictures that is not always the same; that of none is smaller by this

Words = UInt32[Array, "batch words"]
Pictures = Float32[Array, "100 batch"]


def _steps(member: Member, epoch: float) -> int:
    """None of `random`, which at whatever epoch it is asked for is as it was made."""
    return 0 if member.objective == "random" else member.step_at(epoch)


@struct.dataclass
class Shared:
    """What the members of a program learn from, and how the numbers that they predict are standardised."""

    rows: UInt32[Array, "rows 2"]
    pairs: Any = None  # [pairs, 4], of those who learn from them
    # of each number of a picture [100], of those who predict: mean, deviation, and 1 where it is predicted, else 0
    mean: Any = None
    deviation: Any = None
    asked: Any = None


@dataclass(frozen=True)
class Predictive(Supervised):
    """What members of one program have in common; those of this class learn nothing (objective `random`)."""

    settings: ClassVar[tuple[str, ...]] = (*Supervised.settings, "objective", "predicted")
    reads_out: ClassVar[bool] = True
    clock: ClassVar[Clock] = Clock("epoch", Member.epoch, _steps)

    predicted: str = "board"  # what `next` predicts, see `settings.groups`

    @classmethod
    def of(cls, network: Any, program: Any) -> Self:
        """The regime of a program's members.

        Raises:
            InputError: the network has no `read_out`, nor one of its last site by the names of READ_OUT.
        """
        params = jax.eval_shape(network.init, jax.random.key(0), jnp.int32(1))
        if besides(network).read_out is None and not {*READ_OUT} <= params.keys():
            raise InputError(
                f"model.name is {program.model}: regime=predictive solves {' and '.join(READ_OUT)}, which it lacks; "
                "allowed: mlp, transformer"
            )
        kind: Any = OBJECTIVES[program.objective]
        return kind(network, program.encoding, program.knobs, program.batch, program.predicted)

    @property
    def reads(self) -> ReadOut:
        """Where right acts, and what is predicted, are read out of the network."""
        return besides(self.network).read_out or ReadOut(*READ_OUT, self.sites[-1])

    def only(self, use: Use) -> Any:
        """What they learn is of no matter to what is shown, nor to scores."""
        if use == "update":
            return self
        return Predictive(self.network, self.encoding, self.knobs and use == "score")

    def world(self, data: World) -> World:
        """The rows."""
        return World(train=Shared(data.train), held=data.held)

    def init(self, values: MemberValues) -> Learner:
        """A member with its initial weights, as `supervised` has them, and its head in the place of the read-out."""
        key, last = init_key(values), self.reads.of
        hidden = self._hidden(self.network.init(key, values.width))
        own = jnp.asarray(last.count(values.width), jnp.int32)
        limit = jnp.sqrt(6.0 / (OBSERVATION_SIZE + own).astype(jnp.float32))
        kernel = glorot_rows(jax.random.fold_in(key, _FIRST_KEY), OBSERVATION_SIZE, last.size, limit)
        kernel = jnp.where(last.own(values.width)[None, :], kernel, 0.0)
        return begin(hidden | dict(zip(HEAD, (kernel, jnp.zeros(OBSERVATION_SIZE)), strict=True)))

    def draw(self, values: MemberValues, step: Step) -> Any:
        """Nothing."""
        return ()

    def update(
        self, state: Learner, values: MemberValues, step: Step, drawn: Any, train: Shared
    ) -> tuple[Learner, Any]:
        """No update."""
        return state, True

    def policy(self, state: Learner, values: MemberValues, train: Shared) -> Params:
        """The hidden weights, and the read-out of right acts that ridge regression finds on the member's own rows."""
        hidden, last = self._hidden(state.params), self.reads.of
        pieces = -(-min(ROWS, len(train.rows)) // PIECE)
        place = jnp.arange(pieces * PIECE, dtype=jnp.uint32)  # the order of rows is random itself
        rows = train.rows[values.first_row + jnp.minimum(place, values.train_rows - 1)]

        def seen(words: Words) -> tuple[Array, Array]:
            shown = self.show(hidden | self._silent, values, self.pictures(words, values.knobs))
            return shown.units[last.name], self.targets(words, values.knobs)

        weights = (place < values.train_rows).astype(jnp.float32)
        kernel, bias = read_out(seen, rows, weights, last.own(values.width))
        return hidden | self.reads.params(kernel, bias)

    def put(self, state: Learner, params: Params) -> Learner:
        """The hidden weights in the place of its own; the head stays, and the read-out is solved anew."""
        return replace(state, params=state.params | self._hidden(params))

    def _hidden(self, params: Params) -> Params:
        return {
            name: value for name, value in params.items() if name not in (*HEAD, self.reads.kernel, self.reads.bias)
        }

    @property
    def _silent(self) -> Params:
        """A read-out of nothing."""
        outputs = self.network.outputs
        return self.reads.params(jnp.zeros((outputs, self.reads.of.size)), jnp.zeros(outputs))


@dataclass(frozen=True)
class Rebuilding(Predictive):
    """Objective `auto`: the numbers of the picture itself that are not always the same."""

    sampled: ClassVar[str] = "rows"  # what the standardisation is taken of

    def world(self, data: World) -> World:
        """The rows, and how numbers are standardised: over the first of the dataset's, whoever else is trained."""
        words = jnp.asarray(data.sample[self.sampled])
        pictures = np.asarray(jax.jit(self.to_predict)(words, None), np.float64)  # whole numbers
        mean, deviation = pictures.mean(-1), pictures.std(-1)
        asked = np.asarray(self.asked) & (deviation > _LIVE)
        of_numbers = (each.astype(np.float32) for each in (mean, deviation + _LIVE, asked))
        return World(Shared(data.train, data.pairs if "pairs" in self.needs else None, *of_numbers), data.held)

    @property
    def asked(self) -> np.ndarray:
        """Which numbers of a picture are predicted, of those that vary [100]."""
        return np.ones(OBSERVATION_SIZE, bool)

    def draw(self, values: MemberValues, step: Step) -> Numbers:
        """The numbers of its rows."""
        return batch_numbers(values, step, self.batch)

    def words(self, train: Shared, drawn: Numbers) -> Words:
        """What is learnt from in an update."""
        return train.rows[drawn]

    def to_predict(self, words: Words, values: MemberValues | None) -> Pictures:
        """The picture whose numbers are predicted; None: as the paper has it."""
        return jax.vmap(features, out_axes=-1)(words) if values is None else self.pictures(words, values.knobs)

    def update(
        self, state: Learner, values: MemberValues, step: Step, drawn: Numbers, train: Shared
    ) -> tuple[Learner, Bool[Array, ""]]:
        """One batch."""
        words, weights = self.words(train, drawn), batch_weights(values, self.batch)
        edit = dropout(self.sites, values, step, self.batch)
        return descend(lambda params: self.predicting(params, values, words, weights, edit, train), state, values)

    def predicting(
        self, params: Params, values: MemberValues, words: Words, weights: Weights, edit: Edit, train: Shared
    ) -> Float32[Array, ""]:
        """Mean squared error over the batch and the numbers that are predicted, standardised, plus `l2` · penalty."""
        params = params | self._silent
        units = self.shown(params, values, words[:, :2], edit).units[self.reads.of.name]
        found = params[HEAD[0]] @ units + params[HEAD[1]][:, None]
        truth = (self.to_predict(words, values) - train.mean[:, None]) / train.deviation[:, None]
        error = train.asked @ (found - truth) ** 2 / jnp.maximum(jnp.sum(train.asked), 1.0)
        return jnp.sum(error * weights) + values.l2 * self.penalty(params)


@dataclass(frozen=True)
class Foretelling(Rebuilding):
    """Objective `next`: ground and players of the board one round later; its flies and energy are other draws."""

    needs: ClassVar[tuple[str, ...]] = ("rows", "pairs")
    sampled: ClassVar[str] = "pairs"

    @property
    def asked(self) -> np.ndarray:
        """Which numbers of a picture are predicted, of those that vary [100]."""
        place = np.arange(OBSERVATION_SIZE)
        return (place < 2 * WIDTH) | ((self.predicted == "board_and_energy") & (place == OWN_ENERGY))

    def draw(self, values: MemberValues, step: Step) -> Numbers:
        """The numbers of its pairs."""
        return values.first_pair + batch_indices(values, step, self.batch, values.train_pairs)

    def words(self, train: Shared, drawn: Numbers) -> Words:
        """What is learnt from in an update."""
        return train.pairs[drawn]

    def to_predict(self, words: Words, values: MemberValues | None) -> Pictures:
        """The later board, with the energy that the row has now, which no later board tells."""
        later, now = (jax.vmap(features, out_axes=-1)(each) for each in (words[:, 2:], words[:, :2]))
        return later.at[OWN_ENERGY].set(now[OWN_ENERGY])


OBJECTIVES = {"next": Foretelling, "auto": Rebuilding, "random": Predictive}
