"""The fused kernel on NVIDIA GPUs: compiled at first use by NVRTC, kept on disk, launched in JAX's own stream."""

import ctypes
import hashlib
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np

from mirrorjax.training.engines.fused import SOURCE, Arguments
from mirrorjax.training.engines.shape import Shape

LEAST_CAPABILITY = (8, 0)  # products of bfloat16 on tensor cores


class KernelError(Exception):
    """CUDA or its compiler says no."""


def compiled(shape: Shape, capability: str, folder: Path | None) -> bytes:
    """The machine code of the kernel, from the disk or from NVRTC, which takes two seconds.

    Args:
        shape: of the kernel.
        capability: of the device, for instance `90`; the device itself need not be there.
        folder: where machine code is kept; None: nowhere.

    Raises:
        ImportError: cuda-bindings is not installed, or NVRTC is not.
        KernelError: it does not compile; says why.
    """
    from cuda.bindings import nvrtc  # pyright: ignore[reportAttributeAccessIssue]

    source = SOURCE.read_bytes()
    options = [f"-arch=sm_{capability}", "-std=c++17", *shape.options]
    version = _checked(nvrtc.nvrtcVersion())
    text = b"\0".join([source, *(option.encode() for option in options), str(version).encode()])
    file = folder / f"{hashlib.sha256(text).hexdigest()[:16]}.cubin" if folder else None
    if file is not None and file.exists():
        return file.read_bytes()
    program = _checked(nvrtc.nvrtcCreateProgram(source, SOURCE.name.encode(), 0, [], []))
    try:
        if int(nvrtc.nvrtcCompileProgram(program, len(options), [option.encode() for option in options])[0]):
            log = bytearray(_checked(nvrtc.nvrtcGetProgramLogSize(program)))
            _checked(nvrtc.nvrtcGetProgramLog(program, log))
            raise KernelError(f"{SOURCE.name} for {' '.join(options)}: {log.decode(errors='replace').strip()}")
        code = bytearray(_checked(nvrtc.nvrtcGetCUBINSize(program)))
        _checked(nvrtc.nvrtcGetCUBIN(program, code))
    finally:
        nvrtc.nvrtcDestroyProgram(program)
    if file is not None:
        with suppress(OSError):  # then it is compiled again next time
            file.parent.mkdir(parents=True, exist_ok=True)
            scratch = file.with_suffix(f".{os.getpid()}")
            scratch.write_bytes(code)
            scratch.replace(file)
    return bytes(code)


def code_folder() -> Path | None:
    """Where machine code is kept: beside the programs of JAX, if these are kept."""
    folder = jax.config.jax_compilation_cache_dir  # pyright: ignore[reportAttributeAccessIssue]
    return Path(folder) / "kernels" if folder else None


def _checked(result: tuple) -> Any:
    error, *values = result
    if int(error):
        raise KernelError(f"CUDA says {error!r}")
    return values[0] if len(values) == 1 else values


class Cuda:
    """The driver of NVIDIA's GPUs, in the contexts that JAX has made."""

    def address(self, buffer: Any) -> int:
        """In the device's memory."""
        return buffer.__cuda_array_interface__["data"][0]

    def launch(self, shape: Shape, arguments: Arguments, context: Any) -> None:
        """Puts the kernel into the stream; returns before it has run.

        Raises:
            KernelError: CUDA refuses.
        """
        from cuda.bindings import driver  # pyright: ignore[reportAttributeAccessIssue]

        stream = driver.CUstream(context.stream)
        own = _checked(driver.cuStreamGetCtx(stream))
        own = own[0] if isinstance(own, list) else own
        _checked(driver.cuCtxSetCurrent(own))
        function = _loaded(shape, int(own))
        addresses = np.array([ctypes.addressof(arguments)], np.uint64)
        grid, threads = (arguments.members, 1, 1), (shape.threads, 1, 1)
        launched = driver.cuLaunchKernel(
            function, *grid, *threads, shape.shared_bytes, stream, addresses.ctypes.data, 0
        )
        _checked(launched)


@cache
def _loaded(shape: Shape, context: int) -> Any:
    """The kernel in the current context."""
    from cuda.bindings import driver  # pyright: ignore[reportAttributeAccessIssue]

    wanted, of_device = driver.CUfunction_attribute, driver.CUdevice_attribute
    device = _checked(driver.cuCtxGetDevice())
    capability = "".join(
        str(_checked(driver.cuDeviceGetAttribute(each, device)))
        for each in (
            of_device.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
            of_device.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
        )
    )
    module = _checked(driver.cuModuleLoadData(compiled(shape, capability, code_folder())))
    function = _checked(driver.cuModuleGetFunction(module, b"train"))
    most = wanted.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    _checked(driver.cuFuncSetAttribute(function, most, shape.shared_bytes))
    _checked(driver.cuFuncSetAttribute(function, wanted.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, 100))
    return function
