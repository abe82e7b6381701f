"""Standard output and error that stop nothing: the terminal may be gone, the reader of a pipe, the room on a disk."""

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO


@dataclass
class Lost:
    """What became of standard output.

    Attributes:
        error: the first one, after which nothing was written any longer; None so far.
    """

    error: OSError | None = None


class _Unbroken(io.FileIO):
    """Writes for as long as that is possible, and to nowhere from then on."""

    def __init__(self, descriptor: int, lost: Lost, ends: bool):
        super().__init__(descriptor, "wb", closefd=False)
        self._lost, self._ends = lost, ends

    def write(self, data: Any, /) -> int:
        try:
            while self._lost.error is None:
                written = super().write(data)
                if written is not None:
                    return written
                select.select([], [self.fileno()], [])  # another process has set it not to wait
        except OSError as error:
            self._lost.error = error
            if self._ends:
                raise SystemExit(1) from error
        return memoryview(data).nbytes


@contextmanager
def unbroken_output(ends: bool = False) -> Iterator[Lost]:
    """Lets nothing fail in the block because standard output or error cannot be written.

    Rich would end the process when a reader goes away, `print` and `logging` would raise in the middle of training,
    and a descriptor that is closed would be given to the next file: what a library then writes to standard error would
    end up in the results. Streams that are not the process's own, as in a notebook or a test, are left as they are.

    Args:
        ends: whether the process is to end, quietly, where nobody sees what it shows.

    Yields:
        What became of standard output.
    """
    _open_closed_descriptors()
    before, lost = (sys.stdout, sys.stderr), Lost()
    sys.stdout, sys.stderr = own = _unbroken(sys.stdout, 1, lost, ends), _unbroken(sys.stderr, 2, Lost(), False)
    try:
        yield lost
    finally:
        for stream in set(own).difference(before):
            stream.flush()
        sys.stdout, sys.stderr = before


def _open_closed_descriptors() -> None:
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)


def _unbroken(stream: TextIO | None, descriptor: int, lost: Lost, ends: bool) -> TextIO:
    encoding, errors, each_line = "utf-8", "strict", False
    if stream is not None:  # Python leaves out what is closed
        if stream not in (sys.__stdout__, sys.__stderr__) or not isinstance(stream, io.TextIOWrapper):
            return stream
        encoding, errors, each_line = stream.encoding, stream.errors, stream.line_buffering or stream.write_through
    return io.TextIOWrapper(
        io.BufferedWriter(_Unbroken(descriptor, lost, ends)),
        encoding,
        "backslashreplace" if errors == "strict" else errors,  # a sign that the terminal lacks stops nothing either
        line_buffering=each_line,
    )
