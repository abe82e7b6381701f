"""Measured coordinates against values that are known, or counted in another way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import answers
from mirrorjax.dataset.coordinates import Coordinates, coordinates
from mirrorjax.dataset.knobs import FREQUENCIES, PAPER, Knobs, exchanged
from mirrorjax.dataset.oracle import LABELS, label, situation_of_row
from mirrorjax.dataset.row import features, unpack, unpack_all
from tests.datasets import TINY, built


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return built(TINY).train


def at(rows: np.ndarray, **turned: float) -> Coordinates:
    knobs = Knobs(**{name: jnp.float32(value) for name, value in (PAPER | turned).items()})
    return coordinates(rows, [knobs])[0]


def entropy(counts: np.ndarray) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log2(share)).sum())


def test_the_papers_point(rows: np.ndarray):
    found = at(rows)
    assert found.identity_hidden == 0 and found.best_mse == 0
    share = np.bincount(answers(rows)["label"], minlength=len(LABELS)) / len(rows)
    assert found.constant_mse == pytest.approx(np.mean(share * (1 - share)), rel=1e-4)
    spread = np.linalg.eigvalsh(np.cov(np.asarray(jax.jit(jax.vmap(features))(jnp.asarray(rows[:20_000])), float).T))
    assert found.participation_ratio == pytest.approx(spread.sum() ** 2 / (spread**2).sum(), rel=1e-3)


def test_dependency_is_what_the_partners_distress_tells_about_the_answer(rows: np.ndarray):
    """Counted: situations without the partner, by all that the oracle looks at."""
    seen = jax.vmap(lambda words: situation_of_row(unpack(words)))(jnp.asarray(rows))
    column = np.asarray(seen.column)
    rest = [np.minimum(column, 32), np.asarray(seen.energy) <= 0, seen.next_rough, seen.frog_distress]
    rest = np.unique(np.stack([np.asarray(each, int) for each in rest]), axis=1, return_inverse=True)[1].ravel()
    asked, partner = answers(rows)["label"].astype(int), np.asarray(seen.toad_distress, int)
    told = 0.0
    for kind in np.unique(rest):
        own = rest == kind
        counts = np.zeros((2, len(LABELS)))
        np.add.at(counts, (partner[own], asked[own]), 1)
        told += own.mean() * (entropy(counts.sum(0)) - sum(row.sum() * entropy(row) for row in counts) / own.sum())
    expected = told / entropy(np.bincount(asked))
    # columns are a finer partition than what the rules tell apart, so that it differs by what few rows make of it
    assert at(rows).measured_dependency == pytest.approx(expected, rel=0.1) and expected > 0.01
    assert at(rows, dependency=0.0).measured_dependency == pytest.approx(0, abs=1e-6)
    assert at(rows, shuffled=1.0).measured_dependency == pytest.approx(0, abs=1e-5)
    assert at(rows).measured_dependency < at(rows, congruence=0.5).measured_dependency
    assert at(rows, congruence=0.5).measured_dependency < at(rows, congruence=1.0).measured_dependency


def test_behind_the_veil_of_roles_one_bit_is_hidden_wherever_players_are_apart(rows: np.ndarray):
    row = unpack_all(rows)
    apart = np.asarray(row.frog_column) != np.asarray(row.toad_column)
    assert at(rows, veil_role=1.0).identity_hidden == pytest.approx(apart.mean(), rel=1e-5)
    quarter = entropy(np.array([1.0, 3.0]))
    assert at(rows, veil_role=0.5).identity_hidden == pytest.approx(quarter * apart.mean(), rel=1e-5)
    assert at(rows, veil_role=1.0, mask=0.25).identity_hidden == pytest.approx(0.25 * apart.mean(), rel=1e-5)


def test_behind_the_veil_of_roles_no_better_than_the_mean_of_both_answers(rows: np.ndarray):
    own = answers(rows)["label"]
    other = np.asarray(jax.vmap(lambda words: label(situation_of_row(exchanged(unpack(words)))))(jnp.asarray(rows)))
    expected = np.mean(0.25 * 2 * (own != other)) / len(LABELS)  # q(1 - q)·|difference of one-hots|²
    assert at(rows, veil_role=1.0).best_mse == pytest.approx(expected, rel=1e-5)


def test_a_veil_of_symbols_hides_less_where_places_give_players_away(rows: np.ndarray):
    hidden = at(rows, veil_symbol=1.0)
    assert 0 < hidden.identity_hidden < at(rows, veil_role=1.0).identity_hidden
    assert hidden.best_mse > 0
    both = at(rows, veil_symbol=1.0, veil_role=1.0)
    assert both.identity_hidden == pytest.approx(at(rows, veil_role=1.0).identity_hidden, rel=1e-5)


def test_shuffled_answers_cannot_be_known(rows: np.ndarray):
    found, frequencies = at(rows, shuffled=1.0), np.array(FREQUENCIES)
    assert found.best_mse == pytest.approx(np.mean(frequencies * (1 - frequencies)), rel=1e-5)
    assert found.constant_mse == pytest.approx(found.best_mse, rel=0.02)


def test_who_does_not_know_which_boards_are_congruent_errs_on_them(rows: np.ndarray):
    paper = answers(rows)
    changed = (
        (paper["scenario"] > 0) & (paper["label"] != LABELS.index("jump")) & (paper["label"] != LABELS.index("help"))
    )
    expected = 0.3 * 0.7 * 2 * changed.mean() / len(LABELS)
    assert at(rows, congruence=0.3).best_mse == pytest.approx(expected, rel=1e-4)
    assert at(rows, congruence=1.0).best_mse == pytest.approx(0, abs=1e-6)


def test_one_sky_has_fewer_dimensions(rows: np.ndarray):
    assert at(rows, skies=1.0).participation_ratio < at(rows).participation_ratio
