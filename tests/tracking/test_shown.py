"""The config of a W&B run: what is set, and what varies as what varies."""

import pytest

from mirrorjax.tracking.wandb_config import MOST_VALUES, shown_config

RESOLVED = {
    "name": "smoke",
    "extend": None,
    "dataset": {"turns": 7, "boards": None},
    "model": {"width": 17, "depth": 2, "dropout": 0.12},
    "population": {"seeds": 2, "zip": {"width": None}, "axes": {"width": [5, 8], "l2": [0.5]}, "list": [], "union": []},
    "regime": {"l2": 0.01, "skies": 6},
    "tracker": {"tags": [], "entity": None, "project": "frogs"},
    "runtime": {"distributed": {"coordinator": None}},
}


def test_what_is_set_and_what_varies():
    members = {"width": [8, 8, 5, 5], "l2": [0.5] * 4, "boards": [None] * 4, "skies": [6.0] * 4}
    assert shown_config(RESOLVED, members) == {
        "name": "smoke",
        "dataset": {"turns": 7},
        "model": {"depth": 2, "dropout": 0.12},
        "population": {"seeds": 2},
        "regime": {"l2": 0.5, "skies": 6},
        "tracker": {"project": "frogs"},
        "varies": {"width": [5, 8]},
    }
    assert RESOLVED["model"]["width"] == 17, "left as it is"


def test_nulls_are_values_of_what_varies():
    assert shown_config(RESOLVED, {"boards": [None, 100, 10]})["varies"] == {"boards": [10, 100, None]}


@pytest.mark.parametrize("number", [MOST_VALUES, MOST_VALUES + 1])
def test_thousands_of_draws_are_told_in_words(number: int):
    shown = shown_config(RESOLVED, {"width": list(range(1, number + 1))})["varies"]["width"]
    assert shown == (list(range(1, 51)) if number == MOST_VALUES else "51 values, 1 to 51")
