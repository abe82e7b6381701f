"""`mirrorjax measure`: calibrated measures of networks that are trained already, added to their results."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from mirrorjax.errors import InputError
from mirrorjax.job.data import data_of, load
from mirrorjax.job.folders import compile_cache, null_folder, null_settings
from mirrorjax.job.parents import stored_members
from mirrorjax.machine.compiler import Compiler
from mirrorjax.machine.runtime import Device, configure, memory_budget
from mirrorjax.measurement.battery.nulls import summary
from mirrorjax.measurement.battery.observed import OF_RESPONSES
from mirrorjax.measurement.battery.offered import CAUSES, VERDICT, Z, caused_names, observed_names
from mirrorjax.measurement.played import COLUMNS, GAMES, played_names
from mirrorjax.measurement.records import Columns
from mirrorjax.population.members import Member, identity
from mirrorjax.regimes import REGIMES, own_regime
from mirrorjax.regimes.seats import SEATS, has_seats
from mirrorjax.results.later import LATER, write_later
from mirrorjax.results.read import Population, Results
from mirrorjax.results.store import RECORDS, Store
from mirrorjax.results.weights import STACKS
from mirrorjax.settings.allowed import check_writable
from mirrorjax.settings.schema import Config, DistributedConfig, MeasurementConfig
from mirrorjax.training.loop import Schedule, Trainer
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.memory import Layout, layout
from mirrorjax.training.putting import put_weights
from mirrorjax.training.untrained import nulls_of

Say = Callable[[str], None]
SEATS_NAME = "seats"  # what all of `SEATS` are called together


def measure(
    results: Path, names: Sequence[str] = (), platform: str | None = None, say: Say = lambda line: None
) -> list[Path]:
    """Measures all finished networks of a results folder at their end, with their final weights.

    What training recorded stays: columns are added, and values where there are none (see `results.later`).

    Args:
        results: a sweep's folder, or one population's.
        names: of measures or of columns; none are all calibrated measures.
        platform: `cpu`, `gpu` or `tpu`; None is the one that the networks were trained on.
        say: is told what is done, a line at a time.

    Returns:
        The files that were written, one a population.

    Raises:
        InputError: no finished population is there, there is no measure of a name, weights or dataset are others than
            those of the population, or nothing can be written.
    """
    opened = Results.open(results)
    finished = [each for each in opened.populations if each.done and each.checkpoints]
    if not finished:
        raise InputError(f"{results}: no finished population with records here, so there are no networks to measure")
    regimes = {each.folder: REGIMES.get(each.stored_config().regime.name) for each in finished}
    finished = [each for each in finished if (found := regimes[each.folder]) is None or "rows" in found.needs]
    if not finished:
        raise InputError(f"{results}: regimes here are shown no boards, and have no measures but their own")
    for population in finished:
        check_writable("RESULTS", population.folder / LATER)
    first = _measurable(finished[0].stored_config(), platform)
    devices = configure(  # before JAX is asked for any shape
        first.runtime.platform, None, first.runtime.precision, compile_cache(first), first.runtime.distributed
    )
    wanted, caused = _wanted(finished, names)
    files = []
    for population in finished:
        if not names and (population.folder / LATER).is_dir():
            say(f"population {population.name}: measured before; --measures NAME measures anew")
            continue
        config = _measurable(population.stored_config(), first.runtime.platform)
        columns = lacking(population, *_measured(population, config, wanted, caused, devices, say))
        if len(columns) > 1:
            checkpoint = population.checkpoints[-1]
            files.append(write_later(population.folder, checkpoint, columns))
            say(f"population {population.name}: {len(columns) - 1} columns added at checkpoint {checkpoint}")
        else:
            say(f"population {population.name}: its records have all of that, and stay as they are")
    return files


def _wanted(populations: Sequence[Population], names: Sequence[str]) -> tuple[set[str] | None, bool]:
    """The columns that are asked for, None for all of them; and whether causal measures are among them."""
    if not names:
        return None, True
    shape = ("regime", "model", "depth")
    shapes = {tuple(row.values()) for each in populations for row in each.members().select(shape).to_pylist()}
    architectures = [Member(width=4, **dict(zip(shape, own, strict=True))) for own in sorted(shapes)]
    known: dict[str, set[str]] = {}

    def offer(names_of: Callable[[Member], dict[str, frozenset[str]]]) -> None:
        for architecture in architectures:
            for name, columns in names_of(architecture).items():
                known.setdefault(name, set()).update(columns)

    offer(observed_names)
    offer(played_names)
    offer(seat_names)
    if caused := not set(names) <= known.keys():  # they take seconds to be looked at
        offer(caused_names)
    if unknown := [name for name in names if name not in known]:
        measures = ", ".join([*OF_RESPONSES, GAMES, SEATS_NAME, CAUSES])
        raise InputError(f"--measures: {unknown[0]!r}; allowed: {measures}, or a column (docs/measures.md)")
    wanted = set().union(*(known[name] for name in names))
    return wanted | {z for z in Z if z.removesuffix("_z") in wanted}, caused


def seat_names(member: Member) -> dict[str, frozenset[str]]:
    """How alike own and seen views are, by the name of each column and together."""
    if not has_seats(own_regime(member)):
        return {}
    return {**{name: frozenset({name}) for name in SEATS}, SEATS_NAME: frozenset(SEATS)}


def _measured(
    stored: Population, config: Config, wanted: set[str] | None, caused: bool, devices: list[Device], say: Say
) -> tuple[Columns, np.ndarray]:
    """The wanted columns of a population's networks [members], and whose weights are not finite."""
    runtime = config.runtime
    members = _members(stored, config, stored.dataset().content_hash)
    dataset, sources = load(config, members, say)  # with pairs, where these members learnt from them
    data = data_of(config, dataset, sources)
    data = replace(data, seats=wanted is not None and bool(wanted & {*SEATS}))
    if wanted is not None and not wanted & {*COLUMNS}:
        data = replace(data, games=0)
    budget = memory_budget(runtime.memory_budget, runtime.platform, devices)
    laid = Layout(devices, *layout(runtime, members, len(devices), budget, data.bytes, data.most_boards))
    say(f"population {stored.name}: measuring {len(members):,} networks")
    trainer = Trainer(Measuring(members, data, devices, None if caused else 0), laid, Compiler())
    finite = put_weights(trainer, dict(stored.weights_of_all()), trainer.ids, f"{stored.folder}: {STACKS}")
    now = (0.0,)
    (checkpoint,) = trainer.run(Schedule(now, units_at=now if caused else (), games_at=now if data.games else ()))
    records, settings = checkpoint.records, null_settings(config)
    if settings is not None and (wanted is None or wanted & {*Z, *VERDICT}):
        nulls = nulls_of(members, settings, null_folder(config), data, laid, on_measure=say)
        records.update(nulls.calibrated(records))
        if not (stored.folder / "nulls.parquet").exists():
            Store(stored.folder).write_nulls(summary(nulls.by_architecture))
    kept = {name: values for name, values in records.items() if wanted is None or name in wanted}
    return {"member_id": records["member_id"], **kept}, ~finite


def _measurable(config: Config, platform: str | None) -> Config:
    """The config with matched boards and games, as many as usual where there were none, and in this process alone."""
    asked, usual, runtime = config.measurement, MeasurementConfig(), config.runtime
    boards, rescue = asked.boards or usual.boards, asked.rescue_boards or usual.rescue_boards
    games = asked.games or usual.games
    alone = replace(runtime, platform=platform or runtime.platform, distributed=DistributedConfig())
    return replace(config, measurement=replace(asked, boards=boards, rescue_boards=rescue, games=games), runtime=alone)


def _members(stored: Population, config: Config, dataset_hash: str) -> list[Member]:
    """The members of a stored population, which has not all that its config makes where it extends another one."""
    configured = {identity(each.resolved(), dataset_hash): each for each in stored_members(stored, config)}
    if strange := [member_id for member_id in stored.member_ids if member_id not in configured]:
        raise InputError(f"{stored.folder}: its settings make no member {strange[0]} in this version")
    return [configured[member_id] for member_id in stored.member_ids]


def lacking(stored: Population, measured: Columns, broken: np.ndarray) -> Columns:
    """Of what was measured the columns of numbers that the last records do not have, or not of all networks.

    A network that has diverged has NaN.
    """
    recorded = pq.ParquetFile(stored.files("records")[-1]).read()
    status = dict(zip(recorded["member_id"].to_pylist(), recorded["status"].to_pylist(), strict=True))
    ids = measured["member_id"]
    lost = broken | np.array([status.get(member_id) == "diverged" for member_id in ids])
    columns: Columns = {"member_id": ids}
    for name, values in measured.items():
        has_all = name in recorded.column_names and recorded[name].null_count == 0
        by_training = name in RECORDS.names or name.startswith("mne_layer_")  # at every checkpoint
        if values.ndim == 1 and values.dtype.kind in "fiu" and not has_all and not by_training:
            columns[name] = values.copy() if values.dtype.kind == "f" else values.astype(float)
            columns[name][lost] = np.nan
    return columns
