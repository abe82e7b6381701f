"""The fused kernel on a CPU: its source as C++, with a header that stands in for what a GPU has."""

import ctypes
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirrorjax.training.engines.fused import SOURCE, Arguments
from mirrorjax.training.engines.shape import Shape

COMPILER = shutil.which("g++") or shutil.which("clang++")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="the emulator of the fused kernel needs a C++ compiler")


@functools.cache
def emulated(shape: Shape) -> ctypes.CDLL:
    """The kernel of a shape as a library."""
    assert COMPILER is not None
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "fused.so"
        flags = ["-std=c++17", "-O2", "-w", "-fPIC", "-shared", "-DEMULATED", f"-I{Path(__file__).parent}"]
        command = [COMPILER, *flags, *shape.options, "-x", "c++", str(SOURCE), "-o", str(library)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return ctypes.CDLL(str(library))


class Emulator:
    """A driver that trains one member after the other; `launches` has the members of each call."""

    def __init__(self) -> None:
        self.launches: list[int] = []

    def address(self, buffer: Any) -> int:
        """In the host's memory."""
        return np.asarray(buffer).ctypes.data

    def launch(self, shape: Shape, arguments: Arguments, context: Any) -> None:
        """Returns when all are trained."""
        self.launches.append(arguments.members)
        emulated(shape).emulate(ctypes.byref(arguments))
