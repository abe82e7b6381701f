"""One process at a time in a population's folder. When a process ends, however it does, the system frees the lock."""

import fcntl
import logging
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from mirrorjax.errors import Busy, InputError
from mirrorjax.machine.log import event
from mirrorjax.machine.writing import not_writable

_NOT_ELSEWHERE = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW  # the file behind a link would be emptied
_LONGEST = 200  # bytes of what names a process
LOCK = ".lock"  # who is at work in a population's folder, or was the last; never removed, since that would be a race


def check_unlocked(folder: Path) -> None:
    """Checks that no other process is at work in a folder, which need not exist.

    Raises:
        Busy: one is; it is named.
    """
    if (folder / LOCK).exists():
        with locked(folder):
            pass


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps other processes out of a population's folder, which is made if need be.

    Raises:
        Busy: another process is at work there, on this machine or another; it is named.
        InputError: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(folder / LOCK, _NOT_ELSEWHERE, 0o666), "a+b", buffering=0)
    except OSError as error:
        raise InputError(not_writable(folder, error)) from error
    with file:
        _lock(file, folder)
        with suppress(OSError):  # a full disk: it is locked all the same
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()}".encode())
        yield


def _lock(file: IO[bytes], folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        who = file.read(_LONGEST).decode(errors="replace").strip() or "another process"
        raise Busy(f"{folder}: {who} is at work on this population; wait for it, or stop it") from error
    except OSError as error:  # some network disks cannot lock
        text = f"{folder}: no lock ({error}): see to it that no second process works on this population"
        event("lock", text, level=logging.WARNING)
