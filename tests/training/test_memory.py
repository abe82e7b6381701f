"""Memory is planned; a population that is cut into parts, by plan or in need, has the bits of the uncut one."""

from collections.abc import Callable
from typing import NamedTuple, cast

import jax
import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.machine.compiler import Compiler
from mirrorjax.machine.runtime import GIB, block_size, free_memory, memory_budget
from mirrorjax.population.members import Member
from mirrorjax.population.plan import plan, program_of
from mirrorjax.training.checkpoint import TrainingState
from mirrorjax.training.loop import Checkpoint, Schedule, Trainer
from mirrorjax.training.memory import UNLIMITED, Room, compiled_bytes, largest_block, make_room, need
from mirrorjax.training.part import PartRunner
from mirrorjax.training.step import TrainState
from tests.training.cases import (
    BLOCK,
    Weights,
    epochs,
    mixed_members,
    no_records_differ,
    population_of,
    same_bits,
    weights_of,
)

MEMBERS = mixed_members()[:16]  # one program, two blocks
PROGRAM = program_of(MEMBERS[0])
ENDS = epochs(20, 60)
SCHEDULE = Schedule((0.0, *ENDS), units_at=ENDS[-1:])
ONE_BLOCK = {PROGRAM: BLOCK}


class Run(NamedTuple):
    population: Trainer
    checkpoints: list[Checkpoint]
    weights: list[Weights]


def trained(look: Callable[[Trainer], None] = lambda population: None, **options) -> Run:
    """The sixteen members, trained and measured; `look` at each checkpoint."""
    population = population_of(MEMBERS, **options)
    checkpoints = []
    for checkpoint in population.run(SCHEDULE):
        checkpoints.append(checkpoint)
        look(population)
    return Run(population, checkpoints, weights_of(population))


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said about memory."""
    found: list[str] = []
    monkeypatch.setattr("mirrorjax.training.placement.event", lambda name, message, **_: found.append(message))
    return found


@pytest.fixture(scope="module")
def uncut() -> Run:
    return trained()


def assert_same(one: Run, other: Run) -> None:
    """Records, units and weights, bit for bit; units in the order of the members."""
    assert no_records_differ(one.checkpoints, other.checkpoints)
    assert all(same_bits(a, b) for a, b in zip(one.weights, other.weights, strict=True))
    units, others = one.checkpoints[-1].units, other.checkpoints[-1].units
    assert units is not None and others is not None and units.keys() == others.keys()
    for name, column in units.items():
        assert np.array_equal(column, others[name], equal_nan=name != "member_id"), name


@pytest.mark.slow
def test_parts_that_take_turns_have_the_bits_of_the_whole(uncut: Run, notes: list[str]):
    def one_is_there(population: Trainer) -> None:
        assert [runner.loaded for runner in population.runners] == [False, True]
        waiting = population.runners[0]
        assert all(isinstance(x, np.ndarray) for x in jax.tree.leaves((waiting.state, waiting.values)))

    compiler = Compiler()
    cut = trained(one_is_there, room=Room(members=ONE_BLOCK, stay=False), compiler=compiler)
    assert compiler.count == 4, "init, train, measure and divergences, once for both parts and all their turns"
    assert [len(runner.part.members) for runner in cut.population.runners] == [8, 8]
    assert notes == []
    assert_same(uncut, cut)


@pytest.mark.slow
def test_parts_that_take_turns_are_saved_and_restored(uncut: Run):
    """In the middle of training, when one part has begun and the other waits."""
    room = Room(members=ONE_BLOCK, stay=False)
    population = population_of(MEMBERS, room=room)
    states: list[TrainingState] = []

    def look() -> None:
        state = population.state()
        states.append(TrainingState(jax.tree.map(np.array, state.arrays), dict(state.position)))

    population.between_chunks = look
    checkpoints = list(population.run(SCHEDULE))
    done = [state.arrays[PROGRAM.name]["done"] for state in states]
    uneven = [state for state, steps in zip(states, done, strict=True) if 2 * steps[0] != steps[-1] and steps.any()]
    for state, other in ((uneven[0], room), (uneven[-1], UNLIMITED)):
        again = population_of(MEMBERS, room=other)
        again.restore(state)
        rest = list(again.run(SCHEDULE))
        assert no_records_differ(checkpoints[-len(rest) :], rest)
        assert all(same_bits(a, b) for a, b in zip(uncut.weights, weights_of(again), strict=True))
    assert_same(uncut, Run(population, checkpoints, weights_of(population)))


@pytest.mark.slow
def test_parts_that_fit_together_stay(uncut: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(PartRunner, "unload")
    cut = trained(room=Room(members=ONE_BLOCK))
    assert all(runner.loaded for runner in cut.population.runners) and len(cut.population.runners) == 2
    assert_same(uncut, cut)


def exhausted() -> Exception:
    return jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes.\nmore about it")


@pytest.mark.parametrize("when", ["start", "compile", "train", "measured", "divergences"])
def test_out_of_memory_halves_a_part_and_goes_on(
    uncut: Run, monkeypatch: pytest.MonkeyPatch, notes: list[str], when: str
):
    """A call on two blocks fails after it has consumed the state, as a device's does; calls on one succeed."""
    calls = []
    if when == "compile":
        compile_ = Compiler.__call__

        def compile_small(self: Compiler, name: tuple, function: Callable, *arguments: object):
            if name[0] == "train" and jax.tree.leaves(arguments)[0].shape[0] > 1:
                calls.append(name)
                raise exhausted()
            return compile_(self, name, function, *arguments)

        monkeypatch.setattr(Compiler, "__call__", compile_small)
    else:
        method = "train_to" if when == "train" else when
        work = getattr(PartRunner, method)

        def work_on_few(self: PartRunner, *arguments: object):
            done = self.done
            result = work(self, *arguments)
            if len(self.part.slots) > 1 and (when != "train" or done.max() > 20):  # in the middle of training
                calls.append(method)
                self.done = done
                if when in ("start", "train"):
                    for leaf in jax.tree.leaves(self.state):
                        leaf.delete()
                if when == "start":
                    self.state = cast(TrainState, None)
                raise exhausted()
            return result

        monkeypatch.setattr(PartRunner, method, work_on_few)
    halved = trained()
    assert len(calls) == 1
    assert notes == [
        "memory: no room for 16 members at once (RESOURCE_EXHAUSTED: Out of memory allocating 123 bytes.); "
        "trained as 8 and 8"
    ]
    assert_same(uncut, halved)
    assert halved.population.model_steps == uncut.population.model_steps


def test_out_of_memory_first_sends_the_other_parts_away(uncut: Run, monkeypatch: pytest.MonkeyPatch, notes: list[str]):
    train_to = PartRunner.train_to
    population: list[Trainer] = []

    def alone_only(self: PartRunner, *arguments):
        if sum(runner.loaded for runner in population[0].runners) > 1:
            raise exhausted()
        return train_to(self, *arguments)

    population.append(population_of(MEMBERS, room=Room(members=ONE_BLOCK)))
    monkeypatch.setattr(PartRunner, "train_to", alone_only)
    checkpoints = list(population[0].run(SCHEDULE))
    assert len(notes) == 1 and notes[0].startswith("memory: no room for 8 members beside the others (RESOURCE_EXH")
    assert_same(uncut, Run(population[0], checkpoints, weights_of(population[0])))


def test_one_block_that_does_not_fit_is_named(monkeypatch: pytest.MonkeyPatch):
    def never(self: PartRunner, *arguments):
        raise exhausted()

    monkeypatch.setattr(PartRunner, "measured", never)
    with pytest.raises(InputError, match=r"^runtime.block: no memory for one block of 8 members on each device .*=4$"):
        trained()


def test_another_error_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch):
    def broken(self: PartRunner, *arguments):
        raise jax.errors.JaxRuntimeError("INTERNAL: something else")

    monkeypatch.setattr(PartRunner, "measured", broken)
    with pytest.raises(jax.errors.JaxRuntimeError, match="something else"):
        trained()


def test_a_compiled_program_is_held_against_the_budget(uncut: Run, monkeypatch: pytest.MonkeyPatch, notes: list[str]):
    """What the programs for two blocks take at the most is one byte too much; those for one take less."""
    seen: list[int] = []

    def looked_at(program: object) -> int:
        seen.append(compiled_bytes(program))
        return seen[-1]

    monkeypatch.setattr("mirrorjax.training.part.compiled_bytes", looked_at)
    assert len(trained(room=Room(budget=GIB)).population.runners) == 1
    cut = trained(room=Room(budget=max(seen) - 1))
    assert len(cut.population.runners) == 2
    assert any("at once" in note and "bytes a device, there are" in note for note in notes)
    assert_same(uncut, cut)


def test_what_stays_on_a_device_is_planned_exactly(uncut: Run):
    [runner] = uncut.population.runners
    assert runner.bytes == 16 * need(PROGRAM).resident


class TestMakeRoom:
    def test_without_a_budget_there_is_no_limit(self):
        assert make_room(MEMBERS, BLOCK, 1, None, 0, True) == Room()

    def test_much_memory_leaves_the_population_whole(self):
        room = make_room(mixed_members(), BLOCK, 2, GIB, 1 << 20, True)
        assert room.stay
        parts = plan(mixed_members(), BLOCK, 2, room.members)
        assert len(parts) == 3 == len(room.members)

    @pytest.mark.parametrize("devices", [1, 2])
    def test_parts_fit_into_what_is_there(self, devices: int):
        members = [Member(seed=i, width=width) for width in (8, 17) for i in range(4000)]
        stays = []
        for budget in (64 << 20, 80 << 20, 120 << 20, 220 << 20, 420 << 20):
            data = 30 << 20
            room = make_room(members, 16, devices, budget, data, False)
            parts = plan(members, 16, devices, room.members)
            resident = sum(part.slots.size // devices * need(part.program, False).resident for part in parts)
            for part in parts:
                slots, each = part.slots.size // devices, need(part.program, False)
                there = resident if room.stay else slots * each.resident
                assert data + there + slots * each.running + 16 * each.block <= budget
            stays.append(room.stay)
        assert stays == sorted(stays) and {*stays} == {False, True}

    def test_too_little_for_one_block_is_named(self):
        with pytest.raises(InputError) as error:
            make_room(MEMBERS, BLOCK, 1, 0.001 * GIB, 1 << 20, True)
        assert str(error.value).startswith("runtime.memory_budget is 0.001 GiB a device; one block of 8 members and")
        assert str(error.value).endswith("(runtime.block=4)")

    def test_the_largest_block_takes_half_of_what_is_left(self):
        each = need(PROGRAM, False)
        one = each.resident + each.running + each.block
        assert largest_block(MEMBERS, None, 0) is None
        sizes = {slots: largest_block(MEMBERS, 100 + 2 * slots * one, 100) for slots in (1, 2, 3, 4, 1000)}
        assert sizes == {1: 1, 2: 2, 3: 2, 4: 4, 1000: 512}


class TestBudget:
    """The devices of a CPU share the machine's memory; an accelerator has its own, of which jax tells the size."""

    def test_of_a_cpu(self):
        devices = jax.devices()[:2]
        assert memory_budget(3.0, "cpu", devices) == 1.5 * GIB
        found = memory_budget(None, "cpu", devices)
        assert found is not None and 0 < found < free_memory()

    def test_of_an_accelerator(self):
        class Card:
            def __init__(self, stats: dict[str, int] | None):
                self.memory_stats = lambda: stats
                self.process_index = 0

        assert memory_budget(3.0, "gpu", [Card({"bytes_limit": 1})] * 2) == 3 * GIB
        assert memory_budget(None, "gpu", [Card({"bytes_limit": 1000})] * 2) == 900
        assert memory_budget(None, "tpu", [Card(None)]) is None

    def test_a_control_group_may_allow_less(self, monkeypatch: pytest.MonkeyPatch):
        files = {
            "/proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:  5000 kB\n",
            "/sys/fs/cgroup/memory.max": "4000000\n",
            "/sys/fs/cgroup/memory.current": "3000000\n",
            "/sys/fs/cgroup/memory.stat": "anon 5\ninactive_file 200000\n",
        }
        monkeypatch.setattr("pathlib.Path.read_text", lambda self: files[str(self)])
        assert free_memory() == 1_200_000
        files["/sys/fs/cgroup/memory.max"] = "max\n"
        assert free_memory() == 5_120_000


def test_blocks_of_an_accelerator_are_as_large_as_memory_allows():
    assert [block_size(None, "cpu", 5000), block_size(48, "gpu", 5000)] == [16, 48]
    assert [block_size(None, "gpu", 5000), block_size(None, "gpu", 5000, 1024), block_size(None, "gpu", 3)] == [
        *(8192, 1024, 64)
    ]
