"""Each program is compiled once, and the devices never talk to each other."""

import pytest

from mirrorjax.training.memory import compiled_bytes, data_bytes, need
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
