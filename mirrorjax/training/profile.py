"""Where the time of training goes: one chunk under the profiler, its operations added up."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jax
from jax.profiler import ProfileData

_OPERATION = re.compile(r"^\s*(?:ROOT )?%(\S+) = .*op_name=\"([^\"]*)\"", re.MULTILINE)
_WRAPPERS = re.compile(r"\bjit\(\w*\)|\b(?:vmap|while|body|closed_call|cond|shard_map)\b\(?|[()]")


@dataclass(frozen=True)
class Operation:
    """One operation of the compiled program."""

    name: str  # in the compiled program
    where: str  # the part of mirrorjax that it comes from, as far as the compiler kept it
    calls: int  # how often it ran
    seconds: float  # all calls together, over all devices


def profile(run: Callable[[], object], program_text: str, folder: Path) -> list[Operation]:
    """Runs under the profiler; returns the program's operations, the dearest first.

    `run` must wait for what it starts. The whole trace is kept in `folder`, for TensorBoard or Perfetto.
    """
    with jax.profiler.trace(str(folder)):
        run()
    trace = max(folder.glob("**/*.xplane.pb"), key=lambda path: path.stat().st_mtime_ns)
    origin = dict(_OPERATION.findall(program_text))
    nanoseconds: dict[str, list[float]] = defaultdict(list)  # of each call
    for plane in ProfileData.from_file(str(trace)).planes:
        for line in plane.lines:
            for event in line.events:
                if event.name in origin and not event.name.startswith("while"):  # a loop is the sum of what it holds
                    nanoseconds[event.name].append(event.duration_ns)
    found = [Operation(name, _part(origin[name]), len(each), sum(each) / 1e9) for name, each in nanoseconds.items()]
    return sorted(found, key=lambda operation: -operation.seconds)


def _part(op_name: str) -> str:
    """`jit(local)/while/body/vmap(transpose(jvp(hidden_1)))/dot_general` as `transpose jvp hidden_1/dot_general`."""
    pieces = [_WRAPPERS.sub(" ", piece).strip() for piece in op_name.split("/")]
    return "/".join(" ".join(piece.split()) for piece in pieces if piece)


def as_lines(operations: list[Operation], steps: int, most: int = 20) -> list[str]:
    """A table of the `most` dearest of the operations that so many model-steps took, a line each."""
    total = sum(operation.seconds for operation in operations) or 1.0
    lines = [f"{'share':>6} {'ns a model-step':>16} {'calls':>8}  operation"]
    for operation in operations[:most]:
        share, each = operation.seconds / total, 1e9 * operation.seconds / max(1, steps)
        lines.append(f"{share:6.1%} {each:16.0f} {operation.calls:8d}  {operation.where} ({operation.name})")
    rest = sum(operation.seconds for operation in operations[most:])
    if rest:
        lines.append(f"{rest / total:6.1%} {1e9 * rest / max(1, steps):16.0f} {'':8}  {len(operations) - most} others")
    return lines
