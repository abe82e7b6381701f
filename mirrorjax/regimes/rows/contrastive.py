"""Supervised learning beside watching the other act, with own and seen acts drawn together by contrast.

Each row is seen twice: as one's own, and with the other in one's place (`seen`), where the same act is right for the
other. The executed act is learnt at the network's outputs, the seen one at a head of its own, and InfoNCE aligns what
the last site makes of both (Zhu et al., ICCV 2025, arXiv 2509.21136). Heads are no part of what is measured or stored.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, UInt32

from mirrorjax.models.base import Edit, Params
from mirrorjax.models.mlp import glorot_rows
from mirrorjax.population.members import MemberValues, init_key
from mirrorjax.randomness import substream
from mirrorjax.regimes.base import HeldOut, Numbers, Rows, Step, Use, Weights
from mirrorjax.regimes.descent import Learner, batch_weights, begin, descend, dropout
from mirrorjax.regimes.rows.alignment import embedded, info_nce
from mirrorjax.regimes.seats import is_apart, seat_scores, seen
from mirrorjax.regimes.supervised import Supervised

DIMENSIONS = 16  # of the space in which both views are compared
_OWN, _SEEN, _ACT, _BIAS = "own_projection", "seen_projection", "seen_act_kernel", "seen_act_bias"
HEADS = (_OWN, _SEEN, _ACT, _BIAS)
_FIRST_KEY = 1000  # of the heads' keys: beyond those of any network's parameters
_WATCHER_KEY = 2000
_WATCHER = "watcher_"  # before the names of the parameters of a network that only watches
_WATCHING = 1 << 31  # the stream of the second pass's dropout


@dataclass(frozen=True)
class Contrastive(Supervised):
    """What members of one program have in common."""

    settings: ClassVar[tuple[str, ...]] = (
        *Supervised.settings,
        *("alignment", "temperature", "observe", "positives", "encoder"),
    )
    passes: ClassVar[int] = 2

    # what is aligned: `same`, both views of a row; `act`, those of all rows with the same right act; `shuffled`, the
    # view of one row with that of another, an equal pull that says nothing
    positives: str = "same"
    encoder: str = "shared"  # or `apart`: the other is seen by a network of its own, which is not measured, nor decays

    @classmethod
    def of(cls, network: Any, program: Any) -> Self:
        """The regime of a program's members."""
        return cls(network, program.encoding, program.knobs, program.batch, program.positives, program.encoder)

    def only(self, use: Use) -> Self:
        """As `supervised`; and without positives and the other encoder, which only updates look at."""
        return replace(super().only(use), positives="same", encoder="shared") if use != "update" else self

    def init(self, values: MemberValues) -> Learner:
        """A member with its initial weights, as `supervised` has them, and its heads."""
        key, last = init_key(values), self.sites[-1]
        keys = {name: jax.random.fold_in(key, _FIRST_KEY + number) for number, name in enumerate(HEADS)}
        own = last.own(values.width)

        def head(name: str, rows: int) -> Float32[Array, "rows units"]:
            limit = jnp.sqrt(6.0 / (rows + values.width).astype(jnp.float32))
            return jnp.where(own[None, :], glorot_rows(keys[name], rows, last.size, limit), 0.0)

        heads = {_OWN: head(_OWN, DIMENSIONS), _SEEN: head(_SEEN, DIMENSIONS), _ACT: head(_ACT, self.network.outputs)}
        watcher = {}
        if self.encoder == "apart":
            born = self.network.init(jax.random.fold_in(key, _WATCHER_KEY), values.width)
            watcher = {f"{_WATCHER}{name}": value for name, value in born.items()}
        biases = {_BIAS: jnp.zeros(self.network.outputs)}
        return begin({**self.network.init(key, values.width), **heads, **biases, **watcher})

    def policy(self, state: Learner, values: MemberValues, train: Any) -> Params:
        """The network's weights, without the heads and whoever only watches."""
        own = (name for name in state.params if name not in HEADS and not name.startswith(_WATCHER))
        return {name: state.params[name] for name in own}

    def put(self, state: Learner, params: Params) -> Learner:
        """The weights in the place of its own; the heads stay."""
        return replace(state, params=state.params | params)

    def update(
        self, state: Learner, values: MemberValues, step: Step, drawn: Numbers, train: UInt32[Array, "rows 2"]
    ) -> tuple[Learner, Bool[Array, ""]]:
        """One batch, done and seen, each with dropout of its own."""
        rows, weights = train[drawn], batch_weights(values, self.batch)
        stream = substream((values.dropout_stream[0], values.dropout_stream[1]), jnp.uint32(_WATCHING))
        watching = replace(values, dropout_stream=jnp.stack(stream))
        edits = dropout(self.sites, values, step, self.batch), dropout(self.sites, watching, step, self.batch)
        return descend(lambda params: self.both(params, values, rows, weights, edits), state, values)

    def both(
        self, params: Params, values: MemberValues, rows: Rows, weights: Weights, edits: tuple[Edit, Edit]
    ) -> Float32[Array, ""]:
        """MSE(own act) + o · MSE(seen act) + λ · InfoNCE + L2; edits are of the own view, and of the seen one."""
        watcher = params
        if self.encoder == "apart":
            watcher = {name.removeprefix(_WATCHER): params[name] for name in params if name.startswith(_WATCHER)}
        done = self.shown(params, values, rows, edits[0])
        watched = self.shown(watcher, values, jax.vmap(seen)(rows), edits[1])
        own, other = (view.units[self.sites[-1].name] for view in (done, watched))
        targets = self.targets(rows, values.knobs)
        done = jnp.mean((done.outputs - targets) ** 2, axis=0)
        watched = jnp.mean((params[_ACT] @ other + params[_BIAS][:, None] - targets) ** 2, axis=0)
        apart = weights * jax.vmap(is_apart)(rows).astype(jnp.float32)
        z_own, z_seen = embedded(params[_OWN], own), embedded(params[_SEEN], other)
        if self.positives == "shuffled":
            z_seen, apart = jnp.roll(z_seen, 1, axis=1), apart * jnp.roll(apart > 0, 1).astype(jnp.float32)
        acts = jnp.argmax(targets, axis=0) if self.positives == "act" else None
        aligned = info_nce(z_own, z_seen, values.temperature, apart, acts)
        errors = jnp.sum(done * weights) + values.observe * jnp.sum(watched * weights)
        return errors + values.alignment * aligned + values.l2 * self.penalty(params)

    def score(self, params: Params, values: MemberValues, held: HeldOut) -> dict[str, Float32[Array, ""]]:
        """That of `supervised`, and how alike own and seen views are (`seat_scores`)."""
        return super().score(params, values, held) | seat_scores(self, params, values, held)
