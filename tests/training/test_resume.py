"""A population that is stopped anywhere and restored, on whatever devices, ends with the same bits."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mirrorjax.population.members import Member
from mirrorjax.population.plan import program_of
from mirrorjax.training.checkpoint import States
from mirrorjax.training.loop import Checkpoint, Schedule, Trainer
from mirrorjax.training.memory import Room
from tests.training.cases import (
    COMPILER,
    RATE,
    epochs,
    no_records_differ,
    observed_run,
    population_of,
    run,
    same_bits,
    weights_of,
)

FINGERPRINT = {"job": "1c9e0b7d52aa", "block": 8}


@pytest.fixture(autouse=True)
def chunks_of_the_same_size(monkeypatch: pytest.MonkeyPatch):
    """A fiftieth of the way to a checkpoint, ten times that, and the rest: on however slow a machine."""
    monkeypatch.setattr("mirrorjax.training.loop.CHUNK_SECONDS", 1e9)


class Stopped(Exception):
    """Ends a run between two chunks."""


def piecewise(
    states: States, members: list[Member], schedule: Schedule, stops: list[int], devices: list[int]
) -> Iterator[tuple[Trainer, list[Checkpoint]]]:
    """Runs a population in pieces: each ends at so many looks between chunks, and the next is restored from disk."""
    for stop, count in zip([*stops, None], devices, strict=True):
        compiler = COMPILER if count == 1 else observed_run().population.compiler
        population = population_of(members, devices=count, compiler=compiler)
        if saved := states.restore(FINGERPRINT, complete=len(schedule.checkpoints)):
            population.restore(saved)
        looks = 0

        def look(population: Trainer = population, stop: int | None = stop) -> None:
            nonlocal looks
            looks += 1
            if looks == stop:
                states.save(population.state(), FINGERPRINT, {})
                raise Stopped

        population.between_chunks = look
        found: list[Checkpoint] = []
        try:
            for checkpoint in population.run(schedule):
                found.append(checkpoint)
        except Stopped:
            assert stop is not None
        yield population, found


def joined(pieces: list[list[Checkpoint]]) -> list[Checkpoint]:
    """The checkpoints of a run; what was measured twice is that of the later process."""
    by_index = {checkpoint.index: checkpoint for found in pieces for checkpoint in found}
    return [by_index[index] for index in sorted(by_index)]


def test_on_one_device_then_two_then_one(mixed, tmp_path: Path):
    """Two clocks; a stop on the way to a checkpoint is one in the middle of both."""
    members = mixed.members[:16]
    schedule = Schedule((0.0, *epochs(80, 200)))
    pieces = list(piecewise(States(tmp_path), members, schedule, stops=[4, 7], devices=[1, 2, 1]))
    indices = [[checkpoint.index for checkpoint in found] for _, found in pieces]
    assert indices == [[0], [1], [2]], "each stop is on the way to a checkpoint"
    reached = [population.model_steps for population, _ in pieces]
    assert 0 < reached[0] < reached[1] < reached[2] == 8 * 200 + 8 * 400
    final = weights_of(pieces[-1][0])
    assert all(same_bits(one, two) for one, two in zip(mixed.after[:16], final, strict=True))
    assert no_records_differ(mixed.checkpoints, joined([found for _, found in pieces]), list(range(16)))


@pytest.fixture(scope="module")
def patient() -> tuple[list[Member], Schedule, list[Checkpoint]]:
    """Members that stop early one by one, and one that diverges, in an undisturbed run that ends before its time."""
    rate = 0.03
    members = [Member(seed=seed, learning_rate=rate) for seed in range(5)]
    members.append(Member(seed=1, learning_rate=rate, dropout=0.99))
    ends = epochs(*range(10, 501, 10), rate=rate)
    schedule = Schedule((0.0, *ends), units_at=ends[-1:], patience=1.9 * ends[0])
    return members, schedule, list(population_of(members).run(schedule))


@pytest.mark.parametrize("stops", [[2], [9, 9, 9, 9], [40, 30]], ids=str)
def test_patience_and_divergence_go_on(patient, tmp_path: Path, stops: list[int]):
    members, schedule, undisturbed = patient
    status = undisturbed[-1].records["status"]
    assert set(status) == {"stopped", "diverged"} and len(undisturbed) < len(schedule.checkpoints)
    pieces = list(piecewise(States(tmp_path), members, schedule, stops, [1] * (len(stops) + 1)))
    assert all(found for _, found in pieces), "each was stopped before the end, and behind another checkpoint"
    again = joined([found for _, found in pieces])
    assert [checkpoint.index for checkpoint in again] == [checkpoint.index for checkpoint in undisturbed]
    assert no_records_differ(undisturbed, again)
    first, second = undisturbed[-1].units, again[-1].units
    assert first is not None and second is not None
    assert all(np.array_equal(first[k], second[k], equal_nan=k != "member_id") for k in first)


def test_a_population_that_has_ended_is_over(patient, tmp_path: Path):
    """Its schedule is not; a state saved behind the last checkpoint must not measure another one."""
    members, schedule, undisturbed = patient
    population = population_of(members)
    assert len(list(population.run(schedule))) == len(undisturbed)
    states = States(tmp_path)
    states.save(population.state(), FINGERPRINT, {})
    restored = population_of(members)
    saved = states.restore(FINGERPRINT, complete=len(undisturbed))
    assert saved is not None
    restored.restore(saved)
    assert list(restored.run(schedule)) == []
    assert restored.model_steps == population.model_steps
    assert all(same_bits(one, two) for one, two in zip(weights_of(population), weights_of(restored), strict=True))


def test_parts_of_any_size_share_a_state(mixed, tmp_path: Path):
    """What is saved is by member: a population cut for memory goes on from one that was not, and the other way."""
    members = mixed.members[:16]
    population, _ = run(members, *epochs(80))
    cut = population_of(members, room=Room(members={program_of(member): 8 for member in members}))
    assert (len(population.runners), len(cut.runners)) == (1, 2)
    cut.restore(population.state())
    schedule = Schedule((0.0, *epochs(80, 200)))
    (last,) = cut.run(schedule)
    assert last.index == 2
    assert all(same_bits(one, two) for one, two in zip(mixed.after[:16], weights_of(cut), strict=True))
    back = population_of(members)
    back.restore(cut.state())
    assert all(same_bits(one, two) for one, two in zip(mixed.after[:16], weights_of(back), strict=True))


def test_restoring_compiles_nothing_and_leaves_the_state_alone(mixed):
    members = mixed.members[:16]
    population, _ = run(members, *epochs(80))
    state = population.state()
    saved = next(found["state"] for name, found in state.arrays.items() if name != "members")
    assert saved.keys() == {"params", "moments", "alive"} and saved["moments"].keys() == {"count", "mu", "nu"}, (
        "states that are on disk already have these"
    )
    before = [array.tobytes() for array in flat(state.arrays)]
    count = COMPILER.count
    restored = population_of(members)
    restored.restore(state)
    assert [checkpoint.index for checkpoint in restored.run(Schedule((0.0, *epochs(80, 200))))] == [2]
    assert COMPILER.count == count
    assert [array.tobytes() for array in flat(state.arrays)] == before, "training donates its buffers, never these"


def flat(tree: dict) -> Iterator[np.ndarray]:
    for value in tree.values():
        if isinstance(value, dict):
            yield from flat(value)
        else:
            yield value


def test_the_epoch_is_that_of_the_last_in_training():
    members = [Member(seed=0, learning_rate=RATE), Member(seed=0, learning_rate=RATE / 2)]
    population = population_of(members)
    assert population.epoch == 0
    assert len(list(population.run(Schedule((0.0, *epochs(40)))))) == 2
    assert population.epoch == pytest.approx(epochs(40)[0])
    assert sorted(population.runners[0].done.tolist()) == [40, 80]
