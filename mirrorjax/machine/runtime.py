"""The machine: devices, precision, compile cache, and what of it belongs in a manifest."""

import os
import platform as host_platform
import re
import subprocess
import threading
import time
import warnings
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from importlib import metadata
from logging import DEBUG, WARNING
from pathlib import Path
from typing import Any

import jax

from mirrorjax.errors import InputError
from mirrorjax.machine import hosts
from mirrorjax.machine.log import event
from mirrorjax.settings.schema import DistributedConfig

Device = Any  # jax.Device, which type checkers take for a variable

GIB = 1 << 30
_ACCELERATOR_SHARE = 0.9  # of its memory that is planned with; the rest is for what no plan knows
NEEDED = {  # of JAX's own settings, which environment variables of the same names set too
    "jax_enable_x64": False,
    "jax_disable_jit": False,
    "jax_debug_nans": False,  # a member that diverges is frozen, and stops nobody
    "jax_debug_infs": False,
    "jax_threefry_partitionable": True,
}
_WITHOUT_EFFECT = ("--xla_force_host_platform_device_count", "--xla_dump")  # on bits
_HOST_SHARE = 0.5  # of the free memory of a machine, which others use too

COMPILER_THREADS = 8  # at the most: each takes a few hundred MB while it compiles
_OF_PROGRAMS = re.compile(  # a warning of JAX
    r"Error (?P<doing>reading|writing) persistent compilation cache entry for '(?P<name>\w+)': (?P<why>.*)", re.DOTALL
)
_show_as_usual = warnings.showwarning

_REPORTED_PACKAGES = ("mirrorjax", "jax", "jaxlib", "flax", "optax", "numpy", "hydra-core", "wandb", "pyarrow")


def configure(
    platform: str,
    devices: int | None,
    precision: str,
    compile_cache: Path | None,
    distributed: DistributedConfig | None = None,
) -> list[Device]:
    """Prepares JAX; call it before anything touches a device.

    Args:
        platform: `cpu`, `gpu` or `tpu`.
        devices: how many to use in each process; None is all of them, on a CPU one a core.
        precision: of matrix products, see `jax_default_matmul_precision`.
        compile_cache: folder of compiled programs; JAX_COMPILATION_CACHE_DIR has precedence.
        distributed: how this process finds the others; None where there are none.

    Returns:
        The devices of all processes, those of the first one first.

    Raises:
        InputError: there is no such device here, or fewer than asked for, or the other processes are not found.
    """
    for name, needed in NEEDED.items():
        if getattr(jax.config, name) != needed:
            raise InputError(f"{name.upper()} is {getattr(jax.config, name)}; allowed: {needed}, members depend on it")
    flags = os.environ.get("XLA_FLAGS", "").split()
    if any(not flag.startswith(_WITHOUT_EFFECT) for flag in flags):
        text = f"XLA_FLAGS is {' '.join(flags)}: the last bits of a member may be others than without it"
        event("machine", text, level=WARNING)
    if platform == "cpu":
        with suppress(RuntimeError):  # JAX was used before in this process: then those that are there
            jax.config.update("jax_num_cpu_devices", devices or cores())
        jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_default_matmul_precision", precision)
    if compile_cache is not None:
        keep_programs(compile_cache)
    if distributed is not None:
        hosts.join(distributed)
    try:
        found = jax.devices(platform)
    except RuntimeError as error:
        raise InputError(f"runtime.platform: no {platform} here ({error}); runtime=cpu works everywhere") from error
    by_process: dict[int, list[Device]] = {}
    for device in found:
        by_process.setdefault(device.process_index, []).append(device)
    fewest = min(len(own) for own in by_process.values())
    if devices is not None and devices > fewest:
        fixed = "; JAX was used in this process before, which fixed their number" if platform == "cpu" else ""
        raise InputError(f"runtime.devices: {devices} asked for, {fewest} here{fixed}")
    return [device for _, own in sorted(by_process.items()) for device in own[:devices]]


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
    if program.startswith(b"\x28\xb5\x2f\xfd"):  # Zstandard, where Python has it; only JAX can tell
        return True
    try:
        zlib.decompress(program)
    except zlib.error:
        return False
    return True


def block_size(block: int | None, platform: str, members: int, most: int | None = None) -> int:
    """Members that one device trains side by side, where the setting leaves it open.

    On a CPU few, so that their weights stay in the cache; on an accelerator all, rounded up to a power of two, but not
    more than `most`, which memory allows.
    """
    if block is not None:
        return block
    if platform == "cpu":
        return 16
    wanted = max(64, 1 << (members - 1).bit_length())
    return wanted if most is None else min(wanted, most)


def memory_budget(gib: float | None, platform: str, devices: Sequence[Device]) -> float | None:
    """Bytes of each device that a population may take; None where the device does not tell what it has.

    Args:
        gib: the setting, of each accelerator, or of a CPU's machine, whose devices share it; None is a share of what
            there is, of several processes the first one's.
        platform: `cpu`, `gpu` or `tpu`.
        devices: that are used, of all processes.
    """
    if platform == "cpu":
        own = sum(device.process_index == devices[0].process_index for device in devices)
        return hosts.as_first(_HOST_SHARE * free_memory() if gib is None else gib * GIB) / own
    if gib is not None:
        return gib * GIB
    here = next(device for device in devices if device.process_index == jax.process_index())
    limit = (here.memory_stats() or {}).get("bytes_limit")
    return hosts.as_first(_ACCELERATOR_SHARE * limit) if limit else None


def free_memory() -> int:
    """Bytes of the machine's memory that can be had, or of its control group's if that allows less."""
    try:
        facts = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        free = int(facts["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        free = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
        facts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):  # there is none, or it says "max"
        return free
    return max(0, min(free, limit - used + int(facts.get("inactive_file", 0))))


class Compiler:
    """Compiles ahead of time, once a program and shape, and keeps count.

    Args:
        threads: that programs are compiled in before they are needed; 0: none is, and `ahead` does nothing.
        told: told which program is waited for, before it is compiled.

    Attributes:
        programs: by a key of name and shapes.
        spent: seconds that each took, by the same keys; tracing is part of it.
        traced: seconds of tracing and lowering, in Python.
        seconds: that the thread which made this has waited for programs, what others compiled meanwhile included.
    """

    def __init__(self, threads: int = 0, told: Callable[[str], None] = lambda what: None):
        self.programs: dict[tuple, Any] = {}
        self.spent: dict[tuple, float] = {}
        self.traced: dict[tuple, float] = {}
        self.seconds = 0.0
        self._told, self._owner, self._lock = told, threading.current_thread(), threading.Lock()
        self._at_work: dict[tuple, Future[None]] = {}
        self._pool = ThreadPoolExecutor(threads, "compiler") if threads else None
        self._ahead: list[Future[Any]] = []  # what the pool was given

    @property
    def count(self) -> int:
        return len(self.programs)

    def __call__(self, name: tuple, function: Callable[..., Any], *arguments: Any) -> Any:
        """The compiled form of a jitted function for arguments of these shapes.

        Args:
            name: tells functions apart; hashable.
            function: jitted.
            arguments: examples; only shapes, types and shardings matter.
        """
        leaves, structure = jax.tree.flatten(arguments)
        key = (name, structure, tuple((leaf.shape, str(leaf.dtype), str(leaf.sharding)) for leaf in leaves))
        if key in self.programs:
            return self.programs[key]
        start, label = time.perf_counter(), ": ".join(str(part) for part in name)
        waits = threading.current_thread() is self._owner
        if waits:
            self._tell(label)
        while (theirs := self._taken(key)) is not None:
            theirs.result()  # whether it went well is seen by looking again
        if key not in self.programs:
            self._compile(key, label, function, arguments)
        if waits:
            self.seconds += time.perf_counter() - start
        return self.programs[key]

    def _taken(self, key: tuple) -> "Future[None] | None":
        """What tells when another thread is done with a program; None if there is nothing to wait for.

        A program that nobody has begun is the caller's from then on.
        """
        with self._lock:
            if key not in self.programs and key not in self._at_work:
                self._at_work[key] = Future()
                return None
            return self._at_work.get(key)

    def _compile(self, key: tuple, label: str, function: Callable[..., Any], arguments: tuple) -> None:
        start = time.perf_counter()
        try:
            lowered = function.lower(*arguments)
            self.traced[key] = time.perf_counter() - start
            program = lowered.compile()
            self.spent[key] = spent = time.perf_counter() - start
            self.programs[key] = program
        finally:
            with self._lock:
                self._at_work.pop(key).set_result(None)
        event("compile", f"compiled in {spent:.1f} s: {label}", level=DEBUG, program=label, seconds=round(spent, 3))

    def ahead(self, makers: Sequence[Callable[[], Any]]) -> None:
        """Lets other threads do what will be asked for, in this order; what goes wrong there is met again by who asks.

        Args:
            makers: each calls this compiler once.
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


def versions() -> dict[str, str]:
    """Python and the packages that a result depends on."""
    found = {"python": host_platform.python_version()}
    for package in _REPORTED_PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def device_facts(devices: list[Device]) -> dict[str, str | int]:
    """What the results were computed on."""
    kind = devices[0].device_kind
    if devices[0].platform == "cpu":
        kind = _cpu_name() or kind
    processes = len({device.process_index for device in devices})
    return {"platform": devices[0].platform, "kind": kind, "count": len(devices), "processes": processes}


def _cpu_name() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return host_platform.processor() or None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), None)


def source_commit() -> str | None:
    """The git commit of the source tree, `+changes` if it has any; None outside a checkout."""
    here = Path(__file__).resolve().parent

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(here), *arguments], capture_output=True, text=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    tracked = git("ls-files", "--error-unmatch", Path(__file__).name)
    commit = git("rev-parse", "HEAD")
    if not tracked or not commit:
        return None
    return commit + ("+changes" if git("status", "--porcelain", "--untracked-files=no") else "")
