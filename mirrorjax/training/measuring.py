"""A part's checkpoint: its members' records and, at chosen ones, a table of their units and what they cause."""

from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from dataclasses import fields, replace
from typing import Any

import jax
import numpy as np
from jax.typing import ArrayLike

from mirrorjax.dataset.coordinates import Coordinates, coordinates
from mirrorjax.dataset.knobs import Knobs
from mirrorjax.dataset.sources import Sources
from mirrorjax.errors import InputError
from mirrorjax.machine.compiler import Compiler
from mirrorjax.machine.hosts import to_devices
from mirrorjax.machine.runtime import Device
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.measurement.battery.caused import named
from mirrorjax.measurement.battery.circuits import KINDS
from mirrorjax.measurement.battery.classes import CLASSES
from mirrorjax.measurement.played import streams_of
from mirrorjax.measurement.records import Columns, Measured, record, unit_table
from mirrorjax.measurement.stream import MeasuredRows, measured_rows, piece_on
from mirrorjax.models.base import Params
from mirrorjax.population.members import Member, identity, looked_at
from mirrorjax.population.plan import plan, population_mesh, program_of, replicated
from mirrorjax.regimes import knobs_of
from mirrorjax.regimes.base import PAPER_EPOCHS, Clock, Regime, World
from mirrorjax.regimes.seats import SEATS
from mirrorjax.settings.columns import KNOBS, SEEDS
from mirrorjax.settings.schema import MEMBER, PLUGGED
from mirrorjax.training.data import Data
from mirrorjax.training.memory import Layout, own_size
from mirrorjax.training.part import OnBlock, PartRunner

PLACE = "place"  # of a row's member in the population
_NAMED = {"unit_class": CLASSES, "hub": KINDS}  # columns of units that are indices into names


class Measuring:
    """Members, and what they are measured on, on their devices.

    Of each combination of settings the first `causes_seeds` seeds (None: all) get the causal measures, at checkpoints
    with a table of units.

    Attributes:
        members, ids: the population, every setting resolved.
        coordinates: of the members' knobs, as columns [members]: see `dataset.coordinates.Coordinates`.
    """

    def __init__(
        self, members: Sequence[Member], data: Data, devices: Sequence[Device], causes_seeds: int | None = None
    ):
        self.members = [member.resolved() for member in members]
        self.ids = [identity(member, data.dataset.content_hash) for member in self.members]
        self.data, self.mesh = data, population_mesh(devices)
        validation = data.validation
        self.coordinates = coordinates_of(self.members, data.sources, validation)
        rows, self.counts = measured_rows(data.test, *validation, piece=piece_on(devices[0].platform))
        self.rows, self.train, self.pairs, self.boards = jax.tree.map(
            self._shared, (rows, data.sources.train, data.sources.pairs, data.boards)
        )
        self.games = to_devices(streams_of(data.games), replicated(self.mesh)) if data.games else None
        self._worlds: dict[Regime, World] = {}
        self.asked = first_seeds(self.members, causes_seeds)

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of members.parquet: what each member is, and what its knobs come to."""
        members, sources, plugged = self.members, self.data.sources, looked_at(self.members)
        seeds = [{"seed": member.seed, **member.seeds} for member in members]
        settings = [name for name in MEMBER if name not in PLUGGED or name in plugged]
        sizes = [own_size(program_of(member), member.width) for member in members]
        place = [sources.place(member.source) for member in members]
        return {
            "member_id": self.ids,
            **{name: [each[name] for each in seeds] for name in SEEDS},
            **({"parent": [member.parent for member in members]} if any(member.parent for member in members) else {}),
            **{name: [getattr(member, name) for member in members] for name in settings},
            "units": [units for units, _ in sizes],
            "parameters": [parameters for _, parameters in sizes],
            "train_boards": sources.boards[place],
            "train_rows": sources.count[place],
            **{name: self.coordinates[name] for name in KNOBS},
        }

    def runners(self, layout: Layout, compiler: Compiler, on_block: OnBlock) -> list[PartRunner]:
        """A runner for each part of the members; of several the name of a program says which one it is."""
        parts = plan(self.members, layout.block, len(layout.devices), layout.room.members)

        def told(number: int) -> OnBlock:
            which = f", part {number} of {len(parts)}" if len(parts) > 1 else ""
            return lambda name, done, of: on_block(f"{name}{which}", done, of)

        of_all = self.members, self.data.dataset.content_hash, self.data.sources, self.mesh, compiler
        return [PartRunner(part, *of_all, told(number), layout.engine) for number, part in enumerate(parts, 1)]

    def of_nulls(self, members: Sequence[Member]) -> "Measuring":
        """The same for networks that are never trained: no losses, nothing that units cause.

        Rows and boards have the shapes that they have for the population, whose programs thus serve them.
        """
        other = copy(self)
        other.data = replace(self.data, sources=Sources.only(self.data.dataset), seats=False)
        other.members = [member.resolved() for member in members]
        other.ids = [identity(member, self.data.dataset.content_hash) for member in other.members]
        none = to_devices(np.int32(0), self.rows.held.pieces.sharding)
        other.rows = replace(self.rows, held=replace(self.rows.held, pieces=none))
        other.games = None
        other.counts, other._worlds = replace(self.counts, validation=0), {}
        other.coordinates = {name: np.full(len(members), np.nan) for name in self.coordinates}
        other.asked = np.zeros(len(members), bool)
        return other

    def world(self, regime: Regime) -> World:
        """What the members of a regime share: what they learn from, and what they are scored on.

        Raises:
            InputError: the regime needs pairs, and the dataset has none.
        """
        if "pairs" in regime.needs and self.pairs is None:
            has = f"dataset {self.data.dataset.content_hash} has rows alone"
            raise InputError(f"{has}; {regime} learns from pairs: allowed: a dataset with them (`dataset.pairs`)")
        if regime not in self._worlds:
            world = regime.world(World(self.train, self.rows.held, self.pairs, self.data.sample))
            self._worlds[regime] = replace(world, train=jax.tree.map(self._shared, world.train))
        return self._worlds[regime]

    def _shared(self, x: ArrayLike) -> jax.Array:
        """On every device, unless it is there."""
        return x if isinstance(x, jax.Array) and x.committed else to_devices(x, replicated(self.mesh))

    def rows_of(self, regime: Regime) -> MeasuredRows:
        """What its members are measured on."""
        return replace(self.rows, held=self.world(regime).held)

    def part(
        self, runner: PartRunner, index: int, status: np.ndarray, with_units: bool, with_games: bool = False
    ) -> tuple[Columns, Columns]:
        """Records of a part's members at a checkpoint, and their units if wanted (else no columns)."""
        members, regime = runner.part.members, runner.regime
        own, ids = [self.members[i] for i in members], [self.ids[i] for i in members]
        params, rows = runner.params(self.world(regime).train), self.rows_of(regime)
        measured = Measured(
            statistics=jax.tree.map(runner.by_member, runner.measured(params, rows)),
            counts=self.counts,
            network=regime.network,
            width=np.array([member.width for member in own]),
            l2=np.array([member.l2 for member in own]),
            **{name: self.coordinates[name][members] for name in ("constant_mse", "best_mse")},
        )
        steps = runner.by_member(runner.steps()).astype(np.int64)
        columns = {
            "member_id": np.array(ids, dtype=object),
            "checkpoint": np.full(len(members), index),
            "step": steps,
            **time_columns(regime.clock, own, steps),
            "status": status,
            **record(measured),
            **{name: runner.by_member(value) for name, value in runner.told().items()},
        }
        if self.data.seats and not {*SEATS} & columns.keys():
            columns |= {name: runner.by_member(value) for name, value in runner.seats(params, rows.held).items()}
        if self.games is not None and with_games:
            columns |= {name: runner.by_member(value) for name, value in runner.games(params, self.games).items()}
        if self.boards is not None and regime.needs:
            columns |= {name: runner.by_member(value) for name, value in runner.battery(params, self.boards).items()}
        if not with_units or not regime.needs:
            return columns, {}
        if "rows" not in regime.needs:  # no table of units: there are thousands of them, and no means over rows
            return columns | self._kinds(runner, params, regime), {}
        kl = runner.divergences(params, rows)
        table = unit_table(measured, ids)
        table |= {name: runner.by_member(pair)[measured.exists] for name, pair in kl.items()}
        whose = np.nonzero(measured.exists)[0]
        table |= {name: columns[name][whose] for name in ("checkpoint", "step", "epoch")}
        if self.boards is not None and self.asked.any():
            of_members, of_units = self._causes(runner, params, self.boards, measured)
            columns |= of_members
            table |= of_units
        return columns, table | {PLACE: members[whose]}

    def _kinds(self, runner: PartRunner, params: Params, regime: Regime) -> Columns:
        """How many units there are of each class, of the members that are asked."""
        asked = self.asked[runner.part.members]
        if self.boards is None or not asked.any():
            return {}
        scores = np.zeros((len(asked), sum(site.size for site in regime.sites)), np.float32)
        of_members, _ = jax.tree.map(runner.by_member, runner.causes(params, self.boards, scores, asked))
        return {name: np.where(asked, value, np.nan) for name, value in named(of_members).items()}

    def _causes(
        self, runner: PartRunner, params: Params, boards: Boards, measured: Measured
    ) -> tuple[Columns, Columns]:
        """The causal measures of the members that are asked; NaN, or no name, of the others and of output units."""
        hidden, asked = measured.hidden, self.asked[runner.part.members]
        causes = runner.causes(params, boards, measured.scores[:, :hidden], asked)
        of_members, of_units = jax.tree.map(runner.by_member, causes)
        columns = {name: np.where(asked, value, np.nan) for name, value in named(of_members).items()}
        known = measured.exists[:, :hidden] & asked[:, None]
        units: Columns = {}
        for name, value in of_units.items():
            names = _NAMED.get(name)
            whole = np.full(measured.exists.shape, None if names else np.nan, dtype=object if names else np.float32)
            whole[:, :hidden][known] = np.array([*names, None], dtype=object)[value[known]] if names else value[known]
            units[name] = whole[measured.exists]
        return columns, units


def time_columns(clock: Clock, members: Sequence[Member], steps: np.ndarray) -> Columns:
    """The time that members have reached: paper epochs, or the time of another clock and that clock's name.

    A paper epoch and another clock's unit have nothing in common: where there is another one, `epoch` is NaN.
    """
    reached = np.array([clock.time(member, int(step)) for member, step in zip(members, steps, strict=True)])
    if clock.name == PAPER_EPOCHS.name:
        return {"epoch": reached}
    return {
        "epoch": np.full(len(members), np.nan),
        "time": reached,
        "clock": np.full(len(members), clock.name, dtype=object),
    }


def coordinates_of(members: Sequence[Member], sources: Sources, validation: Sequence[np.ndarray]) -> Columns:
    """`Coordinates` of members, as columns [members]: once for all that have their knobs and rows in common."""
    alike: dict[tuple, list[int]] = defaultdict(list)
    for place, member in enumerate(members):
        which = sources.validation_of[sources.place(member.source)]
        alike[int(which), *knobs_of(member)].append(place)
    columns = {field.name: np.empty(len(members)) for field in fields(Coordinates)}
    for number, rows in enumerate(validation):
        settings = [key for key in alike if key[0] == number]
        knobs = [Knobs(*map(np.float32, key[1:])) for key in settings]
        for key, found in zip(settings, coordinates(rows, knobs), strict=True):
            for name, column in columns.items():
                column[alike[key]] = getattr(found, name)
    return columns


def first_seeds(members: Sequence[Member], count: int | None) -> np.ndarray:
    """Which members are among the first `count` seeds of their combination of settings; None: all."""
    if count is None:
        return np.ones(len(members), bool)
    seeds: dict[Member, list[int]] = defaultdict(list)
    for place, member in enumerate(members):
        seeds[replace(member, seed=0, init_seed=0, order_seed=0, dropout_seed=0, parent=None)].append(place)
    chosen = np.zeros(len(members), bool)
    for places in seeds.values():
        chosen[sorted(places, key=lambda place: members[place].seed)[:count]] = True
    return chosen
