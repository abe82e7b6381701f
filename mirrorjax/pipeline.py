"""The whole story on one screen: game → dataset → population → training → measurement → tracking."""

import hashlib
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from mirrorjax.config import RUN_ONLY, Config, checkpoints, units_at, validate
from mirrorjax.dataset.build import Dataset, DatasetSpec
from mirrorjax.dataset.cache import default_folder, load_or_build
from mirrorjax.errors import InputError
from mirrorjax.game.state import GameParams
from mirrorjax.population.axes import members as expand
from mirrorjax.population.members import Member, identity, parameter_count
from mirrorjax.population.plan import largest_group
from mirrorjax.runtime import Compiler, block_size, configure, device_facts, source_commit, versions
from mirrorjax.tracking.progress import Progress
from mirrorjax.tracking.results import LAST_BY_CELL, Results
from mirrorjax.tracking.store import Store
from mirrorjax.tracking.wandb import WandbTracker
from mirrorjax.training.loop import Checkpoint, Population, Schedule


def job_hash(resolved: Mapping[str, Any]) -> str:
    """Twelve hex digits of a resolved config, less what no result depends on: the name of the population's folder."""
    content = {key: value for key, value in resolved.items() if key not in RUN_ONLY}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def run_population(config: Config, resolved: Mapping[str, Any], yaml_text: str, sweep: Path, console: Console) -> Path:
    """Trains, measures and records one population.

    Args:
        config: of the job.
        resolved: the same as plain containers, hashed and tracked.
        yaml_text: the same as YAML, kept with the results.
        sweep: folder of the sweep; the population gets one of its own inside.
        console: for progress.

    Returns:
        The population's folder; left as it is if the population was finished before.

    Raises:
        InputError: a setting is not allowed, or a folder cannot be written; nothing has been done then.
    """
    began = time.perf_counter()
    validate(config)
    population_members = expand(config)
    folder = sweep / job_hash(resolved)
    if (folder / "DONE").exists():
        console.print(f"population {folder.name}: finished before, {len(population_members)} members, left as it is")
        return folder
    devices = configure(
        config.runtime.platform, config.runtime.devices, config.runtime.precision, _compile_cache(config)
    )
    store = Store.create(folder)

    schedule = Schedule(checkpoints(config), units_at(config), config.regime.patience)
    steps = sum(member.step_at(schedule.checkpoints[-1]) for member in population_members)
    block = block_size(config.runtime.block, config.runtime.platform, -(-largest_group(population_members) // len(devices)))
    manifest = _manifest(config, folder.name, devices, block, schedule, len(population_members))
    store.write_config(yaml_text)
    store.write_manifest(manifest)
    with Progress(steps, len(schedule.checkpoints) - 1, f"{config.name}: {len(population_members)} networks", console) as bar:
        status = "failed"
        tracker, population = None, None
        try:
            bar.phase("dataset")
            dataset = load_or_build(dataset_spec(config), dataset_folder(config), bar.phase)
            _check_batches(population_members, dataset)
            seconds = {"dataset": time.perf_counter() - began}
            manifest |= {"dataset": {"hash": dataset.content_hash, "counts": dataset.counts}}
            bar.phase(_counts_line(dataset))
            store.write_members(member_columns(population_members, dataset.content_hash))
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
                population_members,
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
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        finally:
            if population is not None:
                seconds |= {"compile": population.compiler.seconds, **population.clock.seconds}
                manifest |= {
                    "compiles": population.compiler.count,
                    "model_steps_per_second": round(population.model_steps / max(1e-9, seconds.get("training", 0.0))),
                }
                manifest |= {"seconds": {k: round(v, 3) for k, v in seconds.items()}}
            manifest["seconds"] = {**manifest.get("seconds", {}), "total": round(time.perf_counter() - began, 3)}
            manifest |= {"status": status, "finished": _now()}
            store.write_manifest(manifest)
            if tracker is not None:
                _finish(tracker, store, status)
        store.mark_done()
    return folder


def dataset_spec(config: Config) -> DatasetSpec:
    """What the configured dataset is made of."""
    return DatasetSpec(
        turns=config.dataset.turns,
        games=config.dataset.games,
        burn_in=config.dataset.burn_in,
        players=config.game.players,
        params=GameParams(
            obstacle_rate_max=config.game.obstacle_rate, obstacle_width_max=config.game.obstacle_width
        ),
        split=config.dataset.split,
        test_rows=config.dataset.test_rows,
        seed=config.dataset.seed,
    )


def dataset_folder(config: Config) -> Path:
    """Where built datasets are kept."""
    return Path(config.dataset.cache) if config.dataset.cache else default_folder() / "datasets"


def _compile_cache(config: Config) -> Path:
    return Path(config.runtime.compile_cache) if config.runtime.compile_cache else default_folder() / "programs"


def _check_batches(members: list[Member], dataset: Dataset) -> None:
    largest = max(member.batch_size for member in members)
    if largest > len(dataset.train):
        raise InputError(
            f"optimizer.batch_size is {largest:,}; allowed: at most the {len(dataset.train):,} training rows that "
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
    if tracker.on and status == "done":
        from mirrorjax.report import phase_diagram_html, phase_diagram_image

        figures = store.folder / "figures"
        figures.mkdir(exist_ok=True)
        images = {"phase_diagram": phase_diagram_image(store.folder, figures / "phase_diagram.png")}
        html = phase_diagram_html(store.folder, figures / "phase_diagram.html")
        table = Results.open(store.folder).query(LAST_BY_CELL)
    tracker.finish(store.parquet_files, images, html, table, exit_code=0 if status == "done" else 1)
