"""Roles of units whose answers are known, and hubs by the battery's criteria."""

import jax.numpy as jnp
import numpy as np
import pytest
from omegaconf import OmegaConf

from mirrorjax.errors import InputError
from mirrorjax.game.state import Action
from mirrorjax.measurement.battery.circuits import KINDS, kinds_of_hubs
from mirrorjax.measurement.battery.classes import CLASSES
from mirrorjax.member.paper.analysis import ROLES, roles
from mirrorjax.member.paper.hubs import CIRCUITS, DOMINANT, choose_hubs
from mirrorjax.results.read import Results
from mirrorjax.results.store import Store
from tests.member.paper.cases import DEAD, MIRROR, NOISE, SUPPRESSED, TWIN, analysis_of_planted


@pytest.mark.slow
def test_planted_units_have_their_classes():
    found = analysis_of_planted()
    assert [found.classes[unit] for unit in (MIRROR, SUPPRESSED, TWIN, DEAD, NOISE)] == [
        "mirror", "suppressed", "mirror", "none", "none",
    ]  # fmt: skip
    assert not found.alive[DEAD] and found.alive[NOISE]
    assert found.of_layer(1, "mirror").tolist() == [MIRROR + 1, TWIN + 1]
    assert found.of_layer(1, "other response").tolist() == [SUPPRESSED + 1]


def test_a_mirror_unit_is_mixed_if_one_effect_is_more_than_twice_the_other():
    kind = np.array([CLASSES.index(name) for name in ("mirror", "mirror", "mirror", "toad only", "none", "opposed")])
    d_frog, d_toad = np.array([1.0, 1.0, 2.5, 0.0, 0.0, 1.0]), np.array([2.0, 2.1, 1.0, 2.0, 0.0, -1.0])
    assert [ROLES[role] for role in roles(kind, d_frog, d_toad)] == [
        "mirror", "mirror and differentiating", "mirror and differentiating", "differentiating", "insensitive",
        "other response",
    ]  # fmt: skip


def random_columns(count: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    names = {criterion.column for circuit in CIRCUITS for criterion in circuit.criteria}
    columns = {name: random.choice([0.0, 0.04, 0.06, 0.1, 0.2, 0.5, 0.8], count) for name in sorted(names)}
    return columns | {DOMINANT: random.integers(0, 4, count)}


def test_criteria_are_those_of_the_battery():
    """A lone unit is found to be a hub exactly where the battery says so."""
    columns = random_columns(4000)
    dominant = jnp.asarray(columns[DOMINANT], jnp.int32)
    floats = {name: jnp.asarray(values, jnp.float32) for name, values in columns.items() if name != DOMINANT}
    kinds = np.asarray(kinds_of_hubs(dominant, floats))
    assert set(kinds) == {0, 1, 2, 3}
    for place, kind in enumerate(kinds):
        hubs = choose_hubs({name: values[[place]] for name, values in columns.items()}, np.array([True]))
        assert [hub.circuit.name for hub in hubs if hub.found] == ([] if kind == 0 else [KINDS[kind]]), place


def of_two(**changed: float) -> dict[str, np.ndarray]:
    """The second of two units is changed; neither is a hub at first."""
    columns = {name: np.zeros(2) for name in random_columns(1)}
    columns[DOMINANT] = np.full(2, int(Action.HOP))
    for name, value in changed.items():
        columns[name][1] = value
    return columns


def test_the_nearest_stands_in_and_what_it_misses_is_said():
    columns = of_two(dominant=int(Action.HELP), share_toad=0.6, share_mirror=0.1, help_moved_by_mirror=0.02)
    own, tactical, empathy = choose_hubs(columns, np.array([True, True]))
    assert (tactical.unit, tactical.found, tactical.met) == (2, False, (True, False, True))
    assert tactical.note() == (
        "No unit is a hub of tactical help; L2N2 comes nearest: dominant output help; share of its drive from "
        "Toad-only units 0.600 (≥ 0.7: missed); from mirror units 0.100 (< 0.15: met)."
    )
    assert empathy.unit == 2 and empathy.met == (True, False, True, False)
    assert own.note().startswith("No unit is a hub of self-preservation;") and "help, not leap (missed)" in own.note()


def test_a_unit_of_the_right_output_comes_before_one_that_meets_more():
    columns = of_two(dominant=int(Action.LEAP))
    columns["share_mirror_frog"][0] = columns["leap_lost"][0] = 1.0
    assert choose_hubs(columns, np.array([True, True]))[0].unit == 2
    assert choose_hubs(columns, np.array([True, False]))[0].unit == 1, "a dead unit is no hub"
    assert choose_hubs(columns, np.array([False, False])) == []


def test_of_several_hubs_the_strongest():
    columns = {name: np.array([value, value]) for name, value in (("share_mirror_frog", 0.9), ("share_mirror", 0.0))}
    columns |= {"share_toad": np.zeros(2), "help_moved_by_mirror": np.zeros(2), "leap_lost": np.array([0.2, 0.3])}
    columns[DOMINANT] = np.full(2, int(Action.LEAP))
    hub = choose_hubs(columns, np.array([True, True]))[0]
    assert hub.found and hub.unit == 2 and hub.note().startswith("L2N2 is the hub of self-preservation: ")


def test_a_foreign_config_is_named(tmp_path):
    store = Store.create(tmp_path / "aaaa")
    store.write_manifest({"status": "done"})
    store.write_config(OmegaConf.to_yaml({"name": "x", "modle": {"width": 3}}))
    with pytest.raises(InputError, match=r"aaaa: no config of this version: config.yaml: .*modle"):
        Results.open(tmp_path).populations[0].stored_config()
