"""The population's loop: train every member to the next checkpoint, measure all of them, go on."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from mirrorjax.machine.compiler import Compiler
from mirrorjax.machine.hosts import as_first
from mirrorjax.measurement.records import Columns
from mirrorjax.training.block_order import BlockOrder
from mirrorjax.training.checkpoint import TrainingState
from mirrorjax.training.engines.choice import Engine
from mirrorjax.training.joining import in_order, joined, stacked
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.memory import Layout, own_shapes
from mirrorjax.training.part import PartRunner
from mirrorjax.training.placement import Placement
from mirrorjax.training.profile import as_lines, profile

CHUNK_SECONDS = 2.0  # between two looks at the host: progress, signals
_OF_MEMBERS, _OF_THE_LOOP = ("stopped", "best", "best_epoch"), ("next_checkpoint", "ended", "model_steps")  # are saved


@dataclass(frozen=True)
class Schedule:
    """When to measure, and when to stop, in paper epochs."""

    # epochs at which every member is measured; 0 is the untrained network. The last one is the end.
    checkpoints: tuple[float, ...]
    units_at: tuple[float, ...] = ()  # those of them at which the table of units (with KL divergences) is made too
    # epochs without a better validation loss after which a member stops; None never stops one
    patience: float | None = None
    games_at: tuple[float, ...] = ()  # those of them at which networks play the game

    @property
    def with_units(self) -> set[int]:
        """Numbers of the checkpoints that have a table of units."""
        return {index for index, epoch in enumerate(self.checkpoints) if epoch in self.units_at}


@dataclass(frozen=True)
class Checkpoint:
    """What was measured at one epoch: columns over all members, in their order, and units at chosen ones."""

    index: int
    epoch: float
    records: Columns
    units: Columns | None


class Listener(Protocol):
    """Whoever wants to be told how training goes."""

    def advance(self, model_steps: int, seconds: float) -> None:
        """Every few seconds: model-steps done, and seconds that they took."""

    def block(self, name: str, done: int, of: int) -> None:
        """What is measured, and how many of how many blocks a device of a part are done."""

    def profiled(self, lines: list[str]) -> None:
        """Once: a table of a chunk's dearest operations."""


class Nobody(Listener):
    """A listener that takes no notice."""


NOBODY = Nobody()


class Trainer:
    """All members in training: parts on devices, and what is known of each member on the host."""

    def __init__(
        self,
        measuring: Measuring,
        layout: Layout,
        compiler: Compiler,
        *,
        ahead: Schedule | None = None,
        listener: Listener = NOBODY,
        profile_folder: Path | None = None,
    ):
        """Plans the parts and makes the initial weights.

        Equal blocks of a layout give equal bits. `ahead` is what is going to be run, where the compiler is to begin
        with all that it needs; the trace of one chunk is kept in `profile_folder`.
        """
        self.measuring, self.compiler, self.mesh = measuring, compiler, measuring.mesh
        self.members, self.ids = measuring.members, measuring.ids
        self.beside = layout.devices[0].platform != "cpu"  # programs are compiled beside training, else on its cores
        self.listener, self.profile_folder = listener, profile_folder
        self.between_chunks: Callable[[], None] = lambda: None  # where `state` may be taken, and an end be made
        self.seconds: dict[str, float] = defaultdict(float)  # by phase
        runners = measuring.runners(layout, compiler, listener.block)
        if ahead is not None:
            self._compile_ahead(runners, ahead)
        self.placement = Placement(runners, layout.room, self._undone)
        self.placement.each(PartRunner.start)
        self.stopped = np.zeros(len(self.members), bool)
        self.best = np.full(len(self.members), np.inf)  # validation loss
        self.best_epoch = np.zeros(len(self.members))
        self.next_checkpoint = 0  # all before it are measured, and in the hands of whoever runs this
        self.ended = False  # nobody is in training
        self.model_steps = 0

    def _compile_ahead(self, runners: list[PartRunner], schedule: Schedule) -> None:
        """Lets the compiler begin with all that a schedule needs, in the order in which it will be asked for."""
        shapes = {(runner.part.program, runner.part.slots.shape): runner for runner in runners}
        makers, measuring = [], self.measuring
        for runner in shapes.values():
            train, rows = measuring.world(runner.regime).train, measuring.rows_of(runner.regime)
            causes = bool(measuring.asked.any())
            makers.append(runner.programs.makers(train, rows, measuring.boards, causes, runner.engine))
        for names in (("init",), ("policy", "measure", "battery"), ("train",), ("divergences", "causes")):
            if names[0] != "divergences" or schedule.units_at:
                self.compiler.ahead([each[name] for each in makers for name in names if name in each])

    @property
    def runners(self) -> list[PartRunner]:
        """The parts; more and smaller ones once memory was short."""
        return self.placement.runners

    @property
    def engines(self) -> dict[str, Engine]:
        """What trains the members of each program, by its name."""
        return {runner.part.program.name: runner.engine for runner in self.runners}

    def run(self, schedule: Schedule) -> Iterator[Checkpoint]:
        """Trains to the end of the schedule, or until nobody is in training; yields each checkpoint on the way.

        A population that was restored begins in the middle.
        """
        while self.next_checkpoint < len(schedule.checkpoints) and not self.ended:
            index, epoch = self.next_checkpoint, schedule.checkpoints[self.next_checkpoint]
            asked = {"with_units": epoch in schedule.units_at, "with_games": epoch in schedule.games_at}
            checkpoint = self._checkpoint(index, epoch, **asked)
            if schedule.patience is not None and epoch > 0:
                loss = checkpoint.records["val_loss"]
                better = loss < self.best
                self.best = np.where(better, loss, self.best)
                self.best_epoch = np.where(better, epoch, self.best_epoch)
                finished = (checkpoint.records["status"] == "training") & (epoch - self.best_epoch >= schedule.patience)
                self._stop(finished)
                checkpoint.records["status"][finished] = "stopped"
            ended = not any(runner.in_training().any() for runner in self.runners)
            lacks = (schedule.units_at or schedule.games_at) and not any(asked.values())
            if ended and lacks:  # an early end has a table of units too
                checkpoint = self._checkpoint(index, epoch, bool(schedule.units_at), bool(schedule.games_at))
            yield checkpoint
            self.next_checkpoint, self.ended = index + 1, ended
            self.between_chunks()

    def state(self) -> TrainingState:
        """All that training needs to go on, by member, to be taken between two chunks."""
        pieces: dict[str, list[dict]] = defaultdict(list)
        for runner in self.runners:
            pieces[runner.part.program.name].append({"member": runner.part.members, **runner.state_by_member()})
        arrays = {name: in_order(found) for name, found in pieces.items()}
        arrays["members"] = {name: getattr(self, name) for name in _OF_MEMBERS}
        position = {name: getattr(self, name) for name in _OF_THE_LOOP}
        return TrainingState(arrays, position)

    def restore(self, state: TrainingState) -> None:
        """Puts a state back, whatever the devices that it was taken on."""
        for runner in self.runners:
            saved = state.arrays[runner.part.program.name]
            runner.put_back(saved, np.searchsorted(saved["member"], runner.part.members))
        for name in _OF_MEMBERS:
            setattr(self, name, np.array(state.arrays["members"][name]))
        for name in _OF_THE_LOOP:
            setattr(self, name, state.position[name])

    @property
    def epoch(self) -> float:
        """The mean paper epoch of the blocks in training, which get to a checkpoint one after the other.

        With none left, the last that one has reached.
        """
        reached, training = (np.concatenate(each) for each in zip(*(r.epochs() for r in self.runners), strict=True))
        return float(reached[training].mean() if training.any() else reached.max())

    def _train(self, runner: PartRunner, epoch: float) -> None:
        """Trains a part to an epoch, in pieces of about CHUNK_SECONDS, at the least of one step of one block."""
        runner.keep()
        order = BlockOrder(
            runner.done, np.where(runner.in_training().any(-1), runner.steps_at(epoch), 0), self.mesh.size
        )
        if order.length and not self.beside:
            self.compiler.wait()
        reached, piece = 0, max(1, order.length // 50)
        train = self.measuring.world(runner.regime).train
        while reached < order.length:
            start, compiled = time.perf_counter(), self.compiler.seconds
            reached = min(order.length, reached + piece)
            stop = order.at(reached)
            if self.profile_folder and self.model_steps:  # not the very first chunk, which is short
                steps = self._profile(runner, stop, self.profile_folder)
            else:
                steps = runner.train_to(stop, train)
            compiling = self.compiler.seconds - compiled
            spent = as_first(max(1e-6, time.perf_counter() - start - compiling))  # it says how far all go next
            self.seconds["training"] += spent
            self.model_steps += steps
            self.listener.advance(steps, spent)
            self.between_chunks()
            piece = max(1, round(piece * min(10.0, CHUNK_SECONDS / spent)))
        runner.forget()

    def _undone(self, steps: int) -> None:
        """Steps that have to be done again, for want of memory."""
        self.model_steps -= steps
        self.listener.advance(-steps, 0.0)

    def _profile(self, runner: PartRunner, stop: np.ndarray, folder: Path) -> int:
        self.profile_folder = None  # once is enough
        done: list[int] = []
        train = self.measuring.world(runner.regime).train
        compiled = runner.programs.train(train, runner.engine).as_text()
        operations = profile(lambda: done.append(runner.train_to(stop, train)), compiled, folder)
        self.listener.profiled(as_lines(operations, done[0]))
        return done[0]

    def _checkpoint(self, index: int, epoch: float, with_units: bool, with_games: bool) -> Checkpoint:
        """Trains every part to an epoch and measures it, while it is on the devices."""

        def work(runner: PartRunner) -> tuple[np.ndarray, Columns, Columns]:
            self._train(runner, epoch)
            self.between_chunks()  # many members take their time to be measured
            start, compiled = time.perf_counter(), self.compiler.seconds
            columns, units = self.measuring.part(runner, index, self._status(runner), with_units, with_games)
            self.seconds["measurement"] += time.perf_counter() - start - (self.compiler.seconds - compiled)
            return runner.part.members, columns, units

        parts = self.placement.each(work)
        tables = [table for *_, table in parts if table]
        records = joined([(members, columns) for members, columns, _ in parts], len(self.members))
        return Checkpoint(index=index, epoch=epoch, records=records, units=stacked(tables))

    def _status(self, runner: PartRunner) -> np.ndarray:
        members = runner.part.members
        alive = runner.by_member(runner.state.alive)
        return np.where(self.stopped[members], "stopped", np.where(alive, "training", "diverged")).astype(object)

    def _stop(self, finished: np.ndarray) -> None:
        self.stopped |= finished
        for runner in self.runners:
            runner.stop(np.flatnonzero(finished))

    def weights(self) -> tuple[dict[str, np.ndarray], dict]:
        """All members' weights, stacked by part, and the index that finds one member's in them (see `Store`)."""
        arrays: dict[str, np.ndarray] = {}
        index: dict[str, dict] = {}
        for number, runner in enumerate(self.runners):
            group = f"part-{number}"
            params = runner.params(self.measuring.world(runner.regime).train)
            arrays |= {f"{group}/{name}": runner.by_member(value) for name, value in params.items()}
            for row, member in enumerate(runner.part.members):
                shapes = own_shapes(runner.part.program, self.members[member].width)
                index[self.ids[member]] = {"group": group, "row": row, "shapes": shapes}
        return arrays, {"members": index}
