"""Writes the folder of one population, so that whatever is there is whole: see docs/formats.md."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save

from mirrorjax.errors import NotWritten
from mirrorjax.machine.reading import refuse_newer
from mirrorjax.machine.writing import TEMPORARY, not_writable, replacing, write_json, write_text
from mirrorjax.measures import EVERY_RECORD, EVERY_UNIT, OF_ANY_REGIME, Measure
from mirrorjax.results.contents import FORMAT
from mirrorjax.results.parquet import with_format
from mirrorjax.results.weights import INDEX, STACKS, index_digest
from mirrorjax.settings.axes import FIRST
from mirrorjax.settings.columns import KNOBS as OF_KNOBS
from mirrorjax.settings.columns import ROWS, SEEDS, SIZES
from mirrorjax.settings.schema import MEMBER
from mirrorjax.settings.setting import Setting

TABLES = ("members", "records", "units")
_LISTS = {"int64[16]": pa.list_(pa.int64(), 16)}  # types that Arrow has no short name for


def setting_fields(settings: Iterable[Setting]) -> list[pa.Field]:
    """The columns of settings."""
    types = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    return [pa.field(each.name, types[each.column_kind]) for each in settings]


def _fields(type_: pa.DataType, *names: str) -> list[pa.Field]:
    return [pa.field(name, type_) for name in names]


def _first(kind: type) -> list[pa.Field]:
    return setting_fields(MEMBER[name] for name in FIRST if MEMBER[name].kind is kind)


def _schema(measures: Iterable[Measure]) -> pa.Schema:
    columns = (column for each in measures for column in each.columns())
    return pa.schema([(each.name, _LISTS.get(each.type) or pa.type_for_alias(each.type)) for each in columns])


MEMBERS = pa.schema(
    [
        *_fields(pa.string(), "member_id"), *_fields(pa.int64(), *SEEDS), *_first(str),
        *_first(int), *_fields(pa.int64(), *SIZES), *_first(float),
    ]
)  # fmt: skip
KNOBS = pa.schema(  # further columns of members.parquet, which older results lack: these are at the defaults
    [
        *setting_fields(each for name, each in MEMBER.items() if name not in FIRST),
        *_fields(pa.int64(), *ROWS), *_fields(pa.float64(), *OF_KNOBS),
    ]
)  # fmt: skip
REQUIRED = _schema(OF_ANY_REGIME)  # columns of records that every regime has
RECORDS = _schema(EVERY_RECORD)  # and those that some regimes lack; further layers: see `with_layers`
UNITS = _schema(EVERY_UNIT)  # 28 numbers a unit are float32: a file has a row for each of a population's units


def knob_defaults() -> dict[str, Any]:
    """What a column of KNOBS is where it is not given; None for what is measured."""
    return {name: MEMBER[name].default if name in MEMBER else None for name in KNOBS.names}


def with_layers(schema: pa.Schema, columns: Mapping[str, Any]) -> pa.Schema:
    """The schema of records with a column for each further hidden layer that `columns` has, without a gap."""
    for name in takewhile(columns.__contains__, (f"mne_layer_{layer}" for layer in count(2))):
        schema = schema.append(pa.field(name, pa.float64()))
    return schema


def as_table(schema: pa.Schema, columns: Mapping[str, Any], what: str) -> pa.Table:
    """Arrow table with the schema's columns first and any others after them; NaN becomes null, which SQL skips.

    Args:
        schema: the required columns.
        columns: by name, an array of one entry a row, or one value for all rows.
        what: the table's name, for messages.

    Raises:
        ValueError: a required column is missing, lengths differ, or values do not fit the column's type.
    """
    if missing := [name for name in schema.names if name not in columns]:
        raise ValueError(f"{what}: no column {', '.join(missing)}")
    rows = len(columns["member_id"])
    types = dict(zip(schema.names, schema.types, strict=True))
    arrays = {}
    for name in {**types, **columns}:
        values = np.asarray(columns[name])
        values = values if values.ndim else np.broadcast_to(values, rows)
        if len(values) != rows:
            raise ValueError(f"{what}: column {name} has {len(values)} rows, member_id has {rows}")
        try:
            arrays[name] = _column(values, types.get(name))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise ValueError(f"{what}: column {name}: {error}") from error
    return pa.table(arrays)


def _column(values: np.ndarray, type_: pa.DataType | None) -> pa.Array:
    if type_ == pa.string() and values.ndim == 1:
        return pa.array(values.tolist(), pa.string())  # a cast would turn a wrong number into text without a word
    column: pa.Array = pa.array(values.ravel(), from_pandas=True)
    if values.ndim == 2:
        column = pa.FixedSizeListArray.from_arrays(column, values.shape[1])
    return column if type_ is None else column.cast(type_)


class Store:
    """The folder of one population, to be written.

    Attributes:
        folder: where everything goes.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def create(cls, folder: Path) -> "Store":
        """Makes the folder, or takes an unfinished one over: what is whole stays, what a kill left behind goes.

        Raises:
            NotWritten: nothing can be written there.
            InputError: a later version of mirrorjax began it.
        """
        refuse_newer(folder / "manifest.json", FORMAT)
        try:
            for part in (folder, folder / "records", folder / "units"):
                part.mkdir(parents=True, exist_ok=True)
                for leftover in part.glob(f".*{TEMPORARY}"):
                    leftover.unlink()
            probe = folder / f".probe.{os.getpid()}{TEMPORARY}"
            try:
                with probe.open("wb") as file:
                    file.write(bytes(1 << 16))  # bytes on the disk: a full one still makes folders
                    os.fsync(file.fileno())
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            raise NotWritten(not_writable(folder, error)) from error
        return cls(folder)

    def write_config(self, yaml_text: str) -> None:
        """Writes the resolved config."""
        write_text(self.folder / "config.yaml", yaml_text)

    def write_manifest(self, manifest: Mapping[str, Any]) -> None:
        """Writes the manifest in place of the one before."""
        write_json(self.folder / "manifest.json", manifest)

    def write_members(self, columns: Mapping[str, Any]) -> None:
        """Writes one row a member: everything that defines it (columns of `MEMBERS`, and of `KNOBS` if given)."""
        table = as_table(pa.schema([*MEMBERS, *KNOBS]), {**knob_defaults(), **columns}, "members")
        self._write_table(table, "members.parquet")

    def write_nulls(self, columns: Mapping[str, Any]) -> None:
        """Writes one row an architecture and measure: what untrained networks score (see `nulls.summary`)."""
        self._write_table(pa.table(dict(columns)), "nulls.parquet")

    def write_records(self, checkpoint: int, columns: Mapping[str, Any]) -> None:
        """Writes one row a member: what was measured at a checkpoint.

        The columns are those of `REQUIRED`, less `checkpoint`, those of `RECORDS` that the regime has, and any others.
        """
        columns = {"checkpoint": checkpoint, **columns}
        own = pa.schema([field for field in RECORDS if field.name in columns or field in REQUIRED])
        self._write_table(as_table(with_layers(own, columns), columns, "records"), f"records/{checkpoint:06d}.parquet")

    def write_units(self, checkpoint: int, columns: Mapping[str, Any]) -> None:
        """Writes one row a member and unit at a checkpoint (columns of `UNITS`, less `checkpoint`)."""
        columns = {"checkpoint": checkpoint, **columns}
        self._write_table(as_table(UNITS, columns, "units"), f"units/{checkpoint:06d}.parquet")

    def write_weights(self, arrays: Mapping[str, np.ndarray], index: Mapping[str, Any]) -> None:
        """Writes the members' weights, stacked, and the index that finds one member's in them.

        Args:
            arrays: by `GROUP/NAME`, members on axis 0, for instance `mlp-2/dense_1/kernel` [members, 100, width].
            index: `{"members": {MEMBER_ID: {"group": GROUP, "row": ROW, "shapes": {NAME: SHAPE}}}}`, of plain values;
                `shapes`, optional, gives a member's own shape where the stack is padded (its values come first on each
                axis). The hashes of both files are added.

        Raises:
            ValueError: the index points where there is nothing.
        """
        for member_id, place in index["members"].items():
            stacks = [array for name, array in arrays.items() if name.startswith(place["group"] + "/")]
            if not stacks or any(not 0 <= place["row"] < len(array) for array in stacks):
                raise ValueError(f"weights: {member_id} is said to be in {place['group']} row {place['row']}")
        content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        with replacing(self.folder / STACKS) as temporary:
            temporary.write_bytes(content)
        hashes = {"sha256": hashlib.sha256(content).hexdigest(), "index": index_digest(index["members"])}
        write_json(self.folder / INDEX, {"format": FORMAT, **hashes, **index})

    def drop_after(self, checkpoint: int) -> None:
        """Removes what was measured after a checkpoint, when training resumes from there."""
        for file in self.parquet_files:
            if file.stem.isdecimal() and int(file.stem) > checkpoint:
                file.unlink()

    def mark_done(self) -> None:
        """Marks the population as finished."""
        write_text(self.folder / "DONE", "")

    @property
    def parquet_files(self) -> list[Path]:
        """Every Parquet file written so far: members, records and units."""
        found = [*self.folder.glob("members.parquet"), *self.folder.glob("*/[0-9]*.parquet")]
        return sorted(file for file in found if file.parent == self.folder or file.parent.name in TABLES)

    def _write_table(self, table: pa.Table, name: str) -> None:
        with replacing(self.folder / name) as temporary:
            pq.write_table(with_format(table), temporary, compression="zstd")


class Elsewhere(Store):
    """A store that another process writes: where several train one population, the first one alone does."""

    def _write_nothing(self, *_: Any, **__: Any) -> None: ...

    write_config = write_manifest = write_members = write_nulls = write_records = write_units = _write_nothing
    write_weights = drop_after = mark_done = _write_nothing
