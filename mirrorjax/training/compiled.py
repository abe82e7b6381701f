"""The compiled programs of a part, made from shapes alone: before there is a state, by whoever has the time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from mirrorjax.machine.compiler import Compiler
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.needs import fits
from mirrorjax.measurement.played import played
from mirrorjax.measurement.stream import MeasuredRows
from mirrorjax.population.plan import AXIS, Part, over_members
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.base import Regime
from mirrorjax.training import programs
from mirrorjax.training.engines.choice import Engine
from mirrorjax.training.memory import largest_divisor, need, parameter_shapes, state_shapes, value_shapes


@dataclass(frozen=True)
class Programs:
    """All of them run on every device at once, and nothing passes between devices.

    All but training take one block of each device: their shapes depend on no number of members, so that every
    population of a network shares them, and its nulls too.
    """

    part: Part
    mesh: Mesh
    compiler: Compiler

    def init(self) -> Any:
        """values → state."""
        return self._of_block("init", self._regime.begins_as(), (value_shapes(self.part.program.regime),))

    def policy(self, training: Any) -> Any:
        """(state, values), what is learnt from → parameters, of a regime that computes them."""
        own = state_shapes(self.part.program).own, value_shapes(self.part.program.regime)
        return self._of_block("policy", self._regime, own, training)

    def measure(self, rows: MeasuredRows) -> Any:
        """(params, values), rows → statistics; scores may depend on more than what is shown."""
        return self._of_block("measure", self._regime.only("score"), self._bare, rows)

    def battery(self, boards: Boards) -> Any:
        """(params, values), boards → calibrated measures."""
        return self._of_block("battery", self._shown, self._bare, boards, together=self._together(boards))

    def games(self, streams: Any) -> Any:
        """(params, values), streams of games → what the members do in them."""
        return self._of_block("games", self._shown, self._bare, streams)

    def seats(self, held: Any) -> Any:
        """(params, values), held-out rows → how alike own and seen views are."""
        return self._of_block("seats", self._regime.only("score"), self._bare, held)

    def divergences(self, rows: MeasuredRows) -> Any:
        """(params, values), rows → KL divergences of units."""
        block = self.part.slots.shape[1]
        counted = largest_divisor(block, need(self.part.program, self._on_cpu).most_counted)
        options = {"counted": counted, "together": 1 if self._on_cpu else block}
        return self._of_block("divergences", self._shown, self._bare, rows, **options)

    def causes(self, boards: Boards) -> Any:
        """(params, values, scores of units, who is asked), boards → causal measures."""
        scores = np.empty(sum(site.size for site in self._seen.sites), np.float32)
        own = (*self._bare, scores, np.bool_(False))
        return self._of_block("causes", self._shown, own, boards, together=self._together(boards))

    def train(self, rows: Any, engine: Engine) -> Any:
        """state, values, start and stop of each block [blocks], what they learn from → state; by an engine."""
        program, shape = self.part.program, self.part.slots.shape

        of_members = self._like(state_shapes(program), *shape), self._like(value_shapes(program.regime), *shape)
        clock = self._like(np.uint32(0), shape[0])
        own = (*of_members, clock, clock)
        name = "train" if engine.name == "xla" else f"train, {engine}"
        return self._compiled(name, program, engine.train, own, rows, donate=(0,))

    def makers(
        self, training: Any, rows: MeasuredRows, boards: Boards | None, causes: bool, engine: Engine
    ) -> dict[str, Callable[[], Any]]:
        """What compiles each program, by name; no calibrated ones without `boards`, no causal ones without `causes`.

        Those of games and seats are made when they are first asked for: no start waits for them.
        """
        makers: dict[str, Callable[[], Any]] = {"init": self.init, "measure": partial(self.measure, rows)}
        makers["train"] = partial(self.train, training, engine)
        if self._regime.reads_out:
            makers["policy"] = partial(self.policy, training)
        if "rows" in self._regime.needs:
            makers["divergences"] = partial(self.divergences, rows)
        if boards is not None and self._regime.needs:
            makers["battery"] = partial(self.battery, boards)
        if boards is not None and self._regime.needs and causes:
            makers["causes"] = partial(self.causes, boards)
        return makers

    @property
    def acts(self) -> bool:
        """Whether its members can play."""
        return fits(played, self._regime.network)

    @property
    def _on_cpu(self) -> bool:
        return self.mesh.devices.flat[0].platform == "cpu"

    def _together(self, boards: Boards) -> int:
        """Members whose boards are looked at side by side: on a CPU each has the caches to itself."""
        most = max(boards.anywhere.shape[-1], boards.rescue.shape[-1])
        return need(self.part.program, self._on_cpu, most).together(self.part.slots.shape[1])

    @property
    def _regime(self) -> Regime:
        return regime_of(self.part.program)

    @property
    def _seen(self) -> Regime:
        """The regime, less what only training and scores look at."""
        return self._regime.only("show")

    @property
    def _shown(self) -> Regime:
        """The same, or one by which networks are shown pictures in the same way, as those of nulls."""
        return self._seen.shown_as()

    @property
    def _bare(self) -> tuple[Any, Any]:
        return parameter_shapes(self.part.program), value_shapes(self.part.program.regime)

    def _of_block(self, name: str, regime: Regime, own: tuple, *shared: Any, **options: int) -> Any:
        """A function of `programs`, for one block of each device; `own` tells shapes of one member."""
        function = partial(getattr(programs, name), regime, **options)

        def local(own: tuple, *shared: Any) -> Any:
            found = function(*jax.tree.map(lambda x: x[0], own), *shared)
            return jax.tree.map(lambda x: x[None], found)

        of_members = self._like(own, self.mesh.size, self.part.slots.shape[1])
        return self._compiled(name, regime, local, (of_members,), *shared)

    def _compiled(
        self, name: str, of: Any, local: Callable, own: tuple, *shared: Any, donate: tuple[int, ...] = ()
    ) -> Any:
        in_specs = (*(PartitionSpec(AXIS) for _ in own), *(PartitionSpec() for _ in shared))
        mapped = jax.shard_map(local, mesh=self.mesh, in_specs=in_specs, out_specs=PartitionSpec(AXIS), check_vma=False)
        return self.compiler((name, of), jax.jit(mapped, donate_argnums=donate), *own, *shared)

    def _like(self, tree: Any, *leading: int) -> Any:
        """Shapes and types of arrays of members, after some axes more, spread over the devices."""
        place = over_members(self.mesh)
        return jax.tree.map(lambda x: jax.ShapeDtypeStruct((*leading, *x.shape), x.dtype, sharding=place), tree)
