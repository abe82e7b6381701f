"""What defines a member, its identity, and the values by which members of one program differ."""

import functools
import hashlib
import json
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float32, Int32, UInt32

from mirrorjax.dataset.knobs import PAPER, Knobs
from mirrorjax.dataset.oracle import LABELS
from mirrorjax.dataset.sources import NOWHERE, OF_SOURCE, Source, Sources
from mirrorjax.models import network_of
from mirrorjax.settings import schema
from mirrorjax.settings.axes import FIRST
from mirrorjax.settings.schema import MEMBER, PAPER_EPOCH, PLUGGED
from mirrorjax.settings.setting import Acts, Made, Setting, made

OUTPUTS = len(LABELS)

_STREAM_SEEDS = {"init": "init_seed", "order": "order_seed", "dropout": "dropout_seed"}


def _made() -> type[Made]:
    own = [(name, int | None, None) for name in _STREAM_SEEDS.values()]
    given = [(name, each.hint, each.default) for name, each in MEMBER.items()]
    return made("Member", [("seed", int, 0), *own, ("parent", str | None, None), *given], frozen=True)


class Member(_made()):
    """Everything that defines one network and its training, but not for how long or how often it is measured.

    Attributes:
        seed: of this member; the next three follow it unless they are given.
        init_seed, order_seed, dropout_seed: of the initial weights, the order of the rows, the dropout.
        parent: id of the network whose final weights it starts with; None: with weights of its own.
        width, depth, …: each setting that defines a member (`settings.schema.MEMBER`), by default the paper's.
    """

    @property
    def seeds(self) -> dict[str, int]:
        """The three seeds of its streams; a shared data order has seed 0 unless one is given."""
        order = 0 if self.data_order == "shared" else self.seed
        return {
            "init_seed": self.seed if self.init_seed is None else self.init_seed,
            "order_seed": order if self.order_seed is None else self.order_seed,
            "dropout_seed": self.seed if self.dropout_seed is None else self.dropout_seed,
        }

    def resolved(self) -> "Member":
        """The member with its three seeds written out."""
        return replace(self, **self.seeds)

    def with_seeds(self, seeds: Iterable[int], **others: Any) -> "Iterator[Member]":
        """The same member with other settings and each of these seeds; a million in a second, unlike `replace`."""
        same = {**vars(self), **others}
        for same["seed"] in seeds:
            member = Member.__new__(Member)
            vars(member).update(same)
            yield member

    @property
    def at_paper(self) -> bool:
        """Whether all knobs are at the paper's values."""
        return _knobs_of(self) == _AT_PAPER

    @property
    def source(self) -> Source:
        """Which rows it is trained on."""
        return _source(*_source_of(self))

    @property
    def units(self) -> int:
        """N, the divisor of CMNI: units that are rates, and the four outputs."""
        return _units(*_architecture(self))

    def epoch(self, step: int) -> float:
        """Paper epochs after `step` steps: lr · steps / .6144."""
        return self.learning_rate * step / PAPER_EPOCH

    def step_at(self, epoch: float) -> int:
        """The step at which a paper epoch is complete."""
        return round(epoch * PAPER_EPOCH / self.learning_rate)


def register(*settings: Setting) -> None:
    """Gives members further settings, those of plugins; members that there are have the defaults."""
    schema.register(*settings)
    Member.__bases__ = (_made(),)


def looked_at(members: Iterable[Member]) -> set[str]:
    """The settings of plugins that any of these members' regimes looks at."""
    return {name for name, each in PLUGGED.items() if any(member.regime == each.of for member in members)}


def plugged(member: Member, acts: Acts) -> dict[str, Any]:
    """What a member has for those settings of plugins that its regime looks at and that act somewhere, by name."""
    return {
        name: getattr(member, name) for name, each in PLUGGED.items() if each.acts is acts and each.of == member.regime
    }


_knobs_of, _AT_PAPER = operator.attrgetter(*PAPER), tuple(PAPER.values())
_source = functools.cache(Source)  # one object for all that share it, so that a million members are sorted in seconds
_source_of = operator.attrgetter(*OF_SOURCE)
_SEEDS = tuple(_STREAM_SEEDS.values())  # the seed acts through these three only
_of_ours = operator.attrgetter(*MEMBER)


def _lasting(member: Member) -> tuple:
    """What a member has for all that defines it but its seeds, in the order of MEMBER."""
    return (*_of_ours(member), *(getattr(member, name) for name in PLUGGED))


@functools.lru_cache(maxsize=10_000)
def _text(lasting: tuple, seeds: tuple[str, ...], **more: str) -> str:
    """The JSON text that a digest is of, with places for the seeds: all else is the same for many members.

    Each setting is there in its own type, so that 0 and 0.0 or a numpy number are the same setting. Those that came
    later are no part of it where they are as they were before they existed.
    """
    kept = {}
    for setting, given in zip(MEMBER.values(), lasting, strict=True) if lasting else ():
        value = given if given is None else setting.kind(given)
        if setting.name in FIRST or value != setting.default:
            kept[setting.name] = value
    text = json.dumps({**kept, **{name: f"<{name}>" for name in seeds}, **more}, sort_keys=True).replace("%", "%%")
    for name in seeds:
        text = text.replace(f'"<{name}>"', f"%({name})d")
    return text


def _digest(text: str, seeds: Mapping[str, int]) -> bytes:
    return hashlib.blake2b((text % seeds).encode(), digest_size=8).digest()


def identity(member: Member, dataset_hash: str) -> str:
    """Sixteen hex digits that name a member: a hash of its settings, seeds and dataset."""
    return _digest(_text(_lasting(member), _SEEDS, dataset=dataset_hash, **_parent(member)), member.seeds).hex()


def _parent(member: Member) -> dict[str, str]:
    return {} if member.parent is None else {"parent": member.parent}


def stream_words(member: Member, dataset_hash: str, stream: str) -> tuple[int, int]:
    """The two 32-bit words of one of a member's streams (`init`, `order`, `dropout`).

    A hash of all that defines the member, less the other streams' seeds: two members share a stream only if they
    differ in nothing but those, for example in the order of the rows with the same initial weights. A shared data
    order is a hash of the dataset and the order's seed alone.
    """
    alone = stream == "order" and member.data_order == "shared"
    lasting, parent = ((), {}) if alone else (_lasting(member), _parent(member))
    text = _text(lasting, (_STREAM_SEEDS[stream],), dataset=dataset_hash, stream=stream, **parent)
    digest = _digest(text, member.seeds)
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


_VALUES = [(name, each.kind) for name, each in MEMBER.items() if each.acts is Acts.VALUE]
_ARRAYS = {int: (Int32[Array, ""], np.int32), float: (Float32[Array, ""], np.float32)}


@struct.dataclass
class MemberValues(made("Values", [(name, _ARRAYS[kind][0]) for name, kind in _VALUES], frozen=True)):
    """What differs between members of one program, by value. Scalars for one member, [members] when stacked.

    Attributes:
        width, learning_rate, …: each setting that acts by its value, a whole number or a float.
        init, order, dropout_stream: the words of its streams.
        first_row: of those that it is trained on, among all of the population.
        train_rows: that it is trained on.
        first_pair, train_pairs: the same of pairs, for regimes that learn from these.
        validation: number of its set of validation rows.
        knobs: of its rows.
        plugged: by name, what it has for settings of plugins that act by their value; attributes too.
    """

    init: UInt32[Array, "2"]
    order: UInt32[Array, "2"]
    dropout_stream: UInt32[Array, "2"]
    first_row: UInt32[Array, ""]
    train_rows: UInt32[Array, ""]
    first_pair: UInt32[Array, ""]
    train_pairs: UInt32[Array, ""]
    validation: Int32[Array, ""]
    knobs: Knobs
    plugged: dict[str, Array] = struct.field(default_factory=dict)

    def __getattr__(self, name: str) -> Array:
        """The value of a plugin's setting."""
        try:
            return self.__dict__["plugged"][name]
        except KeyError:
            raise AttributeError(name) from None


def stack_values(members: Sequence[Member], dataset_hash: str, sources: Sources = NOWHERE) -> MemberValues:
    """The values of members, stacked on the leading axis; by default there are no rows that they are trained on."""
    place = [sources.place(member.source) for member in members]

    def numbers(name: str, dtype: Any) -> np.ndarray:
        return np.array([getattr(member, name) for member in members], dtype)

    def words(stream: str) -> np.ndarray:
        found = [stream_words(member, dataset_hash, stream) for member in members]
        return np.array(found, np.uint32).reshape(-1, 2)

    def of_source(values: np.ndarray, dtype: Any = np.uint32) -> np.ndarray:
        return values[place].astype(dtype)

    values_of: Any = MemberValues  # of NumPy's arrays, until all are put on a device together
    stacked = values_of(
        init=words("init"),
        order=words("order"),
        dropout_stream=words("dropout"),
        first_row=of_source(sources.first),
        train_rows=of_source(sources.count),
        first_pair=of_source(sources.first_pair),
        train_pairs=of_source(sources.pair_count),
        validation=of_source(sources.validation_of, np.int32),
        knobs=Knobs(**{name: numbers(name, np.float32) for name in PAPER}),
        **{name: numbers(name, _ARRAYS[kind][1]) for name, kind in _VALUES},
        plugged={
            name: numbers(name, _ARRAYS[PLUGGED[name].kind][1])
            for name in looked_at(members)
            if PLUGGED[name].acts is Acts.VALUE
        },
    )
    return jax.device_put(stacked)


def init_key(values: MemberValues) -> jax.Array:
    """The `jax.random.key` of one member's initial weights."""
    return jax.random.wrap_key_data(jnp.asarray(values.init), impl="threefry2x32")


_ARCHITECTURE = ("model", *(name for name, each in MEMBER.items() if each.key.startswith("model.") and name != "model"))
_architecture = operator.attrgetter(*_ARCHITECTURE)


@functools.cache  # of a million members few differ in these
def _units(*settings: Any) -> int:
    network = network_of(SimpleNamespace(**dict(zip(_ARCHITECTURE, settings, strict=True))))
    return sum(site.size for site in network.sites if site.kind == "rate") + network.outputs
