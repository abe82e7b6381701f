"""What a way to learn is to whoever trains and measures it: one member's state, updates, policy and score.

A population is `vmap` of it. Frozen and hashable: whatever is in it forces a compiled program of its own; what differs
between the members of one program is in their `MemberValues`.
"""

import functools
import types
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Protocol, Self

import jax
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float32, Int32, UInt32

from mirrorjax.models.base import Edit, Network, Params, Shown, Site, keep
from mirrorjax.population.members import Member, MemberValues

State = Any  # a pytree: all that one member carries from update to update: weights, moments, games, memories
Step = UInt32[Array, ""]  # the number of an update, from 0
Numbers = UInt32[Array, " batch"]  # of the rows of a batch, among all
Rows = UInt32[Array, "batch 2"]  # packed
Weights = Float32[Array, " batch"]  # of each row of a batch, summing to one; zero for padding
Use = Literal["show", "score", "update"]


@struct.dataclass
class HeldOut:
    """Rows that nobody is trained on, in pieces of P rows."""

    rows: UInt32[Array, "sets pieces P 2"]  # as many sets as members differ in what they are trained on
    weight: Float32[Array, "pieces P"]  # 1, or 0 for padding
    pieces: Int32[Array, ""]  # that are looked at


@struct.dataclass
class World:
    """What all members of a program share on their device: what they learn from, and what their score is taken on."""

    train: Any  # packed rows [rows, 2] of a regime that learns from rows
    held: Any  # HeldOut of such a regime
    pairs: Any = None  # packed pairs [pairs, 4] of one that learns from them
    sample: Any = None  # `rows`, and `pairs` if there are any: the first of the dataset's, whoever else is trained


@dataclass(frozen=True)
class Clock:
    """The unit of schedules and of the time in results."""

    name: str  # of the unit
    time: Callable[[Member, int], float]  # of a member after so many updates
    step: Callable[[Member, float], int]  # the update at which a member's time is complete


# Of a member's settings, all that clocks look at besides the regime.
CLOCKED = ("learning_rate", "objective", "parallel_games", "horizon")
PAPER_EPOCHS = Clock("epoch", Member.epoch, Member.step_at)


class Usual(Protocol):
    """What a regime is besides, unless it says otherwise: ours are made of it, and so is what `whole` gives of others.

    Attributes:
        passes: of a batch through the network in an update, by which memory and time are planned.
    """

    passes: ClassVar[int] = 1

    @property
    def rows(self) -> int | None:
        """How many things an update learns from; None: a batch of rows."""
        return None

    @property
    def row_passes(self) -> int | None:
        """How many go through the network in an update, each as often as it does; None: `passes` of a batch."""
        return None

    @property
    def reading(self) -> int:
        """Bytes that a member's policy takes while it is computed."""
        return 0

    def shown_as(self) -> Any:
        """A regime that shows pictures and answers as it does: what does no more is compiled once for both. Itself."""
        return self

    def begins_as(self) -> Any:
        """A regime whose members begin as its own do: the start is compiled once for all that share it."""
        return self.only("show")  # pyright: ignore[reportAttributeAccessIssue]

    def told(self, state: Any) -> dict[str, Float32[Array, ""]]:
        """What a state says of itself: columns by name."""
        return {}

    @staticmethod
    def rows_as(member: Member) -> dict[str, float]:
        """Knobs by name that a member's rows are like, where these are not the member's own."""
        return {}


class Regime(Usual, Protocol):
    """How one member learns; what it says of `Usual` is up to it.

    Attributes:
        initialises_as: the regime whose networks start with the same weights as these; they have one null.
        settings: names of the member's settings that it looks at, besides those of the network.
        needs: `rows`, if it is shown rows of the dataset: to learn from, unless it learns by playing
            (`settings.groups.PLAYING`), and to be measured on with the battery. A regime that needs none is measured by
            its score alone. `pairs`, if it learns from rows and the boards one round later (`dataset.pairs`), which are
            made where members of such a regime are. `boards` alone, if it is measured on matched boards besides, but
            not on rows.
        reads_out: whether its policy is computed from a member's state, which takes a program, and not a part of it.
        clock: by which its members are trained and measured.
        network: what is trained, measured, stored and exported.
        sites: of the network.
    """

    initialises_as: ClassVar[str]
    settings: ClassVar[tuple[str, ...]]
    needs: ClassVar[tuple[str, ...]]
    reads_out: ClassVar[bool]
    clock: ClassVar[Clock]

    @property
    def network(self) -> Network: ...

    @property
    def sites(self) -> tuple[Site, ...]: ...

    @classmethod
    def of(cls, network: Network, program: Any) -> Self:
        """The regime of a program's members: of whatever has their settings by name."""
        ...

    def only(self, use: Use) -> Self:
        """The regime less what a use of it does not look at: programs that differ in nothing else are compiled once."""
        ...

    def world(self, data: World) -> World:
        """What its members share, made of the dataset's rows, on the device."""
        ...

    def init(self, values: MemberValues) -> State:
        """A member before its first update."""
        ...

    def draw(self, values: MemberValues, step: Step) -> Any:
        """What an update takes that depends on member and step alone, as numbers of rows: for several steps at once."""
        ...

    def update(
        self, state: State, values: MemberValues, step: Step, drawn: Any, train: Any
    ) -> tuple[State, Bool[Array, ""] | Literal[True]]:
        """A member after update number `step`, and whether it is still well: else it is frozen as it was.

        One that cannot fail says True, and its state is not copied from step to step.
        """
        ...

    def steps(self, state: State) -> Int32[Array, ""]:
        """The updates that a state has had."""
        ...

    def policy(self, state: State, values: MemberValues, train: Any) -> Params:
        """The network's parameters: what is measured and stored. A read-out is solved here."""
        ...

    def put(self, state: State, params: Params) -> State:
        """The state with these parameters as its policy."""
        ...

    def show(
        self, params: Params, values: MemberValues, pictures: Float32[Array, "100 batch"], edit: Edit = keep
    ) -> Shown:
        """What a member makes of pictures, and nothing of chance: no dropout."""
        ...

    def score(self, params: Params, values: MemberValues, held: Any) -> dict[str, Float32[Array, ""]]:
        """Numbers of its own on what is held out."""
        ...

    def answer(self, outputs: Float32[Array, "4 batch"]) -> Float32[Array, "4 batch"]:
        """How much each act is chosen, of the outputs: what ablation and patching look at."""
        ...


def whole(regime: Any) -> Regime:
    """A regime that is made of `Usual`: itself, or else its like."""
    kind = whole_kind(type(regime))
    if kind is type(regime):
        return regime
    return kind(**{each.name: getattr(regime, each.name) for each in fields(regime) if each.init})


@functools.cache
def whole_kind(kind: type) -> Any:
    """A class of regimes that is made of `Usual`: itself, or else one of the same name made of both."""
    if Usual in kind.__mro__:
        return kind
    own = {name: getattr(kind, name) for name in ("__doc__", "__module__", "__qualname__")}
    return types.new_class(kind.__name__, (kind, Usual), exec_body=lambda namespace: namespace.update(own))


def held_out(piece: int, *sets: np.ndarray) -> HeldOut:
    """Sets of as many packed rows [N, 2] each, in pieces of so many rows."""

    def pieces(array: np.ndarray) -> np.ndarray:
        padded = np.concatenate([array, np.zeros((-len(array) % piece, *array.shape[1:]), array.dtype)])
        return padded.reshape(-1, piece, *array.shape[1:])

    count = len(sets[0])
    return HeldOut(
        rows=jax.device_put(np.stack([pieces(rows) for rows in sets])),
        weight=jax.device_put(pieces(np.ones(count, np.float32))),
        pieces=jax.device_put(np.int32(-(-count // piece))),
    )
