"""Members whose boards are looked at side by side, or whose rows are counted so, are measured as if alone."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.machine.runtime import GIB
from mirrorjax.measurement.histograms import PAIRS
from mirrorjax.measurement.stream import measured_rows
from mirrorjax.population.members import Member, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.training import programs
from mirrorjax.training.memory import Need, largest_divisor, make_room, need
from tests.training.cases import small_dataset

MEMBERS = [Member(seed=seed, width=8) for seed in range(8)]
PROGRAM = program_of(MEMBERS[0])
ASKED = np.array([0, 1, 0, 0, 0, 1, 0, 1], bool)


def test_as_many_as_there_is_room_for_and_as_divide_a_block():
    assert [largest_divisor(*each) for each in ((64, 42), (60, 42), (97, 42), (16, 1), (8, 100))] == [32, 30, 1, 1, 8]
    each = Need(resident=1, running=1, block=3, shown=10, most_shown=42)
    assert [each.together(block) for block in (64, 60, 8)] == [32, 30, 8]
    assert each.temporaries(64) == 320 and Need(1, 1, block=3).temporaries(64) == 192


def test_boards_take_what_they_take():
    """On a CPU a member at a time, on an accelerator as many as a fixed number of bytes hold, whatever the budget."""
    few, many = (need(PROGRAM, False, boards) for boards in (256, 4096))
    assert need(PROGRAM, False).shown == 0 and 0 < few.shown < many.shown
    assert few.together(1024) > many.together(1024) > 1
    assert max(each.together(1024) * each.shown for each in (few, many)) <= 1 << 30
    assert need(PROGRAM, True, 4096).together(16) == 1
    simulated = program_of(Member(regime="turn_taking", turns_of="chain"))
    assert need(simulated, False, 4096) == need(simulated, False)


def test_a_plan_has_room_for_boards():
    members, budget = MEMBERS[:1], 0.1 * GIB
    assert make_room(members, 64, 1, budget, 0, False).members
    with pytest.raises(InputError, match=r"one block of 64 members and the rows take 0\.187"):
        make_room(members, 64, 1, budget, 0, False, boards=1024)


def test_what_is_caused_is_measured_of_those_who_are_asked(monkeypatch: pytest.MonkeyPatch):
    """In groups the asked come first, and a group of others alone is left out."""

    def stub(probe: Any, boards: Any, scores: jax.Array) -> tuple[dict, dict]:
        return {"sum": jnp.sum(scores) + probe.values.width.astype(jnp.float32)}, {"twice": 2 * scores}

    monkeypatch.setattr(programs, "caused", stub)
    values, scores = stack_values(MEMBERS, ""), np.arange(1.0, 25.0, dtype=np.float32).reshape(8, 3)
    boards: Any = ()

    @jax.jit
    def found(values: Any, scores: jax.Array, asked: jax.Array) -> list:
        of = regime_of(PROGRAM), {}, values, scores, asked, boards
        return [programs.causes(*of, together=together) for together in (1, 2, 4, 8)]

    for number, (of_members, of_units) in enumerate(found(values, scores, ASKED)):
        assert np.array_equal(np.asarray(of_members["sum"])[ASKED], scores[ASKED].sum(-1) + 8)
        assert np.array_equal(np.asarray(of_units["twice"])[ASKED], 2 * scores[ASKED])
        assert (np.asarray(of_members["sum"]) == 0).sum() == (5, 4, 4, 0)[number]


@pytest.mark.usefixtures("compiled_quickly")
def test_rows_of_several_are_counted_as_those_of_each():
    """To rounding: here it is the same to the last bit, and a wider network's is 6e-8 off."""
    regime, values = regime_of(PROGRAM).only("show"), stack_values(MEMBERS, "")
    rows, _ = measured_rows(small_dataset().test[:900], small_dataset().validation[:100])
    params = jax.jit(jax.vmap(lambda values: regime.policy(regime.init(values), values, None)))(values)

    @jax.jit
    def found(params: Any, values: Any, rows: Any) -> list:
        of, ways = (regime, params, values, rows), ((1, 1), (4, 1), (8, 8))
        return [programs.divergences(*of, counted=counted, together=together) for counted, together in ways]

    alone, *others = found(params, values, rows)
    for other in others:
        for name in PAIRS:
            np.testing.assert_allclose(other[name], alone[name], rtol=0, atol=2e-6)
    assert np.asarray(alone["kl_none_frog"]).max() > 0.1
