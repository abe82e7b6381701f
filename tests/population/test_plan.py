"""Who trains with whom: programs, blocks, parts; every member exactly once."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from mirrorjax.population.members import Member
from mirrorjax.population.plan import (
    WIDTHS,
    ProgramSpec,
    compiled_width,
    over_members,
    plan,
    population_mesh,
    program_of,
    replicated,
)

PUBLISHED = ProgramSpec(
    regime="supervised", model="mlp", depth=2, activation="relu", width=17, batch=32, data_order="own"
)


def random_members(number: int, seed: int = 0) -> list[Member]:
    draw = np.random.default_rng(seed)
    return [
        Member(
            seed=i,
            width=int(draw.integers(5, 51)),
            depth=int(draw.integers(1, 4)),
            activation=str(draw.choice(["relu", "tanh"])),
            learning_rate=float(draw.choice([4e-6, 4e-5, 1e-4])),
            batch_size=int(draw.choice([20, 25, 33, 64])),
            data_order=str(draw.choice(["own", "shared"])),
            order_seed=int(draw.integers(2)) if draw.random() < 0.5 else None,
        )
        for i in range(number)
    ]


@pytest.mark.parametrize(
    "same",
    [{"seed": 5}, {"learning_rate": 1e-4}, {"dropout": 0.5}, {"l2": 0.0}, {"batch_size": 20}, {"batch_size": 32}],
)
def test_these_share_a_program(same):
    assert program_of(replace(Member(), **same)) == program_of(Member()) == PUBLISHED


@pytest.mark.parametrize(
    "other",
    [{"model": "x"}, {"depth": 1}, {"activation": "tanh"}, {"width": 18}, {"width": 16}, {"batch_size": 33},
     {"data_order": "shared"}, {"congruence": 0.1}, {"dependency": 0.9},
     {"shuffled": 0.1}],
)  # fmt: skip
def test_these_need_another(other):
    assert program_of(replace(Member(), **other)) != PUBLISHED


def test_compiled_widths_are_a_fixed_ladder():
    assert WIDTHS == (8, 16, 17, 24, 32, 40, 50, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
    ladder = {
        1: 8,
        5: 8,
        8: 8,
        9: 16,
        16: 16,
        17: 17,
        18: 24,
        33: 40,
        50: 50,
        51: 64,
        1024: 1024,
        1025: 1280,
        4096: 4096,
    }
    assert {width: compiled_width(width) for width in ladder} == ladder


def test_batches_are_compiled_as_multiples_of_32():
    sizes = {1: 32, 20: 32, 26: 32, 32: 32, 33: 64, 64: 64, 65: 96}
    assert {size: program_of(Member(batch_size=size)).batch for size in sizes} == sizes


@pytest.mark.parametrize("devices", [1, 2, 3])
@pytest.mark.parametrize("block", [1, 4, 16])
@pytest.mark.parametrize("max_members", [None, 10, 64])
def test_every_plan(devices, block, max_members):
    members = random_members(300)
    most = None if max_members is None else {program_of(member): max_members for member in members}
    parts = plan(members, block, devices, most)
    placed = np.concatenate([part.members for part in parts])
    assert sorted(placed.tolist()) == list(range(300))
    for part in parts:
        assert part.slots.shape[1] == block
        assert len(part.slots) % devices == 0
        assert part.slots.min() >= -1
        assert all(program_of(members[i]) == part.program for i in part.members)
        if max_members is not None:  # but each device has to have a block
            assert part.slots.size <= max(max_members, devices * block)
        for slots in part.slots:
            own = [members[i] for i in slots if i >= 0]
            assert (np.diff((slots < 0).astype(int)) >= 0).all()  # padding comes last
            assert len({member.learning_rate for member in own}) <= 1
            if part.program.data_order == "shared":
                assert len({(member.batch_size, member.resolved().order_seed) for member in own}) <= 1


def test_no_more_parts_than_programs_without_a_limit():
    members = random_members(300)
    parts = plan(members, 16, 2)
    programs = [part.program for part in parts]
    assert len(programs) == len(set(programs)) == len({program_of(member) for member in members})


def test_blocks_are_as_full_as_they_can_be():
    parts = plan([Member(seed=i) for i in range(37)], block=16, devices=1)
    assert [(part.slots >= 0).sum(-1).tolist() for part in parts] == [[16, 16, 5]]
    [part] = plan([Member(seed=i) for i in range(37)], block=16, devices=2)
    assert sorted((part.slots >= 0).sum(-1).tolist()) == [0, 5, 16, 16]


@pytest.mark.parametrize(
    ("most", "shape", "sizes"),
    [
        (32, (4, 8), [32, 32, 32, 4]),
        (64, (8, 8), [64, 36]),
        (90, (8, 8), [64, 36]),  # not five blocks a device and two, which would be two programs to compile
        (7, (2, 8), [16] * 6 + [4]),
    ],
)
def test_parts_of_a_program_are_of_one_size(most: int, shape: tuple[int, int], sizes: list[int]):
    members = [Member(seed=i) for i in range(100)]
    parts = plan(members, block=8, devices=2, max_members={PUBLISHED: most})
    assert [part.slots.shape for part in parts] == [shape] * len(sizes)
    assert [len(part.members) for part in parts] == sizes


def test_a_limit_is_of_its_own_program():
    members = [Member(seed=i, depth=depth) for i in range(32) for depth in (1, 2)]
    parts = plan(members, block=8, devices=1, max_members={PUBLISHED: 16})
    assert [(part.program.depth, len(part.members)) for part in parts] == [(1, 32), (2, 16), (2, 16)]


def test_a_members_program_does_not_depend_on_the_others():
    members = random_members(60)
    among = {i: part.program for part in plan(members, 4, 2) for i in part.members}
    for i, member in enumerate(members):
        [alone] = plan([member], 4, 2)
        assert alone.program == among[i] == program_of(member)


@pytest.mark.parametrize(
    ("rates", "devices"),
    [
        ([4e-6] * 9 + [4e-5] * 30 + [1e-4] * 50, 2),
        ([4e-6] * 9 + [4e-5] * 30 + [1e-4] * 50, 3),
        ([4e-6, 4e-6, 1e-4, 1e-4, 5e-6, 5e-6, 9e-5, 9e-5], 2),  # as they come, one device would have both slow blocks
    ],
)
def test_devices_have_about_the_same_to_do(rates, devices):
    """Steps of a device's blocks together: none has more than the longest block more than another."""
    members = [Member(seed=i, learning_rate=rate) for i, rate in enumerate(rates)]
    [part] = plan(members, block=2, devices=devices)
    steps = np.array([0 if slots[0] < 0 else members[slots[0]].step_at(1) for slots in part.slots])
    by_device = steps.reshape(devices, -1).sum(-1)
    assert by_device.max() - by_device.min() <= 153_600
    assert by_device.max() < 1.3 * by_device.mean()


def test_mesh_and_shardings():
    devices = jax.devices()[:2]
    mesh = population_mesh(devices)
    assert mesh.shape == {"population": 2} and list(mesh.devices.flat) == devices
    spread = jax.device_put(np.arange(4), over_members(mesh))
    assert [shard.data.tolist() for shard in spread.addressable_shards] == [[0, 1], [2, 3]]
    everywhere = jax.device_put(np.arange(4), replicated(mesh))
    assert [shard.data.tolist() for shard in everywhere.addressable_shards] == [[0, 1, 2, 3]] * 2
