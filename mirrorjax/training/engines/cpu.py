"""The fused kernel on CPUs: loops that Numba compiles at first use, called by JAX in the thread of each device."""

import ctypes
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mirrorjax.dataset.row import SKIES
from mirrorjax.game.observation import OBSERVATION_SIZE
from mirrorjax.training.engines.fused import Arguments
from mirrorjax.training.engines.shape import Shape

_OUTPUTS, _BATCH, _TENSORS = 4, 36, 8  # rows of an update in whole fours, and four more; tensors of a tree at the most
_TYPES = {"count": np.int32, "alive": np.uint8, "batch_size": np.int32}
_TYPES |= dict.fromkeys(("learning_rate", "dropout", "l2"), np.float32)


class Layout(NamedTuple):
    """What the loops take as given, and where the numbers of a member are in their array."""

    width: int
    depth: int
    lanes: int
    activation: int
    knobs: bool
    permuted: int
    tensors: int  # of a tree, at the most
    numbers: int  # parameters, in whole vectors
    moment: int  # from parameters to means, and to squares
    gradient: int
    turned: int  # kernels of later layers by unit [width, lanes] each, and the output's by input [width, 4]
    units: int  # [depth, batch, lanes]
    slopes: int  # likewise
    errors: int  # [batch, 4]
    answers: int  # likewise
    skies: int  # [6, lanes]: what they add to layer 1, then the slopes under each
    shown: int  # [5, batch]: energy, Frog's code, Toad's, own symbol, own column
    size: int

    @classmethod
    def of(cls, shape: Shape) -> "Layout":
        """For networks of a shape."""
        width, depth = shape.width, shape.depth
        lanes = next(each for each in (16, 32, 64) if width <= each)
        rows = OBSERVATION_SIZE + 1 + (depth - 1) * (width + 1) + _OUTPUTS + 1
        numbers = -(-rows * width // lanes) * lanes
        sizes = 3 * (numbers + lanes), (rows + 1) * lanes, depth * width * lanes, *2 * (depth * _BATCH * lanes,)
        places = np.cumsum([*sizes, *2 * (4 * _BATCH,), 2 * len(SKIES) * lanes, 5 * _BATCH]).tolist()
        options = shape.activation, shape.knobs, int(shape.permuted), _TENSORS
        return cls(width, depth, lanes, *options, numbers, numbers + lanes, *places)


class Members(NamedTuple):
    """What `Arguments` has the addresses of, as arrays over members; `state` has all tensors, flat."""

    state: tuple[np.ndarray, ...]
    count: np.ndarray
    alive: np.ndarray
    order: np.ndarray
    dropout_stream: np.ndarray
    learning_rate: np.ndarray
    dropout: np.ndarray
    l2: np.ndarray
    batch_size: np.ndarray
    first_row: np.ndarray
    train_rows: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    rows: np.ndarray  # [rows, 2]; how many is not known here
    knobs: np.ndarray  # [members, knobs]

    @classmethod
    def at(cls, given: Arguments, width: int) -> "Members":
        """Those of a call, of networks of a width."""
        members, most = given.members, given.members * width * max(width, OBSERVATION_SIZE)
        shapes = dict.fromkeys(("order", "dropout_stream"), (members, 2)) | {"rows": (1 << 40, 2)}
        arrays = {
            name: _array(getattr(given, name), shapes.get(name, (members,)), _TYPES.get(name, np.uint32))
            for name in cls._fields[1:-1]
        }
        state = tuple(_array(address or given.state[0], (most,), np.float32) for address in given.state)
        knobs = np.stack([_array(address, (members,), np.float32) for address in given.knobs], axis=-1)
        return cls(state, knobs=knobs, **arrays)


def _array(address: int, shape: tuple[int, ...], kind: Any) -> np.ndarray:
    return np.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(np.ctypeslib.as_ctypes_type(kind))), shape)


def keep_code(folder: Path | None) -> None:
    """Says where compiled loops are kept: beside the programs of JAX; else where Numba keeps them."""
    from numba import config

    if folder is not None and not config.CACHE_DIR:  # pyright: ignore[reportAttributeAccessIssue]
        config.CACHE_DIR = str(folder)


class Cpu:
    """A driver that trains one member after the other on the core of a device."""

    def address(self, buffer: Any) -> int:
        """In the host's memory."""
        return np.asarray(buffer).ctypes.data

    def launch(self, shape: Shape, arguments: Arguments, context: Any) -> None:
        """Returns when all are trained; others may use the interpreter meanwhile."""
        from mirrorjax.training.engines import loops, shown

        at = Layout.of(shape)
        words, cells = np.zeros(shown.WORDS, np.uint32), np.zeros(shown.BYTES, np.uint8)
        words[: shown.AHEAD] = np.arange(shown.AHEAD)
        numbers = np.zeros(at.size + 16, np.float32)
        begin = -numbers.ctypes.data // 4 % 16  # of a cache line
        train = {16: loops.train_16, 32: loops.train_32, 64: loops.train_64}[at.lanes]
        train(numbers[begin:], words, cells, Members.at(arguments, at.width), at)
