"""The whole story on one screen: game → dataset → population → training → measurement → tracking."""

import copy
import functools
import hashlib
import json
import logging
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from rich.console import Console

from mirrorjax.config import RUN_ONLY, Config, check_writable, checkpoints, units_at, validate
from mirrorjax.dataset.build import Dataset, DatasetSpec
from mirrorjax.dataset.cache import dataset_file, default_folder, load_or_build
from mirrorjax.errors import InputError
from mirrorjax.game.state import GameParams
from mirrorjax.population.axes import members as expand
from mirrorjax.population.members import Member, identity, parameter_count
from mirrorjax.population.plan import largest_group
from mirrorjax.runtime import Compiler, block_size, configure, device_facts, source_commit, versions
from mirrorjax.tracking.progress import Progress
from mirrorjax.tracking.results import LAST_BY_CELL, Results
from mirrorjax.tracking.store import Store, write_json
from mirrorjax.tracking.wandb import WandbTracker, choose_mode
from mirrorjax.training.loop import Checkpoint, Population, Schedule

logger = logging.getLogger("mirrorjax")


def job_hash(resolved: Mapping[str, Any]) -> str:
    """Twelve hex digits of a resolved config, less what no result depends on: the name of the population's folder."""
    content = copy.deepcopy(dict(resolved))
    for name in RUN_ONLY:
        *groups, key = name.split(".")
        functools.reduce(dict.__getitem__, groups, content).pop(key, None)
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def check_folders(config: Config, sweep: Path) -> None:
    """Checks that everything can be written that is going to be, without making anything.

    Raises:
        InputError: names the setting, its folder, and what is in the way.
    """
    choose_mode(config.tracker.mode, os.environ, lambda: False)
    check_writable("results_dir", sweep)
    if not dataset_file(dataset_spec(config), dataset_folder(config)).exists():
        check_writable("dataset.cache", dataset_folder(config))
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        check_writable("runtime.compile_cache", _compile_cache(config))


def run_population(
    config: Config, resolved: Mapping[str, Any], sweep: Path, about: Mapping[str, Any], console: Console
) -> Path:
    """Trains, measures and records one population.

    Args:
        config: of the job.
        resolved: the same as plain containers: hashed, tracked, and kept with the results.
        sweep: folder of the sweep; the population gets one of its own inside.
        about: the sweep: what its sweep.json is to say if it has none yet.
        console: for progress.

    Returns:
        The population's folder; left as it is if the population was finished before.

    Raises:
        InputError: a setting is not allowed, the cached dataset is damaged, or a folder cannot be written; nothing
            has been written to the results then.
    """
    began = time.perf_counter()
    validate(config)
    check_folders(config, sweep)
    members = expand(config)
    folder = sweep / job_hash(resolved)
    if (folder / "DONE").exists():
        console.print(f"population {folder.name}: finished before, {len(members)} members, left as it is")
        return folder
    runtime = config.runtime
    devices = configure(runtime.platform, runtime.devices, runtime.precision, _compile_cache(config))
    block = block_size(runtime.block, runtime.platform, -(-largest_group(members) // len(devices)))
    schedule = Schedule(checkpoints(config), units_at(config), config.regime.patience)
    steps = sum(member.step_at(schedule.checkpoints[-1]) for member in members)
    with Progress(steps, len(schedule.checkpoints) - 1, f"{config.name}: {len(members)} networks", console) as bar:
        dataset = load_or_build(dataset_spec(config), dataset_folder(config), bar.phase)
        _check_batches(config, members, dataset)
        bar.note(_counts_line(dataset))
        seconds = {"dataset": time.perf_counter() - began}
        store = Store.create(folder)
        if not (sweep / "sweep.json").exists():
            write_json(sweep / "sweep.json", about)
        manifest = _manifest(config, folder.name, devices, block, schedule, len(members))
        manifest |= {"dataset": {"hash": dataset.content_hash, "counts": dataset.counts}}
        store.write_config(OmegaConf.to_yaml(OmegaConf.create(dict(resolved))))
        store.write_manifest(manifest)
        status = "failed"
        tracker, population = None, None
        try:
            store.write_members(member_columns(members, dataset.content_hash))
            tracker = WandbTracker.start(
                folder,
                project=config.tracker.project,
                entity=config.tracker.entity,
                group=sweep.name,
                name=f"{config.name}-{folder.name}",
                tags=[config.name, *config.tracker.tags],
                config=resolved,
                mode=config.tracker.mode,
            )
            bar.phase("compiling")
            population = Population(
                members,
                dataset,
                devices=devices,
                block=block,
                compiler=Compiler(),
                test_rows=config.measurement.test_rows,
                validation_rows=config.measurement.validation_rows,
                on_progress=bar.advance,
            )
            for checkpoint in population.run(schedule):
                start = time.perf_counter()
                _store(store, checkpoint)
                stored = time.perf_counter()
                median_step = int(np.median(checkpoint.records["step"]))
                tracker.log_checkpoint(
                    checkpoint.records, median_step, checkpoint.epoch, {"model_steps_per_second": bar.rate}
                )
                seconds["storing"] = seconds.get("storing", 0.0) + stored - start
                seconds["tracking"] = seconds.get("tracking", 0.0) + time.perf_counter() - stored
                bar.checkpoint(
                    checkpoint.index,
                    checkpoint.epoch,
                    median_step,
                    checkpoint.records["val_loss"],
                    checkpoint.records["cmni"],
                )
                manifest |= {"diverged": int(np.sum(checkpoint.records["status"] == "diverged"))}
            store.write_weights(*population.weights())
            status = "done"
        except (KeyboardInterrupt, SystemExit):
            status = "interrupted"
            raise
        finally:
            if population is not None:
                seconds |= {"compile": population.compiler.seconds, **population.clock.seconds}
                manifest |= {
                    "compiles": population.compiler.count,
                    "model_steps_per_second": round(population.model_steps / max(1e-9, seconds.get("training", 0.0))),
                }
            seconds["total"] = time.perf_counter() - began
            manifest |= {"seconds": {phase: round(spent, 3) for phase, spent in seconds.items()}}
            manifest |= {"status": status, "finished": _now()}
            store.write_manifest(manifest)
            if status == "done":
                store.mark_done()  # before the end of the W&B run, which may take minutes on a bad network
            if tracker is not None and tracker.on:
                bar.phase("finishing the W&B run")
                _finish(tracker, store, status)
    return folder


def dataset_spec(config: Config) -> DatasetSpec:
    """What the configured dataset is made of."""
    return DatasetSpec(
        turns=config.dataset.turns,
        games=config.dataset.games,
        burn_in=config.dataset.burn_in,
        players=config.game.players,
        params=GameParams(obstacle_rate_max=config.game.obstacle_rate, obstacle_width_max=config.game.obstacle_width),
        split=config.dataset.split,
        test_rows=config.dataset.test_rows,
        seed=config.dataset.seed,
    )


def dataset_folder(config: Config) -> Path:
    """Where built datasets are kept."""
    return Path(config.dataset.cache) if config.dataset.cache else default_folder() / "datasets"


def _compile_cache(config: Config) -> Path:
    return Path(config.runtime.compile_cache) if config.runtime.compile_cache else default_folder() / "programs"


def _check_batches(config: Config, members: list[Member], dataset: Dataset) -> None:
    largest = max(member.batch_size for member in members)
    if largest > len(dataset.train):
        setting = "population.axes" if config.population.axes.batch_size else "optimizer"
        raise InputError(
            f"{setting}.batch_size is {largest:,}; allowed: at most the {len(dataset.train):,} training rows that "
            "dataset.turns leaves"
        )


def member_columns(members: list[Member], dataset_hash: str) -> dict[str, Any]:
    """The columns of members.parquet."""
    resolved = [member.resolved() for member in members]
    names = (
        "seed", "init_seed", "order_seed", "dropout_seed", "model", "activation", "data_order",
        "width", "depth", "batch_size", "units", "learning_rate", "dropout", "l2",
    )  # fmt: skip
    return {
        "member_id": [identity(member, dataset_hash) for member in resolved],
        **{name: [getattr(member, name) for member in resolved] for name in names},
        "parameters": [parameter_count(member) for member in resolved],
    }


def _counts_line(dataset: Dataset) -> str:
    counts = dataset.counts

    def shares(name: str) -> str:
        return " ".join(f"{key} {value:.3f}".replace("0.", ".") for key, value in counts[name].items())

    return (
        f"dataset {dataset.content_hash}: {counts['turns']:,} turns, {counts['boards']:,} boards, "
        f"{counts['rows']:,} unique rows ({counts['train_rows']:,} train); labels {shares('label')}; "
        f"scenarios {shares('scenario')}"
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _manifest(config: Config, job: str, devices: list, block: int, schedule: Schedule, members: int) -> dict[str, Any]:
    return {
        "format": 1,
        "experiment": config.name,
        "job": job,
        "status": "running",
        "created": _now(),
        "versions": versions(),
        "device": device_facts(devices),
        "commit": source_commit(),
        "precision": config.runtime.precision,
        "block": block,
        "members": members,
        "checkpoints": list(schedule.checkpoints),
    }


def _store(store: Store, checkpoint: Checkpoint) -> None:
    if checkpoint.units is not None:
        store.write_units(checkpoint.index, checkpoint.units)
    store.write_records(checkpoint.index, checkpoint.records)


def _finish(tracker: WandbTracker, store: Store, status: str) -> None:
    """Ends the W&B run with the figures and tables of what there is; never at the cost of a result."""
    images, html, table = {}, None, None
    if status == "done":
        from mirrorjax.report import phase_diagram_html, phase_diagram_image

        figures = store.folder / "figures"
        try:
            figures.mkdir(exist_ok=True)
            images = {"phase_diagram": phase_diagram_image(store.folder, figures / "phase_diagram.png")}
            html = phase_diagram_html(store.folder, figures / "phase_diagram.html")
            table = Results.open(store.folder).query(LAST_BY_CELL)
        except Exception as error:  # whatever it is, the results are there
            logger.warning("W&B: no phase diagram: %s: %s", type(error).__name__, error)
    tracker.finish(store.parquet_files, images, html, table, exit_code=0 if status == "done" else 1)
