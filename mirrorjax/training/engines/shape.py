"""Which programs the fused kernel trains, and the shape that it is compiled for."""

from dataclasses import astuple, dataclass

from mirrorjax.models.mlp import MLP
from mirrorjax.population.plan import ProgramSpec
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.supervised import Supervised

ACTIVATIONS = ("relu", "tanh", "gelu", "identity")  # their numbers in fused.cu
ENCODINGS = ("ordinal", "permuted")  # of a hundred small numbers each, which bfloat16 has exactly
WIDEST, DEEPEST, LARGEST_BATCH = 64, 3, 32
MOST_SHARED = 227 * 1024  # bytes of a thread block on compute capability 9.0 and 10.0; 8.0 has 163 KiB
_WARPS = ((24, 3, 4), (32, 4, 3), (40, 8, 1), (64, 16, 1))  # up to a width: of a member; members on a multiprocessor
_NARROW = 17  # of wider ones, or with three layers, five find no room
_INPUTS, _OUTPUTS, _WEIGHT_ROW = 100, 4, 208


@dataclass(frozen=True)
class Shape:
    """What a kernel is compiled for.

    Attributes:
        width, depth: of the networks, the former with its padding.
        batch: rows of an update, the most of any of its members.
        warps: that train one member.
        members: of a multiprocessor, for which registers are allotted.
        activation: its number.
        knobs: whether rows follow the members' knobs.
        permuted: whether the players' codes are exchanged.
    """

    width: int
    depth: int
    batch: int
    warps: int
    members: int
    activation: int = 0
    knobs: bool = False
    permuted: bool = False

    @property
    def options(self) -> list[str]:
        """For a compiler."""
        names = ("WIDTH", "DEPTH", "BATCH", "WARPS", "MEMBERS", "ACTIVATION", "KNOBS", "PERMUTED")
        return [f"-D{name}={int(value)}" for name, value in zip(names, astuple(self), strict=True)]

    @property
    def threads(self) -> int:
        """Of a member."""
        return 32 * self.warps

    @property
    def shared_bytes(self) -> int:
        """Of shared memory that a member takes: the layout of fused.cu."""
        width, depth, batch = self.width, self.depth, self.batch
        most = -(-batch // 8)
        groups = next(each for each in range(min(self.warps, most), 0, -1) if self.warps % each == 0)
        unit = 4 * (4 * ((width + 4) // 4 | 1))
        slope_row = 16 * ((width + 7) // 8 | 1)
        units = (depth - 1) * width + _OUTPUTS
        later, over = units * ((width + 2) // 2 * 2), width % 16
        flat = (over * (_INPUTS + 2) + later) // 2
        of_batch = batch * (_WEIGHT_ROW + depth * unit * (1 + (self.activation != 0)) + (depth - 1) * unit)
        return sum(
            (
                3 * width * _WEIGHT_ROW + 3 * (batch + 1) * slope_row + of_batch,
                _up(4 * (over * (_INPUTS + 2) + (groups if width <= 24 else 1) * later)),
                units * unit + _up(16 * flat) + _up(4 * over * (_INPUTS + 2)),
                _up(16 * batch) + 256 + 128 + 64 + 32 + 96 + 32 + 256 + _up(4 * self.warps),
            )
        )


def _up(size: int) -> int:
    return -(-size // 16) * 16


def shape_of(program: ProgramSpec, batch: int, members: int, processors: int) -> Shape:
    """The shape that trains a program's members fastest, as it was measured on an H100 and an H200.

    The number of warps orders sums, so that it must not follow from how many members there are: a network's bits would.
    (Eight would train up to 132 networks of 2×17 a tenth faster than three do.) Registers may.

    Args:
        program: that `why_not` has nothing against.
        batch: rows of an update, the most of any member.
        members: that are trained at once.
        processors: multiprocessors of the device.
    """
    warps, at_once = next(own for widest, *own in _WARPS if program.width <= widest)
    if program.width <= _NARROW and program.depth < 3 and members > at_once * processors:
        at_once += 1  # spills a few numbers, and hides more of the waits
    activation, permuted = ACTIVATIONS.index(program.activation), program.encoding == "permuted"
    return Shape(program.width, program.depth, batch, warps, at_once, activation, program.knobs, permuted)


def why_not(program: ProgramSpec, batch: int, most_shared: int = MOST_SHARED) -> str | None:
    """Why a program is left to the compiled step; None if the kernel trains it.

    Args:
        program: that it would train.
        batch: rows of an update, the most of any member.
        most_shared: bytes of shared memory that a thread block may have.
    """
    regime = regime_of(program)
    if type(regime) is not Supervised:
        return f"regime {program.regime}"
    if type(regime.network) is not MLP or program.activation not in ACTIVATIONS:
        return f"model {program.model}, {program.activation}"
    if program.encoding not in ENCODINGS:
        return f"encoding {program.encoding}"
    if program.width > WIDEST or not 1 <= program.depth <= DEEPEST or batch > LARGEST_BATCH:
        return f"more than {DEEPEST} layers of {WIDEST} units, or than {LARGEST_BATCH} rows a batch"
    taken = shape_of(program, batch, 10**6, 1).shared_bytes
    if taken > most_shared:
        return f"{taken:,} bytes of shared memory a network, of {most_shared:,}"
    return None
