"""Games that are played at checkpoints: columns of their own, and nothing else moves."""

import numpy as np
import pytest

from mirrorjax.measurement.played import COLUMNS
from mirrorjax.population.members import Member
from tests.training.cases import run


@pytest.fixture(autouse=True)
def _quickly(compiled_quickly):
    """What is compared is of the same programs."""


@pytest.mark.slow
def test_games_add_columns_and_move_none():
    members = [Member(width=4, seed=seed) for seed in range(3)]
    _, without = run(members)
    population, played = run(members, games=2)
    assert [name[0][0] for name in population.compiler.programs].count("games") == 1
    for before, after in zip(without, played, strict=True):
        assert after.records.keys() - before.records.keys() == {*COLUMNS}
        for name, values in before.records.items():
            assert np.array_equal(values, after.records[name], equal_nan=values.dtype.kind == "f"), name
        for name in COLUMNS:
            values = after.records[name]
            assert values.shape == (3,) and np.all(np.isnan(values) | ((values >= 0) & (values <= 1))), name
