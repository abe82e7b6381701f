"""Activations from files: an archive with keys `condition/site`, or a folder with files `condition/site.npy`."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from mirrorjax.errors import InputError, first_line
from mirrorjax.own.given import CONDITIONS

RESULTS = ("sweep.json", "manifest.json")  # what a folder of results has
_ON_DISK = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}  # what a safetensors file calls them
GROUPS = "groups"  # a file, or a key, with the label of each row


def is_activations(path: Path) -> bool:
    """Whether a path holds activations of somebody's network, not results of a sweep."""
    if path.is_dir():
        return not any((path / name).exists() for name in RESULTS) and any(
            file.parent.name in CONDITIONS for file in path.glob("*/*.npy")
        )
    return path.suffix in (".npz", ".safetensors")


def read_activations(path: Path) -> tuple[dict[str, dict[str, np.ndarray]], np.ndarray | None]:
    """Activations condition -> site -> array [rows, units], and groups, if there are any; only NPZ is read at once.

    Raises:
        InputError: the file cannot be read, or its keys are others.
    """
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder")
    if path.suffix not in (".npz", ".safetensors"):
        raise InputError(f"{path}: expected a file .npz or .safetensors, or a folder with CONDITION/SITE.npy")
    try:
        arrays = _npz(path) if path.suffix == ".npz" else _safetensors(path)
    except InputError:
        raise
    except Exception as error:  # whatever the library that reads it says of a file that is no such archive
        raise InputError(f"{path}: cannot be read: {first_line(error)}") from error
    groups = arrays.pop(GROUPS, None)
    found: dict[str, dict[str, np.ndarray]] = {}
    for key, array in arrays.items():
        condition, slash, site = key.partition("/")
        if not slash or not site:
            raise InputError(f"{path}: key {key!r}; expected CONDITION/SITE, as self/h1")
        found.setdefault(condition, {})[site] = array
    if not found:
        raise InputError(f"{path}: no arrays; expected keys CONDITION/SITE, as self/h1")
    return found, groups


def read_groups(path: Path) -> np.ndarray:
    """A label for each row: from a file .npy, or of text with a line a row.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        return np.array(path.read_text(encoding="utf-8").split("\n")[: -1 or None])
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: groups cannot be read: {first_line(error)}") from error


def _folder(path: Path) -> tuple[dict[str, dict[str, np.ndarray]], np.ndarray | None]:
    found: dict[str, dict[str, np.ndarray]] = {}
    for file in sorted(path.rglob("*.npy")):
        condition, *site = file.relative_to(path).with_suffix("").parts
        if not site:
            if condition != GROUPS:
                raise InputError(f"{file}: expected CONDITION/SITE.npy, as self/h1.npy, or {GROUPS}.npy")
            continue
        try:
            found.setdefault(condition, {})["/".join(site)] = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise InputError(f"{file}: cannot be read: {first_line(error)}") from error
    if not found:
        raise InputError(f"{path}: neither results (sweep.json or manifest.json) nor activations (CONDITION/SITE.npy)")
    groups = path / f"{GROUPS}.npy"
    return found, read_groups(groups) if groups.exists() else None


def _npz(path: Path) -> dict[str, Any]:
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path}: is no .npz archive")
    with np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def _safetensors(path: Path) -> dict[str, Any]:
    """Arrays by key; those of numbers that NumPy has stay on the disk."""
    from safetensors import safe_open

    found = {}
    with safe_open(path, framework="flax") as archive, path.open("rb") as file:  # NumPy has no bfloat16
        size = int.from_bytes(file.read(8), "little")
        about = json.loads(file.read(size))
        for key in archive.keys():  # noqa: SIM118
            kind, shape = _ON_DISK.get(about[key]["dtype"]), tuple(about[key]["shape"])
            if kind is None or 0 in shape:
                found[key] = np.asarray(archive.get_tensor(key))
            else:
                first = 8 + size + about[key]["data_offsets"][0]
                found[key] = np.memmap(path, kind, "r", first, shape)
    return found
