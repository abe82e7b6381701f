"""The axes of a config become members: every combination once, with every seed."""

import pytest

from mirrorjax.population.axes import members
from mirrorjax.population.members import Member, identity
from mirrorjax.settings.axes import AxesConfig
from mirrorjax.settings.schema import Config, ModelConfig, OptimizerConfig, PopulationConfig, RegimeConfig


def test_without_axes_the_seeds_of_one_setting():
    found = members(Config(name="x", population=PopulationConfig(seeds=3, first_seed=5)))
    assert found == [Member(seed=5), Member(seed=6), Member(seed=7)]


def test_settings_reach_the_members():
    config = Config(
        name="x",
        model=ModelConfig(width=9, depth=1, activation="tanh", dropout=0.2),
        optimizer=OptimizerConfig(learning_rate=1e-4, batch_size=20),
        regime=RegimeConfig(l2=0.02),
        population=PopulationConfig(seeds=1, data_order="shared"),
    )
    expected = Member(
        seed=0, width=9, depth=1, activation="tanh", dropout=0.2, learning_rate=1e-4, batch_size=20, l2=0.02,
        data_order="shared",
    )  # fmt: skip
    assert members(config) == [expected]


def test_axes_are_combined_with_the_seed_fastest():
    axes = AxesConfig(width=[5, 9], learning_rate=[1e-4, 2e-4])
    found = members(Config(name="x", population=PopulationConfig(seeds=2, axes=axes)))
    expected = [(5, 1e-4), (5, 2e-4), (9, 1e-4), (9, 2e-4)]
    assert [(m.width, m.learning_rate, m.seed) for m in found] == [
        (*kind, seed) for kind in expected for seed in (0, 1)
    ]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("width", [5, 9]), ("depth", [1, 3]), ("activation", ["relu", "tanh"]), ("learning_rate", [1e-4, 2e-4]),
        ("dropout", [0.0, 0.3]), ("l2", [0.0, 0.1]), ("batch_size", [20, 26]),
        ("congruence", [0.0, 0.5]), ("dependency", [1.0, 0.5]), ("shuffled", [0.0, 1.0]),
    ],
)  # fmt: skip
def test_every_axis_varies_its_own_setting(name, values):
    config = Config(name="x", population=PopulationConfig(seeds=1, axes=AxesConfig(**{name: values})))
    assert [getattr(member, name) for member in members(config)] == values
    assert len({identity(member, "d") for member in members(config)}) == 2
