"""Datasets on disk: built once, found again by what defines them, checked against their content hash."""

import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

from mirrorjax.dataset.build import Dataset, DatasetSpec, build
from mirrorjax.errors import InputError
from mirrorjax.texts import checked_path

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
    """`$MIRRORJAX_CACHE`, else `mirrorjax` in the user's cache folder."""
    if folder := os.environ.get("MIRRORJAX_CACHE"):
        return checked_path("MIRRORJAX_CACHE", folder)
    return checked_path("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")) / "mirrorjax"


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
    """The dataset of `spec`, from `folder` if it is there, else built and kept there.

    Args:
        spec: what to build.
        folder: of cached datasets; made if need be.
        report: called with a line of progress now and then.

    Raises:
        InputError: the cached file is damaged, the folder cannot be written, or the spec cannot be built.
    """
    path = dataset_file(spec, folder)
    if path.exists():
        dataset = _read(path)
        report(f"dataset {dataset.content_hash} from the cache ({path})")
        return dataset
    _check_writable(path.parent)
    dataset = build(spec, report)
    dataset = dataclasses.replace(dataset, content_hash=content_hash(dataset))
    _write(path, dataset)
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


def _write(path: Path, dataset: Dataset) -> None:
    about = json.dumps({"content_hash": dataset.content_hash, "counts": dataset.counts})
    keep(path, {"about": np.array(about), **dataset.splits})


def keep(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a file of arrays: whole, or not at all.

    Raises:
        OSError: it cannot be written.
    """
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".unfinished-")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **cast(dict[str, Any], dict(arrays)))  # its stub takes the arrays for the flag
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _read(path: Path) -> Dataset:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:  # numpy leaves a damaged file open
            about = json.loads(str(archive["about"]))
            splits = {name: archive[name] for name in ("train", "validation", "test", "holdout")}
            dataset = Dataset(**splits, counts=about["counts"], content_hash=about["content_hash"])
        whole = content_hash(dataset) == dataset.content_hash
    except Exception as error:  # a damaged zip fails in many ways, and each means the same
        raise _damaged(path, f"{type(error).__name__}: {error}") from error
    if not whole:
        raise _damaged(path, "its content does not match its hash")
    return dataset


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"{path}: the cached dataset is damaged ({why}); delete the file and it is built anew")
