"""Writes files whole or not at all, each under its name only once it is on the disk."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mirrorjax.errors import NotWritten

TEMPORARY = ".tmp"  # the end of a name that is not yet anything: not .parquet, so that no glob takes it for data


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path; at the end of the block the file there is synced and takes the name `path`.

    If the block fails, `path` is as it was before.

    Raises:
        NotWritten: the system does not let it be written (permission, no space, …).
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        with suppress(OSError):  # some systems and network disks cannot; the file has its name all the same
            descriptor = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise NotWritten(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # it is gone, or never was
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """Writes a text file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes a JSON file whole or not at all; NumPy numbers and paths become plain ones."""
    write_text(path, json.dumps(content, indent=2, default=_plain) + "\n")


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # an array or a number of NumPy
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not go into JSON")


def not_writable(folder: Path, error: OSError) -> str:
    """What is said where the system does not let results be written to a folder."""
    why = "a file is in the way" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
    return f"{folder}: results cannot be written here: {why or error}"
