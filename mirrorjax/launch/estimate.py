"""What a population is going to take, before anything is trained: programs, memory, time, files."""

import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from mirrorjax.dataset.cache import peek
from mirrorjax.dataset.configured import dataset_folder, dataset_spec
from mirrorjax.dataset.pairs import BYTES as PAIR_BYTES
from mirrorjax.dataset.pairs import peek_pairs
from mirrorjax.dataset.sources import other_datasets
from mirrorjax.errors import InputError
from mirrorjax.job.data import learn_from_pairs, measured_row_counts, most_boards, rows_of
from mirrorjax.job.parents import members as expand
from mirrorjax.launch import durations
from mirrorjax.launch.durations import compiled_parameters, steps_of
from mirrorjax.machine.runtime import GIB, configure, device_facts, memory_budget
from mirrorjax.population.members import Member
from mirrorjax.population.plan import Part, ProgramSpec, plan, program_of
from mirrorjax.results.extension import extended
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.axes import AXES
from mirrorjax.settings.folder import job_hash
from mirrorjax.settings.schema import Config, checkpoints, units_at
from mirrorjax.training.memory import Room, data_bytes, layout, need

# Measured in the files of `quickstart` and `capacity`.
_RECORD_BYTES, _UNIT_BYTES, _MEMBER_BYTES, _TABLE_BYTES = 155, 182, 470, 10_000
_CALIBRATED_BYTES = 255  # of a record with calibrated measures, besides
_PLAYED_BYTES = 80  # of one with games
_TRACKING_BYTES = 10_000_000  # the W&B run, offline, and the phase diagram


@dataclass(frozen=True)
class ProgramEstimate:
    """One compiled program and its members.

    Attributes:
        program: what is compiled.
        configurations: how many its members have; a configuration is all but the seeds.
        parts: calls that the members are cut into; each shape of them is compiled anew.
        steps: of each member.
    """

    program: ProgramSpec
    configurations: int
    parts: list[Part]
    steps: list[int]

    @property
    def members(self) -> int:
        """How many there are."""
        return len(self.steps)

    @property
    def filled(self) -> float:
        """The share of the places that have a member, in blocks that have any."""
        return self.members / sum(part.slots[(part.slots >= 0).any(-1)].size for part in self.parts)

    @property
    def shapes(self) -> int:
        """How many shapes the parts have."""
        return len({part.slots.shape for part in self.parts})

    @property
    def resident(self) -> int:
        """Bytes of a member on its device."""
        return need(self.program).resident


@dataclass(frozen=True)
class PlannedRows:
    """Rows that are trained and measured on.

    Attributes:
        train: of the dataset, a guess unless it is built.
        built: whether it is.
        other_datasets: of other games, which members are trained on.
        others_unbuilt: of these, those that are not built yet.
        bytes: of all rows, on each device.
    """

    train: int
    test: int
    validation: int
    built: bool
    other_datasets: int
    others_unbuilt: int
    bytes: int


@dataclass(frozen=True)
class Estimate:
    """Everything that `mirrorjax plan` says about one population.

    Attributes:
        folder: of the population.
        configurations: of its members.
        present: members that the extended sweep has; None if that cannot be told before the dataset is built.
        devices: platform, kind and number; `here`: whether they are there.
        running: bytes that the largest part takes besides while it runs, from above.
        disk: bytes of its files.
        refined: most networks that refinement adds, which nothing else here counts.
    """

    config: Config
    folder: Path
    configurations: int
    present: int | None
    programs: list[ProgramEstimate]
    devices: dict[str, Any]
    here: bool
    block: int
    room: Room
    rows: PlannedRows
    running: int
    seconds: durations.Seconds
    disk: int
    refined: int

    @property
    def finished(self) -> bool:
        """Whether it is done already."""
        return (self.folder / "DONE").exists()

    @property
    def members(self) -> int:
        """How many are to be trained."""
        return sum(each.members for each in self.programs)

    @property
    def model_steps(self) -> int:
        """Summed over members."""
        return sum(sum(each.steps) for each in self.programs)

    @property
    def resident(self) -> int:
        """Bytes of all members on each device, if all are there."""
        slots = ((sum(part.slots.size for part in each.parts), each.resident) for each in self.programs)
        return sum(number * bytes_ for number, bytes_ in slots) // self.devices["count"]

    @property
    def compiles(self) -> int:
        """Functions that are compiled: training for each shape, the others for each network."""
        measured = {replace(each.program, batch=0, data_order="") for each in self.programs}
        networks = {replace(program, knobs=False) for program in measured}  # only what measures losses looks at them
        trained = sum(each.shapes for each in self.programs) if self.model_steps else 0
        return trained + len(measured) + (durations.functions_of(self.config) - 2) * len(networks)


def estimate(config: Config, resolved: Mapping[str, Any], sweep: Path) -> Estimate:
    """Plans a population; compiles nothing, and builds no dataset.

    Raises:
        InputError: a setting is not allowed, memory does not suffice, or there are no such devices and
            `runtime.devices` does not say how many to plan for.
    """
    validate(config)
    folder, members, runtime = sweep / job_hash(resolved), expand(config), config.runtime
    refined = (config.refine_networks or len(members)) if config.refine else 0
    dataset_hash, counts = peek(dataset_spec(config), dataset_folder(config)) or (None, None)
    present: int | None = 0 if config.extend is None else None
    if config.extend is not None and dataset_hash is not None:
        there = extended(sweep, resolved, dataset_hash, folder.name)
        members, held = there.divide(members, dataset_hash)
        present, runtime = len(held), replace(runtime, block=runtime.block or there.block)
    facts, here, budget = _devices(config)
    # those that differ in their seeds alone stand beside each other
    each_of = {key: next(alike) for key, alike in groupby(members, operator.attrgetter(*AXES))}
    different = list(each_of.values())  # one member of each configuration
    rows = _rows(config, different, counts)
    block, room = runtime.block or 0, Room()
    if members:
        block, room = layout(runtime, members, facts["count"], budget, rows.bytes, most_boards(config))
    parts = plan(members, block, facts["count"], room.members)
    programs = _programs(parts, members, different, config.regime.epochs)
    work = durations.work_of(config, parts, members, len(checkpoints(config)), rows.test, rows.validation)
    work = replace(work, measured=work.measured + durations.null_work(config, different, dataset_hash))
    shapes, unbuilt = sum(each.shapes for each in programs), rows.others_unbuilt + (not rows.built)
    return Estimate(
        config, folder, len(different), present, programs, facts, here, block, room, rows,
        running=max((_running(part, facts["count"], config) for part in parts), default=0),
        seconds=durations.seconds_of(config, facts, work, shapes, unbuilt),
        disk=_disk(config, members, parts),
        refined=refined,
    )  # fmt: skip


def _rows(config: Config, different: Sequence[Member], counts: Mapping[str, int] | None) -> PlannedRows:
    """The rows of members, of which the reference dataset's are counted if it is built."""
    train = counts["train_rows"] if counts else round(durations.TRAIN_SHARE * config.dataset.turns)
    validation_rows = counts["validation_rows"] if counts else None
    test, validation = measured_row_counts(config, config.dataset.test_rows, validation_rows)
    sources = set(rows_of(different, dataset_spec(config)))  # of fewer boards too: planned as if each had all rows
    games = {source.games for source in sources}
    others = other_datasets(sources, dataset_spec(config)).values()
    unbuilt = sum(peek(other, dataset_folder(config)) is None for other in others)
    trained = train * max(1, len(sources))
    in_all = data_bytes(trained, test, validation, config.measurement.boards, max(1, len(games)))
    if learn_from_pairs(different):
        known = peek_pairs(dataset_spec(config), dataset_folder(config))
        in_all += PAIR_BYTES * (known or round(durations.PAIR_SHARE * config.dataset.turns)) * max(1, len(sources))
    return PlannedRows(train, test, validation, counts is not None, len(others), unbuilt, in_all)


def _devices(config: Config) -> tuple[dict[str, Any], bool, float | None]:
    """Facts of the devices, whether they are here, and bytes that each has room for, if that is known."""
    runtime = config.runtime
    try:
        devices = configure(runtime.platform, runtime.devices, runtime.precision, None)  # a plan keeps nothing
    except InputError:
        if runtime.devices is None:  # else they may be elsewhere
            raise
        facts = {"platform": runtime.platform, "kind": "not here", "count": runtime.devices}
        return facts, False, runtime.memory_budget * GIB if runtime.memory_budget else None
    return device_facts(devices), True, memory_budget(runtime.memory_budget, runtime.platform, devices)


def _programs(
    parts: Sequence[Part], members: Sequence[Member], different: Sequence[Member], end: float
) -> list[ProgramEstimate]:
    configurations, found = Counter(map(program_of, different)), []
    for program in dict.fromkeys(part.program for part in parts):
        own = [part for part in parts if part.program == program]
        steps = steps_of([members[i] for part in own for i in part.members], end)
        found.append(ProgramEstimate(program, configurations[program], own, steps))
    return found


def _running(part: Part, devices: int, config: Config) -> int:
    each = need(part.program, config.runtime.platform == "cpu", most_boards(config))
    return part.slots.size // devices * each.running + each.temporaries(part.slots.shape[1])


def _disk(config: Config, members: Sequence[Member], parts: Sequence[Part]) -> int:
    units, with_units, due = sum(member.units for member in members), len(units_at(config)), len(checkpoints(config))
    record = _RECORD_BYTES + (_CALIBRATED_BYTES if config.measurement.boards else 0)
    played = with_units * _PLAYED_BYTES if config.measurement.games else 0
    weights = sum(4 * compiled_parameters(part.program) * len(part.members) for part in parts)
    of_members = len(members) * (due * record + played + _MEMBER_BYTES)
    tables = due * _TABLE_BYTES + of_members + with_units * units * _UNIT_BYTES
    return tables + weights + _TRACKING_BYTES
