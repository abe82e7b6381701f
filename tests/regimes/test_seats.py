"""Measures of own and seen views, with known answers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.sources import Sources
from mirrorjax.measurement.stream import measured_rows
from mirrorjax.models.mlp import MLP
from mirrorjax.population.members import Member, stack_values
from mirrorjax.regimes import REGIMES
from mirrorjax.regimes.rows.contrastive import Contrastive
from mirrorjax.regimes.seats import ASKED, SEATS, has_seats, seat_measures
from mirrorjax.regimes.supervised import Supervised
from mirrorjax.training import programs
from tests.training.cases import small_dataset

pytestmark = pytest.mark.usefixtures("compiled_quickly")

ROWS, UNITS = 1200, 12


@pytest.fixture(scope="module")
def views() -> dict[str, jax.Array]:
    own, other, turn = (
        jax.random.normal(jax.random.key(i), shape) for i, shape in enumerate([(UNITS, ROWS)] * 2 + [(UNITS, UNITS)])
    )
    return {"own": own, "other": other, "turned": jnp.linalg.qr(turn)[0] @ own}


def measured(views: dict[str, jax.Array], seen: str, weights: jax.Array) -> dict[str, float]:
    """Of units that are looked up by the number of the row; those of seen rows come behind."""
    both = jnp.concatenate([views["own"], views[seen]], axis=1)
    rows = jnp.stack([jnp.arange(2 * ROWS, dtype=jnp.uint32)] * 2, axis=1)

    @jax.jit
    def of(weights: jax.Array) -> dict[str, jax.Array]:
        return seat_measures(lambda words: both[:, words[:, 0]], rows[:ROWS], rows[ROWS:], weights)

    return {name: float(value) for name, value in of(weights).items()}


def test_the_same_views(views):
    found = measured(views, "own", jnp.ones(ROWS))
    assert found == pytest.approx({"seat_cka": 1, "seat_nmse": 0, "seat_recall": 1}, abs=1e-4)


def test_a_rotation_is_the_same_to_cka_and_recall_and_not_to_nmse(views):
    found = measured(views, "turned", jnp.ones(ROWS))
    assert found["seat_cka"] == pytest.approx(1, abs=1e-4)
    assert found["seat_recall"] == 1
    assert found["seat_nmse"] == pytest.approx(2, abs=0.5)


def test_unrelated_views(views):
    found = measured(views, "other", jnp.ones(ROWS))
    assert found["seat_cka"] < 0.05
    assert found["seat_recall"] < 0.05
    assert found["seat_nmse"] == pytest.approx(2, abs=0.1)


def test_rows_without_weight_do_not_count(views):
    counted = (jnp.arange(ROWS) % 3 > 0).astype(jnp.float32)
    spoilt = views | {"own": jnp.where(counted[None, :] > 0, views["own"], 1e3)}
    assert measured(spoilt, "turned", counted) == pytest.approx(measured(views, "turned", counted), abs=1e-3)


def test_recall_is_told_of_right_and_wrong_answers(views):
    """The asked rows that are answered wrong are seen as anything; all others as they are."""
    right = jnp.arange(ASKED) % 4 > 0
    kept = jnp.concatenate([right, jnp.ones(ROWS - ASKED, bool)])
    both = jnp.concatenate([views["own"], jnp.where(kept[None, :], views["own"], views["other"])], axis=1)
    rows = jnp.stack([jnp.arange(2 * ROWS, dtype=jnp.uint32)] * 2, axis=1)

    @jax.jit
    def of(right: jax.Array) -> dict[str, jax.Array]:
        return seat_measures(lambda words: both[:, words[:, 0]], rows[:ROWS], rows[ROWS:], jnp.ones(ROWS), right)

    found = {name: float(value) for name, value in of(right).items()}
    assert found["seat_recall_right"] == 1
    assert found["seat_recall_wrong"] < 0.05
    assert found["seat_recall"] == pytest.approx(0.75 + found["seat_recall_wrong"] / 4, abs=1e-6)
    assert np.isnan(of(jnp.ones(ASKED, bool))["seat_recall_wrong"])


@pytest.mark.slow
def test_asked_of_another_regime_they_are_what_contrast_records():
    """Of the same weights and values, on the same rows."""
    dataset, network = small_dataset(), MLP(width=8)
    values = stack_values([Member(width=8, seed=seed) for seed in range(2)], "", Sources.only(dataset))
    held = measured_rows(dataset.test[:64], dataset.validation[:600])[0].held
    params = jax.jit(jax.vmap(Supervised(network).policy, (0, 0, None)), static_argnums=2)(
        jax.jit(jax.vmap(Supervised(network).init))(values), values, None
    )
    asked = jax.jit(programs.seats, static_argnums=0)(Supervised(network), params, values, held)
    recorded = jax.jit(jax.vmap(Contrastive(network).score, (0, 0, None)))(params, values, held)
    assert set(asked) == set(SEATS)
    for name, found in asked.items():
        np.testing.assert_allclose(found, recorded[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_who_has_no_answers_has_no_seats():
    assert [name for name, regime in REGIMES.items() if not has_seats(regime)] == [
        *("assembly", "reinforcement", "cirl", "turn_taking", "cirl_learner", "turn_learners"),
    ]
