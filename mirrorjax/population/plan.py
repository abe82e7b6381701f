"""Which members share a compiled program, how they are padded, and where they run. The only file that knows meshes."""

import functools
import operator
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from mirrorjax.machine.runtime import Device
from mirrorjax.population.members import Member, plugged
from mirrorjax.settings.groups import PLAYING
from mirrorjax.settings.schema import MEMBER, PLUGGED
from mirrorjax.settings.setting import Acts

WIDTHS = (8, 16, 17, 24, 32, 40, 50, 64, 96, 128, 192, 256, 384, 512, 768, 1024)  # compiled widths; 17 is the paper's
BATCH_MULTIPLE = 32  # compiled batches are multiples of it
AXIS = "population"


@dataclass(frozen=True)
class ProgramSpec:
    """What forces a compiled program of its own. A member's program depends on the member alone."""

    regime: str
    model: str
    depth: int
    activation: str
    width: int
    batch: int
    data_order: str
    encoding: str = "ordinal"
    knobs: bool = False  # right answers and pictures follow the members' knobs
    later: tuple[tuple[str, Any], ...] = ()  # settings that came later, where not as before, and those of plugins

    def __getattr__(self, name: str) -> Any:
        """What a setting is that came later, or a plugin's."""
        if name in (given := dict(self.__dict__.get("later", ()))):
            return given[name]
        if name in MEMBER:
            return MEMBER[name].default
        raise AttributeError(name)

    def __str__(self) -> str:
        more = f"{'' if self.encoding == 'ordinal' else f', {self.encoding}'}{', knobs' if self.knobs else ''}"
        more += "".join(f", {name} {value}" for name, value in self.later)
        shape = f"depth {self.depth}, width {self.width}, {self.activation}, batch {self.batch}"
        return f"{self.model}, {shape}, {self.data_order} order, {self.regime}{more}"

    @property
    def name(self) -> str:
        """All of it, joined; what came later is left out where it is as it was before."""
        always = [getattr(self, each.name) for each in fields(self) if each.name != "later"]
        return "-".join(str(value) for value in (*always, *(value for _, value in self.later)))


@dataclass(frozen=True)
class Part:
    """Members that run together in one call of one program.

    The program runs blocks of one fixed size; the members of a block share a clock (steps a paper epoch), so that
    a block knows how many steps it has to do. Slots without a member (-1) repeat one and are thrown away.
    """

    program: ProgramSpec  # what is compiled
    slots: np.ndarray  # index into the population's members [blocks, block], -1 for padding

    @property
    def members(self) -> np.ndarray:
        """Indices of the members, in slot order."""
        return self.slots[self.slots >= 0]


def compiled_width(width: int) -> int:
    """The width that a member is padded to; by its own width alone."""
    return next((candidate for candidate in WIDTHS if width <= candidate), -(-width // 256) * 256)


def program_of(member: Member) -> ProgramSpec:
    """The program that a member runs in."""
    return _program(*_of_program(member), plugged=(*_of_game(member), *plugged(member, Acts.PROGRAM).items()))


def _of_game(member: Member) -> list[tuple[str, Any]]:
    """The numbers of the game in which a member learns, where they are not the paper's."""
    if member.regime not in PLAYING:
        return []
    return [(name, value) for name, default in _GAME.items() if (value := getattr(member, name)) != default]


_GAME = {name: each.default for name, each in MEMBER.items() if each.key.startswith("game.")}


_SAME = tuple(name for name, each in MEMBER.items() if each.acts is Acts.PROGRAM)
_of_program = operator.attrgetter("width", "batch_size", "at_paper", *_SAME)


@functools.cache
def _program(
    width: int, batch_size: int, at_paper: bool, *same: Any, plugged: tuple[tuple[str, Any], ...]
) -> ProgramSpec:
    """One object for all its members, so that a million of them are grouped in seconds."""
    batch = -(-batch_size // BATCH_MULTIPLE) * BATCH_MULTIPLE
    own = dict(zip(_SAME, same, strict=True))
    later = {name: own.pop(name) for name in _SAME if MEMBER[name].later}
    given = tuple((name, value) for name, value in later.items() if value != MEMBER[name].default)
    return ProgramSpec(**own, width=compiled_width(width), batch=batch, knobs=not at_paper, later=(*given, *plugged))


def plan(
    members: Sequence[Member], block: int, devices: int, max_members: Mapping[ProgramSpec, int] | None = None
) -> list[Part]:
    """Groups members into parts. Those of one program are of one size, so that one compiled program serves them all.

    Args:
        members: the population.
        block: members that a program trains side by side.
        devices: that share each part; the number of blocks is padded to a multiple of it.
        max_members: the most members of one part by program, for memory; a program that is not named has no limit.
    """
    parts = []
    for program, clocks in _groups(members).items():
        blocks = [
            np.array((indices[start : start + block] + [-1] * block)[:block])
            for indices in clocks.values()
            for start in range(0, len(indices), block)
        ]
        a_device = -(-len(blocks) // devices)
        most = (max_members or {}).get(program, a_device * block * devices)
        cuts = -(-a_device // max(1, most // block // devices))
        size = -(-a_device // cuts) * devices
        blocks += [np.full(block, -1)] * (-len(blocks) % size)
        for start in range(0, len(blocks), size):
            chosen = np.stack(blocks[start : start + size])
            parts.append(Part(program=program, slots=_balanced(chosen, members, devices)))
    return parts


def largest_group(members: Sequence[Member]) -> int:
    """The most members that could share a block."""
    return max(len(group) for clocks in _groups(members).values() for group in clocks.values())


def _groups(members: Sequence[Member]) -> dict[ProgramSpec, dict[tuple, list[int]]]:
    """Indices of the members by program, and there by what the members of one block have in common."""
    groups: dict[ProgramSpec, dict[tuple, list[int]]] = defaultdict(lambda: defaultdict(list))
    start = 0
    own_settings = _with_plugged if PLUGGED else _settings  # a million takes a second
    for _, alike in groupby(members, own_settings):
        own = list(alike)
        groups[program_of(own[0])][_in_common(own[0])] += range(start, start + len(own))
        start += len(own)
    return groups


# A program, and what a block has in common, depend on these alone; on other values and seeds they do not.
_RELEVANT = [name for name, each in MEMBER.items() if each.acts is not Acts.VALUE]
_settings = operator.attrgetter("order_seed", "width", "batch_size", "learning_rate", *_RELEVANT)


def _with_plugged(member: Member) -> tuple:
    return _settings(member), plugged(member, Acts.PROGRAM)


def _in_common(member: Member) -> tuple:
    """What the members of one block have in common: the clock, and with a shared data order the batches."""
    if member.data_order == "shared":
        return member.learning_rate, member.batch_size, member.seeds["order_seed"], member.source
    return (member.learning_rate,)


def _balanced(slots: np.ndarray, members: Sequence[Member], devices: int) -> np.ndarray:
    """Deals the blocks to the devices, the longest first, so that each has about as many steps to do."""

    def steps(block: np.ndarray) -> float:
        return 1 / members[block[0]].learning_rate if block[0] >= 0 else 0.0

    order = sorted(range(len(slots)), key=lambda i: -steps(slots[i]))
    dealt = [i for device in range(devices) for i in order[device::devices]]
    return slots[dealt]


def population_mesh(devices: Sequence[Device]) -> Mesh:
    """One mesh axis, over the members."""
    return jax.make_mesh((len(devices),), (AXIS,), devices=devices, axis_types=(AxisType.Auto,))


def over_members(mesh: Mesh) -> NamedSharding:
    """The leading axis is spread over the devices."""
    return NamedSharding(mesh, PartitionSpec(AXIS))


def replicated(mesh: Mesh) -> NamedSharding:
    """Every device has all of it."""
    return NamedSharding(mesh, PartitionSpec())
