"""Learning by watching: the other's acts are learnt from pictures of it, and one's own seat is never answered for.

Rate-based, after Gorgan Mohammadi & Ganjtabesh (*On computational models of theory of mind and the imitative
reinforcement learning in spiking neural networks*, Sci. Rep. 14:1945, 2024), whose networks spike and are rewarded.
Toad, the expert, answers by the rule from its own seat. What is then done in one's own seat is zero-shot.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float32, Int32, UInt32

from mirrorjax.dataset.build import ENERGY_PROBABILITIES
from mirrorjax.dataset.knobs import (
    SEAT,
    UNRELATED_ENERGY,
    Knobs,
    drawn_as,
    exchanged,
    in_toads_seat,
    lettered,
    seated,
    target,
)
from mirrorjax.dataset.oracle import LABELS
from mirrorjax.dataset.row import row_draw, unpack
from mirrorjax.models.base import Params
from mirrorjax.population.members import Member, MemberValues
from mirrorjax.regimes.base import HeldOut, Numbers, Rows, Step, Use
from mirrorjax.regimes.descent import Learner
from mirrorjax.regimes.seats import seat_scores
from mirrorjax.regimes.supervised import Supervised

_PIECES = 160  # of held-out rows that both seats are looked at on: some 20,000 rows
_LEAST = 0.01  # by which the watched seat must be known beyond the constant answer for a transfer
JUMP, HELP = LABELS.index("jump"), LABELS.index("help")


@dataclass(frozen=True)
class ByWatching(Supervised):
    """What members of one program have in common. The share watched takes the place of a knob, that of the seat."""

    settings: ClassVar[tuple[str, ...]] = (
        *(name for name in Supervised.settings if name != SEAT),
        *("watched_share", "watch", "energy"),
    )

    watch: str = "swapped"  # or `as_played`
    energy: str = "watched"  # or `own`

    @classmethod
    def of(cls, network: Any, program: Any) -> "ByWatching":
        """The regime of a program's members; their rows always follow a knob, the share."""
        return cls(network, program.encoding, True, program.batch, program.watch, program.energy)

    def only(self, use: Use) -> "ByWatching":
        """As `supervised`; and nothing of whom it watches where only pictures are shown."""
        usual = super().only(use)
        return replace(usual, watch="swapped", energy="watched") if use == "show" else usual

    @staticmethod
    def rows_as(member: Member) -> dict[str, float]:
        """The knobs by which its rows are as hard as they are, where these are not the member's own.

        Where places are exchanged everywhere or nowhere they are the paper's; in between it is not told who acts,
        and that is not counted.
        """
        return {SEAT: 2 * member.watched_share if member.watch == "as_played" else 0.0}

    def update(
        self, state: Learner, values: MemberValues, step: Step, drawn: Numbers, train: UInt32[Array, "rows 2"]
    ) -> tuple[Learner, Bool[Array, ""]]:
        """One batch."""
        return super().update(state, watching(values, values.watched_share), step, drawn, train)

    def pictures(self, rows: Rows, knobs: Knobs) -> Float32[Array, "100 batch"]:
        """Packed rows as they are seen in training: those in Toad's seat with Toad where it is watched."""
        with jax.named_scope("inputs"):
            return jax.vmap(self.picture, in_axes=(0, None), out_axes=-1)(rows, knobs)

    def picture(self, words: UInt32[Array, "2"], knobs: Knobs) -> Float32[Array, "100"]:
        """One packed row."""
        row, watched = unpack(words), in_toads_seat(words, knobs)
        if self.watch == "swapped":
            row = jax.tree.map(lambda own, other: jnp.where(watched, other, own), row, exchanged(row))
        if self.energy == "own":
            limits = jnp.asarray(np.cumsum(ENERGY_PROBABILITIES)[:-1], jnp.float32)
            drawn = jnp.sum(row_draw(words, UNRELATED_ENERGY) >= limits, dtype=jnp.int32)
            row = replace(row, energy_index=jnp.where(watched, drawn, row.energy_index))
        return drawn_as(row, words, knobs)

    def targets(self, rows: Rows, knobs: Knobs) -> Float32[Array, "4 batch"]:
        """Right answers in training: of whoever is in the seat. Where places are exchanged, a row's own."""
        knobs = seated(knobs, 0.0) if self.watch == "swapped" else knobs
        return jax.vmap(target, in_axes=(0, None), out_axes=-1)(rows, knobs)

    def score(self, params: Params, values: MemberValues, held: HeldOut) -> dict[str, Float32[Array, ""]]:
        """That of `supervised` on rows as it is trained on, its answers in both seats, and `seat_scores` of its own."""
        usual = super().score(params, watching(values, values.watched_share), held)
        own = watching(values, 0.0)
        return usual | self._in_both_seats(params, values, held) | seat_scores(self, params, own, held)

    def _in_both_seats(self, params: Params, values: MemberValues, held: HeldOut) -> dict[str, Float32[Array, ""]]:
        """What is answered of held-out rows when Toad is watched, and when Frog acts itself."""
        rows = held.rows[0 if len(held.rows) == 1 else values.validation]
        watched, own = (watching(values, share).knobs for share in (1.0, 0.0))
        plain, veiled = (lettered(own, hidden) for hidden in (0.0, 1.0))

        def answers(words: Rows, knobs: Knobs) -> Int32[Array, " rows"]:
            return jnp.argmax(self.show(params, values, self.pictures(words, knobs)).outputs, axis=0)

        def right(words: Rows, knobs: Knobs) -> Int32[Array, " rows"]:
            return jnp.argmax(jax.vmap(target, in_axes=(0, None), out_axes=-1)(words, knobs), axis=0)

        def add(number: Int32[Array, ""], sums: dict[str, jax.Array]) -> dict[str, jax.Array]:
            words, weight = rows[number], held.weight[number]
            acts, others = right(words, own), right(words, watched)
            asked = self.targets(words, watched).argmax(0)
            seen_right, acted_right = answers(words, watched) == asked, answers(words, plain) == acts
            live = acts != JUMP
            found = {
                "rows": jnp.ones_like(live),
                "live": live,
                "help": asked == HELP,
                "watched": seen_right,
                "watched_live": seen_right & live,
                "watched_help": seen_right & (asked == HELP),
                "own_live": acted_right & live,
                "own_veiled": answers(words, veiled) == acts,
                "agree": (acts == others) & live,
                "acts": live[None, :] & (acts[None, :] == jnp.arange(len(LABELS))[:, None]),
            }
            return {name: sums[name] + each.astype(jnp.float32) @ weight for name, each in found.items()}

        scalars = ("rows", "live", "help", "watched", "watched_live", "watched_help", "own_live", "own_veiled", "agree")
        zero = {name: jnp.float32(0) for name in scalars} | {"acts": jnp.zeros(len(LABELS))}
        return _shares(jax.lax.fori_loop(0, jnp.minimum(held.pieces, _PIECES), add, zero))


def watching(values: MemberValues, share: Float32[Array, ""] | float) -> MemberValues:
    """The values of a member with so large a share of its rows in Toad's seat."""
    return replace(values, knobs=seated(values.knobs, share))


def _shares(sums: dict[str, jax.Array]) -> dict[str, Float32[Array, ""]]:
    """Of sums over rows; NaN without any."""
    own, watched = sums["own_live"] / sums["live"], sums["watched_live"] / sums["live"]
    floor = jnp.max(sums["acts"]) / sums["live"]
    beyond = watched - floor
    return {
        "accuracy_watched": sums["watched"] / sums["rows"],
        "accuracy_watched_live": watched,
        "recall_help_watched": sums["watched_help"] / sums["help"],
        "accuracy_own_live": own,
        "accuracy_own_veiled": sums["own_veiled"] / sums["rows"],
        "transfer": jnp.where(beyond > _LEAST, (own - floor) / beyond, jnp.nan),
        "seats_agree_live": sums["agree"] / sums["live"],
    }
