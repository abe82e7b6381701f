"""On a GPU: the fused kernel against XLA on the same device, alone and among others, and restored half-way; memory."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import jax
import pytest

from mirrorjax.machine.compiler import Compiler
from mirrorjax.population.members import Member
from mirrorjax.training.data import Data
from mirrorjax.training.loop import Schedule, Trainer
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.memory import Layout
from tests.training.cases import epochs, largest_difference, same_bits, small_dataset, weights_of

pytestmark = pytest.mark.gpu
RATE, STEPS = 1e-3, 200
WORKSPACE = 64 << 20  # bytes that a device's libraries take for themselves, whoever calls them
KNOBS = {"congruence": 0.5, "dependency": 0.3, "veil_symbol": 0.5, "veil_role": 0.6, "mask": 0.5, "skies": 3}
KINDS = {
    "paper": Member(learning_rate=RATE, batch_size=25),
    "knobs": Member(learning_rate=RATE, batch_size=25, **KNOBS),
    "tanh": Member(learning_rate=RATE, batch_size=25, activation="tanh", depth=1),
    "three layers": Member(learning_rate=RATE, depth=3, width=8),
    "wide": Member(learning_rate=RATE, width=50),
    "permuted": Member(learning_rate=RATE, encoding="permuted", width=24),
}


@pytest.fixture(scope="module")
def gpus() -> Iterator[list]:
    """All there are; products of matrices are float32 throughout, as in every run."""
    try:
        devices = jax.devices("gpu")
    except RuntimeError:
        pytest.skip("no GPU here")
    before = jax.config.values["jax_default_matmul_precision"]
    jax.config.update("jax_default_matmul_precision", "highest")
    yield devices
    jax.config.update("jax_default_matmul_precision", before)


def trained(members: list[Member], devices: list, engine: str, stop: int | None = None) -> Trainer:
    """A population of two blocks on a GPU, to the end or to a checkpoint."""
    data = Data.of(small_dataset(), test_rows=600, validation_rows=600)
    layout = Layout(devices, 32, engine=engine)
    population = Trainer(Measuring(members, data, layout.devices, 0), layout, Compiler())
    _finish(population, stop)
    return population


def _finish(population: Trainer, stop: int | None = None) -> None:
    for checkpoint in population.run(Schedule((0.0, *epochs(STEPS // 2, STEPS, rate=RATE)))):
        if checkpoint.index == stop:
            population.next_checkpoint = checkpoint.index + 1
            return


def members_of(kind: str, number: int = 33) -> list[Member]:
    return [replace(KINDS[kind], seed=seed, dropout=0.12 + 0.05 * (seed % 3)) for seed in range(number)]


@pytest.mark.parametrize("kind", KINDS)
def test_trains_as_xla_does(kind, gpus):
    members = members_of(kind)
    fused, xla = trained(members, gpus[:1], "fused"), trained(members, gpus[:1], "xla")
    assert [each.name for each in fused.engines.values()] == ["fused"]
    differences = [largest_difference(*both) for both in zip(weights_of(fused), weights_of(xla), strict=True)]
    far = [each for each in differences if each > 2e-6]
    assert len(far) <= len(members) // 5, differences  # a relu at its threshold falls to either side


def test_alone_as_among_others(gpus):
    members = members_of("paper", 600)  # more than are on the device at once
    among = weights_of(trained(members, gpus[:1], "fused"))
    for number in (0, 31, 32, 599):
        assert same_bits(weights_of(trained([members[number]], gpus[:1], "fused"))[0], among[number])


def test_goes_on_with_the_same_bits(gpus):
    members = members_of("knobs")
    whole = trained(members, gpus[:1], "fused")
    half = trained(members, gpus[:1], "fused", stop=1)
    rest = trained(members, gpus[:1], "fused", stop=0)
    rest.restore(half.state())
    _finish(rest)
    for mine, other in zip(weights_of(whole), weights_of(rest), strict=True):
        assert same_bits(mine, other)


def test_several_devices_train_the_same_bits(gpus):
    if len(gpus) < 2:
        pytest.skip("one GPU here")
    members = members_of("paper", 64)
    one, two = trained(members, gpus[:1], "fused"), trained(members, gpus[:2], "fused")
    for mine, other in zip(weights_of(one), weights_of(two), strict=True):
        assert same_bits(mine, other)


@pytest.mark.parametrize("engine", ["fused", "xla"])
def test_a_member_takes_at_most_what_is_planned(engine, gpus):
    """By the device's own account of two sizes of population, each engine in a process of its own.

    The plan is fitted to what a CPU's compiler says; this one may do with a fourth of it.
    """
    environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}  # beside what this process holds
    command = [sys.executable, "-m", "mirrorjax.bench.memory", "gpu", engine]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    measured, planned = found["a member, measured"], found["a member, planned"]
    assert measured <= planned <= 4 * measured, found
    measured, planned = (found[f"a block and its boards, {what}"] for what in ("measured", "planned"))
    assert measured <= planned + WORKSPACE and planned <= 4 * measured, found
