"""The state of a population in training, on disk: Orbax, and nothing else, here. Data only: no pickle."""

import hashlib
import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.machine.hosts import several
from mirrorjax.machine.reading import COUNT, OBJECT, TEXT, Fields, misfit

FORMAT = 1  # of what is saved: raise it when an older one can no longer be restored
_ABOUT = Fields(
    must={
        **{"format": COUNT, "digest": TEXT, "facts": OBJECT},
        **{"fingerprint": Fields(may={"block": COUNT}), "position": Fields(must={"next_checkpoint": COUNT})},
    }
)
KEPT = 2  # states: should the newest be damaged, there is the one before

Tree = dict[str, Any]  # nested, of arrays


@dataclass(frozen=True)
class TrainingState:
    """All that training needs to go on; nothing in it depends on the devices, or on who shares a call with whom."""

    # `members`, over all of them in their order, and for each program its members' `state`, with their indices and the
    # steps that their block has done
    arrays: Tree
    position: dict[str, Any]  # where the loop is: plain values
    facts: dict[str, Any] = field(default_factory=dict)  # what was kept beside a state that was saved


@dataclass
class States:
    """The saved states of one population: folders of ascending numbers."""

    folder: Path  # theirs; made by the first save
    problems: list[str] = field(default_factory=list)  # one line for each state that was skipped, and why

    @property
    def block(self) -> int | None:
        """Members that a device trained side by side in the newest state that can be read: its bits depend on it."""
        for number in self._numbers():
            about = self._about(number)
            if about is not None:
                return about["fingerprint"].get("block")
        return None

    def save(self, state: TrainingState, fingerprint: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        """Saves a state; when this returns it is whole, and all but the last two are gone.

        Raises:
            InputError: it cannot be written; the ones before are as they were.
        """
        about = {"format": FORMAT, "fingerprint": dict(fingerprint), "position": state.position, "facts": dict(facts)}
        about["digest"] = _digest(about, state.arrays)
        number = 1 + max((int(path.name) for path in self.folder.glob("*") if path.name.isdecimal()), default=0)
        try:
            args = _orbax().args
            whole = args.Composite(about=args.JsonSave(about), arrays=args.StandardSave(state.arrays))
            with _one_error_at_most():
                self._manager.save(number, args=whole)
        except (OSError, ValueError, RuntimeError) as error:  # what Orbax and TensorStore make of a full disk
            self._clear_unfinished()
            raise InputError(f"{self.folder}: the training state cannot be saved: {_why(error)}") from error

    def restore(self, fingerprint: Mapping[str, Any], complete: int) -> TrainingState | None:
        """The newest state that is whole; None if there is none. What is skipped is named in `problems`, and removed.

        Of the first `complete` checkpoints the results are whole: no state behind them is of use.

        Raises:
            InputError: a state is of another population.
        """
        for number in self._numbers():
            about = self._about(number)
            if about is not None:
                self._refuse_foreign(number, about, fingerprint)
                try:
                    arrays = self._read(number, arrays=_orbax().args.StandardRestore())["arrays"]
                except Exception as error:  # damage shows in many ways, and each means the same
                    self._skip(number, f"damaged: {_why(error)}")
                    continue
                if about.pop("digest") != _digest(about, arrays):
                    self._skip(number, "damaged: its content does not match its hash")
                elif about["position"]["next_checkpoint"] > complete:
                    self._skip(number, f"the results of checkpoint {complete} before it are not whole")
                else:
                    return TrainingState(arrays, about["position"], about["facts"])
        return None

    def keep_newest(self) -> None:
        """Removes all but the newest."""
        for number in self._numbers()[1:]:
            self._manager.delete(number)

    def remove(self) -> None:
        """Removes the folder."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Lets go of what Orbax holds."""
        if "_manager" in self.__dict__:
            self._manager.close()
            del self._manager

    @cached_property
    def _manager(self) -> Any:
        self._clear_unfinished()
        ocp = _orbax()
        self.folder.mkdir(parents=True, exist_ok=True)
        options = ocp.CheckpointManagerOptions(
            create=False,
            preservation_policy=ocp.checkpoint_managers.LatestN(n=KEPT),
            enable_async_checkpointing=False,  # a save is well under a second, and what is saved is whole
            save_root_metadata=False,
            multiprocessing_options=_writer_alone(ocp),
        )
        return ocp.CheckpointManager(self.folder.absolute(), options=options)

    def _numbers(self) -> list[int]:
        """Newest first. Nothing is made where nothing has been saved."""
        return sorted(self._manager.all_steps(), reverse=True) if self.folder.is_dir() else []

    def _about(self, number: int) -> Tree | None:
        """What is said about a state; None, and a problem, where that cannot be read."""
        try:
            about = self._read(number, about=_orbax().args.JsonRestore())["about"]
            if (wrong := misfit(about, _ABOUT)) is None:
                return about
        except Exception as error:  # as above
            wrong = _why(error)
        self._skip(number, f"damaged: {wrong}")
        return None

    def _read(self, number: int, **items: Any) -> Any:
        with _one_error_at_most():
            return self._manager.restore(number, args=_orbax().args.Composite(**items))

    def _refuse_foreign(self, number: int, about: Tree, fingerprint: Mapping[str, Any]) -> None:
        theirs, ours = {"format": about["format"], **about["fingerprint"]}, {"format": FORMAT, **fingerprint}
        differing = [name for name in ours if theirs.get(name) != ours[name]]
        if differing:
            named = ", ".join(f"{name} {theirs.get(name)}, here {ours[name]}" for name in differing)
            raise InputError(
                f"{self.folder / str(number)}: the state of another population ({named}); delete {self.folder} to "
                "start over, or go on with what saved it"
            )

    def _skip(self, number: int, why: str) -> None:
        self.problems.append(f"{self.folder / str(number)}: skipped: {why}")
        shutil.rmtree(self.folder / str(number), ignore_errors=True)
        self._manager.reload()

    def _clear_unfinished(self) -> None:
        for leftover in self.folder.glob("*.orbax-checkpoint-tmp*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _orbax() -> Any:
    """Orbax, which makes the root logger show everything that anybody logs, unless it has a handler."""
    root, own = logging.getLogger(), logging.getLogger("mirrorjax")
    if not root.handlers:
        as_without_one = logging.StreamHandler()  # warnings that nobody else takes
        as_without_one.setLevel(logging.WARNING)
        as_without_one.addFilter(lambda record: not (record.name == own.name and own.handlers))
        root.addHandler(as_without_one)
    import orbax.checkpoint

    return orbax.checkpoint


def _writer_alone(ocp: Any) -> Any:
    """Only the process that has a `States` saves: Orbax must wait for nobody else."""
    if not several():
        return ocp.options.MultiprocessingOptions()
    alone = {"primary_host": jax.process_index(), "active_processes": {jax.process_index()}}
    return ocp.options.MultiprocessingOptions(**alone, barrier_sync_key_prefix="mirrorjax")


def _digest(about: Mapping[str, Any], arrays: Tree) -> str:
    """Of everything in a state: Orbax itself takes a flipped bit for data."""
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for path, array in jax.tree_util.tree_leaves_with_path(arrays):
        array = np.ascontiguousarray(array)
        digest.update(f"{jax.tree_util.keystr(path)}:{array.dtype.str}{array.shape};".encode())
        digest.update(array.data)
    return digest.hexdigest()


def _why(error: BaseException) -> str:
    if found := re.search(r"os_error_code='(\d+)'", str(error)):  # TensorStore's, behind the names of all folders
        return os.strerror(int(found[1]))
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no more is known'}"


@contextmanager
def _one_error_at_most() -> Iterator[None]:
    """Lets the first failure be an exception, and nothing else.

    Orbax logs a page for each further array that fails, and TensorStore's threads print, even after this, that nobody
    waits for them any longer.
    """
    absl, hook = logging.getLogger("absl"), sys.unraisablehook
    before = absl.disabled

    def unless_late(unraisable: Any) -> None:
        if str(unraisable.exc_value) != "Event loop is closed":
            hook(unraisable)

    absl.disabled, sys.unraisablehook = True, unless_late
    try:
        yield
        sys.unraisablehook = hook
    finally:
        absl.disabled = before
