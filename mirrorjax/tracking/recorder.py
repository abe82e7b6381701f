"""What is kept of one population while it trains: files, W&B, progress, and a manifest that says how it went."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from omegaconf import OmegaConf

from mirrorjax.dataset.build import Dataset
from mirrorjax.errors import InputError
from mirrorjax.machine.log import event, now, written_to
from mirrorjax.measures import label
from mirrorjax.results.jobs import note_sweep
from mirrorjax.results.store import Elsewhere, Store
from mirrorjax.settings.schema import TrackerConfig
from mirrorjax.settings.texts import counted
from mirrorjax.tracking.heartbeat import FINISHING, heartbeat
from mirrorjax.tracking.progress import Progress, summary
from mirrorjax.tracking.wandb import WandbTracker
from mirrorjax.tracking.wandb_config import shown_config
from mirrorjax.training.loop import Checkpoint, Trainer

_NAMED = 20  # members that an event lists
_HEADLINE = ("val_loss", "cmni", "empathy")  # columns that are shown where they are there
_TAG = 64  # letters of a tag; W&B refuses longer ones


@dataclass(frozen=True)
class FinalFigures:
    """What a dashboard gets of a finished population."""

    images: dict[str, Path] = field(default_factory=dict)
    html: Path | None = None
    table: pa.Table | None = None


Figures = Callable[[Path], FinalFigures]


class Recorder:
    """A context: however it is left, the manifest says so and what was recorded stays.

    Args:
        store, manifest: the population's folder, and what is known before training.
        bar: shows progress.
        began: when the work began, by `time.perf_counter`; all until now went into the dataset.
        figures: makes the figures of a finished population's folder.
    """

    def __init__(self, store: Store, manifest: dict[str, Any], bar: Progress, began: float, figures: Figures):
        self._store, self._bar, self._figures = store, bar, figures
        self._manifest = {**manifest, "status": "running", "created": now(), "diverged": 0, "pieces": 1}
        self._began = began
        self._seconds = {"dataset": time.perf_counter() - began, "storing": 0.0, "tracking": 0.0}
        self._earlier: Mapping[str, float] = {}  # seconds of the processes before this one
        self._tracker: WandbTracker | None = None
        self._population: Trainer | None = None
        self._finished = False
        self._last: tuple[int, float] | None = None  # number and epoch of the checkpoint that was measured last
        self._elsewhere = isinstance(store, Elsewhere)
        self._open = ExitStack()  # the log and the heartbeat

    def __enter__(self) -> "Recorder":
        self._store.write_manifest(self._manifest)
        if not self._elsewhere:
            self._open.enter_context(written_to(self._store.folder / "log.jsonl"))
            self._open.enter_context(heartbeat(self._store.folder, self._state))
        return self

    def begin(
        self, resolved: Mapping[str, Any], about: Mapping[str, Any], members: Mapping[str, Any], tracker: TrackerConfig
    ) -> None:
        """Writes what defines the population, and starts its W&B run; the first of a sweep keeps what is `about` it."""
        if self._elsewhere:
            return
        folder = self._store.folder
        note_sweep(folder.parent, about)
        self._store.write_config(OmegaConf.to_yaml(OmegaConf.create(dict(resolved))))
        self._store.write_members(members)
        start = time.perf_counter()
        about_run, name = asdict(tracker), f"{self._manifest['experiment']}-{folder.name}"
        about_run.update(group=folder.parent.name, name=name, tags=run_tags(self._manifest, resolved, tracker.tags))
        clock = {} if self._manifest.get("clock", "epoch") == "epoch" else {"clock": self._manifest["clock"]}
        self._tracker = WandbTracker.start(folder, config=shown_config(resolved, members) | clock, **about_run)
        self._seconds["tracking"] += time.perf_counter() - start

    def dataset(self, dataset: Dataset) -> None:
        """Notes what the population is trained and measured on."""
        counts = dataset.counts

        def shares(name: str) -> str:
            return " ".join(f"{key} {value:.3f}".replace("0.", ".") for key, value in counts[name].items())

        text = (
            f"dataset {dataset.content_hash}: {counts['turns']:,} turns, {counts['boards']:,} boards, "
            f"{counts['rows']:,} unique rows ({counts['train_rows']:,} train); labels {shares('label')}; "
            f"scenarios {shares('scenario')}"
        )
        event("dataset", text, hash=dataset.content_hash, counts=counts)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Counts the time of a block of work, by a name of its own in the manifest's seconds; without compiling."""
        start, compiled = time.perf_counter(), self._compiling
        yield
        spent = time.perf_counter() - start - (self._compiling - compiled)
        self._seconds[name] = self._seconds.get(name, 0.0) + spent

    @property
    def _compiling(self) -> float:
        return self._population.compiler.seconds if self._population else 0.0

    def nulls(self, table: Mapping[str, Any]) -> None:
        """Keeps what untrained networks score, by architecture and measure."""
        self._store.write_nulls(table)

    def watch(self, population: Trainer) -> Trainer:
        """Takes the times and counts of the manifest from this population, which is about to be trained; gives it."""
        self._population, self._bar.clock = population, population.runners[0].regime.clock.name
        programs = len({runner.part.program for runner in population.runners})
        about: dict[str, Any] = {"members": len(population.members), "programs": programs}
        about |= {"devices": population.mesh.size, "block": self._manifest["block"]}
        facts = ", ".join(f"{name} {number:,}" for name, number in about.items())
        event("started", f"training {self._store.folder.name}: {facts}", **about)
        self._manifest["engines"] = {name: engine.name for name, engine in population.engines.items()}
        self._store.write_manifest(self._manifest)
        for engine, programs in Counter(map(str, population.engines.values())).items():
            told = logging.INFO if population.mesh.devices.flat[0].platform == "gpu" else logging.DEBUG
            event("engine", f"trained by {engine}: {counted(programs, 'program')}", level=told, engine=engine)
        return population

    def resume(self, facts: Mapping[str, Any]) -> None:
        """Goes on where another process was stopped, with the `facts` that it gave: times add up."""
        self._earlier = facts["seconds"]
        self._manifest |= {"created": facts["created"], "diverged": facts["diverged"], "pieces": facts["pieces"] + 1}
        self._last = facts["last"] and tuple(facts["last"])
        if (before := facts.get("engines", self._manifest["engines"])) != self._manifest["engines"]:
            text = "trained by other engines before, see manifest.json: equal to rounding only from here on"
            event("engine", text, level=logging.WARNING, before=before)
        if facts["machine"] != self._machine:
            text = f"saved on {facts['machine']}, this is {self._machine}: the last bits may differ from here on"
            event("machine", text, level=logging.WARNING)

    def facts(self) -> dict[str, Any]:
        """What a process that goes on from here must know."""
        kept = {name: self._manifest[name] for name in ("created", "diverged", "pieces", "engines")}
        return {**kept, "last": self._last, "seconds": self._all_seconds(), "machine": self._machine}

    @property
    def _machine(self) -> str:
        return f"{self._manifest['device']['kind']} with jax {self._manifest['versions']['jax']}"

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Stores, tracks and shows a checkpoint; the files come first."""
        start = time.perf_counter()
        records = checkpoint.records
        if checkpoint.units is not None:
            self._store.write_units(checkpoint.index, checkpoint.units)
        self._store.write_records(checkpoint.index, records)
        stored = time.perf_counter()
        step = int(np.median(records["step"]))
        if self._tracker is not None:
            self._tracker.log_checkpoint(records, step, checkpoint.epoch, {"model_steps_per_second": self._bar.rate})
        self._seconds["storing"] += stored - start
        self._seconds["tracking"] += time.perf_counter() - stored
        self._last = (checkpoint.index, checkpoint.epoch)
        self._note_diverged(records)
        headline = {label(name).removeprefix("validation "): records[name] for name in _HEADLINE if name in records}
        self._bar.checkpoint(checkpoint.index, checkpoint.epoch, step, headline)
        medians = {name: _median(records[name]) for name in (*_HEADLINE, "accuracy") if name in records}
        text = f"checkpoint {checkpoint.index}, {self._bar.clock} {checkpoint.epoch:g}: medians {_listed(medians)}"
        facts = {"checkpoint": checkpoint.index, "epoch": checkpoint.epoch, "step": step, "median": medians}
        event("checkpoint", text, shown=True, **facts)  # by the bar

    def _note_diverged(self, records: Mapping[str, np.ndarray]) -> None:
        diverged = records["member_id"][records["status"] == "diverged"]
        new = len(diverged) - self._manifest.get("diverged", 0)
        self._manifest["diverged"] = len(diverged)
        if new > 0:
            text = f"{new} more of {len(records['status'])} networks have diverged, {len(diverged)} in all"
            event("diverged", text, members=diverged[:_NAMED].tolist(), count=len(diverged))

    def end(self, weights: tuple[dict[str, np.ndarray], dict]) -> None:
        """Writes the final weights: the population is finished."""
        self._bar.phase("writing weights")
        self._store.write_weights(*weights)
        self._store.drop_after(self._last[0] if self._last else 0)  # what one on another machine may have left
        self._finished = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        with self._open:
            interrupted = kind is not None and issubclass(kind, KeyboardInterrupt | SystemExit)
            status = "done" if self._finished else "interrupted" if interrupted else "failed"
            facts = self._facts()
            # where the disk is full already, it is the first error that matters
            with suppress(InputError) if kind is not None else nullcontext():
                self._store.write_manifest({**self._manifest, **facts, "status": status, "finished": now()})
            why = "" if error is None or interrupted else f": {type(error).__name__}: {error}"
            name = "finished" if self._finished else status
            text = f"{name} {self._store.folder.name}{why}; seconds: {_listed(facts['seconds'])}"
            level = logging.ERROR if why else logging.INFO
            event(name, text, level=level, shown=bool(why), **facts)  # the sweep tells why
            if self._finished:
                self._store.mark_done()  # before the end of the W&B run, which may take minutes on a bad network
            if self._tracker is not None and self._tracker.on:
                self._bar.phase("finishing the W&B run", FINISHING)
                figures = self._made_figures() if self._finished else FinalFigures()
                made = (figures.images, figures.html, figures.table)
                self._tracker.finish(self._store.parquet_files, *made, exit_code=0 if self._finished else 1)
            self._bar.now = status

    def _state(self) -> dict[str, Any]:
        """What the heartbeat tells; called from its thread."""
        bar, last = self._bar, self._last
        return {
            **{"phase": bar.now, "model_steps": bar.model_steps, "total_model_steps": bar.total_model_steps},
            **{"checkpoint": last and last[0], "checkpoints": bar.checkpoints, "epoch": last and last[1]},
            **{"model_steps_per_second": round(bar.rate), "seconds_left": bar.seconds_left},
        }

    def _facts(self) -> dict[str, Any]:
        seconds = self._all_seconds()
        facts: dict[str, Any] = {}
        if self._population is not None:
            training = max(1e-9, seconds.get("training", 0.0))
            facts["compiles"] = self._population.compiler.count
            facts["model_steps_per_second"] = round(self._population.model_steps / training)
        return {**facts, "seconds": {phase: round(spent, 3) for phase, spent in seconds.items()}}

    def _all_seconds(self) -> dict[str, float]:
        """By phase, those of earlier processes included."""
        seconds = Counter({**self._seconds, "total": time.perf_counter() - self._began})
        if self._population is not None:
            seconds.update({"compile": self._population.compiler.seconds, "saving": 0.0, **self._population.seconds})
        seconds.update(self._earlier)
        return dict(seconds)

    def _made_figures(self) -> FinalFigures:
        try:
            return self._figures(self._store.folder)
        except Exception as error:  # whatever it is, the results are there
            event("wandb", f"W&B: no figures: {type(error).__name__}: {error}", level=logging.WARNING)
            return FinalFigures()


def run_tags(manifest: Mapping[str, Any], resolved: Mapping[str, Any], own: Sequence[str]) -> list[str]:
    """What W&B runs are looked up by: experiment, size, regime, commit of the source, and the user's own tags."""
    commit, _, changes = (manifest.get("commit") or "").partition("+")
    source = f"{commit[:7]}+{changes}" if changes else commit[:7]
    regime = (resolved.get("regime") or {}).get("name")
    found = [manifest["experiment"], resolved.get("size"), regime, source, *own]
    return list(dict.fromkeys(str(tag)[:_TAG] for tag in found if tag))


def _median(values: np.ndarray) -> float | None:
    """Of the finite values; None if there are none, for JSON has no NaN."""
    median, _, _ = summary(values)
    return None if np.isnan(median) else round(median, 6)


def _listed(numbers: Mapping[str, float | None]) -> str:
    return ", ".join(f"{name} {number}" for name, number in numbers.items())
