"""The whole story on one screen: game → dataset → population → training → measurement → tracking."""

import functools
import hashlib
import json
import logging
import os
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from mirrorjax.assemble import (
    compile_cache,
    dataset_folder,
    dataset_spec,
    load,
    measured_row_counts,
    null_folder,
    null_settings,
)
from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.cache import dataset_file, peek
from mirrorjax.errors import InputError, enough_memory
from mirrorjax.machine.hosts import as_first, is_first, several
from mirrorjax.machine.log import event
from mirrorjax.machine.runtime import (
    COMPILER_THREADS,
    Compiler,
    Device,
    configure,
    cores,
    device_facts,
    memory_budget,
    source_commit,
    versions,
)
from mirrorjax.measurement.battery.boards import Boards, boards_of
from mirrorjax.measurement.battery.nulls import Nulls, summary
from mirrorjax.population.axes import members as expand
from mirrorjax.population.members import Member
from mirrorjax.population.table import member_columns
from mirrorjax.results.extension import check_sweep, extended, finish_empty, missing
from mirrorjax.results.lock import check_unlocked, locked
from mirrorjax.results.read import Results
from mirrorjax.results.store import Elsewhere, Store
from mirrorjax.settings.allowed import check_writable, validate
from mirrorjax.settings.folder import job_hash
from mirrorjax.settings.grid import each_combination
from mirrorjax.settings.schema import Config, checkpoints, units_at
from mirrorjax.tracking.progress import Progress
from mirrorjax.tracking.recorder import FinalFigures, Recorder
from mirrorjax.tracking.wandb import choose_mode
from mirrorjax.training.checkpoint import States
from mirrorjax.training.loop import Schedule, Trainer
from mirrorjax.training.measuring import coordinates_of, validation_sets
from mirrorjax.training.memory import data_bytes, layout
from mirrorjax.training.saving import StateSaver, in_all_processes
from mirrorjax.training.untrained import NullSettings, null_files, nulls_of


def check_folders(config: Config, sweep: Path) -> None:
    """Checks that everything can be written that is going to be, without making anything.

    Raises:
        InputError: names the setting, its folder, and what is in the way.
    """
    choose_mode(config.tracker.mode, os.environ, lambda: False)
    if config.extend is None:
        check_writable("results_dir", sweep)
    else:
        check_sweep(sweep)
        check_writable("extend", sweep)
    if not dataset_file(dataset_spec(config), dataset_folder(config)).exists():
        check_writable("dataset.cache", dataset_folder(config))
    if nulls := null_settings(config):
        _check_null_folder(config, nulls)
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        check_writable("runtime.compile_cache", compile_cache(config))


def _check_null_folder(config: Config, settings: NullSettings) -> None:
    """Checks that nulls can be kept, unless all of them are there."""
    folder = null_folder(config)
    try:
        check_writable("measurement.null_cache", folder)
    except InputError:
        built = peek(dataset_spec(config), dataset_folder(config))
        alike = replace(config, population=replace(config.population, seeds=1))  # seeds share an architecture
        if built is None:
            raise
        if not all(file.exists() for file in null_files(expand(alike), settings, built[0], folder).values()):
            raise


@enough_memory(
    "this population", "population.seeds, population.axes, measurement.test_rows, measurement.boards or runtime.block"
)
def run_population(
    config: Config, resolved: Mapping[str, Any], sweep: Path, about: Mapping[str, Any], console: Console
) -> Path:
    """Trains, measures and records one population; goes on with it where an earlier process was stopped.

    Args:
        config: of the job.
        resolved: the same as plain containers: hashed, tracked, and kept with the results.
        sweep: folder of the sweep; the population gets one of its own inside.
        about: the sweep: what its sweep.json is to say if it has none yet.
        console: for progress.

    Returns:
        The population's folder; left as it is if the population was finished before.

    Raises:
        InputError: a setting is not allowed, a folder cannot be written, or another
            process is at work there; nothing has been written to the results then. Or the disk is full, or the saved
            state is another population's.
        KeyboardInterrupt, SystemExit: Ctrl-C or SIGTERM; in training the state is saved first.
    """
    began = time.perf_counter()
    validate(config)
    check_folders(config, sweep)
    members = expand(config)
    folder = sweep / job_hash(resolved)
    runtime = config.runtime
    devices = configure(
        runtime.platform, runtime.devices, runtime.precision, compile_cache(config), runtime.distributed
    )
    budget = memory_budget(runtime.memory_budget, runtime.platform, devices)
    layout(runtime, members, len(devices), budget, 0)  # what does not fit without the rows is told before they are made
    console.quiet = console.quiet or not is_first()
    if _finished_before(folder, config, console):
        return folder
    if is_first():
        check_unlocked(folder)
    schedule = Schedule(checkpoints(config), units_at(config), config.regime.patience)
    steps = _steps(members, schedule)
    title = f"{config.name}: {len(members)} networks"
    with Progress(steps, len(schedule.checkpoints) - 1, title, console) as bar, ExitStack() as held:
        dataset, sources = load(config, members, lambda text: bar.phase(text, "dataset"))
        if is_first():
            held.enter_context(locked(folder))
        if _finished_before(folder, config, console):  # by another process, while this one loaded the dataset
            return folder
        store = Store.create(folder) if is_first() else Elsewhere(folder)
        states = States(folder / "state") if is_first() else None
        # on another number of devices it goes on with the block that it began with, and so with the same bits
        saved_block = int(as_first(states.block or 0 if states else 0))
        there = extended(sweep, resolved, dataset.content_hash, folder.name) if config.extend else None
        if there is not None:
            members, runtime = missing(members, dataset.content_hash, there, runtime)
            bar.expect(_steps(members, schedule))
            if not members:
                manifest = _manifest(config, folder.name, devices, there.block or 0, schedule, dataset, 0)
                return finish_empty(store, {**manifest, "extends": sorted(there.populations)}, resolved)
        measured = measured_row_counts(config, len(dataset.test), len(dataset.validation))
        rows = data_bytes(len(sources.train), *measured, config.measurement.boards, len(sources.validation))
        blocks = replace(runtime, block=saved_block or runtime.block)
        block, room = layout(blocks, members, len(devices), budget, rows)
        manifest = _manifest(config, folder.name, devices, block, schedule, dataset, len(members))
        if there is not None:
            manifest["extends"] = sorted(there.populations)
        with Recorder(store, manifest, bar, began, _final_figures) as recorder:
            event("dataset", _counts_line(dataset), hash=dataset.content_hash, counts=dataset.counts)
            bar.phase("preparing what networks are measured on", "preparing")
            asked = config.measurement
            boards = boards_of(dataset, asked.boards, asked.rescue_boards) if asked.boards else None
            known = coordinates_of(members, sources, validation_sets(sources, measured[1]))
            recorder.begin(
                resolved, about, member_columns(members, dataset.content_hash, sources, known), config.tracker
            )
            # several processes compile in the same order, each when it needs to
            compiler = Compiler(0 if several() else min(cores(), COMPILER_THREADS), bar.compiling)
            held.callback(compiler.close)
            population = Trainer(
                members,
                dataset,
                devices=devices,
                block=block,
                compiler=compiler,
                test_rows=config.measurement.test_rows,
                validation_rows=config.measurement.validation_rows,
                boards=boards,
                causes_seeds=asked.causes_seeds,
                sources=sources,
                coordinates=known,
                room=room,
                ahead=schedule,
                on_progress=bar.advance,
                on_block=bar.block,
                profile_folder=folder / "profile" if runtime.profile else None,
                on_profile=lambda lines: bar.note("\n".join(lines)),
            )
            event("started", _start_line(folder, population, block), **_start(population, block))
            recorder.watch(population)
            nulls = _nulls(config, members, dataset, boards, devices, block, budget, population, recorder, bar)
            saver = _resumed(population, schedule, states, manifest, runtime.checkpoint_seconds, recorder, bar)
            with saver.signals:
                for checkpoint in population.run(schedule):
                    if nulls is not None:
                        checkpoint.records.update(nulls.calibrated(checkpoint.records))
                    recorder.checkpoint(checkpoint)
                recorder.end(population.weights())
                if runtime.keep_state:
                    saver.save()
        _drop_state(states, config)
    return folder


def _nulls(
    config: Config,
    members: list[Member],
    dataset: Dataset,
    boards: Boards | None,
    devices: list[Device],
    block: int,
    budget: float | None,
    population: Trainer,
    recorder: Recorder,
    bar: Progress,
) -> Nulls | None:
    """What untrained networks of the members' architectures score, if that is asked for; kept with the results."""
    settings = null_settings(config)
    if boards is None or settings is None:
        return None

    def say(what: str) -> None:
        bar.phase(what, "nulls")
        event("nulls", what, shown=True)

    with recorder.phase("nulls"):
        nulls = nulls_of(
            members, settings, dataset, boards, null_folder(config), devices=devices, block=block, budget=budget,
            population=population, on_measure=say, on_block=functools.partial(bar.block, name="nulls"),
        )  # fmt: skip
    recorder.nulls(summary(nulls.by_architecture))
    return nulls


def _steps(members: list[Member], schedule: Schedule) -> int:
    end = schedule.checkpoints[-1]
    return sum(member.step_at(end) for member in members)


def _resumed(
    population: Trainer,
    schedule: Schedule,
    states: States | None,
    manifest: Mapping[str, Any],
    every: float | None,
    recorder: Recorder,
    bar: Progress,
) -> StateSaver:
    """Lets a population go on from the state that was saved last, if there is one, and save its own from now on."""
    fingerprint = {
        "job": manifest["job"],
        "dataset": manifest["dataset"]["hash"],
        "block": manifest["block"],
        "members": hashlib.sha256(json.dumps(population.ids).encode()).hexdigest()[:16],
    }
    saved = None
    if states is not None:
        (stored,) = Results.open(states.folder.parent).populations
        saved = states.restore(fingerprint, stored.complete_checkpoints(schedule.with_units))
        for problem in [*states.problems, *stored.problems]:
            event("problem", problem, level=logging.WARNING)
        if saved is None and (states.problems or stored.checkpoints):
            event("restarted", "starts over: there is no state to go on from", level=logging.WARNING)
    saved = in_all_processes(saved, population)
    if saved is not None:
        population.restore(saved.state)
        recorder.resume(saved.facts)
        bar.resume(population.model_steps)
        epoch, end = population.epoch, schedule.checkpoints[-1]
        event("resumed", f"resumes at epoch {epoch:.3g} of {end:.3g}", epoch=epoch, model_steps=population.model_steps)
    return StateSaver(population, states, fingerprint, every, recorder.facts, bar.saving)


def _finished_before(folder: Path, config: Config, console: Console) -> bool:
    """Whether a population is finished; says so."""
    if not as_first((folder / "DONE").exists()):
        return False
    console.print(f"population {folder.name}: finished before, {len(expand(config))} members, left as it is")
    _drop_state(States(folder / "state") if is_first() else None, config)  # of one that was killed at its very end
    return True


def _drop_state(states: States | None, config: Config) -> None:
    """Of a finished population: all, or all but the last one."""
    if states is not None and config.runtime.keep_state:
        states.keep_newest()
        states.close()
    elif states is not None:
        states.remove()


def _counts_line(dataset: Dataset) -> str:
    counts = dataset.counts

    def shares(name: str) -> str:
        return " ".join(f"{key} {value:.3f}".replace("0.", ".") for key, value in counts[name].items())

    return (
        f"dataset {dataset.content_hash}: {counts['turns']:,} turns, {counts['boards']:,} boards, "
        f"{counts['rows']:,} unique rows ({counts['train_rows']:,} train); labels {shares('label')}; "
        f"scenarios {shares('scenario')}"
    )


def _start(population: Trainer, block: int) -> dict[str, Any]:
    programs = len({runner.part.program for runner in population.runners})
    devices = population.mesh.size
    return {"members": len(population.members), "programs": programs, "devices": devices, "block": block}


def _start_line(folder: Path, population: Trainer, block: int) -> str:
    facts = ", ".join(f"{name} {number:,}" for name, number in _start(population, block).items())
    return f"training {folder.name}: {facts}"


def planned(config: Config, resolved: Mapping[str, Any]) -> dict[str, Any]:
    """What a job is going to be, for a sweep that has not begun it: its folder, its members and their steps."""
    population, usual = config.population, config.optimizer.learning_rate
    found = each_combination(population, population.union)  # and no member, of which there may be a million
    rates = Counter(combination.get("learning_rate", usual) for combination in found)
    steps = sum(number * Member(learning_rate=rate).step_at(config.regime.epochs) for rate, number in rates.items())
    seeds = population.seeds
    return {"job": job_hash(resolved), "members": rates.total() * seeds, "model_steps": steps * seeds}


def _manifest(
    config: Config, job: str, devices: list, block: int, schedule: Schedule, dataset: Dataset, members: int
) -> dict[str, Any]:
    return {
        "format": 1,
        "experiment": config.name,
        "job": job,
        "versions": versions(),
        "device": device_facts(devices),
        "commit": source_commit(),
        "precision": config.runtime.precision,
        "block": block,
        "members": members,
        "checkpoints": list(schedule.checkpoints),
        "dataset": {"hash": dataset.content_hash, "counts": dataset.counts},
    }


def _final_figures(folder: Path) -> FinalFigures:
    """The phase diagram and the map as images and as a page, and a table of all cells, for the dashboard."""
    from mirrorjax.report.page.build import phase_diagram_html, phase_diagram_image, phase_map_image
    from mirrorjax.tracking.cells import cells

    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    images = {
        "phase_diagram": phase_diagram_image(folder, figures / "phase_diagram.png"),
        "phase_map": phase_map_image(folder, figures / "phase_map.png"),
    }
    return FinalFigures(
        images={name: path for name, path in images.items() if path is not None},
        html=phase_diagram_html(folder, figures / "phase_diagram.html"),
        table=cells(Results.open(folder)),
    )
