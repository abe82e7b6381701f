"""Training by one kernel call, called from JAX: its arguments as fused.cu has them, over the state's own buffers."""

import ctypes
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import jax
import jax.numpy as jnp
from jax.experimental.buffer_callback import buffer_callback
from jaxtyping import Array, UInt32

from mirrorjax.dataset.knobs import PAPER
from mirrorjax.machine.runtime import Device
from mirrorjax.population.members import MemberValues
from mirrorjax.population.plan import ProgramSpec
from mirrorjax.training.engines.shape import Shape
from mirrorjax.training.memory import state_shapes, value_shapes
from mirrorjax.training.step import TrainState

SOURCE = Path(__file__).with_name("fused.cu")
_MOST_TENSORS = 8
_VALUES = ("order", "dropout_stream", "learning_rate", "dropout", "l2", "batch_size", "first_row", "train_rows")
_KNOBS = tuple(PAPER)  # the order of the struct Knobs


class Arguments(ctypes.Structure):
    """Addresses of what the kernel reads and writes: the struct of the same name in fused.cu."""

    _fields_ = (
        ("state", ctypes.c_void_p * (3 * _MOST_TENSORS)),
        *((name, ctypes.c_void_p) for name in ("count", "alive", *_VALUES)),
        ("knobs", ctypes.c_void_p * len(_KNOBS)),
        *((name, ctypes.c_void_p) for name in ("start", "stop", "rows")),
        ("members", ctypes.c_uint32),
        ("filler", ctypes.c_uint32),
    )


class Driver(Protocol):
    """What runs a kernel."""

    def address(self, buffer: Any) -> int:
        """Of a buffer that a callback was given."""
        ...

    def launch(self, shape: Shape, arguments: Arguments, context: Any) -> None:
        """Runs the kernel of a shape, for so many members as the arguments say.

        Args:
            shape: that it is compiled for.
            arguments: on the host; they are copied before this returns.
            context: of the callback, which has the stream that this is a part of.
        """


def train(
    shape: Shape,
    driver: Driver,
    state: TrainState,
    values: MemberValues,
    start: UInt32[Array, " blocks"],
    stop: UInt32[Array, " blocks"],
    rows: UInt32[Array, "rows 2"],
) -> TrainState:
    """Trains the blocks of one device, all members at once, each from its block's `start` up to its `stop`.

    Args:
        shape: of the kernel.
        driver: that runs it.
        state, values: of the members [blocks, block, ...]; the state is overwritten.
        start, stop: steps.
        rows: what they learn from.
    """
    blocks, block = state.alive.shape
    each = jax.tree.map(lambda x: x.reshape(blocks * block, *x.shape[2:]), (state, values))
    trained = _trained(shape, driver, *each, jnp.repeat(start, block), jnp.repeat(stop, block), rows)
    return jax.tree.map(lambda x: x.reshape(blocks, block, *x.shape[1:]), trained)


def try_out(shape: Shape, driver: Driver, program: ProgramSpec, device: Device) -> None:
    """Calls the kernel for a network that has nothing to do, so that what is wrong with the machine is known at once.

    Raises:
        Exception: whatever it is.
    """
    shapes = state_shapes(program), value_shapes(program.regime)
    with jax.default_device(device):
        one = jax.tree.map(lambda x: jnp.zeros((1, 1, *x.shape), x.dtype), shapes)
        nowhere, rows = jnp.zeros(1, jnp.uint32), jnp.zeros((1, 2), jnp.uint32)
        jax.block_until_ready(jax.jit(partial(train, shape, driver))(*one, nowhere, nowhere, rows))


def _trained(shape: Shape, driver: Driver, state: TrainState, values: MemberValues, *shared: jax.Array) -> TrainState:
    names = [
        f"{layer}_{kind}"
        for layer in (*(f"hidden_{number}" for number in range(1, shape.depth + 1)), "output")
        for kind in ("kernel", "bias")
    ]
    learner: Any = state.own
    trees = (learner.params, learner.moments.mu, learner.moments.nu)
    given = [*(tree[name] for tree in trees for name in names), learner.moments.count, state.alive]
    read = [*(getattr(values, name) for name in _VALUES), *(getattr(values.knobs, name) for name in _KNOBS), *shared]

    def callback(context: Any, written: Sequence[Any], *buffers: Any) -> None:
        arguments = Arguments(members=written[-1].shape[0])
        *tensors, arguments.count, arguments.alive = map(driver.address, written)
        for number, address in enumerate(tensors):
            arguments.state[number // len(names) * _MOST_TENSORS + number % len(names)] = address
        addresses = iter(map(driver.address, buffers[len(written) :]))
        for name in _VALUES:
            setattr(arguments, name, next(addresses))
        for number in range(len(_KNOBS)):
            arguments.knobs[number] = next(addresses)
        arguments.start, arguments.stop, arguments.rows = addresses
        driver.launch(shape, arguments, context)

    like = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in given]
    call = buffer_callback(callback, like, input_output_aliases={number: number for number in range(len(given))})
    *tensors, count, alive = call(*given, *read)
    firsts = range(0, len(tensors), len(names))
    params, mean, square = (dict(zip(names, tensors[first : first + len(names)], strict=True)) for first in firsts)
    moments = learner.moments._replace(count=count, mu=mean, nu=square)
    return replace(state, own=replace(learner, params=params, moments=moments), alive=alive)
