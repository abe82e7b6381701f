"""The rule that chooses an engine, and a population that both of them train, the kernel by its emulator."""

import re
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import jax
import pytest

from mirrorjax.errors import InputError
from mirrorjax.machine.compiler import Compiler
from mirrorjax.population.members import Member
from mirrorjax.population.plan import program_of
from mirrorjax.training.engines import choice, fused
from mirrorjax.training.engines.choice import Engine, engine_for
from mirrorjax.training.engines.cuda import KernelError
from mirrorjax.training.engines.fused import try_out
from mirrorjax.training.engines.shape import shape_of, why_not
from mirrorjax.training.loop import Schedule
from tests.training.cases import RATE, epochs, largest_difference, population_of, same_bits, weights_of
from tests.training.engines.emulator import Emulator, needs_compiler

PROGRAM = program_of(Member())
GPU = SimpleNamespace(platform="gpu", device_kind="NVIDIA H100", compute_capability="9.0", core_count=132)


@pytest.fixture()
def compiles(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The capabilities that kernels are compiled for, without a compiler."""
    found: list[str] = []
    monkeypatch.setattr(choice, "compiled", lambda shape, capability, folder: found.append(capability))
    monkeypatch.setattr(fused, "try_out", lambda *of_kernel: None)
    return found


def test_a_gpu_that_has_the_kernel_takes_it(compiles):
    assert engine_for("auto", PROGRAM, 25, 4096, GPU).name == engine_for("fused", PROGRAM, 25, 32, GPU).name == "fused"
    assert compiles == ["90", "90"]
    assert engine_for("xla", PROGRAM, 25, 4096, GPU) == Engine("xla", "as asked", print)


@pytest.mark.parametrize(
    ("device", "why"),
    [
        (jax.devices("cpu")[0], "no GPU, but cpu"),
        (SimpleNamespace(**{**vars(GPU), "compute_capability": "7.5"}), "compute capability 8.0"),
        (SimpleNamespace(platform="gpu", device_kind="Radeon"), "Radeon is no NVIDIA GPU"),
    ],
)
def test_other_devices_leave_it_to_xla_unless_it_is_asked_for(device, why, compiles):
    found = engine_for("auto", PROGRAM, 25, 64, device)
    assert found.name == "xla" and why in found.why and compiles == []
    with pytest.raises(InputError, match=f"runtime.engine is fused: .*{why}.*allowed here: auto, xla"):
        engine_for("fused", PROGRAM, 25, 64, device)


@pytest.mark.parametrize(
    ("error", "why"),
    [(ImportError("No module named 'cuda'"), r"pip install 'mirrorjax\[cuda13\]'"), (KernelError("no"), "^no$")],
)
def test_what_is_missing_is_told(error, why, monkeypatch):
    def fails(*of_kernel):
        raise error

    monkeypatch.setattr(choice, "compiled", fails)
    found = engine_for("auto", PROGRAM, 25, 64, GPU)
    assert found.name == "xla" and re.search(why, found.why)
    with pytest.raises(InputError, match=r"runtime\.engine is fused"):
        engine_for("fused", PROGRAM, 25, 64, GPU)


def test_a_kernel_that_cannot_be_launched_is_told(compiles, monkeypatch):
    def refuses(shape, driver, program, device):
        try_out(shape, Refusing(), program, jax.devices("cpu")[0])

    monkeypatch.setattr(fused, "try_out", refuses)
    found = engine_for("auto", PROGRAM, 25, 64, GPU)
    assert found.name == "xla" and "CUDA says no" in found.why and "\n" not in found.why


class Refusing(Emulator):
    """A driver whose device is broken."""

    def launch(self, shape, arguments, context):
        raise KernelError("CUDA says no")


@needs_compiler
def test_trying_out_launches_once():
    driver = Emulator()
    try_out(shape_of(PROGRAM, 25, 1, 132), driver, PROGRAM, jax.devices("cpu")[0])
    assert driver.launches == [1]


def test_what_the_kernel_does_not_serve_goes_by_xla_even_where_it_is_asked_for(compiles):
    found = engine_for("fused", program_of(Member(encoding="one_hot")), 25, 64, GPU)
    assert (found.name, found.why, compiles) == ("xla", "encoding one_hot", [])


def test_less_shared_memory_serves_fewer_shapes(compiles):
    small = SimpleNamespace(**{**vars(GPU), "compute_capability": "8.9"})
    wide = program_of(Member(width=50, depth=3))
    assert engine_for("auto", wide, 25, 64, GPU).name == "fused"
    assert "shared memory" in engine_for("auto", wide, 25, 64, small).why


@pytest.mark.slow
@needs_compiler
def test_a_mixed_population_is_trained_by_both_and_goes_on_with_the_same_bits(monkeypatch):
    driver = Emulator()

    def by_emulator(asked, program, batch, members, device):
        if asked == "xla" or why_not(program, batch):
            return engine_for("auto", program, batch, members, device)
        shape = shape_of(program, batch, members, 132)
        return Engine("fused", f"emulated, {shape}", partial(fused.train, shape, driver))

    monkeypatch.setattr("mirrorjax.training.part.engine_for", by_emulator)
    monkeypatch.setattr("mirrorjax.training.loop.CHUNK_SECONDS", 1e9)
    one = Member(learning_rate=RATE, batch_size=25)
    members = [one, replace(one, seed=1, dropout=0.3, learning_rate=RATE / 2), replace(one, encoding="one_hot")]
    schedule, compiler = Schedule((0.0, *epochs(20, 40))), Compiler()

    def trained(population, stop_after: int | None = None):
        for checkpoint in population.run(schedule):
            if checkpoint.index == stop_after:
                break
        return population

    whole = trained(population_of(members, block=2, compiler=compiler))
    assert sorted(engine.name for engine in whole.engines.values()) == ["fused", "xla"]
    assert sum(driver.launches) >= 4  # two blocks of two, the one with its clock
    by_xla = trained(population_of(members[:2], block=2, compiler=compiler, engine="xla"))
    assert {engine.name for engine in by_xla.engines.values()} == {"xla"}
    for mine, other in zip(weights_of(whole), weights_of(by_xla), strict=False):
        assert 0 < largest_difference(mine, other) < 2e-6
    half = trained(population_of(members, block=2, compiler=compiler), stop_after=1)
    half.next_checkpoint = 2
    rest = population_of(members, block=2, compiler=compiler)
    rest.restore(half.state())
    for mine, other in zip(weights_of(whole), weights_of(trained(rest)), strict=True):
        assert same_bits(mine, other)
    alone = trained(population_of(members[1:2], block=1, compiler=compiler))  # a member is one sequential program
    assert same_bits(weights_of(alone)[0], weights_of(whole)[1])
