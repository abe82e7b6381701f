"""Grid, zip, random and list: what they combine to, and what each that makes no sense is told."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
from omegaconf import OmegaConf

from mirrorjax.errors import InputError
from mirrorjax.job.assemble import check_regime
from mirrorjax.population.axes import members
from mirrorjax.population.members import identity
from mirrorjax.regimes import REGIMES
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.axes import AXES
from mirrorjax.settings.grid import each_combination
from mirrorjax.settings.groups import RATELESS
from mirrorjax.settings.schema import Config, unvaried


def config_of(population: dict[str, Any]) -> Config:
    """The defaults with a population as YAML has it."""
    schema = OmegaConf.structured(Config(name="test"))
    config = OmegaConf.to_object(OmegaConf.merge(schema, {"population": population}))
    assert isinstance(config, Config)
    return config


def combined(population: dict[str, Any]) -> list[dict[str, Any]]:
    """The combinations of an allowed population."""
    config = config_of(population)
    validate(config)
    return list(each_combination(config.population, config.population.union))


def column(found: Sequence[dict[str, Any]], axis: str) -> list[Any]:
    return [each[axis] for each in found]


def test_nothing_varied_is_one_combination():
    assert combined({}) == [{}]
    config = Config(name="test")
    assert unvaried(config).keys() == AXES.keys()


def test_a_zip_is_walked_together():
    found = combined({"zip": {"width": [5, 17, 50], "learning_rate": [4e-4, 1e-4, 2e-5]}})
    assert found == [
        *({"width": 5, "learning_rate": 4e-4}, {"width": 17, "learning_rate": 1e-4}),
        {"width": 50, "learning_rate": 2e-5},
    ]


def test_a_zip_may_repeat_a_value():
    assert len(combined({"zip": {"width": [5, 5, 8], "depth": [1, 2, 1]}})) == 3


def test_a_list_is_taken_as_it_is_and_what_it_leaves_out_is_the_default():
    config = config_of({"list": [{"width": 8, "dropout": 0.0}, {"depth": 1}], "seeds": 2})
    validate(config)
    found = [(m.width, m.depth, m.dropout, m.seed) for m in members(config)]
    assert found == [(8, 2, 0.0, 0), (8, 2, 0.0, 1), (17, 1, 0.12, 0), (17, 1, 0.12, 1)]


def test_all_ways_are_crossed_with_each_other_and_the_grid_changes_fastest():
    found = combined(
        {
            "axes": {"dropout": [0.0, 0.1]},
            "zip": {"width": [5, 8], "depth": [3, 1]},
            "list": [{"l2": 0.0}, {"l2": 0.01}],
        }
    )
    assert [(e["l2"], e["width"], e["depth"], e["dropout"]) for e in found] == [
        (l2, width, depth, dropout) for l2 in (0.0, 0.01) for width, depth in ((5, 3), (8, 1)) for dropout in (0.0, 0.1)
    ]


def test_a_union_is_one_after_the_other_and_each_is_crossed_with_the_rest():
    """A grid of zips: two zips, one of them inside a union, crossed with each other and with a grid."""
    found = combined(
        {
            "zip": {"dropout": [0.0, 0.1], "l2": [0.1, 0.0]},
            "axes": {"learning_rate": [1e-4, 2e-4]},
            "union": [{"zip": {"width": [5, 8], "depth": [2, 1]}}, {"list": [{"width": 17, "activation": "tanh"}]}],
        }
    )
    shapes = [(5, 2, None), (8, 1, None), (17, None, "tanh")]
    assert [
        (e["width"], e.get("depth"), e.get("activation"), e["dropout"], e["l2"], e["learning_rate"]) for e in found
    ] == [(*shape, *noise, rate) for shape in shapes for noise in ((0.0, 0.1), (0.1, 0.0)) for rate in (1e-4, 2e-4)]


RANDOM = {
    "seed": 3,
    "learning_rate": {"low": 1e-5, "high": 1e-3, "log": True},
    "dropout": {"low": 0.1, "high": 0.5},
    "width": {"low": 5, "high": 8},
    "depth": {"low": 1, "high": 16, "log": True},
    "activation": {"choice": ["relu", "tanh", "gelu"]},
    "batch_size": {"choice": [20, 25]},
}

FROZEN = [
    {"width": 7, "depth": 1, "activation": "gelu", "learning_rate": 1.8014e-05, "dropout": 0.196767, "batch_size": 25},
    {"width": 6, "depth": 3, "activation": "gelu", "learning_rate": 1.20457e-05, "dropout": 0.40526, "batch_size": 25},
]


class TestRandom:
    def test_draws_fill_their_ranges_evenly(self):
        """2,000 draws: a share of p has a standard error below .012, and .06 is five of them."""
        found = combined({"random": {"draws": 2000, **RANDOM}})
        rates = column(found, "learning_rate")
        assert all(1e-5 <= rate <= 1e-3 for rate in rates)
        for decade in (1e-4, 10**-4.5, 10**-3.5):
            expected = (math.log10(decade) + 5) / 2
            assert abs(sum(rate < decade for rate in rates) / 2000 - expected) < 0.06
        assert all(0.1 <= rate <= 0.5 for rate in column(found, "dropout"))
        assert abs(sum(rate < 0.2 for rate in column(found, "dropout")) / 2000 - 0.25) < 0.06
        for width in (5, 6, 7, 8):
            assert abs(column(found, "width").count(width) / 2000 - 0.25) < 0.06
        assert set(column(found, "width")) == {5, 6, 7, 8}
        depths = column(found, "depth")
        assert all(isinstance(depth, int) for depth in depths) and {1, 16} <= set(depths) <= set(range(1, 17))
        assert abs(sum(depth < 4 for depth in depths) / 2000 - math.log(4) / math.log(17)) < 0.06
        assert {*column(found, "activation")} == {"relu", "tanh", "gelu"}
        assert {*column(found, "batch_size")} == {20, 25}

    def test_draws_of_different_axes_are_independent(self):
        """2,000 pairs: the correlation's standard error is .022, and .11 is five of them."""
        found = combined({"random": {"draws": 2000, **RANDOM}})
        x = [math.log(rate) for rate in column(found, "learning_rate")]
        y = column(found, "dropout")
        mean_x, mean_y = sum(x) / 2000, sum(y) / 2000
        product = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
        norm = math.sqrt(sum((a - mean_x) ** 2 for a in x) * sum((b - mean_y) ** 2 for b in y))
        assert abs(product / norm) < 0.11

    def test_the_same_seed_draws_the_same_and_these_are_they(self):
        """Frozen: members are found by their settings, so draws must not change unnoticed."""
        found = combined({"random": {"draws": 2, **RANDOM}})
        assert found == combined({"random": {"draws": 2, **RANDOM}})
        assert found == FROZEN
        other = combined({"random": {"draws": 2, **RANDOM, "seed": 4}})
        assert all(one["learning_rate"] != two["learning_rate"] for one, two in zip(found, other, strict=True))

    def test_more_draws_and_other_axes_leave_a_draw_as_it_is(self):
        found = combined({"random": {"draws": 5, **RANDOM}})
        assert combined({"random": {"draws": 9, **RANDOM}})[:5] == found
        alone = combined({"random": {"draws": 5, "seed": 3, "dropout": RANDOM["dropout"]}})
        assert column(alone, "dropout") == column(found, "dropout")

    def test_draws_are_crossed_with_the_rest(self):
        found = combined({"random": {"draws": 3, "dropout": {"low": 0.1, "high": 0.5}}, "axes": {"width": [5, 8]}})
        assert column(found, "width") == [5, 8] * 3
        assert column(found, "dropout")[::2] == column(found, "dropout")[1::2]


def test_members_of_every_way_are_those_of_the_grid():
    """However it is written, the same settings are the same member."""
    ways = [
        {"axes": {"width": [8], "l2": [0.1]}},
        {"zip": {"width": [8], "l2": [0.1]}},
        {"list": [{"width": 8, "l2": 0.1}]},
        {"random": {"draws": 1, "width": {"choice": [8]}, "l2": {"choice": [0.1]}}},
        {"union": [{"list": [{"width": 8}]}], "axes": {"l2": [0.1]}},
    ]
    ids = [[identity(member, "d") for member in members(config_of({"seeds": 2, **way}))] for way in ways]
    assert all(each == ids[0] for each in ids)


@pytest.mark.parametrize(
    ("population", "message"),
    [
        (
            {"axes": {"width": [5]}, "zip": {"width": [8], "depth": [1]}},
            "width is varied twice, by population.axes and population.zip; name it in one of them",
        ),
        (
            {"list": [{"depth": 1}], "random": {"draws": 2, "depth": {"low": 1, "high": 3}}},
            "depth is varied twice, by population.random and population.list; name it in one of them",
        ),
        (
            {"axes": {"width": [5]}, "union": [{"list": [{"depth": 1}]}, {"zip": {"width": [8]}}]},
            "width is varied twice, by population.axes and population.union[1].zip; name it in one of them",
        ),
        (
            {"zip": {"width": [5, 8], "depth": [1, 2, 3]}},
            "population.zip walks its lists together, and they differ in length: width has 2, depth has 3",
        ),
        ({"zip": {"width": []}}, "population.zip.width is an empty list; leave it out, or give it values"),
        ({"zip": {"width": [0]}}, "population.zip.width is 0; allowed: from 1 to 4096"),
        (
            {"random": {"draws": 2, "width": {"low": 8, "high": 8}}},
            "population.random.width goes from 8 to 8; allowed: low below high",
        ),
        (
            {"random": {"draws": 2, "learning_rate": {"low": 1e-3, "high": 1e-5}}},
            "population.random.learning_rate goes from 0.001 to 1e-05; allowed: low below high",
        ),
        (
            {"random": {"draws": 2, "learning_rate": {"low": 0.0, "high": 1e-5, "log": True}}},
            "population.random.learning_rate.low is 0; allowed with log: above 0",
        ),
        (
            {"random": {"draws": 2, "dropout": {"low": 0.0, "high": 1.5}}},
            "population.random.dropout.high is 1.5; allowed: at least 0 and below 1",
        ),
        ({"random": {"draws": 2, "width": {"low": 8}}}, "population.random.width lacks high; give low and high, or"),
        ({"random": {"draws": 2, "width": {"log": True}}}, "population.random.width lacks low; give low and high, or"),
        (
            {"random": {"draws": 2, "width": {"low": 8, "choice": [8]}}},
            "population.random.width has a choice and a range; give one of them",
        ),
        (
            {"random": {"draws": 2, "activation": {"choice": []}}},
            "population.random.activation.choice is an empty list; leave it out, or give it values",
        ),
        (
            {"random": {"draws": 2, "activation": {"choice": ["sin"]}}},
            "population.random.activation.choice is 'sin'; allowed: relu, tanh, gelu, identity",
        ),
        (
            {"random": {"width": {"low": 5, "high": 8}}},
            "population.random gives ranges of width and no number of draws; population.random.draws=20 draws twenty",
        ),
        ({"random": {"draws": 3}}, "population.random.draws is 3 with nothing to draw; "),
        ({"random": {"draws": -3, "width": {"low": 5, "high": 8}}}, "population.random.draws is -3; allowed: from 0 "),
        ({"list": [{"width": 8}, {}]}, "population.list[1] names no setting; allowed: width, depth, activation, "),
        ({"list": [{"width": 8}, {"depth": 0}]}, "population.list[1].depth is 0; allowed: from 1 to 32"),
        ({"union": [{}]}, "population.union[0] varies nothing; give it axes, zip, random or list, or leave it out"),
        ({"union": [{"axes": {"width": [-1]}}]}, "population.union[0].axes.width is -1; allowed: from 1 to 4096"),
        (
            {"list": [{"width": 17}, {"depth": 2}]},  # the defaults
            "population: the same network twice: width 17, depth 2; each combination may be given once",
        ),
        (
            {"union": [{"axes": {"width": [5, 8]}}, {"list": [{"width": 8}, {"width": 5}]}]},
            "population: the same network twice: width 5 (and 1 more); each combination may be given once",
        ),
        (
            {"random": {"draws": 5, "width": {"choice": [5, 8]}}},
            "population: the same network twice: width ",
        ),
        (
            {"random": {"draws": 1_000_000, "width": {"low": 5, "high": 80}}, "axes": {"depth": [1, 2]}},
            "population: 2,000,000 combinations of its axes; allowed: at most 1,000,000 networks",
        ),
        (
            {"zip": {"learning_rate": [1e-4, 1e3]}},
            "regime.epochs is 50: less than one step at a learning rate of 1000; allowed: at least 1627.6, or 0",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_named(population: dict[str, Any], message: str):
    with pytest.raises(InputError) as error:
        validate(config_of(population))
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("regime", "epochs"), [("cirl", 4096.0), ("turn_taking", 9_000.0), ("assembly", 6.0)])
def test_time_that_no_learning_rate_counts(regime: str, epochs: float):
    """4,096 paper epochs at a rate of 4e-6 would be more rows than can be counted; six at a rate of 100 not a step."""
    config = config_of({"zip": {}})
    config.regime.name, config.regime.epochs, config.optimizer.learning_rate = regime, epochs, 4e-6
    validate(config)
    config.optimizer.learning_rate = 100.0
    validate(config)
    assert {name for name, each in REGIMES.items() if "learning_rate" not in each.settings} == {*RATELESS}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"regime.name": "cirl", "game.scroll": 0.0}, "game.scroll is 0.0: regime=cirl does not look at it; allowed"),
        ({"regime.name": "assembly", "game.players": "both_random"}, "game.players is both_random: regime=assembly "),
        ({"regime.name": "assembly", "regime.epochs": 0.04}, "regime.epochs is 0.04 episodes: less than one update"),
    ],
)
def test_what_nobody_looks_at_is_refused(given: dict[str, Any], words: str):
    config = config_of({"zip": {}})
    for key, value in given.items():
        group, name = key.split(".")
        setattr(getattr(config, group), name, value)
    validate(config)
    with pytest.raises(InputError) as error:
        check_regime(config)
    assert str(error.value).startswith(words)
    if "game.players" in given:
        config.regime.stimuli = "boards"
        check_regime(config)
