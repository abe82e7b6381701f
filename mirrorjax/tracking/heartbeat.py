"""Says every few seconds that a population is being trained, by whom, and how far it is: progress.json."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = "progress.json"
FINISHING = "finishing W&B"  # the only phase of a population that is done
SECONDS = 2.0  # between two beats


@contextmanager
def heartbeat(folder: Path, state: Callable[[], Mapping[str, Any]], seconds: float = SECONDS) -> Iterator[None]:
    """Beats during the block, on a thread of its own, for a compile may take minutes; a beat replaces the file whole.

    The state, ready for JSON, is called from that thread.
    """
    file, over = folder / FILE, threading.Event()
    temporary = folder / f".{FILE}.{os.getpid()}.tmp"

    def beat() -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        content = {"pid": os.getpid(), "host": socket.gethostname(), "updated": now, **state()}
        with suppress(OSError):  # a disk that is full stops the store, which says so
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            temporary.replace(file)

    def beat_on() -> None:
        while not over.wait(seconds):
            beat()

    beat()
    thread = threading.Thread(target=beat_on, daemon=True, name="heartbeat")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        beat()  # how far it came
