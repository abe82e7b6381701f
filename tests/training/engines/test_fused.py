"""The fused kernel against the product's own step, by the emulator: the same weights within rounding."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.knobs import PAPER
from mirrorjax.population.members import Member, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.training import programs
from mirrorjax.training.engines import fused, xla
from mirrorjax.training.engines.shape import Shape, shape_of, why_not
from mirrorjax.training.step import TrainState
from tests.training.engines.emulator import Emulator, emulated, needs_compiler

STEPS, ROWS, CLOSE = 200, 5000, 2e-6
KNOBS: dict[str, Any] = {"congruence": 0.5, "dependency": 0.3, "veil_symbol": 0.5, "veil_role": 0.6, "mask": 0.5}
CASES: dict[str, tuple[dict[str, Any], ...]] = {  # what the two members differ in from the paper's
    "paper": ({"learning_rate": 1e-3}, {"learning_rate": 1e-4, "dropout": 0.3, "l2": 0.003}),
    "narrower, smaller batch": ({"width": 17}, {"width": 13, "batch_size": 20, "dropout": 0.0, "l2": 0.0}),
    "knobs": ({**KNOBS, "skies": 3, "shuffled": 0.2, "edge": 0.0}, {"congruence": 1.0, "skies": 5}),
}
SLOW: dict[str, tuple[dict[str, Any], ...]] = {
    **{name: ({"activation": name}, {"activation": name, "width": 14}) for name in ("tanh", "gelu", "identity")},
    "permuted": ({"encoding": "permuted", **KNOBS},),
    "shared order": ({"data_order": "shared"}, {"data_order": "shared", "seed": 5}),
    "narrow": ({"width": 5, "batch_size": 7}, {"width": 8, "depth": 2, "batch_size": 3}),
    "one layer of 32": ({"width": 32, "depth": 1, "batch_size": 32},),
    "three layers": ({"depth": 3, "batch_size": 20},),
    "three layers, gelu": ({"depth": 3, "activation": "gelu", **KNOBS},),
    "24 units": ({"width": 24, "batch_size": 32}, {"width": 20}),
    "40 units": ({"width": 40}, {"width": 33}),
    "50 units": ({"width": 50},),
    "64 units": ({"width": 64, "depth": 1},),
}


def rows(count: int, seed: int = 0) -> np.ndarray:
    """Packed rows of all kinds [count, 2]: both players on rough ground or not, in one cell, at the edge."""
    draw = np.random.default_rng(seed)
    ground = draw.integers(0, 2**32, count, dtype=np.uint32) & draw.integers(0, 2**32, count, dtype=np.uint32)
    frog, toad = draw.integers(0, 32, (2, count), dtype=np.uint32)
    symbol = np.where((ground >> toad) & 1, 4, draw.integers(0, 4, count)).astype(np.uint32)
    energy, sky = draw.integers(0, 11, count, dtype=np.uint32), draw.integers(0, 6, count, dtype=np.uint32)
    return np.stack([ground, frog | toad << 5 | symbol << 10 | energy << 13 | sky << 17], axis=-1)


def population(members: Sequence[Member]) -> tuple[Any, TrainState, Any, Shape]:
    """Program, untrained state, values [1 block, members] and shape of some members."""
    program = program_of(members[0])
    values = stack_values([*members], "0" * 16)
    fill = {"first_row": jnp.zeros(len(members), jnp.uint32), "train_rows": jnp.full(len(members), ROWS, jnp.uint32)}
    values = jax.tree.map(jnp.asarray, replace(values, **fill))
    program = replace(program, knobs=not all(member.at_paper for member in members))
    state = jax.jit(partial(programs.init, regime_of(program)))(values)
    batch = max(member.batch_size for member in members)
    assert why_not(program, batch) is None
    return program, *jax.tree.map(lambda x: x[None], (state, values)), shape_of(program, batch, 10**6, 132)


def members_of(settings: Sequence[dict[str, Any]]) -> list[Member]:
    usual = {"learning_rate": 1e-3, "batch_size": 25}
    return [Member(**{"seed": seed, **usual, **own}) for seed, own in enumerate(settings)]


def off(one: TrainState, other: TrainState) -> list[dict[str, float]]:
    """By member, what differs by more than `CLOSE`: weights, and moments relative to the largest there is."""
    found: list[dict[str, float]] = [{} for _ in range(one.alive.size)]
    own: Any = one.own
    others: Any = other.own
    for name in ("params", "mu", "nu"):
        trees = [each.params if name == "params" else getattr(each.moments, name) for each in (own, others)]
        for tensor in trees[0]:
            pairs = zip(*(np.asarray(tree[tensor], np.float64)[0] for tree in trees), strict=True)
            for member, (a, b) in enumerate(pairs):
                difference = np.abs(a - b).max() / (1.0 if name == "params" else np.abs(a).max())
                if not difference <= CLOSE:
                    found[member][f"{name} {tensor}"] = float(difference)
    return found


def compare(settings: Sequence[dict[str, Any]], **shaped: Any) -> None:
    """Trains four members both ways. A relu whose drive is zero within rounding falls to either side: one may do so."""
    members = members_of((*settings, *settings, *settings, *settings)[:4])
    program, state, values, shape = population(members)
    clock = jnp.zeros(1, jnp.uint32), jnp.full(1, STEPS, jnp.uint32)
    data = jnp.asarray(rows(ROWS))
    expected = jax.jit(partial(xla.train, program))(state, values, *clock, data)
    found = jax.jit(partial(fused.train, replace(shape, **shaped), Emulator()))(state, values, *clock, data)
    differing = [each for each in off(expected, found) if each]
    assert len(differing) <= (program.activation == "relu"), differing
    assert jnp.array_equal(expected.alive, found.alive) and jnp.array_equal(
        regime_of(program).steps(expected.own), regime_of(program).steps(found.own)
    )
    moved = np.abs(np.asarray(found.own.params["hidden_1_kernel"] - state.own.params["hidden_1_kernel"])).max()
    assert moved > 1e-3  # it was trained


@needs_compiler
@pytest.mark.parametrize(
    "case", [*(pytest.param(each, marks=pytest.mark.slow) for each in CASES if each != "knobs"), "knobs"]
)
def test_trains_as_the_step_does(case):
    compare(CASES[case])


@needs_compiler
@pytest.mark.accelerators
@pytest.mark.parametrize("case", SLOW)
def test_trains_every_shape_as_the_step_does(case):
    compare(SLOW[case])


@needs_compiler
@pytest.mark.accelerators
@pytest.mark.parametrize("warps", [1, 2, 8, 16])
def test_any_number_of_warps_trains_alike(warps):
    compare(CASES["paper"], warps=warps)


@needs_compiler
@pytest.mark.slow
def test_layout_takes_the_bytes_that_are_planned():
    for width, depth, batch, warps, activation in ((17, 2, 25, 3, 0), (8, 1, 7, 3, 1), (40, 3, 20, 8, 0)):
        shape = Shape(width, depth, batch, warps, 1, activation)
        assert emulated(shape).shared_bytes() == shape.shared_bytes


@needs_compiler
@pytest.mark.slow
def test_three_calls_give_the_bits_of_one_and_each_block_has_its_clock():
    program, state, values, shape = population(members_of(({"learning_rate": 1e-3}, {"learning_rate": 1e-4})))
    state, values = jax.tree.map(lambda x: x.reshape(2, 1, *x.shape[2:]), (state, values))  # two blocks of one
    data, driver = jnp.asarray(rows(ROWS)), Emulator()
    run = jax.jit(partial(fused.train, shape, driver))
    whole = run(state, values, jnp.uint32([0, 0]), jnp.uint32([50, 21]), data)
    parts = state
    for start, stop in (([0, 0], [17, 0]), ([17, 0], [17, 21]), ([17, 21], [50, 21])):
        parts = run(parts, values, jnp.uint32(start), jnp.uint32(stop), data)
    assert regime_of(program).steps(parts.own).tolist() == [[50], [21]]
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(parts), strict=True):
        assert np.array_equal(one, other)
    assert driver.launches == [2, 2, 2, 2]


@needs_compiler
@pytest.mark.slow
def test_diverged_and_frozen_members_stay_as_they_are():
    program, state, values, shape = population(members_of(({"learning_rate": 1e3}, {}, {})))
    state = replace(state, alive=jnp.asarray([[True, False, True]]))
    data, clock = jnp.asarray(rows(ROWS)), (jnp.zeros(1, jnp.uint32), jnp.full(1, 40, jnp.uint32))
    expected = jax.jit(partial(xla.train, program))(state, values, *clock, data)
    found = jax.jit(partial(fused.train, shape, Emulator()))(state, values, *clock, data)
    assert found.alive.tolist() == expected.alive.tolist() == [[False, False, True]]
    steps = regime_of(program).steps(found.own).tolist()
    assert steps == regime_of(program).steps(expected.own).tolist() and 0 < steps[0][0] < 40 and steps[0][1:] == [0, 40]
    for name, kernel in found.own.params.items():
        assert np.array_equal(kernel[0, 1], state.own.params[name][0, 1])


def test_knobs_have_the_order_of_the_settings():
    (names,) = re.findall(r"struct alignas\(16\) Knobs \{\s*float ([^;]*);", fused.SOURCE.read_text())
    assert names.split(", ") == [*PAPER]


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ({"regime": "contrastive"}, "regime contrastive"),
        ({"encoding": "one_hot"}, "encoding one_hot"),
        ({"width": 65}, "64 units"),
        ({"depth": 4}, "3 layers"),
        ({"batch_size": 33}, "32 rows"),
        ({"width": 64, "depth": 3, "batch_size": 32}, "bytes of shared memory"),
    ],
)
def test_says_why_a_program_is_left_to_xla(setting, word):
    member = Member(**setting)
    assert word in (why_not(program_of(member), member.batch_size) or "")
