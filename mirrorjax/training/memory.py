"""How much memory a population takes, and into which parts it is cut so that they fit.

What a member leaves on a device is exact, from shapes. What a program takes besides while it runs is an estimate from
above until it is compiled: fitted to what XLA reports for blocks of 16 and 64 members of widths 8 to 128 on a CPU,
where it was 1.0 to 1.6 times the report; what the battery takes to members of eight to a hundred units and to
transformers, on 256 and 1,024 boards. `compiled_bytes` then is exact, and `Placement` holds it against the budget.
"""

import functools
import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jax

from mirrorjax.dataset.pairs import BYTES as PAIR_BYTES
from mirrorjax.errors import InputError
from mirrorjax.machine.runtime import GIB, Device, block_size
from mirrorjax.measurement.battery.boards import OF_EACH
from mirrorjax.measurement.battery.geometry import BOARDS
from mirrorjax.measurement.histograms import BINS
from mirrorjax.measurement.stream import GROUPS, PIECE, TRUTHS, WIDE_PIECE
from mirrorjax.models.base import Network, Params, besides
from mirrorjax.population.members import Member, MemberValues, stack_values
from mirrorjax.population.plan import ProgramSpec, largest_group, plan, program_of
from mirrorjax.regimes import regime_of, rows_of
from mirrorjax.settings.schema import RuntimeConfig
from mirrorjax.training.step import TrainState, init_state

_FLOAT = 4
_BOARD = 4000  # of a matched board under all conditions, and as numbers while a member is shown it
_POWERS = 4  # sums of powers that a measurement keeps of every unit
_UNIT_ARRAYS = 7.2  # of [piece, units] that a measurement holds of each member of a block
_PARAMETER_ARRAYS = 4.5  # of a member's parameters that a step holds: gradient, moments, kernels laid out anew
_READ_OUT_ARRAYS = 4  # of [units, units] of the last site, while a read-out is solved
_HIDDEN_ARRAYS = 4  # of [batch, hidden units], or what a network says that it holds of an example, that a step holds
_ROW_WORDS = 64  # of each row of a batch, besides its inputs: words, draws, targets
_BATTERY_ARRAYS = 46  # of [units, boards] that the battery holds of a member
_BATTERY_CONDITIONS = 5  # whose boards a network runs over at once
# that the causal measures hold: of [units, boards], of [units, task rows], of distances between boards
_CAUSES_ARRAYS, _TASK_ARRAYS, _DISTANCES = 8, 6, 7
_INNER_ARRAYS = 3  # of what a network holds of a task row beyond its units
_COUNTED_ARRAYS = 8  # of [piece, units] that are held while rows are counted into bins
_TOGETHER = 1 << 30  # bytes of an accelerator that members take whose boards are looked at side by side
_CACHE = 1 << 20  # bytes of a CPU's core that members take whose rows are counted side by side


@dataclass(frozen=True)
class Need:
    """Bytes of memory of one program's members on a device."""

    resident: int  # of a member, as long as its part is there: state and values
    # of each member of a part while one of its programs runs: what it returns, and on a CPU the copy of the state to go
    # back to
    running: int
    block: int  # of each member of one block, the temporaries of the block that is at work
    shown: int = 0  # of each member whose boards are looked at, by the battery or for what units cause
    most_shown: int = 1  # members whose boards are looked at side by side, at the most
    most_counted: int = 1  # members whose rows are counted into bins side by side, at the most

    def together(self, block: int) -> int:
        """Members of a block whose boards are looked at side by side."""
        return largest_divisor(block, self.most_shown)

    def temporaries(self, block: int) -> int:
        """Of a block that is at work: of whichever program takes most."""
        return max(block * self.block, self.together(block) * self.shown)


def largest_divisor(number: int, most: int) -> int:
    """The largest divisor of a number that is at most so large."""
    return next(each for each in range(min(number, most), 0, -1) if number % each == 0)


@dataclass(frozen=True)
class Room:
    """What fits."""

    budget: float | None = None  # bytes of each device; None is no limit
    # the most of a part, by program; a program that is not named has no limit
    members: dict[ProgramSpec, int] = field(default_factory=dict)
    stay: bool = True  # whether all parts stay on the devices; else they wait on the host, and one at a time is there


UNLIMITED = Room()


@dataclass(frozen=True)
class Layout:
    """How members share devices."""

    devices: Sequence[Device]  # that share them
    block: int  # members that a program trains side by side
    room: Room = UNLIMITED  # how they are cut so that they fit into memory
    engine: str = "auto"  # that is asked for, see `engines.choice`

    @property
    def host(self) -> bool:
        """Whether the devices share the host's memory."""
        return self.devices[0].platform == "cpu"


@functools.cache
def state_shapes(program: ProgramSpec) -> TrainState:
    """Shapes and types of one member's state, in a program."""
    return jax.eval_shape(functools.partial(init_state, regime_of(program)), value_shapes(program.regime))


@functools.cache
def parameter_shapes(program: ProgramSpec) -> Params:
    """Shapes and types of the parameters of one member's network, in a program."""
    init = regime_of(program).network.init
    return jax.eval_shape(lambda width: init(jax.random.key(0), width), value_shapes(program.regime).width)


@functools.cache
def own_shapes(program: ProgramSpec, width: int) -> dict[str, list[int]]:
    """Shapes of the parameters of a member of this width, without its program's padding."""
    return {name: list(each.shape) for name, each in parameter_shapes(replace(program, width=width)).items()}


@functools.cache
def own_size(program: ProgramSpec, width: int) -> tuple[int, int]:
    """N, the units and outputs of a member of this width, and its network's parameters; without padding."""
    network = regime_of(replace(program, width=width)).network
    units = sum(site.size for site in network.sites) + network.outputs
    return units, sum(math.prod(shape) for shape in own_shapes(program, width).values())


@functools.cache
def value_shapes(regime: str) -> MemberValues:
    """Shapes and types of one member's values, of a regime."""
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape[1:], x.dtype), stack_values([Member(regime=regime)], ""))


@functools.cache
def need(program: ProgramSpec, host: bool = True, boards: int = 0) -> Need:
    """What members of a program need; on a CPU (`host`) the copy that a part may go back to is in the same memory.

    `boards` are the most matched boards that they are shown under one condition.
    """
    state, parameters = _bytes(state_shapes(program)), _bytes(parameter_shapes(program))
    trained = _bytes(getattr(state_shapes(program).own, "params", parameter_shapes(program)))  # heads included
    values = _bytes(value_shapes(program.regime))
    regime = regime_of(program)
    network = regime.network
    hidden, inner = _held(network)
    units = hidden + network.outputs
    statistics = _FLOAT * units * len(GROUPS) * (1 + _POWERS)
    step = _PARAMETER_ARRAYS * trained + _FLOAT * regime.passes * rows_of(program) * (
        network.inputs + _HIDDEN_ARRAYS * (hidden + inner) + _ROW_WORDS
    )
    piece = PIECE if host else WIDE_PIECE
    counted = _FLOAT * units * (_COUNTED_ARRAYS * piece + len(GROUPS) * BINS)
    measurement = _FLOAT * piece * (_UNIT_ARRAYS * units + inner + _ROW_WORDS)
    solved = regime.reads_out and "rows" in regime.needs
    solving = max(regime.reading, _FLOAT * _READ_OUT_ARRAYS * network.sites[-1].size ** 2 if solved else 0)
    shown = _shown(network, boards) if regime.needs else 0
    return Need(
        resident=state + values,
        running=max(state if host else 0, parameters + statistics),
        block=math.ceil(max(step, measurement, solving)),
        shown=shown,
        most_shown=1 if host else max(1, _TOGETHER // max(1, shown)),
        most_counted=max(1, _CACHE // max(1, counted)) if host else sys.maxsize,
    )


def _held(network: Network) -> tuple[int, int]:
    """Units of a network, and how many numbers more a run of it holds of an example."""
    hidden = sum(site.size for site in network.sites)
    held = besides(network).held
    return hidden, 0 if held is None else held - hidden


def _shown(network: Network, boards: int) -> int:
    """Bytes of a member that is shown so many boards: by the battery, or for what its units cause."""
    if not boards:
        return 0
    hidden, inner = _held(network)
    battery = max(_BATTERY_ARRAYS * hidden, _BATTERY_CONDITIONS * (hidden + inner)) * boards
    task = (_TASK_ARRAYS * hidden + _INNER_ARRAYS * inner) * OF_EACH * len(TRUTHS)
    causes = _CAUSES_ARRAYS * hidden * boards + task + _DISTANCES * min(BOARDS, boards) ** 2
    return _FLOAT * max(battery, causes)


def _bytes(tree: Any) -> int:
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def data_bytes(
    train_rows: int, test_rows: int, validation_rows: int, boards: int = 0, validation_sets: int = 1, pairs: int = 0
) -> int:
    """Of what every device has: rows, two words each, what is known of measured ones, boards, and pairs of boards."""
    return (
        PAIR_BYTES * pairs + 8 * train_rows + 16 * test_rows + 12 * validation_rows * validation_sets + _BOARD * boards
    )


def compiled_bytes(compiled: Any) -> int:
    """What a compiled program takes of each device, its arguments included; 0 where the backend does not tell."""
    analysis = compiled.memory_analysis()
    if analysis is None:
        return 0
    used = analysis.argument_size_in_bytes + analysis.output_size_in_bytes - analysis.alias_size_in_bytes
    return used + analysis.temp_size_in_bytes


def make_room(
    members: Sequence[Member], block: int, devices: int, budget: float | None, data: int, host: bool, boards: int = 0
) -> Room:
    """Cuts a population so that it fits.

    `budget` (None is no limit) and `data`, that of the rows, are bytes of each device; `host` says whether devices
    share the host's memory (a CPU); `boards` as of `need`.

    Raises:
        InputError: not even one block of each program fits; says how much does.
    """
    if budget is None:
        return UNLIMITED
    blocks = Counter({part.program: len(part.slots) // devices for part in plan(members, block, devices)})
    needs = {program: need(program, host, boards) for program in blocks}
    all_resident = sum(number * block * needs[program].resident for program, number in blocks.items())
    for stay in (True, False):
        room = budget - data - (all_resident if stay else 0)
        most = {
            program: math.floor(
                (room - each.temporaries(block)) / (block * (each.running + (0 if stay else each.resident)))
            )
            for program, each in needs.items()
        }
        if all(number >= 1 for number in most.values()):
            return Room(budget, {program: number * block * devices for program, number in most.items()}, stay)
    taken = [block * (each.resident + each.running) + each.temporaries(block) for each in needs.values()]
    smallest = data + max(taken)
    raise InputError(
        f"runtime.memory_budget is {budget / GIB:.3g} GiB a device; one block of {block} members and the rows take "
        f"{smallest / GIB:.3g}; allowed: at least that, or fewer members a block (runtime.block={max(1, block // 2)})"
    )


def layout(
    runtime: RuntimeConfig, members: Sequence[Member], devices: int, budget: float | None, data: int, boards: int = 0
) -> tuple[int, Room]:
    """The block and what fits, of a population on the configured platform; bytes and boards as of `make_room`.

    Raises:
        InputError: not even one block of each program fits.
    """
    largest, most = 0, None
    if runtime.block is None and runtime.platform != "cpu":  # else the members do not matter, a million or not
        largest, most = -(-largest_group(members) // devices), largest_block(members, budget, data)
    block = block_size(runtime.block, runtime.platform, largest, most)
    return block, make_room(members, block, devices, budget, data, runtime.platform == "cpu", boards)


def largest_block(members: Sequence[Member], budget: float | None, data: int) -> int | None:
    """Members that may be a block of an accelerator: a power of two that takes half of the budget at the most."""
    if budget is None:
        return None
    needs = [need(program, False) for program in {program_of(member) for member in members}]
    most = (budget - data) / 2 / max(each.resident + each.running + each.block for each in needs)
    return 1 << max(0, math.floor(most).bit_length() - 1) if most >= 1 else 1
