"""Supervised learning with a penalty on how differently oneself and another are taken: self-other overlap.

L = MSE + L2 + λ · D, where D is the mean squared difference of the units, dropout off, over two pictures that differ
in whom they are about (Carauleanu et al., *Towards Safe and Honest AI Agents with Neural Self-Other Overlap*, arXiv
2412.16325). No side of it is held still.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, UInt32

from mirrorjax.models.base import Edit, Params
from mirrorjax.population.members import PAPER_EPOCH, MemberValues
from mirrorjax.regimes.base import HeldOut, Numbers, Rows, Step, Use, Weights
from mirrorjax.regimes.descent import Learner
from mirrorjax.regimes.pairs import pair_of
from mirrorjax.regimes.seats import seat_scores
from mirrorjax.regimes.supervised import Supervised

TINY = 1e-6  # of a variance: units that say nothing have a distance of 0, and a finite gradient
_HELD = 2048  # held-out rows whose distance is told

View = Float32[Array, "units rows"]


def view_distance(own: View, other: View, weights: Weights, units: Float32[Array, ""] | int, kind: str) -> jax.Array:
    """How differently two views are taken, a mean over rows and units.

    Args:
        own, other: units of both; those beyond a member's own are zero.
        weights: of each row; one of weight 0 does not count.
        units: of the member.
        kind: `mse`; or `nmse`, over the mean variance of a unit over the rows of both views. That is held still: else
            the variance would be made to grow instead.
    """
    share = weights / jnp.maximum(jnp.sum(weights), TINY)
    squared = jnp.sum((own - other) ** 2 @ share)
    if kind == "mse":
        return squared / jnp.asarray(units, jnp.float32)
    mean = (own + other) @ share / 2
    variance = jnp.sum(((own - mean[:, None]) ** 2 + (other - mean[:, None]) ** 2) @ share) / 2
    return squared / (jax.lax.stop_gradient(variance) + TINY)


@dataclass(frozen=True)
class Overlap(Supervised):
    """What members of one program have in common."""

    settings: ClassVar[tuple[str, ...]] = (
        *Supervised.settings,
        *("overlap", "overlap_from", "pair", "distance", "layers"),
    )

    passes: ClassVar[int] = 3

    pair: str = "seat"  # of pictures, see `pairs.pair_of`
    distance: str = "nmse"  # or `mse`
    layers: str = "last"  # or `all`: the mean of each site's distance

    @classmethod
    def of(cls, network: Any, program: Any) -> "Overlap":
        """The regime of a program's members."""
        own = program.pair, program.distance, program.layers
        return cls(network, program.encoding, program.knobs, program.batch, *own)

    def only(self, use: Use) -> "Overlap":
        """As `supervised`; and without the pair where only pictures are shown."""
        usual = super().only(use)
        return replace(usual, pair="seat", distance="nmse", layers="last") if use == "show" else usual

    def update(
        self, state: Learner, values: MemberValues, step: Step, drawn: Numbers, train: UInt32[Array, "rows 2"]
    ) -> tuple[Learner, Bool[Array, ""]]:
        """One batch; before `overlap_from` as `supervised` has it."""
        begins = jnp.round(values.overlap_from * PAPER_EPOCH / values.learning_rate)
        overlap = jnp.where(step.astype(jnp.float32) >= begins, values.overlap, 0.0)
        return super().update(state, replace(values, overlap=overlap), step, drawn, train)

    def loss(
        self, params: Params, values: MemberValues, rows: Rows, weights: Weights, edit: Edit
    ) -> Float32[Array, ""]:
        """MSE + L2 + λ · D."""
        usual = super().loss(params, values, rows, weights, edit)
        return usual + values.overlap * self.apart(params, values, rows, weights)

    def apart(self, params: Params, values: MemberValues, rows: Rows, weights: Weights) -> Float32[Array, ""]:
        """D of packed rows: how differently the pictures of their pairs are taken, dropout off."""
        knobs, another = values.knobs if self.knobs else None, jnp.roll(rows, 1, axis=0)
        of_rows = jax.vmap(partial(pair_of, self.pair, knobs=knobs), out_axes=(-1, -1, 0))
        own, other, counts = of_rows(rows, another)
        first, second = (self.show(params, values, pictures).units for pictures in (own, other))
        weights = weights * counts.astype(jnp.float32)
        sites = self.sites if self.layers == "all" else self.sites[-1:]
        views = [(first[site.name], second[site.name]) for site in sites]
        each = [view_distance(*pair, weights, values.width, self.distance) for pair in views]
        return sum(each, jnp.float32(0)) / len(sites)

    def score(self, params: Params, values: MemberValues, held: HeldOut) -> dict[str, Float32[Array, ""]]:
        """That of `supervised`, `pair_distance`, and how alike own and seen views are (`seat_scores`)."""
        rows, weights = held.rows[0].reshape(-1, 2)[:_HELD], held.weight.ravel()[:_HELD]
        apart = {"pair_distance": self.apart(params, values, rows, weights)}
        return super().score(params, values, held) | apart | seat_scores(self, params, values, held)
