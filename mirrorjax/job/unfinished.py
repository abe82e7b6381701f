"""What was begun of a job before: it is finished, or there is a state to go on from, or nothing."""

import hashlib
import json
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from rich.console import Console

from mirrorjax.job.assemble import Job
from mirrorjax.machine.hosts import as_first, is_first
from mirrorjax.machine.log import event
from mirrorjax.results.extension import begun, only_xla
from mirrorjax.results.lock import check_unlocked, locked
from mirrorjax.results.read import Results
from mirrorjax.results.store import Elsewhere, Store
from mirrorjax.tracking.progress import Progress
from mirrorjax.tracking.recorder import Recorder
from mirrorjax.training.checkpoint import States
from mirrorjax.training.loop import Trainer
from mirrorjax.training.saving import StateSaver, in_all_processes


class Unfinished:
    """A job's folder as earlier processes have left it; the job has the members of the whole population.

    The console is told what is there; of several processes the first one's alone shows anything.
    """

    def __init__(self, job: Job, console: Console):
        self._job, self._console = job, console
        console.quiet = console.quiet or not is_first()
        self._states = States(job.folder / "state") if is_first() else None  # the others write none

    def finished(self) -> bool:
        """Whether there is nothing left to do; says so."""
        name, members = self._job.folder.name, len(self._job.members)
        if found := bool(as_first((self._job.folder / "DONE").exists())):
            self._console.print(f"population {name}: finished before, {members} members, left as it is")
            self.drop_states()  # of one that was killed at its very end
        return found

    def check_free(self) -> None:
        """Checks that nobody else is at work on it.

        Raises:
            Busy: another process is; it is named.
        """
        if is_first():
            check_unlocked(self._job.folder)

    def taken(self) -> AbstractContextManager[None]:
        """Keeps other processes out of the folder, which is made if need be.

        Raises:
            Busy, InputError: see `locked`.
        """
        return locked(self._job.folder) if is_first() else nullcontext()

    def store(self) -> Store:
        """The folder to write to, without what a process that was killed has left half-written."""
        return Store.create(self._job.folder) if is_first() else Elsewhere(self._job.folder)

    @property
    def block(self) -> int:
        """Members side by side of the state that is gone on from; 0 if there is none."""
        return int(as_first(self._states.block or 0 if self._states else 0))

    @property
    def engine(self) -> str | None:
        """`xla` where that alone has trained what is gone on from; None: the fused kernel too, or nothing was begun."""
        before = begun(self._job.folder) if is_first() else {}
        return "xla" if as_first(bool(before) and only_xla(before)) else None

    def resumed(self, trainer: Trainer, manifest: Mapping[str, Any], recorder: Recorder, bar: Progress) -> StateSaver:
        """Lets a population go on from the state that was saved last, if there is one, and save its own from now on.

        Raises:
            InputError: the state is another population's.
        """
        job, states = self._job, self._states
        fingerprint = {
            "job": manifest["job"],
            "dataset": manifest["dataset"]["hash"],
            "block": manifest["block"],
            "members": hashlib.sha256(json.dumps(trainer.ids).encode()).hexdigest()[:16],
        }
        saved = None
        if states is not None:
            (stored,) = Results.open(job.folder).populations
            saved = states.restore(fingerprint, stored.complete_checkpoints(job.schedule.with_units))
            for problem in [*states.problems, *stored.problems]:
                event("problem", problem, level=logging.WARNING)
            if saved is None and (states.problems or stored.checkpoints):
                event("restarted", "starts over: there is no state to go on from", level=logging.WARNING)
        saved = in_all_processes(saved, trainer)
        if saved is not None:
            trainer.restore(saved)
            recorder.resume(saved.facts)
            bar.resume(trainer.model_steps)
            text = f"resumes at epoch {trainer.epoch:.3g} of {job.schedule.checkpoints[-1]:.3g}"
            event("resumed", text, epoch=trainer.epoch, model_steps=trainer.model_steps)
        every = job.runtime.checkpoint_seconds
        return StateSaver(trainer, states, fingerprint, every, recorder.facts, bar.saving)

    def drop_states(self) -> None:
        """Removes the states of a finished population: all, or all but the last one."""
        if self._states is not None and self._job.runtime.keep_state:
            self._states.keep_newest()
            self._states.close()
        elif self._states is not None:
            self._states.remove()
