"""Events: one readable line each where people look, and the same as JSON in a population's log.jsonl."""

import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mirrorjax.errors import printable
from mirrorjax.machine.secrets import hidden

LEVELS = {"quiet": logging.WARNING, "normal": logging.INFO, "debug": logging.DEBUG}  # by the setting `verbosity`
logger = logging.getLogger("mirrorjax")


def now() -> str:
    """The time in UTC, to the second, as files have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def event(name: str, message: str, *, level: int = logging.INFO, shown: bool = False, **fields: Any) -> None:
    """Logs that something happened.

    Args:
        name: of the kind of event, for machines.
        message, level: a line for people, and the level of `logging`.
        shown: whether people have seen it already, for instance as progress; then it goes to the file alone.
        fields: what a machine wants to know of it; they go into JSON.
    """
    logger.log(level, "%s", message, extra={"event": name, "shown": shown, "fields": fields})


class JsonLine(logging.Formatter):
    """A record as one line of JSON: time (UTC), level, event, message, and the event's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without secrets."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": at, "level": record.levelname.lower(), "event": getattr(record, "event", "note")}
        line |= {"message": record.getMessage(), **getattr(record, "fields", {})}
        if record.exc_info and record.exc_info[0] is not None:
            line["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(hidden(line), ensure_ascii=False, default=str)


class _Lines(logging.Handler):
    """Shows events to people: what happens through `show`, warnings on standard error, whatever that now is."""

    def __init__(self, show: Callable[[str], None], level: int):
        super().__init__(level)
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "shown", False):
            return
        text = printable(hidden(record.getMessage()))
        if record.levelno >= logging.WARNING:
            print(f"{record.levelname.lower()}: {text}", file=sys.stderr)
        else:
            self._show(text)


class _File(logging.FileHandler):
    """Ends where the disk does: what cannot be logged stops nothing."""

    def handleError(self, record: logging.LogRecord) -> None:
        logger.removeHandler(self)
        _tell_unwritten(self.baseFilename, sys.exc_info()[1])


def shown_to_people(show: Callable[[str], None], verbosity: str) -> AbstractContextManager[None]:
    """Shows events, a line each, while the block runs; `verbosity` is `quiet` (warnings alone), `normal` or `debug`."""
    return _attached(_Lines(show, LEVELS[verbosity]))


@contextmanager
def written_to(file: Path) -> Iterator[None]:
    """Appends every event of the block to a file, whatever the verbosity; where that cannot be, a warning says so."""
    try:
        if file.is_symlink() or file.is_fifo():  # what is behind it is not ours, or would be waited for
            raise OSError("a link or a pipe is in the way")
        if file.is_file() and file.stat().st_size:
            with file.open("rb+") as before:
                before.seek(-1, os.SEEK_END)
                if before.read() != b"\n":  # a kill, in the middle of a line
                    before.write(b"\n")
        handler: logging.Handler = _File(file, encoding="utf-8")
    except OSError as error:
        _tell_unwritten(file, error)
        handler = logging.NullHandler()
    handler.setFormatter(JsonLine())
    with _attached(handler):
        yield


def _tell_unwritten(file: Path | str, error: BaseException | None) -> None:
    why = getattr(error, "strerror", None) or error
    event("log", f"{file}: cannot be written: {why}; further events are only shown", level=logging.WARNING)


@contextmanager
def _attached(handler: logging.Handler) -> Iterator[None]:
    before = logger.level
    logger.setLevel(logging.DEBUG)  # each handler has a level of its own
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
        with suppress(OSError):  # a full disk again, for what was not written yet
            handler.close()
