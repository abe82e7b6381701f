"""The machine: devices, precision, compile cache, and what of it belongs in a manifest."""

import os
import platform as host_platform
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata
from logging import WARNING
from pathlib import Path
from typing import Any

import jax

from mirrorjax.errors import InputError
from mirrorjax.machine import hosts
from mirrorjax.machine.compiler import cores, keep_programs
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
        if (found := getattr(jax.config, name)) != needed:
            raise InputError(f"{name.upper()} is {found}; allowed: {needed}, members depend on it")
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
    """Bytes of each device, of all that are used, that a population may take; None where it does not tell what it has.

    The setting is of each accelerator, or of a CPU's machine, whose devices share it; None is a share of what there is,
    of several processes the first one's.
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


def versions() -> dict[str, str]:
    """Python and the packages that a result depends on."""
    found = {"python": host_platform.python_version(), **dict.fromkeys(_REPORTED_PACKAGES, "not installed")}
    for package in _REPORTED_PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def device_facts(devices: list[Device]) -> dict[str, str | int]:
    """What the results were computed on."""
    first, processes = devices[0], len({device.process_index for device in devices})
    kind = (_cpu_name() if first.platform == "cpu" else None) or first.device_kind
    return {"platform": first.platform, "kind": kind, "count": len(devices), "processes": processes}


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
