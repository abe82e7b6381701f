"""Final weights of a population, read back one member at a time, and what is not whole is not taken for weights."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from mirrorjax.errors import InputError
from mirrorjax.machine.reading import LARGEST, read_json
from mirrorjax.results.contents import FORMAT, WEIGHTS

STACKS, INDEX = "weights.safetensors", "weights.json"
_INDEX_BYTES = 1 << 14  # of a member in the index, at most


def index_digest(members: Mapping[str, Any]) -> str:
    """SHA-256 of the part of an index that says where the members are."""
    return hashlib.sha256(json.dumps(members, sort_keys=True).encode()).hexdigest()


def read_index(folder: Path, member_ids: Collection[str]) -> dict[str, Any]:
    """Where each member's weights are: its group, its row, and its own shapes; `member_ids` is empty if none are known.

    Raises:
        InputError: no weights are stored; or the index or the file that it is of is damaged, of another population or
            of a later version.
    """
    stacks, index = folder / STACKS, folder / INDEX
    if not stacks.exists():
        raise InputError(f"{folder}: no final weights here; they are written when a population is finished")
    if not stacks.is_file():
        raise InputError(f"{stacks}: cannot be read: it is no regular file")
    facts = [file.stat() for file in (stacks, index) if file.exists()]
    marks = tuple((each.st_mtime_ns, each.st_size) for each in facts)
    members = _whole_index(folder.absolute(), len(member_ids), marks)
    if member_ids and members.keys() != set(member_ids):
        raise InputError(f"{index}: of another population: its members are not those of members.parquet")
    return members


def read_weights(folder: Path, index: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """The id and the weights by name of each member of an index; of the file the members' rows alone are read.

    Raises:
        InputError: the file cannot be read, has no such row, or other shapes than the index says.
    """
    file = folder / STACKS
    try:
        with safe_open(file, framework="numpy") as stacks:
            for member_id, place in index.items():
                yield member_id, _of_member(stacks, file, member_id, place)
    except (SafetensorError, OSError, TypeError, ValueError) as error:  # TypeError: numbers that NumPy does not have
        raise error if isinstance(error, InputError) else InputError(f"{file}: damaged: {error}") from error


def _of_member(stacks: Any, file: Path, member_id: str, place: Mapping[str, Any]) -> dict[str, np.ndarray]:
    group, row, shapes = place["group"] + "/", place["row"], place.get("shapes") or {}
    weights = {}
    for name in (each.removeprefix(group) for each in stacks.keys() if each.startswith(group)):  # noqa: SIM118
        stack = stacks.get_slice(group + name)
        rows, *size = stack.get_shape()
        own = shapes.get(name, size)
        if row >= rows or len(own) != len(size) or any(a > b for a, b in zip(own, size, strict=True)):
            said = f"{member_id} is said to be row {row} of shape {own} of {group}{name}, {[rows, *size]}"
            raise InputError(f"{file}: {said}")
        weights[name] = np.asarray(stack[row])[tuple(map(slice, own))]  # reads this row alone
    if not weights:
        raise InputError(f"{file}: damaged: no weights of {member_id}, which is said to be in {group[:-1]}")
    return weights


@lru_cache(maxsize=4)
def _whole_index(folder: Path, members: int, marks: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    """The members of an index, once it and the file of weights have their hashes; read again when a file changes."""
    file = folder / INDEX
    content = read_json(file, WEIGHTS, newest=FORMAT, largest=LARGEST + _INDEX_BYTES * members)
    found = content["members"]
    if content.get("index") not in (None, index_digest(found)):
        raise InputError(f"{file}: damaged: its content does not match its hash")
    try:
        with (folder / STACKS).open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{folder / STACKS}: cannot be read: {error.strerror or error}") from error
    if content.get("sha256") not in (None, digest):  # results of before have neither
        raise InputError(f"{folder / STACKS}: damaged, or not the file that {INDEX} is of: its hash is another one")
    return found
