"""Measures the nulls: networks that nobody trains, once per architecture and data, and keeps them in files."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mirrorjax.dataset.cache import keep, load_kept
from mirrorjax.dataset.sources import Sources
from mirrorjax.machine.compiler import Compiler
from mirrorjax.machine.hosts import as_first, is_first
from mirrorjax.measurement.battery.nulls import (
    ARCHITECTURE,
    LATER,
    SCALE_FREE,
    VERSION,
    Null,
    Nulls,
    architecture_of,
    null_members,
)
from mirrorjax.measurement.records import Columns
from mirrorjax.measures import OURS
from mirrorjax.models import layers_by_units
from mirrorjax.models.base import Params
from mirrorjax.population.members import Member
from mirrorjax.settings.schema import MEMBER
from mirrorjax.training.data import Data
from mirrorjax.training.joining import joined
from mirrorjax.training.loop import Trainer
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.memory import Layout, make_room
from mirrorjax.training.part import OnBlock, PartRunner
from mirrorjax.training.placement import Placement

_VALIDATION_ROWS = 1000  # for losses, which no null is of


@dataclass(frozen=True)
class NullSettings:
    """What nulls depend on beside the architecture."""

    seeds: int  # networks of each architecture
    # boards, rescue_boards: matched boards, of the dataset's hold-out
    boards: int
    rescue_boards: int
    test_rows: int | None  # that raw CMNI is measured on; None: all of the dataset's


def nulls_of(
    members: Sequence[Member],
    settings: NullSettings,
    folder: Path,
    data: Data,
    layout: Layout,
    *,
    trainer: Trainer | None = None,
    on_measure: Callable[[str], None] = lambda what: None,
    on_block: OnBlock = lambda name, done, of: None,
) -> Nulls:
    """The nulls of all architectures of a population: from files, or measured and put there.

    Programs, rows and boards are shared with the population's `trainer`.
    """
    files = null_files(members, settings, data.dataset.content_hash, folder)
    kept = {each: columns for each, file in files.items() if is_first() and (columns := _read(file)) is not None}
    lacking = [each for each in files if not as_first(each in kept)]
    if lacking:
        on_measure(f"measuring {settings.seeds:,} untrained networks of {_named(lacking)}, for nulls")
        networks = [member for each in lacking for member in null_members(each, settings.seeds)]
        data = replace(data, test_rows=settings.test_rows)
        records = untrained_records(networks, data, layout, trainer=trainer, on_block=on_block)
        kept |= _by_architecture(records, lacking, settings.seeds)
        for file, columns in ((files[each], kept[each]) for each in lacking if is_first()):
            keep(file, {**columns, "hash": np.array(_content_hash(file, columns))})
    if not is_first():  # only the first process writes records, and reads these
        return Nulls([], {})
    return Nulls(list(members), {each: Null(each, kept[each]) for each in files})


def null_files(
    members: Iterable[Member], settings: NullSettings, dataset_hash: str, folder: Path
) -> dict[Member, Path]:
    """Where the null of each architecture among some members is kept, whether it is there or not."""
    files = {}
    for architecture in dict.fromkeys(architecture_of(member) for member in members):
        about: dict[str, Any] = {name: getattr(architecture, name) for name in ARCHITECTURE}
        about |= {name: own for name in LATER if (own := getattr(architecture, name)) != MEMBER[name].default}
        about |= {"version": VERSION, "dataset": dataset_hash, **vars(settings)}
        if own := [name for name in SCALE_FREE if name not in OURS]:  # of plugins
            about["measures"] = sorted(own)
        key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
        files[architecture] = folder / f"null-{key}.npz"
    return files


def _named(architectures: Sequence[Member]) -> str:
    first = ", ".join(layers_by_units(vars(each)) for each in architectures[:6])
    return first + (f" and {len(architectures) - 6} more" if len(architectures) > 6 else "")


def untrained_records(
    members: Sequence[Member],
    data: Data,
    layout: Layout,
    *,
    change: Callable[[Params], Params] | None = None,
    causes: bool = False,
    trainer: Trainer | None = None,
    on_block: OnBlock = lambda name, done, of: None,
) -> Columns:
    """Records of networks as they are made, never trained.

    Each network's weights are changed first, by `change`. With a `trainer` on these devices programs, rows and boards
    are shared; then there are no losses, nor causes.
    """
    data = replace(data, sources=Sources.only(data.dataset), validation_rows=_VALIDATION_ROWS, games=0)
    if trainer is None:
        compiler, measuring = Compiler(), Measuring(members, data, layout.devices, None if causes else 0)
    else:
        compiler, measuring = trainer.compiler, trainer.measuring.of_nulls(members)
    of_device = layout.room.budget, data.bytes, layout.host, data.most_boards
    room = make_room(measuring.members, layout.block, len(layout.devices), *of_device)

    def work(runner: PartRunner) -> tuple[np.ndarray, Columns]:
        runner.start()
        if change is not None:
            runner.change(change)
        own = runner.part.members
        columns, _ = measuring.part(runner, 0, np.full(len(own), "training", object), with_units=causes)
        return own, columns

    runners = measuring.runners(replace(layout, room=room), compiler, on_block)
    return joined(Placement(runners, room, lambda steps: None).each(work), len(members))


def _by_architecture(records: Columns, architectures: Sequence[Member], seeds: int) -> dict[Member, Columns]:
    numbers = {
        name: values.reshape(len(architectures), seeds)
        for name, values in records.items()
        if values.ndim == 1 and values.dtype != object
    }
    return {each: {name: rows[i] for name, rows in numbers.items()} for i, each in enumerate(architectures)}


def _read(file: Path) -> Columns | None:
    """The columns in a file; None, and a warning, unless they are what was put there, under that name."""

    def read(archive: Mapping[str, np.ndarray]) -> Columns:
        columns = dict(archive)
        if str(columns.pop("hash", None)) != _content_hash(file, columns):
            raise ValueError("its content has another hash, or none, as in older versions")
        return columns

    return load_kept(file, read)


def _content_hash(file: Path, columns: Columns) -> str:
    digest = hashlib.sha256(file.stem.encode())
    for name, values in sorted(columns.items()):
        digest.update(f"{name}:{values.dtype.str}{values.shape};".encode() + np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:16]
