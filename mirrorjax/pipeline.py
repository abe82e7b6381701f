"""The whole story on one screen: game → dataset → population → training → measurement → tracking."""

import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from rich.console import Console

from mirrorjax.errors import enough_memory
from mirrorjax.job.assemble import assemble
from mirrorjax.job.calibrating import calibration
from mirrorjax.job.data import data_of, load
from mirrorjax.job.folders import null_folder, null_settings
from mirrorjax.job.parents import parents_weights
from mirrorjax.job.unfinished import Unfinished
from mirrorjax.machine.compiler import Compiler
from mirrorjax.report.page.final import final_figures
from mirrorjax.results.extension import finish_empty
from mirrorjax.settings.schema import Config
from mirrorjax.tracking.progress import Progress
from mirrorjax.tracking.recorder import Recorder
from mirrorjax.training.loop import Trainer
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.putting import put_weights


@enough_memory("this population", "population.seeds or axes, measurement.test_rows or boards, or runtime.block")
def run_population(
    config: Config, resolved: Mapping[str, Any], sweep: Path, about: Mapping[str, Any], console: Console
) -> Path:
    """Trains, measures and records one population; goes on with it where an earlier process was stopped.

    Args:
        config, resolved: of the job, and the same as plain containers: hashed, tracked, and kept with the results.
        sweep: its folder, and `about`: what its sweep.json is to say if it has none yet.
        console: for progress.

    Returns:
        The population's folder; left as it is if the population was finished before.

    Raises:
        InputError: see `assemble`; or another process is at work there, or the disk is full.
        KeyboardInterrupt, SystemExit: Ctrl-C or SIGTERM; in training the state is saved first.
    """
    began, job = time.perf_counter(), assemble(config, resolved, sweep)
    before = Unfinished(job, console)
    if before.finished():
        return job.folder
    before.check_free()
    with Progress(job.model_steps, len(job.schedule.checkpoints) - 1, job.title, console) as bar, ExitStack() as held:
        dataset, sources = load(config, job.members, lambda text: bar.phase(text, "dataset"))
        held.enter_context(before.taken())
        if before.finished():  # by another process, while this one loaded the dataset
            return job.folder
        job = job.lacking(dataset.content_hash)
        bar.expect(job.model_steps)
        if not job.members:
            return finish_empty(before.store(), job.manifest(dataset, job.runtime.block or 0), resolved)
        bar.phase("preparing what networks are measured on", "preparing")
        data = data_of(config, dataset, sources)
        layout = job.layout(data, before.block, before.engine)
        manifest = job.manifest(dataset, layout.block)
        with Recorder(before.store(), manifest, bar, began, final_figures) as recorder:
            recorder.dataset(dataset)
            measuring = Measuring(job.members, data, job.devices, config.measurement.causes_seeds)
            recorder.begin(resolved, about, measuring.columns, config.tracker)
            compiler = held.enter_context(closing(Compiler.ahead_of_use(bar.compiling)))
            told = {"ahead": job.schedule, "listener": bar, "profile_folder": job.profile_folder}
            trainer = recorder.watch(Trainer(measuring, layout, compiler, **told))
            if parents := parents_weights(config, trainer.members):
                put_weights(trainer, parents, [str(member.parent) for member in trainer.members], "regime.finetunes")
            nulls = calibration(trainer, null_settings(config), null_folder(config), layout, recorder, bar)
            saver = before.resumed(trainer, manifest, recorder, bar)
            with saver.signals:
                for checkpoint in trainer.run(job.schedule):
                    checkpoint.records.update(nulls.calibrated(checkpoint.records))
                    recorder.checkpoint(checkpoint)
                recorder.end(trainer.weights())
                if job.runtime.keep_state:
                    saver.save()
        before.drop_states()
    return job.folder
