"""What a population is going to take, before anything is trained: programs, memory, time, files."""

import operator
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from mirrorjax.dataset.cache import peek
from mirrorjax.dataset.configured import dataset_folder, dataset_spec
from mirrorjax.dataset.sources import other_datasets
from mirrorjax.errors import InputError
from mirrorjax.job.data import measured_row_counts
from mirrorjax.launch.durations import (
    TRAIN_SHARE,
    Seconds,
    compiled_parameters,
    functions_of,
    measured_rows_of,
    null_work,
    seconds_of,
    steps_of,
    work_of,
)
from mirrorjax.machine.runtime import GIB, configure, device_facts, memory_budget
from mirrorjax.population.axes import members as expand
from mirrorjax.population.members import Member
from mirrorjax.population.plan import Part, ProgramSpec, plan, program_of
from mirrorjax.results.extension import extended
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.axes import AXES
from mirrorjax.settings.folder import job_hash
from mirrorjax.settings.schema import Config, checkpoints, units_at
from mirrorjax.tracking.wandb import choose_mode, has_api_key
from mirrorjax.training.memory import Room, data_bytes, layout, need

# Measured in the files of `quickstart` and `capacity`.
_RECORD_BYTES, _UNIT_BYTES, _MEMBER_BYTES, _TABLE_BYTES = 155, 182, 470, 10_000
_CALIBRATED_BYTES = 255  # of a record with calibrated measures, besides
_TRACKING_BYTES = 10_000_000  # the W&B run, offline, and the phase diagram


@dataclass(frozen=True)
class ProgramEstimate:
    """One compiled program and its members.

    Attributes:
        program: what is compiled.
        members, configurations: how many; a configuration is all but the seeds.
        blocks: of all parts, those without a member included.
        slots: places for members in them.
        filled: share of the places that have a member, in blocks that have any.
        parts: calls that the members are cut into.
        shapes: of parts, each compiled anew.
        steps: of the member with the fewest, and with the most.
        model_steps: summed over members.
        resident: bytes of a member on its device.
    """

    program: ProgramSpec
    members: int
    configurations: int
    blocks: int
    slots: int
    filled: float
    parts: int
    shapes: int
    steps: tuple[int, int]
    model_steps: int
    resident: int


@dataclass(frozen=True)
class Estimate:
    """Everything that `mirrorjax plan` says about one population.

    Attributes:
        folder: of the population.
        finished: whether it is done already.
        members: to be trained.
        present: members that the extended sweep has; None if that cannot be told before the dataset is built.
        devices: platform, kind and number.
        here: whether the devices are there.
        train_rows: of the dataset, a guess unless it is built.
        other_datasets: of other games, which members are trained on.
        others_unbuilt: of these, those that are not built yet.
        data: bytes of the rows on each device.
        resident: bytes of all members on each device, if all are there.
        running: bytes that the largest part takes besides while it runs, from above.
        refined: most networks that refinement adds, which nothing else here counts.
        functions: of each program, that are compiled.
    """

    name: str
    folder: Path
    finished: bool
    members: int
    configurations: int
    present: int | None
    programs: list[ProgramEstimate]
    devices: dict[str, Any]
    here: bool
    block: int
    room: Room
    dataset_built: bool
    other_datasets: int
    others_unbuilt: int
    train_rows: int
    data: int
    resident: int
    running: int
    functions: int
    checkpoints: int
    model_steps: int
    seconds: Seconds
    tracker: str
    disk: int
    refined: int

    @property
    def compiles(self) -> int:
        """Functions that are compiled: training for each shape, the others for each network."""
        measured = {replace(each.program, batch=0, data_order="") for each in self.programs}
        networks = {replace(program, knobs=False) for program in measured}  # only what measures losses looks at them
        trained = sum(each.shapes for each in self.programs) if self.model_steps else 0
        return trained + len(measured) + (self.functions - 2) * len(networks)


def estimate(config: Config, resolved: Mapping[str, Any], sweep: Path) -> Estimate:
    """Plans a population; compiles nothing, and builds no dataset.

    Raises:
        InputError: a setting is not allowed, memory does not suffice, or there are no such devices and
            `runtime.devices` does not say how many to plan for.
    """
    validate(config)
    folder = sweep / job_hash(resolved)
    members = expand(config)
    whole = len(members)
    built = peek(dataset_spec(config), dataset_folder(config))
    dataset_hash = built and built[0]
    present: int | None = 0
    runtime = config.runtime
    if config.extend is not None:
        members, present, block = _missing(members, resolved, sweep, folder.name, dataset_hash)
        runtime = replace(runtime, block=runtime.block or block)
    facts, here, budget = _devices(config)
    different = _different(members)
    rows = _rows(config, different, built and built[1])
    block, room = (
        layout(runtime, members, facts["count"], budget, rows.bytes) if members else (runtime.block or 0, Room())
    )
    parts = plan(members, block, facts["count"], room.members)
    end, due = config.regime.epochs, len(checkpoints(config))
    programs = _programs(parts, members, different, end)
    work = work_of(parts, members, end, due, measured_rows_of(config, rows.test, rows.validation))
    work = replace(work, measured=work.measured + null_work(config, different, dataset_hash))
    return Estimate(
        name=config.name,
        folder=folder,
        finished=(folder / "DONE").exists(),
        members=len(members),
        configurations=len(different),
        present=present,
        programs=programs,
        devices=facts,
        here=here,
        block=block,
        room=room,
        dataset_built=built is not None,
        other_datasets=rows.other_datasets,
        others_unbuilt=rows.others_unbuilt,
        train_rows=rows.train,
        data=rows.bytes,
        resident=sum(each.slots * each.resident for each in programs) // facts["count"],
        running=max((_running(part, facts["count"], runtime.platform == "cpu") for part in parts), default=0),
        functions=functions_of(config),
        checkpoints=due,
        model_steps=work.model_steps,
        seconds=seconds_of(
            config, facts, work, sum(each.shapes for each in programs), rows.others_unbuilt + (not built)
        ),
        tracker=choose_mode(config.tracker.mode, os.environ, has_api_key),
        disk=_disk(config, members, parts, due),
        refined=(config.refine_networks or whole) if config.refine else 0,
    )


@dataclass(frozen=True)
class _PlannedRows:
    """Rows that are trained and measured on, other datasets that they are of besides, and all of their bytes."""

    train: int
    test: int
    validation: int
    other_datasets: int
    others_unbuilt: int
    bytes: int


def _rows(config: Config, different: Sequence[Member], counts: Mapping[str, int] | None) -> _PlannedRows:
    """The rows of members, of which the reference dataset's are counted if it is built."""
    train = counts["train_rows"] if counts else round(TRAIN_SHARE * config.dataset.turns)
    test, validation = measured_row_counts(
        config, config.dataset.test_rows, counts["validation_rows"] if counts else None
    )
    sources = {member.source for member in different}  # of fewer boards too: planned as if each had all rows
    games = {source.games for source in sources}
    others = other_datasets(sources, dataset_spec(config)).values()
    return _PlannedRows(
        train=train,
        test=test,
        validation=validation,
        other_datasets=len(others),
        others_unbuilt=sum(peek(other, dataset_folder(config)) is None for other in others),
        bytes=data_bytes(train * max(1, len(sources)), test, validation, config.measurement.boards, max(1, len(games))),
    )


def _devices(config: Config) -> tuple[dict[str, Any], bool, float | None]:
    """Facts of the devices, whether they are here, and bytes that each has room for, if that is known.

    Where `runtime.devices` says how many there will be, they may be elsewhere.
    """
    runtime = config.runtime
    try:
        devices = configure(runtime.platform, runtime.devices, runtime.precision, None)  # a plan keeps nothing
    except InputError:
        if runtime.devices is None:
            raise
        facts = {"platform": runtime.platform, "kind": "not here", "count": runtime.devices}
        return facts, False, runtime.memory_budget * GIB if runtime.memory_budget else None
    return device_facts(devices), True, memory_budget(runtime.memory_budget, runtime.platform, devices)


def _missing(
    members: list[Member], resolved: Mapping[str, Any], sweep: Path, own: str, dataset_hash: str | None
) -> tuple[list[Member], int | None, int | None]:
    """The members that the extended sweep lacks, the number of those that it has, and its block."""
    if dataset_hash is None:
        return members, None, None
    there = extended(sweep, resolved, dataset_hash, own)
    lacking, held = there.divide(members, dataset_hash)
    return lacking, len(held), there.block


def _programs(
    parts: Sequence[Part], members: Sequence[Member], different: Sequence[Member], end: float
) -> list[ProgramEstimate]:
    configurations, found = Counter(map(program_of, different)), []
    for program in dict.fromkeys(part.program for part in parts):
        own = [part for part in parts if part.program == program]
        inside = [members[i] for part in own for i in part.members]
        steps = steps_of(inside, end)
        found.append(
            ProgramEstimate(
                program=program,
                members=len(inside),
                configurations=configurations[program],
                blocks=sum(len(part.slots) for part in own),
                slots=sum(part.slots.size for part in own),
                filled=len(inside) / sum(part.slots[(part.slots >= 0).any(-1)].size for part in own),
                parts=len(own),
                shapes=len({part.slots.shape for part in own}),
                steps=(min(steps), max(steps)),
                model_steps=sum(steps),
                resident=need(program).resident,
            )
        )
    return found


def _different(members: Sequence[Member]) -> list[Member]:
    """One member of each configuration; those that differ in their seeds alone stand beside each other."""
    return list({key: next(alike) for key, alike in groupby(members, operator.attrgetter(*AXES))}.values())


def _running(part: Part, devices: int, host: bool) -> int:
    each = need(part.program, host)
    return part.slots.size // devices * each.running + part.slots.shape[1] * each.block


def _disk(config: Config, members: Sequence[Member], parts: Sequence[Part], due: int) -> int:
    units, with_units = sum(member.units for member in members), len(units_at(config))
    record = _RECORD_BYTES + (_CALIBRATED_BYTES if config.measurement.boards else 0)
    weights = sum(4 * compiled_parameters(part.program) * len(part.members) for part in parts)
    tables = due * _TABLE_BYTES + len(members) * (due * record + _MEMBER_BYTES) + with_units * units * _UNIT_BYTES
    return tables + weights + _TRACKING_BYTES
