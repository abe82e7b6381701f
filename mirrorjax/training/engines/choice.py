"""Which engine trains a part of the population, by a rule, and why."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax

from mirrorjax.errors import InputError
from mirrorjax.machine.runtime import Device
from mirrorjax.population.plan import ProgramSpec
from mirrorjax.training.engines import fused, xla
from mirrorjax.training.engines.cuda import LEAST_CAPABILITY, Cuda, KernelError, code_folder, compiled
from mirrorjax.training.engines.shape import shape_of, why_not

_SHARED = {"80": 163, "87": 163, "90": 227, "100": 227, "103": 227}  # KiB of a thread block by capability; others: 99


@dataclass(frozen=True)
class Engine:
    """What trains the blocks of one device.

    Attributes:
        name: `xla` or `fused`.
        why: it and no other, in words.
        train: (state, values, start, stop, rows) → state, of members [blocks, block]; see `xla.train`.
    """

    name: str
    why: str
    train: Callable[..., Any] = field(compare=False)

    def __str__(self) -> str:
        """In a line of a log."""
        return f"{self.name} ({self.why})"


def engine_for(asked: str, program: ProgramSpec, batch: int, members: int, device: Device) -> Engine:
    """The engine of a program's members.

    Args:
        asked: `auto`, `xla` or `fused`; where the fused kernel does not serve a program it is left to XLA.
        program: of the members.
        batch: rows of an update, the most of any of them.
        members: of a device.
        device: one of those that train them.

    Raises:
        InputError: the fused kernel is asked for, and the machine has not what it needs.
    """
    step = partial(xla.train, program)
    if asked == "xla":
        return Engine("xla", "as asked", step)
    why = None if device.platform == "gpu" else f"no GPU, but {device.platform}"
    capability = str(getattr(device, "compute_capability", "")).replace(".", "")
    if why is None and not (capability.isdigit() and divmod(int(capability), 10) >= LEAST_CAPABILITY):
        why = f"{device.device_kind} is no NVIDIA GPU from compute capability 8.0 on"
    if why is None:
        if unlike := why_not(program, batch, _SHARED.get(capability, 99) * 1024):
            return Engine("xla", unlike, step)
        shape = shape_of(program, batch, members, getattr(device, "core_count", 132))
        driver = Cuda()
        try:
            compiled(shape, capability, code_folder())
            fused.try_out(shape, driver, program, device)
        except ImportError as error:
            why = f"{error}; pip install 'mirrorjax[cuda13]' has it"
        except (KernelError, jax.errors.JaxRuntimeError) as error:
            why = (str(error).strip() or type(error).__name__).splitlines()[-1]
        else:
            words = f"{shape.warps} warps a network, {shape.batch} rows a batch"
            return Engine("fused", words, partial(fused.train, shape, driver))
    if asked == "fused":
        raise InputError(f"runtime.engine is fused: {why}; allowed here: auto, xla")
    return Engine("xla", why, step)
