"""One part of the population on its devices: blocks of members that share a compiled program."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, cast

import jax
import numpy as np
from flax.serialization import from_state_dict, to_state_dict
from jax.sharding import Mesh, PartitionSpec
from jax.typing import ArrayLike
from jaxtyping import Array, Int32

from mirrorjax.dataset.sources import Sources
from mirrorjax.machine.compiler import Compiler
from mirrorjax.machine.hosts import several, to_devices, to_host
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.stream import MeasuredRows, Statistics
from mirrorjax.models.base import Params
from mirrorjax.population.members import Member, stack_values
from mirrorjax.population.plan import AXIS, Part, over_members
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.base import Regime
from mirrorjax.regimes.seats import has_seats
from mirrorjax.training.compiled import Programs
from mirrorjax.training.engines.choice import Engine, engine_for
from mirrorjax.training.memory import compiled_bytes
from mirrorjax.training.step import TrainState

_AHEAD = 8  # blocks of a device that are computed before the first of them is taken to the host

OnBlock = Callable[[str, int, int], None]


class OverBudget(Exception):
    """A compiled program takes more memory than there is for its part."""


class PartRunner:
    """One part of the population, on its devices or waiting on the host. Arrays have leading axes [blocks, block].

    Attributes:
        state: of the members; there is none before `start`.
        room: bytes of each device that it may take.
        on_block: told of which program how many blocks a device are done, and how many there are.
    """

    def __init__(
        self,
        part: Part,
        members: Sequence[Member],
        dataset_hash: str,
        sources: Sources,
        mesh: Mesh,
        compiler: Compiler,
        on_block: OnBlock = lambda name, done, of: None,
        engine: str = "auto",
    ):
        self.part, self.compiler, self.mesh, self.on_block = part, compiler, mesh, on_block
        stand_in = np.where(part.slots >= 0, part.slots, part.members[0])
        values = stack_values([members[i] for i in stand_in.ravel()], dataset_hash, sources)
        self.values = jax.tree.map(lambda x: np.asarray(x).reshape(*part.slots.shape, *x.shape[1:]), values)
        self.pace_setters = [members[i] for i in stand_in[:, 0]]  # the members of a block share their clock
        self.used: np.ndarray = np.any(part.slots >= 0, axis=-1)
        self.done = np.zeros(len(part.slots), np.uint32)  # steps of each block
        self.state = cast(TrainState, None)
        self.room = float("inf")
        self._engine, self._batch = engine, int(self.values.batch_size.max())
        self._kept: tuple[TrainState, np.ndarray] | None = None

    def start(self) -> None:
        """Makes the initial weights."""
        self.load()
        state = self._each_block("init", self.programs.init(), (self.values,))
        in_training = state.alive & (self.part.slots >= 0)  # padding is not
        self.state = self._on_devices(replace(state, alive=in_training))

    @property
    def regime(self) -> Regime:
        """How its members learn."""
        return regime_of(self.part.program)

    def params(self, train: Any = None) -> Params:
        """The parameters of each slot's network [blocks, block], of what its members learn from."""
        if self.regime.reads_out:
            return self._each_block("policy", self.programs.policy(train), (self.state.own, self.values), train)
        of_member = partial(self.regime.policy, train=train)
        return jax.vmap(jax.vmap(of_member))(self.state.own, self.values)

    def steps(self) -> jax.Array:
        """The updates that each slot's member has had [blocks, block]."""
        return jax.vmap(jax.vmap(self.regime.steps))(self.state.own)

    def told(self) -> dict[str, jax.Array]:
        """What each slot's state says of itself [blocks, block]."""
        return jax.vmap(jax.vmap(self.regime.told))(self.state.own)

    def put(self, params: dict[str, Any]) -> None:
        """Gives each slot's network these parameters [blocks, block]."""
        state = replace(self.state, own=jax.vmap(jax.vmap(self.regime.put))(self.state.own, params))
        self.state = self._on_devices(state) if self.loaded else state

    def change(self, params: Callable[[Params], Params]) -> None:
        """Puts other weights in the place of each member's own, a function of them."""
        self.put(jax.jit(jax.vmap(jax.vmap(params)), out_shardings=over_members(self.mesh))(self.params()))

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
            self.values, self.state = self._on_devices(self.values), self._on_devices(self.state)

    def unload(self) -> None:
        """Takes it to the host."""
        if self.loaded:
            self.values, self.state = _on_host((self.values, self.state))

    def _on_devices(self, tree: Any) -> Any:
        return jax.tree.map(lambda x: to_devices(x, over_members(self.mesh)), tree)

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

    @cached_property
    def engine(self) -> Engine:
        """What trains it."""
        device, members = self.mesh.devices.flat[0], -(-len(self.part.members) // self.mesh.size)
        return engine_for(self._engine, self.part.program, self._batch, members, device)

    @property
    def programs(self) -> Programs:
        """What is compiled for it."""
        return Programs(self.part, self.mesh, self.compiler)

    def _each_block(self, name: str, program: Any, own: Any, *shared: Any) -> Any:
        """What a program for one block of each device gives for every block, on the host.

        That, and `own`, its arguments of members, have leading axes [blocks, block].
        """
        self._check_room(name, program, self.bytes)
        number = len(self.part.slots) // self.mesh.size

        def begun(place: int) -> Any:
            if number == 1:
                return program(own, *shared)
            # tree by tree: the values of members have the same shapes in every program, and share one
            return program(tuple(_block_of_each(self.mesh, tree, np.int32(place)) for tree in own), *shared)

        running = deque(begun(place) for place in range(min(_AHEAD, number)))
        whole: Any = None  # [devices, blocks of a device, ...]
        for place in range(number):
            found = to_host(running.popleft())
            if place + _AHEAD < number:  # few at a time: what all of them give may be too much for the devices
                running.append(begun(place + _AHEAD))
            if whole is None:
                whole = jax.tree.map(lambda x: np.empty((len(x), number, *x.shape[1:]), x.dtype), found)
            for all_blocks, block in zip(jax.tree.leaves(whole), jax.tree.leaves(found), strict=True):
                all_blocks[:, place] = block
            if self.state is not None:  # initial weights are made at once
                self.on_block(name, place + 1, number)
        return jax.tree.map(lambda x: x.reshape(len(x) * number, *x.shape[2:]), whole)

    def _check_room(self, name: str, program: Any, besides: int = 0) -> None:
        """Raises `OverBudget` where a compiled program and so many bytes besides take more than there is."""
        if self.room < float("inf") and (taken := compiled_bytes(program) + besides) > self.room:
            raise OverBudget(f"{name} takes {taken:,} bytes a device, there are {self.room:,.0f}")

    def steps_at(self, epoch: float) -> np.ndarray:
        """The step of each block [blocks] at which a paper epoch is complete."""
        return np.array([self.regime.clock.step(member, epoch) for member in self.pace_setters], np.int64)

    def train_to(self, stop: np.ndarray, rows: Any) -> int:
        """Trains each block up to its step `stop` [blocks] on what is learnt from; returns the model-steps done.

        Padding is not counted.
        """
        stop = np.where(self.used & self.in_training().any(-1), np.maximum(stop, self.done), self.done)
        run = self.programs.train(rows, self.engine)
        self._check_room("train", run)
        self.state = run(self.state, self.values, self._by_block(self.done), self._by_block(stop), rows)
        jax.block_until_ready(self.state)
        steps = self._model_steps(stop) - self._model_steps(self.done)
        self.done = stop.astype(np.uint32)
        return steps

    def _model_steps(self, done: np.ndarray) -> int:
        return int(done.astype(np.int64) @ (self.part.slots >= 0).sum(-1))

    def _by_block(self, steps: np.ndarray) -> jax.Array:
        return to_devices(steps.astype(np.uint32), over_members(self.mesh))

    def measured(self, params: Params, rows: MeasuredRows) -> Statistics:
        """The streamed statistics of each slot, on the host, leading axes [blocks, block]."""
        return self._each_block("measure", self.programs.measure(rows), (params, self.values), rows)

    def battery(self, params: Params, boards: Boards) -> dict[str, np.ndarray]:
        """The calibrated measures of each slot, on the host, leading axes [blocks, block]."""
        return self._each_block("battery", self.programs.battery(boards), (params, self.values), boards)

    def games(self, params: Params, streams: Any) -> dict[str, np.ndarray]:
        """What each slot does in the game, on the host, leading axes [blocks, block]; nothing where nobody acts."""
        if not self.programs.acts:
            return {}
        return self._each_block("games", self.programs.games(streams), (params, self.values), streams)

    def seats(self, params: Params, held: Any) -> dict[str, np.ndarray]:
        """How alike each slot takes both seats, on the host, leading axes [blocks, block]; nothing without answers."""
        if not has_seats(self.regime):
            return {}
        return self._each_block("seats", self.programs.seats(held), (params, self.values), held)

    def causes(self, params: Params, boards: Boards, scores: np.ndarray, chosen: np.ndarray) -> tuple[dict, dict]:
        """The causal measures of chosen slots and of their units, leading axes [blocks, block]; zero for others.

        Scores are of each unit of a site [members of the part, U].
        """
        slots = self.part.slots
        by_slot, asked = np.zeros((*slots.shape, scores.shape[-1]), np.float32), np.zeros(slots.shape, bool)
        by_slot[slots >= 0], asked[slots >= 0] = scores, chosen
        own = params, self.values, *self._on_devices((by_slot, asked))
        return self._each_block("causes", self.programs.causes(boards), own, boards)

    def divergences(self, params: Params, rows: MeasuredRows) -> dict[str, np.ndarray]:
        """KL divergences per unit, by pair of scenarios, leading axes [blocks, block]."""
        return self._each_block("divergences", self.programs.divergences(rows), (params, self.values), rows)

    def in_training(self) -> np.ndarray:
        """Which slots have a member that has neither stopped nor diverged [blocks, block]."""
        return to_host(self.state.alive) & (self.part.slots >= 0)

    def epochs(self) -> tuple[np.ndarray, np.ndarray]:
        """The paper epoch that each block with a member has reached, and whether it is in training."""
        clocks = zip(self.pace_setters, self.done, strict=True)
        reached = np.array([self.regime.clock.time(member, int(step)) for member, step in clocks])
        return reached[self.used], np.asarray(self.in_training().any(-1))[self.used]

    def state_by_member(self) -> dict[str, Any]:
        """`state` [members of the part, ...] in slot order, nested, and the steps that a member's block has `done`."""
        done = np.broadcast_to(self.done[:, None], self.part.slots.shape)
        own, alive = to_state_dict(jax.tree.map(self.by_member, self.state.own)), self.by_member(self.state.alive)
        return {"done": self.by_member(done), "state": {**own, "alive": alive}}

    def put_back(self, saved: Mapping[str, Any], rows: np.ndarray) -> None:
        """Goes on from what `state_by_member` gave, here or elsewhere.

        `rows` says where in it the members of this part are, in slot order.
        """
        places = np.full(self.part.slots.shape, rows[0])  # padding stands in for the first member, as before
        places[self.part.slots >= 0] = rows
        own = jax.tree.map(lambda x: x[places], saved["state"])
        alive = own.pop("alive") & (self.part.slots >= 0)
        state = TrainState(own=from_state_dict(self.state.own, own), alive=alive)
        self.state = self._on_devices(state) if self.loaded else state
        self.done = np.where(self.part.slots >= 0, saved["done"][places], 0).max(-1).astype(np.uint32)

    def by_member(self, array: ArrayLike) -> np.ndarray:
        """A [blocks, block, ...] array as [members of the part, ...], in slot order."""
        return np.asarray(to_host(array))[self.part.slots >= 0]

    def stop(self, members: np.ndarray) -> None:
        """Freezes members (indices into the population) from here on."""
        alive = to_host(self.state.alive) & ~np.isin(self.part.slots, members)
        if self.loaded:
            alive = self._on_devices(alive)
        self.state = replace(self.state, alive=alive)


@partial(jax.jit, static_argnums=0)
def _block_of_each(mesh: Mesh, tree: Any, number: Int32[Array, ""]) -> Any:
    """One block of each device [devices, block], by its number there, of arrays [blocks, block]."""

    def local(tree: Any, number: Int32[Array, ""]) -> Any:
        return jax.tree.map(lambda x: jax.lax.dynamic_index_in_dim(x, number, keepdims=True), tree)

    in_specs = PartitionSpec(AXIS), PartitionSpec()
    mapped = jax.shard_map(local, mesh=mesh, in_specs=in_specs, out_specs=PartitionSpec(AXIS), check_vma=False)
    return mapped(tree, number)


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
