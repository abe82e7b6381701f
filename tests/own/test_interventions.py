"""Ablation and patching in a network that is known: its behaviour is the sum of its first four units."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import mirrorjax
from mirrorjax.errors import InputError
from mirrorjax.own.interventions import Replacing
from tests.own.cases import effects, planted

pytestmark = pytest.mark.usefixtures("compiled_quickly")
QUICK: dict[str, Any] = {"draws": 39, "decoding": False, "random_sets": 39}


def network(stimuli: np.ndarray, edit) -> np.ndarray:
    """A layer of units, edited, and their sum over the mirror units."""
    return edit("h1", stimuli)[:, :4].sum(1)


def test_units_that_cause_it_all():
    made = planted(effects())
    stimuli = {name: of["h1"] for name, of in made.items()}
    found = mirrorjax.measure(made, lambda y: y, network, stimuli=stimuli, **QUICK)
    sufficiency, necessity, tr = (found.value("h1", name) for name in ("sufficiency", "necessity", "tr"))
    assert sufficiency.value == pytest.approx(1, abs=1e-3) and sufficiency.p_random == pytest.approx(1 / 40)
    assert necessity.value == pytest.approx(1, abs=1e-3) and tr.low < 1 < tr.high and tr.high < 1.5
    ablated = found.value("h1", "ablated")
    assert ablated.value == pytest.approx(-4 * 1.8, rel=0.15) and ablated.low < ablated.value < ablated.high < 0
    assert "4 mirror units, 39 random sets" in ablated.note


def test_units_that_cause_nothing():
    made = planted(effects())
    stimuli = {name: of["h1"] for name, of in made.items()}
    found = mirrorjax.measure(made, lambda y: y, lambda x, edit: edit("h1", x)[:, 10], stimuli=stimuli, **QUICK)
    row = found.value("h1", "ablated")
    assert row.value == 0 and row.p_random == 1 and "undefined" in found.value("h1", "sufficiency").note
    nobody = planted(effects(size=0.0))
    none = mirrorjax.measure(nobody, lambda y: y, network, stimuli={n: of["h1"] for n, of in nobody.items()}, **QUICK)
    assert not none.caused and any("no mirror units on half" in each for each in none.missing)


def test_what_is_wrong_with_a_behaviour_is_said():
    made = planted(effects())
    stimuli = {name: of["h1"] for name, of in made.items()}
    with pytest.raises(InputError, match=r"behaviour: an array of shape \(128, 1\) under none; expected a finite"):
        mirrorjax.measure(made, lambda y: y[:, None], network, stimuli=stimuli, **QUICK)
    with pytest.raises(InputError, match="stimuli: no condition self; interventions need none, self, other"):
        mirrorjax.measure(made, lambda y: y, network, stimuli={"none": 1, "other": 2}, **QUICK)


@pytest.mark.parametrize("library", [np, jnp])
def test_edits_of_rows_in_batches(library):
    edit = Replacing("h1", np.array([1, 2]), np.arange(12, dtype=np.float32).reshape(6, 2))
    units = library.zeros((2, 4), np.float32)
    assert np.array_equal(edit.of_rows(slice(2, 4))("h1", units), [[0, 4, 5, 0], [0, 6, 7, 0]])
    assert edit("h2", units) is units and not np.any(units)
