"""The map that a population lays, the points between its own, and what refinement refuses."""

import math
from typing import Any

import pytest
from omegaconf import OmegaConf

from mirrorjax.errors import InputError
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.map_axes import Map, map_of
from mirrorjax.settings.schema import Config


def config_of(population: dict[str, Any], **others: Any) -> Config:
    schema = OmegaConf.structured(Config(name="test", refine=3))
    config = OmegaConf.to_object(OmegaConf.merge(schema, {"population": population, **others}))
    assert isinstance(config, Config)
    return config


def laid(population: dict[str, Any]) -> Map:
    config = config_of(population)
    validate(config)
    return map_of(config.population, config.population.union)


def test_middles_are_on_the_axis_scale_and_whole_where_the_setting_is():
    layout = laid({"axes": {"width": [50, 5], "dependency": [0, 1], "depth": [1, 3]}})
    width, depth, dependency = layout.axes  # in the order of the schema
    assert width.coordinate((50,)) == math.log(50) and dependency.coordinate((0.5,)) == 0.5
    assert width.middle((50,), (5,)) == (16,), "√250 = 15.8"
    assert dependency.middle((0.0,), (1.0,)) == (0.5,) and dependency.middle((1 / 3,), (1 / 3 + 1e-9,)) == (0.333333,)
    assert depth.middle((1,), (3,)) == (2,) and depth.middle((2,), (3,)) is None, "nothing lies between 2 and 3"


def test_a_logarithmic_setting_with_a_zero_is_taken_as_it_is():
    (axis,) = laid({"axes": {"l2": [0, 0.1]}}).axes
    assert axis.middle((0.0,), (0.1,)) == (0.05,)


def test_zipped_settings_are_one_axis_and_move_together():
    layout = laid({
        "axes": {"dependency": [0, 1]},
        "union": [{"zip": {"mask": [1, 1, 1], "veil_symbol": [0, 0.1, 0.4], "width": [40, 20, 10]}}],
    })  # fmt: skip
    dependency, veil = layout.axes
    assert (dependency.names, veil.names) == (("dependency",), ("width", "veil_symbol", "mask"))
    assert veil.values == ((40, 0.0, 1.0), (20, 0.1, 1.0), (10, 0.4, 1.0))
    assert veil.middle(*veil.values[1:]) == (14, 0.25, 1.0)
    place = ((1.0,), (14, 0.25, 1.0))
    assert layout.entries(place) == [{"dependency": 1.0, "width": 14, "veil_symbol": 0.25, "mask": 1.0}]


def test_single_values_and_draws_of_the_data_go_with_every_point():
    layout = laid({"axes": {"depth": [3], "activation": ["tanh"], "scroll": [0, 1], "data_seed": [0, 7]}})
    assert [axis.names for axis in layout.axes] == [("scroll",)] and layout.copies == 2
    assert layout.entries(((0.5,),)) == [
        {"depth": 3, "activation": "tanh", "scroll": 0.5, "data_seed": seed} for seed in (0, 7)
    ]


def test_new_points_lie_between_neighbours_on_a_line_of_the_grid():
    layout = laid({"axes": {"dependency": [0, 1], "congruence": [0, 1]}})
    grid = [((c,), (d,)) for c in (0.0, 1.0) for d in (0.0, 1.0)]
    between = layout.between(grid)
    assert set(between) == {((0.5,), (0.0,)), ((0.5,), (1.0,)), ((0.0,), (0.5,)), ((1.0,), (0.5,))}
    # the new points are neighbours now: what lies between them, and nothing that is there already
    again = layout.between([*grid, ((0.5,), (0.0,)), ((0.5,), (1.0,))])
    assert set(again) == {
        *(((c,), (0.5,)) for c in (0.0, 0.5, 1.0)),
        *(((c,), (d,)) for c in (0.25, 0.75) for d in (0.0, 1.0)),
    }


@pytest.mark.parametrize(
    ("population", "message"),
    [
        ({}, "refine: no number varies in this population"),
        ({"axes": {"data_seed": [0, 1]}}, "refine: no number varies in this population"),
        ({"axes": {"width": [5, 9], "encoding": ["ordinal", "one_hot"]}}, "refine: encoding varies, and nothing lies"),
        ({"axes": {"edge": [0, 1]}}, "refine: edge varies, and nothing lies"),
        ({"zip": {"width": [5, 9], "data_seed": [0, 1]}}, "refine: data_seed varies, and nothing lies"),
        ({"axes": {"boards": [100, None]}}, "refine: boards has null"),
        ({"zip": {"width": [5, 9, 5], "depth": [1, 1, 2]}}, "of the zipped width, depth none rises or falls"),
        (
            {"axes": {"width": [5, 9], "depth": [1, 2], "dropout": [0, 0.1], "l2": [0, 0.1]}},
            "refine: 4 axes vary (width, depth, dropout, l2); allowed: at most 3",
        ),
        ({"list": [{"width": 5}, {"width": 9}]}, "population.list gives none, allowed: axes and zip"),
        ({"random": {"draws": 2, "width": {"low": 5, "high": 9}}}, "population.random gives none"),
        ({"union": [{"axes": {"width": [5]}}, {"axes": {"width": [9]}}]}, "population.union gives none"),
    ],
)
def test_what_cannot_be_refined_is_refused(population: dict[str, Any], message: str):
    with pytest.raises(InputError) as refused:
        validate(config_of(population))
    assert message in str(refused.value)
    validate(config_of(population, refine=0))


@pytest.mark.parametrize("name", ["boards", "null_seeds", "causes_seeds"])
def test_without_verdicts_there_is_nothing_to_refine_by(name: str):
    config = config_of({"axes": {"width": [5, 9]}}, measurement={name: 0})
    with pytest.raises(InputError, match=f"refine is 3 and measurement.{name} 0: without it no network has a verdict"):
        validate(config)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("refine", 21, "refine is 21; allowed: from 0 to 20"),
        ("refine", -1, "refine is -1; allowed: from 0 to 20"),
        ("refine_width", 0.0, "refine_width is 0.0; allowed: above 0 and below 1"),
        ("refine_networks", 0, "refine_networks is 0; allowed: from 1 to 1e+07"),
    ],
)
def test_ranges(name: str, value: float, message: str):
    with pytest.raises(InputError) as refused:
        validate(config_of({"axes": {"width": [5, 9]}}, **{name: value}))
    assert message == str(refused.value)
