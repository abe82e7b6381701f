"""One part of the population on its devices: blocks of members that share a compiled program."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from flax.serialization import from_state_dict, to_state_dict
from jax.sharding import Mesh, PartitionSpec
from jax.typing import ArrayLike
from jaxtyping import Array, UInt32

from mirrorjax.dataset.sources import Sources
from mirrorjax.hosts import several, to_devices, to_host
from mirrorjax.measurement.activations import MeasuredRows, Statistics, measure
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.battery.cheap import cheap
from mirrorjax.measurement.battery.dear import dear
from mirrorjax.measurement.histograms import divergences
from mirrorjax.population.members import Member, MemberValues, stack_values
from mirrorjax.population.plan import AXIS, Part, ProgramSpec, over_members
from mirrorjax.regimes import REGIMES
from mirrorjax.regimes.supervised import Params, Supervised
from mirrorjax.runtime import Compiler
from mirrorjax.training.memory import compiled_bytes
from mirrorjax.training.step import TrainState, batch_indices, init_state, train_step

_TOGETHER = 32  # members of an accelerator's block whose boards are looked at side by side: some 8 MB each
_ALIKE = ("order", "batch_size", "first_row", "train_rows")  # of the members of a block with one order
STEPS_AHEAD = 8  # whose rows are numbered together: in the step's own loop the compiler would do it anew for each use


def _regime(program: ProgramSpec) -> Supervised:
    regime = REGIMES[program.regime]
    return regime(
        model=program.model,
        width=program.width,
        depth=program.depth,
        activation=program.activation,
        encoding=program.encoding,
        knobs=program.knobs,
    )


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
    own_order = program.data_order != "shared"
    if not own_order:  # one order, one batch: the inputs are computed once and layer 1 is one product
        alike = {name: getattr(values, name)[0] for name in _ALIKE}
        values, common = replace(values, **alike), replace(common, **dict.fromkeys(_ALIKE))
    regime = _regime(program)

    def indices(values: MemberValues, step: jax.Array) -> jax.Array:
        return values.first_row + batch_indices(values, step, program.batch, values.train_rows)

    def some_steps(number: jax.Array, state: TrainState) -> TrainState:
        """The steps of [start, stop) from `number` * STEPS_AHEAD on."""
        first = number * STEPS_AHEAD
        steps = first + jnp.arange(STEPS_AHEAD, dtype=jnp.uint32)
        of_members = jax.vmap(indices, in_axes=(common, None), out_axes=0 if own_order else None)
        ahead = jax.vmap(of_members, in_axes=(None, 0))(values, steps)

        def one_step(step: jax.Array, state: TrainState) -> TrainState:
            def one_member(state: TrainState, values: MemberValues, batch: jax.Array) -> TrainState:
                return train_step(regime, program.batch, state, values, step, rows[batch])

            in_axes = (0, common, 0 if own_order else None)
            return jax.vmap(one_member, in_axes=in_axes)(state, values, ahead[step - first])

        return jax.lax.fori_loop(jnp.maximum(start, first), jnp.minimum(stop, first + STEPS_AHEAD), one_step, state)

    last = (stop + STEPS_AHEAD - 1) // STEPS_AHEAD
    return jax.lax.fori_loop(start // STEPS_AHEAD, last, some_steps, state)


class OverBudget(Exception):
    """A compiled program takes more memory than there is for its part."""


class PartRunner:
    """One part of the population, on its devices or waiting on the host. Arrays have leading axes [blocks, block].

    Attributes:
        state: of the members; there is none before `start`.
        room: bytes of each device that it may take.
    """

    def __init__(
        self, part: Part, members: Sequence[Member], dataset_hash: str, sources: Sources, mesh: Mesh, compiler: Compiler
    ):
        self.part, self.compiler, self.mesh = part, compiler, mesh
        self.regime = _regime(part.program)
        stand_in = np.where(part.slots >= 0, part.slots, part.members[0])
        values = stack_values([members[i] for i in stand_in.ravel()], dataset_hash, sources)
        values = jax.tree.map(lambda x: x.reshape(*part.slots.shape, *x.shape[1:]), values)
        self.values: MemberValues = jax.tree.map(np.asarray, values)
        self.pace_setters = [members[i] for i in stand_in[:, 0]]  # the members of a block share their clock
        self.used: np.ndarray = np.any(part.slots >= 0, axis=-1)
        self.done = np.zeros(len(part.slots), np.uint32)  # steps of each block
        self.state = cast(TrainState, None)
        self._places: Any = None  # its shardings
        self.room = float("inf")
        self._kept: tuple[TrainState, np.ndarray] | None = None

    def start(self) -> None:
        """Makes the initial weights."""

        def local(values):  # block by block as in training: it compiles in a third of the time
            return jax.lax.map(jax.vmap(lambda values: init_state(self.regime, values)), values)

        self.load()
        start = self._compiled("init", local, (AXIS,), self.values)
        self.state = jax.block_until_ready(start(self.values))
        self._places = jax.tree.map(lambda x: x.sharding, self.state)

    def change(self, params: Callable[[Params], Params]) -> None:
        """Puts other weights in the place of each member's own, a function of them."""
        changed = jax.jit(jax.vmap(jax.vmap(params)), out_shardings=self._places.params)(self.state.params)
        self.state = replace(self.state, params=changed)

    @property
    def loaded(self) -> bool:
        """Whether it is on its devices."""
        return isinstance(self.values.width, jax.Array)

    @property
    def bytes(self) -> int:
        """What it takes of each device as long as it is there."""
        return sum(leaf.nbytes for leaf in jax.tree.leaves((self.values, self.state))) // self.mesh.size

    def load(self) -> None:
        """Puts it on its devices."""
        if not self.loaded:
            self.values = jax.tree.map(lambda x: to_devices(x, over_members(self.mesh)), self.values)
            self.state = self._on_devices(self.state)

    def unload(self) -> None:
        """Takes it to the host."""
        if self.loaded:
            self.values, self.state = _on_host((self.values, self.state))

    def _on_devices(self, state: TrainState) -> TrainState:
        """Placed as at the start, else the programs would be compiled anew."""
        return state if state is None else jax.tree.map(to_devices, state, self._places)

    def keep(self) -> None:
        """Remembers, on the host, the state to go back to if the devices run out of memory; training gives its up.

        Among several processes nobody could go back alone, so that none does.
        """
        self._kept = None if several() else (_on_host(self.state), self.done)

    def forget(self) -> None:
        """There is nothing to go back to any longer."""
        self._kept = None

    def recover(self) -> int:
        """Takes it to the host, as it was at `keep` if that was not forgotten; the model-steps that are lost."""
        lost = 0
        if self._kept is not None:
            (self.state, done), self._kept = self._kept, None
            lost, self.done = self._model_steps(self.done) - self._model_steps(done), done
        self.values, self.state = _on_host((self.values, self.state))
        return lost

    def halves(self) -> "list[PartRunner]":
        """Two parts of half of its blocks, on the host; none if each device has but one block."""
        blocks = np.arange(len(self.part.slots)).reshape(self.mesh.size, -1)
        cut = -(-blocks.shape[1] // 2)
        if cut == blocks.shape[1]:
            return []
        self.unload()
        return [self._of(blocks[:, :cut].ravel()), self._of(blocks[:, cut:].ravel())]

    def _of(self, blocks: np.ndarray) -> "PartRunner":
        other = copy(self)
        other.part = replace(self.part, slots=self.part.slots[blocks])
        other.values, other.state = jax.tree.map(lambda leaf: leaf[blocks], (self.values, self.state))
        other.pace_setters = [self.pace_setters[i] for i in blocks]
        other.used, other.done = self.used[blocks], self.done[blocks]
        return other

    def _compiled(self, name: str, local: Callable, specs: tuple, *arguments, donate: tuple[int, ...] = ()):
        """Compiles a function of this device's blocks; nothing passes between devices."""
        in_specs = tuple(PartitionSpec(AXIS) if spec == AXIS else PartitionSpec() for spec in specs)
        mapped = jax.shard_map(local, mesh=self.mesh, in_specs=in_specs, out_specs=PartitionSpec(AXIS), check_vma=False)
        program = self.compiler((name, self.part.program), jax.jit(mapped, donate_argnums=donate), *arguments)
        if self.room < float("inf") and (taken := compiled_bytes(program)) > self.room:
            raise OverBudget(f"{name} takes {taken:,} bytes a device, there are {self.room:,.0f}")
        return program

    def steps_at(self, epoch: float) -> np.ndarray:
        """The step of each block [blocks] at which a paper epoch is complete."""
        return np.array([member.step_at(epoch) for member in self.pace_setters], np.int64)

    def train_to(self, stop: np.ndarray, rows: jax.Array) -> int:
        """Trains each block up to its step `stop` [blocks]; returns the model-steps done (padding not counted)."""
        stop = np.where(self.used & self.in_training().any(-1), np.maximum(stop, self.done), self.done)
        run = self.train_program(rows)
        self.state = run(self.state, self.values, self._by_block(self.done), self._by_block(stop), rows)
        jax.block_until_ready(self.state)
        steps = self._model_steps(stop) - self._model_steps(self.done)
        self.done = stop.astype(np.uint32)
        return steps

    def _model_steps(self, done: np.ndarray) -> int:
        return int(done.astype(np.int64) @ (self.part.slots >= 0).sum(-1))

    def _by_block(self, steps: np.ndarray) -> jax.Array:
        return to_devices(steps.astype(np.uint32), over_members(self.mesh))

    def train_program(self, rows: jax.Array) -> Any:
        """The compiled program of `train_to`: (state, values, start, stop, rows) → state."""

        program = self.part.program

        def local(state, values, start, stop, rows):
            def one(number, state):
                before, own_values = jax.tree.map(lambda x: x[number], (state, values))
                trained = train_block(program, before, own_values, start[number], stop[number], rows)
                return jax.tree.map(lambda x, new: x.at[number].set(new), state, trained)

            waiting = stop > start  # in place, and from the first that waits to the last: the others cost nothing
            last = jnp.where(waiting.any(), len(waiting) - jnp.argmax(waiting[::-1]), 0)
            return jax.lax.fori_loop(jnp.argmax(waiting), last, one, state)

        clock = self._by_block(self.done)
        return self._compiled(
            "train", local, (AXIS, AXIS, AXIS, AXIS, None), self.state, self.values, clock, clock, rows, donate=(0,)
        )

    def measured(self, rows: MeasuredRows) -> Statistics:
        """The streamed statistics of each slot, on the host, leading axes [blocks, block]."""

        def local(params, values, rows):
            def one(block):
                def of_member(params, values):
                    return measure(self.regime, params, values.width, rows, values.knobs, values.validation)

                return jax.vmap(of_member)(*block)

            return jax.lax.map(one, (params, values))

        arguments = self.state.params, self.values, rows
        return to_host(self._compiled("measure", local, (AXIS, AXIS, None), *arguments)(*arguments))

    def battery(self, boards: Boards) -> dict[str, np.ndarray]:
        """The calibrated measures of each slot, on the host, leading axes [blocks, block]."""

        def local(params, width, boards):
            def one(member):
                params, width = member
                return cheap(self.regime, params, width, boards)

            return jax.lax.map(lambda block: jax.lax.map(one, block, batch_size=self._together), (params, width))

        arguments = self.state.params, self.values.width, boards
        return to_host(self._compiled("battery", local, (AXIS, AXIS, None), *arguments)(*arguments))

    def causes(self, boards: Boards, scores: np.ndarray, chosen: np.ndarray) -> tuple[dict, dict]:
        """The dear measures of chosen slots and of their hidden units, leading axes [blocks, block]; zero for others.

        Args:
            boards: as for the battery.
            scores: mirror neuron score of each hidden unit [members of the part, U].
            chosen: which members [members of the part].
        """
        slots = self.part.slots
        by_slot, asked = np.zeros((*slots.shape, scores.shape[-1]), np.float32), np.zeros(slots.shape, bool)
        by_slot[slots >= 0], asked[slots >= 0] = scores, chosen

        def local(params, width, scores, asked, boards):
            def one(member):
                params, width, scores, asked = member

                def measured():
                    return dear(self.regime, params, width, boards, scores)

                nothing = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), jax.eval_shape(measured))
                return jax.lax.cond(asked, measured, lambda: nothing)

            block = (params, width, scores, asked)
            return jax.lax.map(lambda block: jax.lax.map(one, block), block)

        placed = (to_devices(each, over_members(self.mesh)) for each in (by_slot, asked))
        arguments = self.state.params, self.values.width, *placed, boards
        specs = (AXIS, AXIS, AXIS, AXIS, None)
        return to_host(self._compiled("causes", local, specs, *arguments)(*arguments))

    @property
    def _together(self) -> int:
        """Members whose boards are looked at side by side: on a CPU each has the caches to itself."""
        return 1 if self.mesh.devices.flat[0].platform == "cpu" else min(_TOGETHER, self.part.slots.shape[1])

    def divergences(self, rows: MeasuredRows) -> dict[str, np.ndarray]:
        """KL divergences per unit, by pair of scenarios, leading axes [blocks, block]."""

        def local(params, width, rows):
            def one(member):
                params, width = member
                return divergences(self.regime, params, width, rows)

            return jax.lax.map(lambda block: jax.lax.map(one, block), (params, width))

        run = self._compiled("divergences", local, (AXIS, AXIS, None), self.state.params, self.values.width, rows)
        return to_host(run(self.state.params, self.values.width, rows))

    def in_training(self) -> np.ndarray:
        """Which slots have a member that has neither stopped nor diverged [blocks, block]."""
        return to_host(self.state.alive) & (self.part.slots >= 0)

    def epochs(self) -> tuple[np.ndarray, np.ndarray]:
        """The paper epoch that each block with a member has reached, and whether it is in training."""
        reached = np.array([m.epoch(int(step)) for m, step in zip(self.pace_setters, self.done, strict=True)])
        return reached[self.used], np.asarray(self.in_training().any(-1))[self.used]

    def state_by_member(self) -> dict[str, Any]:
        """`state` [members of the part, ...] in slot order, nested, and the steps that a member's block has `done`."""
        done = np.broadcast_to(self.done[:, None], self.part.slots.shape)
        return {"done": self.by_member(done), "state": to_state_dict(jax.tree.map(self.by_member, self.state))}

    def put_back(self, saved: Mapping[str, Any], rows: np.ndarray) -> None:
        """Goes on from what `state_by_member` gave, here or elsewhere.

        Args:
            saved: over members on the leading axis.
            rows: where in it the members of this part are, in slot order.
        """
        places = np.full(self.part.slots.shape, rows[0])  # padding stands in for the first member, as before
        places[self.part.slots >= 0] = rows
        saved_state = jax.tree.map(lambda x: x[places], saved["state"])
        state = cast(TrainState, from_state_dict(self.state, saved_state))
        self.state = self._on_devices(state) if self.loaded else state
        self.done = np.where(self.part.slots >= 0, saved["done"][places], 0).max(-1).astype(np.uint32)

    def by_member(self, array: ArrayLike) -> np.ndarray:
        """A [blocks, block, ...] array as [members of the part, ...], in slot order."""
        return np.asarray(to_host(array))[self.part.slots >= 0]

    def stop(self, members: np.ndarray) -> None:
        """Freezes members (indices into the population) from here on."""
        alive = to_host(self.state.alive) & ~np.isin(self.part.slots, members)
        if self.loaded:
            alive = to_devices(alive, self._places.alive)
        self.state = replace(self.state, alive=alive)


def _on_host(tree: Any) -> Any:
    """One copy of its own: what `to_host` gives may share its bytes with the device, or be kept by JAX too."""

    def copied(leaf: ArrayLike) -> np.ndarray:
        if not isinstance(leaf, jax.Array) or not leaf.is_fully_addressable:
            return np.array(to_host(leaf))
        whole = np.empty(leaf.shape, leaf.dtype)
        for shard in leaf.addressable_shards:
            whole[shard.index] = shard.data
        return whole

    return jax.tree.map(copied, tree)
