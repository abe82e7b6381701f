"""Compiled programs: made ahead of time in threads, counted, and kept on disk from run to run."""

import os
import re
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from logging import DEBUG, WARNING
from pathlib import Path
from typing import Any

import jax

from mirrorjax.machine.hosts import several
from mirrorjax.machine.log import event

_MOST_THREADS = 8  # at the most: each takes a few hundred MB while it compiles
_OF_PROGRAMS = re.compile(  # a warning of JAX
    r"Error (?P<doing>reading|writing) persistent compilation cache entry for '(?P<name>\w+)': (?P<why>.*)", re.DOTALL
)
_show_as_usual = warnings.showwarning


def cores() -> int:
    """Cores of the machine that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep_programs(compile_cache: Path) -> None:
    """Lets JAX keep compiled programs in a folder; JAX_COMPILATION_CACHE_DIR has precedence."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        jax.config.update("jax_compilation_cache_dir", str(compile_cache))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
        warnings.showwarning = _show_warning


def _show_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Says in one line that a program cannot be kept or read, and removes it; shows other warnings as usual.

    JAX itself never writes over what it could not read, and so would warn, and compile, in every run.
    """
    found = _OF_PROGRAMS.match(str(message))
    if found is None:
        _show_as_usual(message, category, *place, **more)
        return
    folder = Path(jax.config.jax_compilation_cache_dir)  # pyright: ignore[reportAttributeAccessIssue]
    for file in folder.glob(f"{found['name']}-*"):
        with suppress(OSError):
            if not _is_whole(file.read_bytes()):
                file.unlink()
    text = f"{folder}: {found['doing']} a compiled program failed ({found['why']}); it is compiled anew"
    event("programs", text, level=WARNING)


def _is_whole(program: bytes) -> bool:
    with suppress(zlib.error):
        if not program.startswith(b"\x28\xb5\x2f\xfd"):  # Zstandard, where Python has it; only JAX can tell
            zlib.decompress(program)
        return True
    return False


class Compiler:
    """Compiles ahead of time, once a program and shape, and keeps count.

    Args:
        threads: that programs are compiled in before they are needed; 0: none is, and `ahead` does nothing.
        told: told which program is waited for, before it is compiled.

    Attributes:
        programs: by a key of name and shapes.
        spent, traced: seconds that each took, and of these in tracing and lowering, in Python; by the same keys.
        seconds: that the thread which made this has waited for programs, what others compiled meanwhile included.
    """

    def __init__(self, threads: int = 0, told: Callable[[str], None] = lambda what: None):
        self.programs: dict[tuple, Any] = {}
        self.spent: dict[tuple, float] = {}
        self.traced: dict[tuple, float] = {}
        self.seconds = 0.0
        self._told, self._owner = told, threading.current_thread()
        self._at_work: dict[tuple, threading.Lock] = {}
        self._pool = ThreadPoolExecutor(threads, "compiler") if threads else None
        self._ahead: list[Future[Any]] = []  # what the pool was given

    @classmethod
    def ahead_of_use(cls, told: Callable[[str], None] = lambda what: None) -> "Compiler":
        """One with a thread for each core; several processes compile in the same order, each when it needs to."""
        return cls(0 if several() else min(cores(), _MOST_THREADS), told)

    @property
    def count(self) -> int:
        return len(self.programs)

    def __call__(self, name: tuple, function: Callable[..., Any], *arguments: Any) -> Any:
        """The compiled form of a jitted function for arguments of these shapes.

        The name, hashable, tells functions apart; of the arguments only shapes, types and shardings matter.
        """
        leaves, structure = jax.tree.flatten(arguments)
        key = (name, structure, tuple((leaf.shape, str(leaf.dtype), str(leaf.sharding)) for leaf in leaves))
        if key in self.programs:
            return self.programs[key]
        start, label = time.perf_counter(), ": ".join(str(part) for part in name)
        waits = threading.current_thread() is self._owner
        if waits:
            self._tell(label)
        with self._at_work.setdefault(key, threading.Lock()):  # of whoever comes first; if it fails, the next one tries
            if key not in self.programs:
                self._compile(key, label, function, arguments)
        if waits:
            self.seconds += time.perf_counter() - start
        return self.programs[key]

    def _compile(self, key: tuple, label: str, function: Callable[..., Any], arguments: tuple) -> None:
        start = time.perf_counter()
        lowered = function.lower(*arguments)
        self.traced[key] = time.perf_counter() - start
        program = lowered.compile()
        self.spent[key] = spent = time.perf_counter() - start
        self.programs[key] = program
        event("compile", f"compiled in {spent:.1f} s: {label}", level=DEBUG, program=label, seconds=round(spent, 3))

    def ahead(self, makers: Sequence[Callable[[], Any]]) -> None:
        """Lets other threads do what will be asked for, in this order; what goes wrong there is met again by who asks.

        Each of `makers` calls this compiler once.
        """
        if self._pool is not None:
            self._ahead += [self._pool.submit(maker) for maker in makers]

    def wait(self) -> None:
        """Waits until all that was to be done ahead is done."""
        start = time.perf_counter()
        for future in self._ahead:
            if not future.done():
                self._tell("what is left")
                future.exception()
        self.seconds += time.perf_counter() - start

    def _tell(self, what: str) -> None:
        total = len(self._ahead)
        self._told(f"{what} ({self.count + 1} of {total})" if self.count < total else what)

    def close(self) -> None:
        """Compiles nothing more ahead."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
