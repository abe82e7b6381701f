"""Each program is compiled once, and the devices never talk to each other; none takes more than was planned."""

import logging
import re
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import numpy as np
import pytest

from mirrorjax.dataset.matched import CONDITIONS
from mirrorjax.measurement.battery.boards import Boards, TaskRows, boards_of
from mirrorjax.measurement.stream import TRUTHS, WIDE_PIECE, measured_rows
from mirrorjax.population.members import Member, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.training import programs
from mirrorjax.training.engines import fused, xla
from mirrorjax.training.engines.shape import shape_of
from mirrorjax.training.memory import compiled_bytes, data_bytes, need, parameter_shapes, state_shapes, value_shapes
from tests.training.cases import BLOCK, COMPILER, epochs, mixed_members, observed_run, run, small_dataset

COLLECTIVES = ("all-reduce", "all-gather", "all-to-all", "reduce-scatter", "collective-permute", "collective-broadcast")


def test_one_program_each_for_init_measure_train_and_units():
    """Neither pieces of a run nor checkpoints compile anything anew."""
    assert observed_run().compiled == [2, 3, 3, 4]
    names = [name for (name, _), *_ in observed_run().population.compiler.programs]
    assert names[:4] == ["init", "measure", "train", "divergences"]


def test_the_update_is_traced_for_the_first_compilation_only():
    before, *after = observed_run().traced
    assert before == 0 and after[0] > 0
    assert set(after) == {after[0]}


@pytest.mark.slow
def test_the_same_shapes_share_a_program_between_populations():
    run(mixed_members()[:16], *epochs(5))
    count = COMPILER.count
    run(mixed_members()[:16][::-1], *epochs(3, 9))
    assert COMPILER.count == count


def test_no_program_is_compiled_to_put_arrays_on_devices(caplog: pytest.LogCaptureFixture):
    """Members' values, measured rows and boards; what is compiled says what rows and games are."""
    dataset, members = small_dataset(), [Member(seed=seed, width=5 + seed) for seed in range(7)]
    with jax.log_compiles(), caplog.at_level(logging.WARNING, "jax"):
        stack_values(members, "0" * 16)
        measured_rows(dataset.test[:777], dataset.validation[:333])
        boards_of(dataset, 77, 33)
    said = "\n".join(record.message for record in caplog.records)
    compiled = re.findall(r"^Compiling jit\((.+?)\)", said, re.MULTILINE)
    assert {*compiled} <= {"_answer", "_situation"}


@pytest.mark.parametrize("number", range(4), ids=["init", "measure", "train", "divergences"])
def test_no_collectives(number):
    """What is compiled for two devices has nothing in it that passes between them."""
    program = list(observed_run().population.compiler.programs.values())[number]
    text = program.as_text()
    assert "num_partitions=2" in text
    assert not [name for name in COLLECTIVES if name in text]


@pytest.mark.parametrize("number", range(4), ids=["init", "measure", "train", "divergences"])
def test_memory_is_at_most_what_was_planned(number):
    """Of one block on each of two devices; and what decides, measuring, is planned to within a factor of two."""
    population = observed_run().population
    taken = compiled_bytes(list(population.compiler.programs.values())[number])
    each = need(population.runners[0].part.program)
    data = data_bytes(len(small_dataset().train), 1024, 1024)  # 600 measured rows, in pieces of 512
    planned = BLOCK * (each.resident + each.running + each.block) + data
    assert taken <= planned
    if number == 1:
        assert planned - data < 2 * taken


def of_members(tree: Any, *leading: int) -> Any:
    """Shapes of one member as those of an accelerator's block."""
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct((*leading, *x.shape), x.dtype), tree)


def bytes_a_member(compiled: Any, few: int, many: int) -> float:
    """What a program takes of each of its members, by what the compiler says of two numbers of them."""
    return (compiled(many) - compiled(few)) / (many - few)


TRANSFORMER = Member(model="transformer", width=73)
TRAINED = {f"2×{width}": Member(width=width) for width in (8, 17, 50)} | {
    "transformer": TRANSFORMER,
    "two blocks of 32": replace(TRANSFORMER, depth=2, d_model=32, heads=4),
}


@pytest.mark.accelerators
@pytest.mark.usefixtures("compiled_quickly")
@pytest.mark.parametrize("kind", TRAINED)
def test_an_accelerators_member_takes_at_most_what_is_planned(kind):
    """Of training by each engine and of measuring in wide pieces, as a CPU's compiler counts; to a factor of three."""
    member = TRAINED[kind]
    program = program_of(member)
    each, regime = need(program, host=False), regime_of(program)
    values, rows = value_shapes(program.regime), small_dataset().train[:4096]
    measured_on, _ = measured_rows(small_dataset().test[:2048], small_dataset().validation[:2048], piece=WIDE_PIECE)
    driver: Any = None  # is not called
    engines = {"xla": partial(xla.train, program)}
    if member.model == "mlp":
        engines["fused"] = partial(fused.train, shape_of(program, member.batch_size, 64, 132), driver)

    def training(engine: Any, members: int) -> int:
        state = of_members((state_shapes(program), values), 1, members)
        clock = jax.ShapeDtypeStruct((1,), np.uint32)
        return compiled_bytes(jax.jit(engine, donate_argnums=0).lower(*state, clock, clock, rows).compile())

    def measuring(function: Any, members: int) -> int:
        own = of_members((parameter_shapes(program), values), members)
        return compiled_bytes(jax.jit(function).lower(*own, measured_on).compile())

    def counting(params: Any, values: Any, rows: Any) -> Any:
        members = len(values.width)
        return programs.divergences(regime.only("show"), params, values, rows, counted=members, together=members)

    by = {"counting": partial(measuring, counting)}
    by["measuring"] = partial(measuring, partial(programs.measure, regime.only("score")))
    by |= {name: partial(training, engine) for name, engine in engines.items()}
    taken = {name: bytes_a_member(of, 16, 64) for name, of in by.items()}
    planned = each.resident + each.running + each.block
    assert max(taken.values()) <= planned <= 3 * max(taken.values()), taken


def array(kind: Any, *shape: int) -> Any:
    """In the place of an array."""
    return jax.ShapeDtypeStruct(shape, kind)


SHOWN = TRAINED | {"1×8": Member(width=8, depth=1), "3×17": Member(depth=3)}


@pytest.mark.accelerators
@pytest.mark.usefixtures("compiled_quickly")
@pytest.mark.parametrize(("kind", "boards"), [*((kind, 1024) for kind in SHOWN), ("2×17", 256), ("1×8", 256)])
def test_whoever_is_shown_boards_takes_at_most_what_is_planned(kind, boards):
    """The battery and what units cause, of members side by side, as a CPU's compiler counts; to a factor of two."""
    program = program_of(SHOWN[kind])
    each, regime = need(program, host=False, boards=boards), regime_of(program).only("show")
    own = (parameter_shapes(program), value_shapes(program.regime))
    scores = np.empty(sum(site.size for site in regime.sites), np.float32)
    anywhere, rescue = (array(np.int8, len(CONDITIONS), 100, number) for number in (boards, boards // 4))
    task = TaskRows(words=array(np.uint32, 2000, 2), weight=array(np.float32, len(TRUTHS), 2000))
    shown = Boards(anywhere=anywhere, rescue=rescue, task=task)

    def battery(members: int) -> int:
        function = jax.jit(partial(programs.battery, regime, together=members))
        return compiled_bytes(function.lower(*of_members(own, members), shown).compile())

    def causes(members: int) -> int:
        function = jax.jit(partial(programs.causes, regime, together=members))
        asked = of_members((*own, scores, np.bool_(True)), members)
        return compiled_bytes(function.lower(*asked, shown).compile())

    taken = {of.__name__: bytes_a_member(of, 4, 12) for of in (battery, causes)}
    assert max(taken.values()) <= each.shown <= 2 * max(taken.values()), taken
    assert each.together(64) * each.shown <= 1 << 30
