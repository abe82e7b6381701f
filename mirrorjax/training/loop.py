"""The population's loop: train every member to the next checkpoint, measure all of them, go on."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import jax
import numpy as np
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, UInt32

from mirrorjax.dataset.build import Dataset
from mirrorjax.measurement.activations import MeasuredRows, Statistics, measure, measured_rows
from mirrorjax.measurement.histograms import divergences
from mirrorjax.measurement.records import Columns, Measured, record, unit_table
from mirrorjax.population.members import Member, MemberValues, identity, stack_values
from mirrorjax.population.plan import AXIS, Part, ProgramSpec, over_members, plan, population_mesh, replicated
from mirrorjax.regimes.supervised import Supervised
from mirrorjax.runtime import Compiler, Device
from mirrorjax.training.step import TrainState, init_state, train_step

CHUNK_SECONDS = 2.0  # between two looks at the host: progress, signals


@dataclass(frozen=True)
class Schedule:
    """When to measure, and when to stop, in paper epochs.

    Attributes:
        checkpoints: epochs at which every member is measured; 0 is the untrained network. The last one is the end.
        units_at: those of them at which the table of units (with KL divergences) is made too.
        patience: epochs without a better validation loss after which a member stops; None never stops one.
    """

    checkpoints: tuple[float, ...]
    units_at: tuple[float, ...] = ()
    patience: float | None = None


@dataclass(frozen=True)
class Checkpoint:
    """What was measured at one epoch: columns over all members, in their order, and units at chosen ones."""

    index: int
    epoch: float
    records: Columns
    units: Columns | None


@dataclass
class Clock:
    """Seconds spent, by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, phase: str, since: float) -> float:
        """Books the time since `since` under a phase, and returns it."""
        spent = time.perf_counter() - since
        self.seconds[phase] = self.seconds.get(phase, 0.0) + spent
        return spent


def _regime(program: ProgramSpec) -> Supervised:
    return Supervised(model=program.model, width=program.width, depth=program.depth, activation=program.activation)


def train_block(
    program: ProgramSpec,
    state: TrainState,
    values: MemberValues,
    start: UInt32[Array, ""],
    stop: UInt32[Array, ""],
    rows: UInt32[Array, "rows 2"],
) -> TrainState:
    """Trains the members of one block, stacked on the leading axis, from step `start` up to `stop`."""
    common = jax.tree.map(lambda _: 0, values)
    if program.data_order == "shared":  # one order, one batch: the inputs are computed once and layer 1 is one product
        values = replace(values, order=values.order[0], batch_size=values.batch_size[0])
        common = replace(common, order=None, batch_size=None)
    regime = _regime(program)

    def one_step(step: jax.Array, state: TrainState) -> TrainState:
        def one_member(state: TrainState, values: MemberValues) -> TrainState:
            return train_step(regime, program.batch, state, values, step, rows)

        return jax.vmap(one_member, in_axes=(0, common))(state, values)

    return jax.lax.fori_loop(start, stop, one_step, state)


class PartRunner:
    """One part of the population on its devices. Arrays have leading axes [blocks, block]."""

    def __init__(self, part: Part, members: Sequence[Member], dataset_hash: str, mesh: Mesh, compiler: Compiler):
        self.part, self.compiler, self.mesh = part, compiler, mesh
        self.regime = _regime(part.program)
        stand_in = np.where(part.slots >= 0, part.slots, part.members[0])
        values = stack_values([members[i] for i in stand_in.ravel()], dataset_hash)
        values = jax.tree.map(lambda x: x.reshape(*part.slots.shape, *x.shape[1:]), values)
        self.values = jax.device_put(values, over_members(mesh))
        self.pace_setters = [members[i] for i in stand_in[:, 0]]  # the members of a block share their clock
        self.used = (part.slots >= 0).any(-1)
        self.done = np.zeros(len(part.slots), np.uint32)  # steps of each block

        def local(values):  # block by block as in training: it compiles in a third of the time
            return jax.lax.map(jax.vmap(lambda values: init_state(self.regime, values)), values)

        start = self._compiled("init", local, (AXIS,), self.values)
        self.state: TrainState = start(self.values)

    def _compiled(self, name: str, local: Callable, specs: tuple, *arguments, donate: tuple[int, ...] = ()):
        """Compiles a function of this device's blocks; nothing passes between devices."""
        in_specs = tuple(PartitionSpec(AXIS) if spec == AXIS else PartitionSpec() for spec in specs)
        mapped = jax.shard_map(local, mesh=self.mesh, in_specs=in_specs, out_specs=PartitionSpec(AXIS), check_vma=False)
        return self.compiler((name, self.part.program), jax.jit(mapped, donate_argnums=donate), *arguments)

    def steps_at(self, epoch: float) -> np.ndarray:
        """The step of each block [blocks] at which a paper epoch is complete."""
        return np.array([member.step_at(epoch) for member in self.pace_setters], np.int64)

    def train_to(self, stop: np.ndarray, rows: jax.Array) -> int:
        """Trains each block up to its step `stop` [blocks]; returns the model-steps done (padding not counted)."""
        stop = np.where(self.used & self.in_training().any(-1), np.maximum(stop, self.done), self.done)
        start_array, stop_array = (
            jax.device_put(x.astype(np.uint32), over_members(self.mesh)) for x in (self.done, stop)
        )

        def local(state, values, start, stop, rows):
            def one(block):
                state, values, start, stop = block
                return train_block(self.part.program, state, values, start, stop, rows)

            return jax.lax.map(one, (state, values, start, stop))

        run = self._compiled(
            "train", local, (AXIS, AXIS, AXIS, AXIS, None), self.state, self.values, start_array, stop_array, rows,
            donate=(0,),
        )  # fmt: skip
        self.state = run(self.state, self.values, start_array, stop_array, rows)
        jax.block_until_ready(self.state)
        steps = (stop - self.done).astype(np.int64) @ (self.part.slots >= 0).sum(-1)
        self.done = stop.astype(np.uint32)
        return int(steps)

    def measured(self, rows: MeasuredRows) -> Statistics:
        """The streamed statistics of each slot, on the host, leading axes [blocks, block]."""

        def local(params, width, rows):
            def one(block):
                return jax.vmap(lambda p, w: measure(self.regime, p, w, rows))(*block)

            return jax.lax.map(one, (params, width))

        run = self._compiled("measure", local, (AXIS, AXIS, None), self.state.params, self.values.width, rows)
        return jax.device_get(run(self.state.params, self.values.width, rows))

    def divergences(self, rows: MeasuredRows) -> dict[str, np.ndarray]:
        """KL divergences per unit, by pair of scenarios, leading axes [blocks, block]."""

        def local(params, width, rows):
            def one(member):
                params, width = member
                return divergences(self.regime, params, width, rows)

            return jax.lax.map(lambda block: jax.lax.map(one, block), (params, width))

        run = self._compiled("divergences", local, (AXIS, AXIS, None), self.state.params, self.values.width, rows)
        return jax.device_get(run(self.state.params, self.values.width, rows))

    def in_training(self) -> np.ndarray:
        """Which slots have a member that has neither stopped nor diverged [blocks, block]."""
        return np.asarray(self.state.alive) & (self.part.slots >= 0)

    def by_member(self, array: jax.Array | np.ndarray) -> np.ndarray:
        """A [blocks, block, ...] array as [members of the part, ...], in slot order."""
        return np.asarray(array)[self.part.slots >= 0]

    def stop(self, members: np.ndarray) -> None:
        """Freezes members (indices into the population) from here on."""
        alive = np.asarray(self.state.alive) & ~np.isin(self.part.slots, members)
        self.state = replace(self.state, alive=jax.device_put(alive, over_members(self.mesh)))


class Population:
    """All members in training: parts on devices, and what is known of each member on the host."""

    def __init__(
        self,
        members: Sequence[Member],
        dataset: Dataset,
        *,
        devices: Sequence[Device],
        block: int,
        compiler: Compiler,
        test_rows: int | None = None,
        validation_rows: int | None = None,
        max_members: int | None = None,
        on_progress: Callable[[int, float], None] = lambda steps, seconds: None,
    ):
        """Plans the parts, moves the dataset to the devices and makes the initial weights.

        Args:
            members: the population.
            dataset: trained and measured on.
            devices: that share the members.
            block: members that a program trains side by side; bits are the same for equal blocks.
            compiler: of the programs.
            test_rows, validation_rows: how many of the dataset's to measure on; None is all test rows and the same
                number of validation rows.
            max_members: the most members of a part, for memory.
            on_progress: called with model-steps done and seconds taken, every few seconds.
        """
        self.members = [member.resolved() for member in members]
        self.ids = [identity(member, dataset.content_hash) for member in self.members]
        self.mesh = population_mesh(devices)
        self.on_progress = on_progress
        self.clock = Clock()
        everywhere = replicated(self.mesh)
        self.rows = jax.device_put(dataset.train, everywhere)
        test = dataset.test[:test_rows]
        rows, self.counts = measured_rows(test, dataset.validation[: validation_rows or len(test)])
        self.measured_rows = jax.device_put(rows, everywhere)
        self.compiler = compiler
        self.runners = [
            PartRunner(part, self.members, dataset.content_hash, self.mesh, compiler)
            for part in plan(self.members, block, len(devices), max_members)
        ]
        self.stopped = np.zeros(len(self.members), bool)
        self.model_steps = 0

    def run(self, schedule: Schedule) -> Iterator[Checkpoint]:
        """Trains to the end of the schedule, or until nobody is in training; yields each checkpoint on the way."""
        best = np.full(len(self.members), np.inf)
        best_epoch = np.zeros(len(self.members))
        for index, epoch in enumerate(schedule.checkpoints):
            for runner in self.runners:
                self._train(runner, epoch)
            checkpoint = self._measure(index, epoch, with_units=epoch in schedule.units_at)
            if schedule.patience is not None and epoch > 0:
                loss = checkpoint.records["val_loss"]
                better = loss < best
                best, best_epoch = np.where(better, loss, best), np.where(better, epoch, best_epoch)
                finished = (checkpoint.records["status"] == "training") & (epoch - best_epoch >= schedule.patience)
                self._stop(finished)
                checkpoint.records["status"][finished] = "stopped"
            ended = not any(runner.in_training().any() for runner in self.runners)
            if ended and schedule.units_at and checkpoint.units is None:  # an early end has a table of units too
                checkpoint = self._measure(index, epoch, with_units=True)
            yield checkpoint
            if ended:
                return

    def _train(self, runner: PartRunner, epoch: float) -> None:
        """Trains a part to an epoch, in pieces of about CHUNK_SECONDS, at the least of one step."""
        begin = runner.done.astype(np.int64)
        end = np.where(runner.in_training().any(-1), runner.steps_at(epoch), begin)
        longest = int((end - begin).max())
        reached, piece = 0, max(1, longest // 50)
        while reached < longest:
            start, compiled = time.perf_counter(), self.compiler.seconds
            reached = min(longest, reached + piece)
            steps = runner.train_to(begin + -(-(end - begin) * reached // longest), self.rows)
            compiling = self.compiler.seconds - compiled
            self.clock.add("training", start + compiling)
            spent = max(1e-6, time.perf_counter() - start - compiling)
            self.model_steps += steps
            self.on_progress(steps, spent)
            piece = max(1, round(piece * min(10.0, CHUNK_SECONDS / spent)))

    def _measure(self, index: int, epoch: float, with_units: bool) -> Checkpoint:
        start, compiled = time.perf_counter(), self.compiler.seconds
        records: dict[int, dict] = {}
        tables: list[Columns] = []
        for runner in self.runners:
            members = runner.part.members
            measured = Measured(
                statistics=jax.tree.map(runner.by_member, runner.measured(self.measured_rows)),
                counts=self.counts,
                depth=runner.part.program.depth,
                width=runner.part.program.width,
                true_width=np.array([self.members[i].width for i in members]),
                l2=np.array([self.members[i].l2 for i in members]),
            )
            steps = runner.by_member(np.asarray(runner.state.moments.count)).astype(np.int64)
            columns = {
                "member_id": np.array([self.ids[i] for i in members], dtype=object),
                "checkpoint": np.full(len(members), index),
                "step": steps,
                "epoch": np.array([self.members[i].epoch(int(s)) for i, s in zip(members, steps, strict=True)]),
                "status": self._status(runner, members),
                **record(measured),
            }
            for row, member in enumerate(members):
                records[int(member)] = {name: column[row] for name, column in columns.items()}
            if with_units:
                kl = runner.divergences(self.measured_rows)
                table = unit_table(measured, [self.ids[i] for i in members])
                table |= {name: runner.by_member(pair)[measured.exists] for name, pair in kl.items()}
                whose = np.nonzero(measured.exists)[0]
                table |= {name: columns[name][whose] for name in ("checkpoint", "step", "epoch")}
                tables.append(table)
        self.clock.add("measurement", start + self.compiler.seconds - compiled)
        return Checkpoint(index=index, epoch=epoch, records=_joined(records), units=_stacked(tables))

    def _status(self, runner: PartRunner, members: np.ndarray) -> np.ndarray:
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
            params = {name: runner.by_member(value) for name, value in runner.state.params.items()}
            arrays |= {f"{group}/{name}": value for name, value in params.items()}
            for row, member in enumerate(runner.part.members):
                width = self.members[member].width
                shapes = {name: _true_shape(name, value.shape[1:], width) for name, value in params.items()}
                index[self.ids[member]] = {"group": group, "row": row, "shapes": shapes}
        return arrays, {"members": index}


def _true_shape(name: str, padded: tuple[int, ...], width: int) -> list[int]:
    """A member's own shape of a kernel [out, in] or bias [out]."""
    shape = list(padded)
    if name.startswith("hidden"):
        shape[0] = width
    if name.endswith("kernel") and not name.startswith("hidden_1_"):
        shape[1] = width
    return shape


def _joined(records: dict[int, dict]) -> Columns:
    """Rows by member as columns in the population's order; a column that a member lacks is NaN there."""
    ordered = [records[i] for i in range(len(records))]
    names = list(dict.fromkeys(name for row in ordered for name in row))
    return {name: np.array([row.get(name, np.nan) for row in ordered]) for name in names}


def _stacked(tables: list[Columns]) -> Columns | None:
    if not tables:
        return None
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
