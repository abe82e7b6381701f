"""One population of a results folder, to be read. Never stops at a broken file."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mirrorjax.errors import InputError
from mirrorjax.machine.reading import Newer, read_json, read_yaml
from mirrorjax.results.contents import CONFIG, FORMAT, MANIFEST
from mirrorjax.results.jobs import plugins_of, read_sweep
from mirrorjax.results.later import LATER, LATER_KEYS, completed
from mirrorjax.results.parquet import UNREADABLE, first_and_last_member, torn, why_not_ours
from mirrorjax.results.store import KNOBS, MEMBERS, RECORDS, REQUIRED, TABLES, UNITS, knob_defaults
from mirrorjax.results.weights import STACKS, read_index, read_weights
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.schema import Config, MeasurementConfig, RuntimeConfig, TrackerConfig, lacking, stored

if TYPE_CHECKING:
    from mirrorjax.dataset.build import Dataset
    from mirrorjax.dataset.matched import Pictures
    from mirrorjax.results.network import TrainedNetwork

SCHEMAS = {"members": MEMBERS, "records": RECORDS, "units": UNITS}
_MUST = SCHEMAS | {"records": REQUIRED, LATER: LATER_KEYS}
_MAY = {"members": KNOBS, "records": RECORDS}
_SHOWN = 6  # candidates that a message lists


class Population:
    """The folder of one population, to be read.

    Attributes:
        folder: where it is; its name is the population's.
        problems: files that were skipped and why, shared with the `Results` it belongs to.
    """

    def __init__(self, folder: Path, problems: list[str]):
        self.folder = folder
        self.problems = problems
        self._torn: set[Path] = set()  # behind a whole footer, which is found only by reading

    def __repr__(self) -> str:
        members = sum(pq.read_metadata(file).num_rows for file in self.files("members"))
        state = "done" if self.done else "not done"
        return f"Population({self.name}: {members:,} members, {len(self.checkpoints)} checkpoints, {state})"

    @property
    def name(self) -> str:
        """The name of the folder, a hash of the resolved config."""
        return self.folder.name

    @property
    def done(self) -> bool:
        """Whether the population is finished."""
        return (self.folder / "DONE").exists()

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest as it is now; empty, and a problem, where it cannot be read.

        Raises:
            InputError: a later version of mirrorjax wrote it.
        """
        try:
            return read_json(self.folder / "manifest.json", MANIFEST, newest=FORMAT)
        except InputError as error:
            if isinstance(error, Newer):
                raise
            return self._unread(error)

    @property
    def config(self) -> dict[str, Any]:
        """The resolved config, as data: nothing in it is looked up. Empty, and a problem, where it cannot be read."""
        try:
            return read_yaml(self.folder / "config.yaml", CONFIG)
        except InputError as error:
            return self._unread(error)

    @property
    def plugins(self) -> list[str]:
        """The modules of people's own that it was made with."""
        return plugins_of(read_sweep(self.folder.resolve().parent), self.name)

    @property
    def checkpoints(self) -> list[int]:
        """Numbers of the checkpoints whose records are there."""
        return [int(file.stem) for file in self.files("records")]

    def members(self) -> pa.Table:
        """One row a member: everything that defines it."""
        table = self._table("members", self.files("members"))
        if lacking := [name for name in MEMBERS.names if table[name].null_count]:
            self._problem(self.folder / "members.parquet", f"damaged, skipped: {lacking[0]} of some member is missing")
            table = MEMBERS.empty_table()
        for name, value in knob_defaults().items():
            if name not in table.column_names:
                field = KNOBS.field(name)
                table = table.append_column(field, pa.repeat(pa.scalar(value, field.type), len(table)))
        return table

    def records(self) -> pa.Table:
        """One row a member and checkpoint, over all checkpoints."""
        return self._table("records", self.files("records"))

    def record_tables(self) -> Iterator[pa.Table]:
        """The same by checkpoint, for whom all of them at once are too many."""
        return self._tables(self.files("records"))

    def record_schema(self) -> pa.Schema:
        """The columns of `records`, with those that few checkpoints have."""
        schemas = [pq.read_schema(file) for file in [*self.files("records"), *self.later_files()]]
        return pa.unify_schemas([RECORDS, *schemas], promote_options="permissive")

    @property
    def record_names(self) -> set[str]:
        """The columns that its records have, at whatever checkpoint; of none yet all usual ones."""
        found = [pq.read_schema(file).names for file in self.files("records")]
        return set().union(*found) if found else set(RECORDS.names)

    def units(self, checkpoint: int | None = None) -> pa.Table:
        """One row a member and unit, at one checkpoint or at all that have it."""
        files = self.files("units")
        return self._table("units", [file for file in files if checkpoint in (None, int(file.stem))])

    def files(self, table: str) -> list[Path]:
        """The whole files of `members`, `records` or `units`; others there are named in `problems`."""
        if table == "members":
            file = self.folder / "members.parquet"
            return [file] if file.exists() and self._is_ours(file, table) else []
        known = self.files("members") if table == "records" else []
        found, members = [], first_and_last_member(known[0]) if known else None
        for file in sorted((self.folder / table).glob("[!.]*")):  # a leading dot: not yet written, no problem
            if file.suffix != ".parquet" or not file.stem.isdecimal():
                self._problem(file, "no file of ours, skipped")
            elif self._is_ours(file, table, members):
                found.append(file)
        return found

    def later_files(self) -> list[Path]:
        """The whole files of what `mirrorjax measure` has added to the records, one a checkpoint."""
        found = sorted((self.folder / LATER).glob("[0-9]*.parquet"))
        return [file for file in found if self._is_ours(file, LATER)]

    def complete_checkpoints(self, with_units: Collection[int] = ()) -> int:
        """How many checkpoints, from the first one on, can be read through; those `with_units` have that table too."""
        records, units = ({int(file.stem) for file in self.files(t) if self._read(file)} for t in ("records", "units"))
        return next(i for i in count() if i not in records or (i in with_units and i not in units))

    @property
    def member_ids(self) -> list[str]:
        """The ids of all members."""
        return self.members()["member_id"].to_pylist()

    def weights(self, member: str) -> dict[str, np.ndarray]:
        """Final weights of one member by name.

        Args:
            member: its id, or a beginning of it that no other member has.

        Raises:
            InputError: no such member or more than one; no weights are stored; or they are damaged, another
                population's, or not finite, which those of a member that has diverged may be.
        """
        index = read_index(self.folder, self.member_ids)
        member_id = _unique(member, index, self.folder)
        ((_, weights),) = read_weights(self.folder, {member_id: index[member_id]})
        for name, weight in weights.items():
            if not np.isfinite(weight).all():
                own = self.records().filter(pc.field("member_id") == member_id)
                why = "it has diverged" if own["status"].to_pylist()[-1:] == ["diverged"] else "the file is damaged"
                raise InputError(f"{self.folder / STACKS}: {name} of {member_id} is not finite: {why}")
        return weights

    def weights_of_all(self) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        """The id and the final weights of every member, finite or not; the file is opened once.

        Raises:
            InputError: no weights are stored, or they are damaged or another population's.
        """
        return read_weights(self.folder, read_index(self.folder, self.member_ids))

    def member(self, member: str) -> "TrainedNetwork":
        """One member with its final weights, to be run, looked into and exported; see `weights`.

        Raises:
            InputError: as `weights`; or they do not fit what members.parquet says of the member.
        """
        from mirrorjax.results.network import fitting  # JAX, which a report does without

        members = self.members()
        member_id = _unique(member, members["member_id"].to_pylist(), self.folder)
        (row,) = members.filter(pc.field("member_id") == member_id).to_pylist()
        weights = self.weights(member_id)
        try:
            return fitting(member_id, row, weights, self.folder)
        except InputError as error:
            if why := lacking(self.plugins):
                raise InputError(f"{self.folder}: {why}") from error
            raise

    def stored_config(self) -> Config:
        """The config that it was trained with, as it is to be used here: with this machine's own folders.

        Those that it names are the ones of whoever trained it, and compiled programs that lie there would be run.

        Raises:
            InputError: it cannot be read, or is none of this version.
        """
        own = read_yaml(self.folder / "config.yaml", CONFIG)
        try:
            config = stored(own)
            runtime = {name: getattr(config.runtime, name) for name in ("platform", "precision", "block")}
            dataset, measurement = replace(config.dataset, cache=None), replace(config.measurement, null_cache=None)
            config = replace(config, results_dir=Config.results_dir, extend=None, dataset=dataset)
            config = replace(config, measurement=measurement, tracker=TrackerConfig(), runtime=RuntimeConfig(**runtime))
            validate(config)
        except InputError as error:
            why = lacking(self.plugins) or f"no config of this version: {str(error).splitlines()[0]}"
            raise InputError(f"{self.folder}: {why}") from error
        return config

    def dataset(self) -> "Dataset":
        """The dataset that all members are measured on, from the cache or built anew.

        Raises:
            InputError: its settings make another one now, or see `stored_config`.
        """
        from mirrorjax.dataset.configured import reference_dataset  # JAX, which a report does without

        dataset = reference_dataset(self.stored_config())
        trained_on, now = (self.manifest.get("dataset") or {}).get("hash"), dataset.content_hash
        if trained_on != now:
            why = f"trained on dataset {trained_on}, but its settings make {now} in this version"
            raise InputError(f"{self.folder}: {why}; its test rows may be others than those it was kept from")
        return dataset

    def boards(self, count: int | None = None, rescue: bool = False) -> "Pictures":
        """Matched boards that nobody was trained on: the same boards under each condition, to run networks on.

        Args:
            count: the most to take; by default as many as calibrated measures are made on.
            rescue: only boards on which Toad's distress makes *help* right.

        Returns:
            Pictures [100, boards] int8 by the name of their condition (docs/measures.md).

        Raises:
            InputError: `count` is not positive, there is no such board, or see `dataset`.
        """
        from mirrorjax.dataset.matched import matched_boards

        asked, usual = self.stored_config().measurement, MeasurementConfig()
        own = (asked.rescue_boards or usual.rescue_boards) if rescue else (asked.boards or usual.boards)
        wanted = own if count is None else count
        if wanted < 1:
            raise InputError(f"boards: {wanted}; allowed: 1 or more")
        return matched_boards(self.dataset().holdout, wanted, rescue=rescue).by_condition

    def _table(self, name: str, files: Sequence[Path]) -> pa.Table:
        tables = list(self._tables(files))
        # a population's checkpoints may differ in the columns beyond the required ones
        return pa.concat_tables(tables, promote_options="permissive") if tables else SCHEMAS[name].empty_table()

    def _tables(self, files: Iterable[Path]) -> Iterator[pa.Table]:
        later = {file.name: file for file in self.later_files()}
        for file in files:
            if table := self._read(file):
                added = self._read(later[file.name]) if file.parent.name == "records" and file.name in later else None
                yield table if added is None else completed(table, added)

    def _read(self, file: Path) -> pa.Table | None:
        try:
            table = pq.ParquetFile(file).read()
            table.validate(full=True)  # text that is none would be found where it is shown
            return table
        except UNREADABLE as error:
            self._problem(file, torn(error))
            self._torn.add(file)
            return None

    def find_torn(self) -> bool:
        """Reads every file through; whether one is torn that was not known to be. From then on it is skipped."""
        known = len(self._torn)
        for file in [*(file for table in TABLES for file in self.files(table)), *self.later_files()]:
            self._read(file)
        return len(self._torn) > known

    def _is_ours(self, file: Path, table: str, members: tuple[str, str] | None = None) -> bool:
        if file in self._torn:
            return False
        if why := why_not_ours(file, _MUST[table], members, _MAY.get(table)):
            self._problem(file, why)
        return not why

    def _problem(self, file: Path, what: str) -> None:
        self._unread(InputError(f"{file}: {what}"))

    def _unread(self, error: InputError) -> dict[str, Any]:
        """Nothing, and a line of `problems` that says why, once."""
        if str(error) not in self.problems:
            self.problems.append(str(error))
        return {}


def _unique(member: str, ids: Iterable[str], where: Path) -> str:
    found = [member_id for member_id in ids if member_id.startswith(member)]
    if len(found) != 1:
        raise InputError(no_unique(member, found, ids, where))
    return found[0]


def no_unique(member: str, found: Sequence[str], known: Iterable[str], where: Path) -> str:
    """What is said of the beginning of an id that no member has, or several."""
    if found:
        return f"member {member}: {len(found)} begin like this: {listed(found)}"
    return f"member {member}: none in {where}; there are {listed(sorted(known))}"


def listed(names: Sequence[str]) -> str:
    """The first few of some names, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more if names else "none"
