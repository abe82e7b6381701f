"""A small dataset, mixed populations and short runs that the tests of training and measurement share."""

import functools
from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
import pytest

from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.sources import Sources
from mirrorjax.machine.compiler import Compiler
from mirrorjax.measurement.battery.boards import Boards
from mirrorjax.population.members import PAPER_EPOCH, Member
from mirrorjax.training.data import Data
from mirrorjax.training.loop import Checkpoint, Schedule, Trainer
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.memory import UNLIMITED, Layout, Room
from mirrorjax.training.step import train_step
from tests.datasets import SMALL, built

RATE = 1e-4
BLOCK = 8
COMPILER = Compiler()  # one for all tests: the same program at the same shapes is compiled once a session

Weights = dict[str, np.ndarray]


def small_dataset() -> Dataset:
    """Some 42,000 training rows, built once a session."""
    return built(SMALL)


def mixed_members() -> list[Member]:
    """Forty members of three programs, two blocks of eight each, with two clocks and all settings mixed.

    0-15: two layers, batch of 32 as compiled; 16-27: one layer of tanh, width 24 as compiled; 28-39: three layers,
    batch of 64 as compiled. The first of each kind are at RATE, and in the first and last program others at RATE / 2.
    """
    kinds = [
        (4, Member(learning_rate=RATE)),
        (4, Member(learning_rate=RATE, batch_size=20, dropout=0.4, l2=0.0)),
        (8, Member(learning_rate=RATE / 2, dropout=0.0, l2=0.1)),
        (6, Member(learning_rate=RATE, width=20, depth=1, activation="tanh")),
        (6, Member(learning_rate=RATE, width=24, depth=1, activation="tanh", batch_size=7)),
        (6, Member(learning_rate=RATE, width=8, depth=3, batch_size=40)),
        (3, Member(learning_rate=RATE / 2, width=5, depth=3, batch_size=64, l2=0.001)),
        (3, Member(learning_rate=RATE / 2, width=6, depth=3, batch_size=33)),
    ]
    return [replace(kind, seed=seed) for number, kind in kinds for seed in range(number)]


def epochs(*steps: int, rate: float = RATE) -> tuple[float, ...]:
    """The paper epochs that are complete after these steps at a learning rate."""
    return tuple(step * rate / PAPER_EPOCH for step in steps)


def population_of(
    members: list[Member],
    *,
    devices: int = 1,
    block: int = BLOCK,
    compiler: Compiler = COMPILER,
    room: Room = UNLIMITED,
    causes_seeds: int | None = None,
    boards: Boards | None = None,
    sources: Sources | None = None,
    engine: str = "auto",
    games: int = 0,
    **options,
) -> Trainer:
    """A population on the small dataset, measured on few rows."""
    dataset = small_dataset()
    data = Data(dataset, sources or Sources.only(dataset), boards, test_rows=600, validation_rows=600, games=games)
    layout = Layout(jax.devices()[:devices], block, room, engine)
    return Trainer(Measuring(members, data, layout.devices, causes_seeds), layout, compiler, **options)


def run(
    members: list[Member], *ends: float, patience: float | None = None, **options
) -> tuple[Trainer, list[Checkpoint]]:
    """A population trained to these epochs, and its checkpoints; epoch 0 is one of them."""
    population = population_of(members, **options)
    at = (0.0, *ends)
    schedule = Schedule(at, patience=patience, games_at=at if options.get("games") else ())
    return population, list(population.run(schedule))


def weights_of(population: Trainer) -> list[Weights]:
    """Each member's own weights, without padding, in the population's order."""
    arrays, index = population.weights()
    found = []
    for member_id in population.ids:
        entry = index["members"][member_id]
        found.append(
            {
                name: arrays[f"{entry['group']}/{name}"][entry["row"]][tuple(slice(size) for size in shape)]
                for name, shape in entry["shapes"].items()
            }
        )
    return found


def same_bits(one: Weights, other: Weights) -> bool:
    """Whether two members' weights are equal, bit for bit."""
    return one.keys() == other.keys() and all(
        one[name].shape == other[name].shape and one[name].tobytes() == other[name].tobytes() for name in one
    )


def largest_difference(one: Weights, other: Weights) -> float:
    """The largest absolute difference of two members' weights."""
    assert one.keys() == other.keys()
    return max(float(np.abs(one[name].astype(float) - other[name].astype(float)).max()) for name in one)


TEXT = ("member_id", "status")  # columns of strings, which have no NaN


def no_records_differ(one: list[Checkpoint], other: list[Checkpoint], members: list[int] | None = None) -> bool:
    """Whether two runs have measured the same, bit for bit; `members`: places in `one` of the members of `other`."""
    chosen = slice(None) if members is None else members

    def same(a: Checkpoint, b: Checkpoint) -> bool:
        return all(np.array_equal(a.records[k][chosen], b.records[k], equal_nan=k not in TEXT) for k in b.records)

    return all(same(a, b) for a, b in zip(one, other, strict=True))


class Observed(NamedTuple):
    """A run over two devices with a compiler of its own, and how much was compiled by when."""

    population: Trainer
    checkpoints: list[Checkpoint]
    compiled: list[int]  # programs, after each checkpoint
    traced: list[int]  # times that the update has been traced, after each checkpoint


@functools.cache
def observed_run() -> Observed:
    """The first sixteen mixed members to 30 steps, measured at 0, 10, 20 and 30, with a table of units at the end."""
    traces = 0

    def counting(*arguments):
        nonlocal traces
        traces += 1
        return train_step(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mirrorjax.training.step.train_step", counting)
        population = population_of(mixed_members()[:16], devices=2, compiler=Compiler())
        ends = epochs(10, 20, 30)
        checkpoints, compiled, traced = [], [], []
        for checkpoint in population.run(Schedule((0.0, *ends), units_at=ends[-1:])):
            checkpoints.append(checkpoint)
            compiled.append(population.compiler.count)
            traced.append(traces)
    return Observed(population, checkpoints, compiled, traced)
