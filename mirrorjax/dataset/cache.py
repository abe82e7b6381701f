"""What is kept from run to run: datasets, found by what defines them. A cache saves work and never stops any."""

import dataclasses
import hashlib
import json
import logging
import os
import pwd
import re
import tempfile
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from mirrorjax.dataset.build import Dataset, DatasetSpec, build
from mirrorjax.errors import InputError
from mirrorjax.machine.log import event
from mirrorjax.settings.texts import checked_path

Kept = TypeVar("Kept")
FORMAT = 1  # part of every file name: raise it when the same spec gives other rows


def content_hash(dataset: Dataset) -> str:
    """Sixteen hex digits of what is in the splits, in their order."""
    digest = hashlib.sha256()
    for name, rows in dataset.splits.items():
        digest.update(f"{name}:{len(rows)};".encode())
        digest.update(np.ascontiguousarray(rows, "<u4").tobytes())
    return digest.hexdigest()[:16]


def spec_hash(spec: DatasetSpec) -> str:
    """Sixteen hex digits of everything that a dataset depends on."""
    text = json.dumps({"format": FORMAT, **dataclasses.asdict(spec)}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def default_folder() -> Path:
    """`$MIRRORJAX_CACHE`, else `mirrorjax` in the user's cache folder: `$XDG_CACHE_HOME` if absolute, or `~/.cache`.

    Raises:
        InputError: there is no home folder, or a variable holds what is no path.
    """
    if given := os.environ.get("MIRRORJAX_CACHE"):
        return checked_path("MIRRORJAX_CACHE", given)
    users = os.environ.get("XDG_CACHE_HOME")
    if users and (folder := checked_path("XDG_CACHE_HOME", users)).is_absolute():
        return folder / "mirrorjax"
    try:  # with an empty HOME it would be in the root of the file system
        home = os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    except KeyError as error:  # as in a container, for a user without an entry in passwd
        raise InputError(
            "MIRRORJAX_CACHE is not given and this user has no home folder; allowed: a folder for datasets, nulls and "
            "compiled programs"
        ) from error
    return Path(home) / ".cache" / "mirrorjax"


def dataset_file(spec: DatasetSpec, folder: Path) -> Path:
    """Where the dataset of `spec` is kept."""
    return Path(folder) / f"dataset-{spec_hash(spec)}.npz"


def peek(spec: DatasetSpec, folder: Path) -> tuple[str, dict] | None:
    """Content hash and counts of a cached dataset, without reading its rows; None if it is not there, or damaged."""
    try:
        with dataset_file(spec, folder).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            about = json.loads(str(archive["about"]))
            return str(about["content_hash"]), dict(about["counts"])
    except Exception:  # a damaged zip fails in many ways; whoever loads it says which
        return None


def load_or_build(spec: DatasetSpec, folder: Path, report: Callable[[str], None] = lambda line: None) -> Dataset:
    """The dataset of `spec`, from `folder` if it is there and whole, else built and kept there.

    `folder` is made if need be; `report` is called with a line of progress now and then.

    Raises:
        InputError: nothing is kept yet and the folder cannot be written, or the spec cannot be built.
    """
    path = dataset_file(spec, folder)
    dataset = load_kept(path, _read)
    if dataset is not None:
        report(f"dataset {dataset.content_hash} from the cache ({path})")
        return dataset
    if not path.exists():
        _check_writable(path.parent)
    dataset = build(spec, report)
    dataset = dataclasses.replace(dataset, content_hash=content_hash(dataset))
    about = json.dumps({"content_hash": dataset.content_hash, "counts": dataset.counts})
    keep(path, {"about": np.array(about), **dataset.splits})
    return dataset


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"dataset.cache: {folder} cannot be written ({error.strerror}); name another folder"
        ) from error


def _read(archive: Mapping[str, np.ndarray]) -> Dataset:
    about = json.loads(str(archive["about"]))
    splits: dict[str, Any] = {name: archive[name] for name in ("train", "validation", "test", "holdout")}
    dataset = Dataset(**splits, counts=about["counts"], content_hash=about["content_hash"])
    if content_hash(dataset) != dataset.content_hash:
        raise ValueError("its content does not match its hash")
    return dataset


def load_kept(path: Path, read: Callable[[Mapping[str, np.ndarray]], Kept]) -> Kept | None:
    """What was kept in a file of arrays; None if there is none, or none that can be read, which a warning says.

    `read` makes it of the arrays by name, or raises whatever it likes.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:  # numpy leaves a damaged file open
            return read(archive)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except MemoryError:
        raise
    except Exception as error:  # a damaged zip fails in many ways, and each means the same
        unread = error.strerror if isinstance(error, OSError) else None
        said = re.split(r"\. |\n", str(error))[0]  # NumPy goes on with how to load it unsafely
        why = f"cannot be read: {unread}" if unread else f"damaged ({type(error).__name__}: {said})"
        event("cache", f"{path}: {why}; what it holds is made anew", level=logging.WARNING)
        return None


def keep(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays by name, whole or not at all; where that cannot be, a warning says so and work goes on without."""
    unfinished = path.with_name(f".unfinished-{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("xb") as file:  # with the permissions that the user's umask leaves, for colleagues
            np.savez(file, **cast(dict[str, Any], dict(arrays)))  # its stub takes the arrays for the flag
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        why = f"{path}: cannot be written: {error.strerror or error}; what it was to hold is made anew the next time"
        event("cache", why, level=logging.WARNING)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
