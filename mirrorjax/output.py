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

    def __init__(self, descriptor: int, lost: Lost):
        super().__init__(descriptor, "wb", closefd=False)
        self._lost = lost

    def write(self, data: Any, /) -> int:
        try:
            while self._lost.error is None:
                written = super().write(data)
                if written is not None:
                    return written
                select.select([], [self.fileno()], [])  # another process has set it not to wait
        except OSError as error:
            self._lost.error = error
        return memoryview(data).nbytes


@contextmanager
def unbroken_output() -> Iterator[Lost]:
    """Lets nothing fail in the block because standard output or error cannot be written.

    Rich would end the process when a reader goes away, `print` and `logging` would raise in the middle of training,
    and a descriptor that is closed would be given to the next file: what a library then writes to standard error would
    end up in the results. Streams that are not the process's own, as in a notebook or a test, are left as they are.

    Yields:
        What became of standard output.
    """
    _open_closed_descriptors()
    before, lost = (sys.stdout, sys.stderr), Lost()
    sys.stdout, sys.stderr = own = _unbroken(sys.stdout, 1, lost), _unbroken(sys.stderr, 2, Lost())
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


def _unbroken(stream: TextIO | None, descriptor: int, lost: Lost) -> TextIO:
    if stream is None:  # Python leaves out what is closed
        return io.TextIOWrapper(io.BufferedWriter(_Unbroken(descriptor, lost)), "utf-8")
    if stream is not (sys.__stdout__ if descriptor == 1 else sys.__stderr__):
        return stream
    assert isinstance(stream, io.TextIOWrapper)
    return io.TextIOWrapper(
        io.BufferedWriter(_Unbroken(descriptor, lost)),
        stream.encoding,
        # a sign that the terminal does not have stops nothing either
        "backslashreplace" if stream.errors == "strict" else stream.errors,
        line_buffering=stream.line_buffering or stream.write_through,
    )
