"""Everything that may be wrong with what is given is said in one sentence, before any work."""

from typing import Any

import numpy as np
import pytest

import mirrorjax
from mirrorjax.errors import InputError
from tests.own.cases import SOME, effects, planted


def changed(condition: str, change: Any, site: str = "h1") -> dict:
    made = planted(effects(units=8), rows=24)
    made[condition] = {site: change(made[condition]["h1"])}
    return made


def with_nan(h: np.ndarray) -> np.ndarray:
    h = h.copy()
    h[5, 3], h[9, 0] = np.nan, np.inf
    return h


SAME = planted(effects(units=8), rows=24)["self"]["h1"]
WRONG = {
    "unknown": (lambda: {**planted(effects(units=8)), "others": {}}, "condition 'others', did you mean 'other'?"),
    "no mapping": (lambda: [1, 2], "list given; expected a mapping condition -> site"),
    "one": (lambda: {"self": SAME}, "only condition self; a change needs"),
    "sites": (lambda: changed("other", lambda h: h, "h9"), "site 'h1' is in condition none only, of none and other"),
    "rows": (lambda: changed("other", lambda h: h[:-1]), "site h1, condition other: 23 rows, but 24 in site h1"),
    "units": (lambda: changed("object", lambda h: h[:, :5]), "condition object: 5 units, but 8 in condition none"),
    "nan": (lambda: changed("self", with_nan), "site h1, condition self: row 5 .* is not finite"),
    "whole": (lambda: changed("self", lambda h: h.astype(int)), "numbers of type int64; expected floating"),
    "three": (lambda: changed("self", lambda h: h[:, None]), r"shape \(24, 1, 8\); expected \[rows, units\]; choose"),
    "few": (lambda: planted(effects(units=8), rows=19), "19 rows; at least 20 are needed"),
    "same": (lambda: changed("other", lambda h: SAME), "conditions self and other are the same numbers"),
    "dead": (
        lambda: {c: {"h1": np.zeros((24, 8), np.float32), "h2": planted(effects(8), 24, ("h2",), i)["none"]["h2"]}
                 for i, c in enumerate(("none", "self"))},
        "site h1: conditions none and self are the same numbers",
    ),
    "baseline": (lambda: planted(effects(units=8, conditions=SOME[:-1])), "object without object_baseline"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name: str):
    make, message = WRONG[name]
    with pytest.raises(InputError, match=message) as caught:
        mirrorjax.measure(make())
    assert "\n" not in str(caught.value)


def test_what_is_wrong_beside_activations_is_said():
    made = planted(effects(units=8), rows=24)
    for message, options in {
        "groups: an array of shape": {"groups": [1, 2]},
        "3 groups of rows": {"groups": np.arange(24) % 3},
        "copys: no option of measure, did you mean 'copies'": {"copys": 3},
        "draws: 2; allowed: a whole number, at least 19": {"draws": 2},
        "scale: 'max'": {"scale": "max"},
        "kinds: no site 'h2'": {"kinds": {"h2": "rate"}},
        "kinds: site h1 is said to be 'spikes'": {"kinds": {"h1": "spikes"}},
        "untrained: int given": {"untrained": 3},
        "behaviour is given without network": {"behaviour": len},
        "behaviour is given without stimuli": {"behaviour": len, "network": len},
        "stimuli: unknown condition 'non'": {"stimuli": {"non": 1}},
        "untrained, seed 0: activations: only condition": {"untrained": lambda seed: {"none": made["none"]}},
    }.items():
        with pytest.raises(InputError, match=message):
            mirrorjax.measure(made, **options)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="activations: none given"):
        mirrorjax.measure()


def test_none_may_stand_for_the_objects_baseline_where_that_is_asked():
    made = planted(effects(units=8, conditions=SOME[:-1]), rows=24)
    found = mirrorjax.measure(made, object_baseline="none", decoding=False, draws=19)
    assert found.value("h1", "mirror_units") and "held against none" in found.missing[0]


def test_a_site_without_alive_units_is_named():
    made = {c: {"h1": np.full((24, 8), 5 + 1e-7 * i)} for i, c in enumerate(SOME)}  # the same to seven digits
    with pytest.raises(InputError, match=r"site h1: (no unit is alive|conditions)"):
        mirrorjax.measure(made)
