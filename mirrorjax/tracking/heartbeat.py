"""Says every few seconds that a population is being trained, by whom, and how far it is: progress.json."""

import json
import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

FILE = "progress.json"
FINISHING = "finishing W&B"  # the only phase of a population that is done
SECONDS = 2.0  # between two beats


class Heartbeat:
    """A context. It beats on a thread of its own, for a compile may take minutes; each beat replaces the file whole.

    Args:
        folder: of the population.
        state: what is known now, ready for JSON; called from the thread.
        seconds: between two beats.
    """

    def __init__(self, folder: Path, state: Callable[[], Mapping[str, Any]], seconds: float = SECONDS):
        self._file, self._state, self._seconds = folder / FILE, state, seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="heartbeat")

    def __enter__(self) -> "Heartbeat":
        self._beat()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._beat()  # how far it came

    def _run(self) -> None:
        while not self._over.wait(self._seconds):
            self._beat()

    def _beat(self) -> None:
        content = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "updated": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **self._state(),
        }
        temporary = self._file.with_name(f".{FILE}.{os.getpid()}.tmp")
        with suppress(OSError):  # a disk that is full stops the store, which says so
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            temporary.replace(self._file)
