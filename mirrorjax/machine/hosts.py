"""Several processes that train one population together: how they meet, and what each may read of the others.

All of them run the same program on the same host loop; only the first one writes files that they share.
"""

import os
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Sharding

from mirrorjax.errors import InputError, first_line
from mirrorjax.settings.schema import DistributedConfig

_FIRST_PORT, _PORTS = 20_000, 12_000  # of processes that submitit starts on one machine; below the ephemeral ones


def join(settings: DistributedConfig) -> None:
    """Meets the other processes, if there are any; call it before anything touches a device. Again, it does nothing.

    The settings say where process 0 is, and who this one is; `auto` asks SLURM, a TPU pod or submitit.

    Raises:
        InputError: the others cannot be found.
    """
    if jax.distributed.is_initialized() or not (settings.auto or settings.coordinator):
        return
    given: dict[str, Any] = {}
    if settings.coordinator:
        given = {"coordinator_address": settings.coordinator, "num_processes": settings.processes}
        given |= {"process_id": settings.process, "cluster_detection_method": "deactivate"}
    elif tasks := os.environ.get("SUBMITIT_LOCAL_NTASKS"):  # JAX knows SLURM, TPU pods, Open MPI, and not this one
        port = _FIRST_PORT + int(os.environ["SUBMITIT_LOCAL_JOB_ID"]) % _PORTS
        given = {"coordinator_address": f"127.0.0.1:{port}", "num_processes": int(tasks)}
        given |= {"process_id": int(os.environ["SUBMITIT_LOCAL_GLOBALID"])}
    jax.config.update("jax_cpu_collectives_implementation", "gloo")  # the others need none
    try:
        jax.distributed.initialize(**given)
    except (RuntimeError, ValueError) as error:
        name = "coordinator" if settings.coordinator else "auto"
        why = f"runtime.distributed.{name}: the processes do not find each other ({first_line(error)})"
        allowed = "auto under SLURM, submitit or on a TPU pod, else coordinator, processes and process"
        raise InputError(f"{why}; allowed: {allowed}") from error


def several() -> bool:
    """Whether more than one process trains this population."""
    return jax.distributed.is_initialized() and jax.process_count() > 1


def is_first() -> bool:
    """Whether this process writes what all share: files, tracking, progress."""
    return not jax.distributed.is_initialized() or jax.process_index() == 0


def to_devices(array: Any, sharding: Sharding) -> jax.Array:
    """Puts an array, the same in every process, where the sharding says; each process fills its own devices.

    `jax.device_put` would compare the whole array over all processes each time.
    """
    if sharding.is_fully_addressable:
        return jax.device_put(array, sharding)
    array = np.asarray(array)
    return jax.make_array_from_callback(array.shape, sharding, lambda part: array[part])


def to_host(tree: Any) -> Any:
    """Every array of a tree as a NumPy array, whole, in every process; all processes have to call it."""
    if all(not isinstance(leaf, jax.Array) or leaf.is_fully_addressable for leaf in jax.tree.leaves(tree)):
        return jax.device_get(tree)
    return multihost_utils.process_allgather(tree, tiled=True)


def as_first(value: float) -> float:
    """What the first process has, in every process, so that all go on alike; all processes have to call it."""
    return float(multihost_utils.broadcast_one_to_all(np.float32(value))) if several() else value


def largest(value: int) -> int:
    """The largest of all processes' values, each below 2^31; all processes have to call it."""
    return int(multihost_utils.process_allgather(np.int32(value)).max()) if several() else value


def from_first(tree: Any) -> Any:
    """A tree of NumPy arrays as the first process has it, bit for bit; in the others it tells the shapes.

    All processes have to call it. The bytes travel, since JAX would make 32 bits of 64.
    """
    if not several():
        return tree
    as_bytes = jax.tree.map(lambda x: np.frombuffer(np.ascontiguousarray(x).tobytes(), np.uint8), tree)
    theirs = multihost_utils.broadcast_one_to_all(as_bytes)
    return jax.tree.map(lambda b, x: np.frombuffer(np.asarray(b).tobytes(), x.dtype).reshape(x.shape), theirs, tree)


def text_from_first(text: str) -> str:
    """The first process's text, in every process; all processes have to call it."""
    content = text.encode()
    length = int(from_first(np.array(len(content))))
    return from_first(np.frombuffer(content.ljust(length)[:length], np.uint8)).tobytes().decode()
