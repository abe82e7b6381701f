"""Right answers and pictures as the knobs turn: at the paper's values they are the paper's, bit for bit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset import row as paper_row
from mirrorjax.dataset.build import answers
from mirrorjax.dataset.knobs import FREQUENCIES, PAPER, SOMEBODY, Knobs, exchanged, features
from mirrorjax.dataset.oracle import EDGE_COLUMN, LABELS, RESCUE_HELP, label, situation_of_row
from mirrorjax.dataset.row import BOARD_BITS, ENERGIES, SKIES, unpack, unpack_all
from mirrorjax.game.observation import FLY, OWN_COLUMN, OWN_SYMBOL
from mirrorjax.measurement.probe import pictures_of
from mirrorjax.regimes.supervised import Supervised
from tests.datasets import TINY, built

HELP, JUMP = LABELS.index("help"), LABELS.index("jump")


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return built(TINY).train


@jax.jit
def _targets(rows: jax.Array, knobs: Knobs) -> jax.Array:
    return Supervised(knobs=True).targets(rows, knobs)


def knobs_with(**turned: float) -> Knobs:
    return Knobs(**{name: jnp.float32(value) for name, value in (PAPER | turned).items()})


@jax.jit
def _pictures(rows: jax.Array, knobs: Knobs) -> jax.Array:
    return jax.vmap(features, in_axes=(0, None))(rows, knobs)


def pictures(rows: np.ndarray, **turned: float) -> np.ndarray:
    return np.asarray(_pictures(jnp.asarray(rows), knobs_with(**turned)))


def of_toads_seat(rows: np.ndarray) -> np.ndarray:
    """Labels of the rows as they are for Toad, by the oracle."""
    return np.asarray(jax.vmap(lambda words: label(situation_of_row(exchanged(unpack(words)))))(jnp.asarray(rows)))


def targets(rows: np.ndarray, **turned: float) -> np.ndarray:
    return np.asarray(_targets(jnp.asarray(rows), knobs_with(**turned)))


def labels(rows: np.ndarray, **turned: float) -> np.ndarray:
    return np.argmax(targets(rows, **turned), axis=0)


def of_boards(rows: np.ndarray) -> np.ndarray:
    """The place of each row's board among all."""
    boards = (rows[:, 0].astype(np.uint64) << np.uint64(32)) | (rows[:, 1] & np.uint32(BOARD_BITS))
    return np.unique(boards, return_inverse=True)[1]


def test_at_the_papers_values_nothing_changes(rows: np.ndarray):
    unlike = Knobs(**{**{name: jnp.float32(1) for name in PAPER}, "dependency": jnp.float32(0)})
    plain = np.asarray(Supervised().targets(jnp.asarray(rows), unlike))  # not looked at: this program has no knobs
    assert np.array_equal(plain, np.eye(len(LABELS))[answers(rows)["label"]].T)
    assert np.array_equal(targets(rows), plain), "bit for bit"


def test_at_full_congruence_any_distress_asks_for_help_unless_energy_is_spent(rows: np.ndarray):
    paper, changed = answers(rows), labels(rows, congruence=1.0)
    starved = np.asarray(ENERGIES)[np.asarray(unpack_all(rows).energy_index)] <= 0
    distress = paper["scenario"] > 0
    assert (changed[starved] == JUMP).all() and (changed[distress & ~starved] == HELP).all()
    assert np.array_equal(changed[~distress], paper["label"][~distress])
    assert np.mean(changed != paper["label"]) > 0.1


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_congruence_is_a_share_of_boards_whole(rows: np.ndarray, share: float):
    paper, changed = answers(rows)["label"], labels(rows, congruence=share)
    whole = labels(rows, congruence=1.0)
    differs = whole != paper
    board = np.unique(of_boards(rows)[differs], return_inverse=True)[1]
    counts, following = np.bincount(board), np.bincount(board, (changed == whole)[differs])
    assert ((following == 0) | (following == counts)).all(), "all rows of a board alike"
    assert np.mean(following > 0) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(counts)))
    assert (labels(rows, congruence=0.9)[changed == HELP] == HELP).all(), "who follows at one C does at any larger one"


def test_without_dependency_nothing_is_asked_by_toads_distress(rows: np.ndarray):
    paper, alone = answers(rows), labels(rows, dependency=0.0)
    rescue = paper["help_kind"] == RESCUE_HELP
    assert rescue.any() and (alone[rescue] != HELP).all()
    assert np.array_equal(alone[~rescue], paper["label"][~rescue]), "the edge is another clause"
    seen = labels(rows, dependency=0.0, congruence=1.0)
    only_toad = paper["scenario"] == 2
    assert np.array_equal(seen[only_toad], alone[only_toad]), "Toad's half of C goes too"
    own = (paper["scenario"] == 1) & (paper["label"] != JUMP)
    assert (seen[own] == HELP).all(), "one's own stays"


def test_dependency_mixes_the_two_rules(rows: np.ndarray):
    mixed, whole, alone = targets(rows, dependency=0.25), targets(rows), targets(rows, dependency=0.0)
    assert np.array_equal(mixed, np.float32(0.25) * whole + np.float32(0.75) * alone)
    assert np.allclose(mixed.sum(0), 1)


def test_shuffled_answers_have_the_frequencies_and_know_nothing(rows: np.ndarray):
    paper, anyhow = answers(rows)["label"], labels(rows, shuffled=1.0)
    share = np.bincount(anyhow, minlength=len(LABELS)) / len(rows)
    assert share == pytest.approx(FREQUENCIES, abs=5 * np.sqrt(0.25 / len(rows)))
    agree = np.mean(anyhow == paper)
    chance = float(np.bincount(paper, minlength=len(LABELS)) @ share) / len(rows)
    assert agree == pytest.approx(chance, abs=5 * np.sqrt(0.25 / len(rows)))
    half = labels(rows, shuffled=0.5)
    assert np.mean(half == anyhow) == pytest.approx(0.5 + 0.5 * agree, abs=0.03)
    assert ((half == anyhow) | (half == paper)).all()


def test_at_the_papers_values_pictures_are_the_papers(rows: np.ndarray):
    plain = np.asarray(jax.jit(jax.vmap(paper_row.features))(jnp.asarray(rows)))
    assert np.array_equal(pictures(rows), plain), "bit for bit"


def test_without_the_edge_rule_only_rescues_ask_for_help(rows: np.ndarray):
    paper, changed, row = answers(rows), labels(rows, edge=0.0), unpack_all(rows)
    at_edge = np.asarray(row.frog_column) == EDGE_COLUMN
    rescue = (paper["scenario"] == 2) & (paper["label"] != JUMP)
    assert (changed[at_edge & rescue] == HELP).all() and (changed[at_edge & ~rescue] != HELP).all()
    assert np.array_equal(changed[~at_edge], paper["label"][~at_edge])


def test_a_veil_of_symbols_leaves_distress_alone(rows: np.ndarray):
    plain, veiled = pictures(rows), pictures(rows, veil_symbol=1.0)
    codes = veiled[:, 32:64]
    assert set(np.unique(codes)) == {0.0, SOMEBODY, 9.0}
    assert np.array_equal(codes == 9, plain[:, 32:64] == 9) and np.array_equal(codes == 0, plain[:, 32:64] == 0)
    rest = np.delete(np.arange(100), np.arange(32, 64))
    assert np.array_equal(veiled[:, rest], plain[:, rest])
    assert np.array_equal(targets(rows, veil_symbol=1.0), targets(rows)), "it hides, and asks for nothing else"


def test_a_veil_is_of_a_share_of_the_rows_and_of_more_as_it_grows(rows: np.ndarray):
    def veiled(share: float) -> np.ndarray:
        return (pictures(rows, veil_symbol=share)[:, 32:64] == SOMEBODY).any(1)

    all_of_them, some, more = veiled(1.0), veiled(0.3), veiled(0.6)
    expected = 0.3 * all_of_them.mean()
    assert some.mean() == pytest.approx(expected, abs=5 * np.sqrt(0.25 / len(rows)))
    assert (more | ~some).all() and more.sum() > some.sum()


def test_behind_the_veil_of_roles_half_of_the_rows_are_toads(rows: np.ndarray):
    own, other, asked = answers(rows)["label"], of_toads_seat(rows), labels(rows, veil_role=1.0)
    differ = own != other
    assert ((asked == own) | (asked == other)).all()
    share = np.mean(asked[differ] == other[differ])
    assert share == pytest.approx(0.5, abs=5 * np.sqrt(0.25 / differ.sum()))
    assert np.array_equal(pictures(rows, veil_role=1.0), pictures(rows)), "with no cue"
    half = labels(rows, veil_role=0.5)
    assert np.mean(half[differ] == other[differ]) == pytest.approx(0.25, abs=5 * np.sqrt(0.25 / differ.sum()))


def test_exchanged_twice_is_the_same_situation(rows: np.ndarray):
    def situations(words: jax.Array) -> tuple:
        row = unpack(words)
        return situation_of_row(row), situation_of_row(exchanged(exchanged(row)))

    before, after = jax.jit(jax.vmap(situations))(jnp.asarray(rows))
    for name in ("energy", "column", "frog_distress", "toad_distress", "next_rough"):
        assert np.array_equal(getattr(before, name), getattr(after, name)), name


def test_unmasked_the_own_symbol_and_column_are_those_of_the_seat(rows: np.ndarray):
    row, plain = unpack_all(rows), pictures(rows)
    frog, toad = np.asarray(row.frog_column), np.asarray(row.toad_column)
    shown = pictures(rows, mask=0.0)
    assert np.array_equal(shown[:, OWN_COLUMN], frog)
    assert np.array_equal(shown[:, OWN_SYMBOL], np.where((rows[:, 0] >> frog.astype(np.uint32)) & 1, 9, 4))
    rest = np.delete(np.arange(100), [OWN_SYMBOL, OWN_COLUMN])
    assert np.array_equal(shown[:, rest], plain[:, rest])
    either = pictures(rows, mask=0.0, veil_role=1.0)[:, OWN_COLUMN]
    asked = labels(rows, veil_role=1.0)
    assert (asked == np.where(either == frog, answers(rows)["label"], of_toads_seat(rows)))[frog != toad].all()
    veiled = pictures(rows, mask=0.0, veil_symbol=1.0)[:, OWN_SYMBOL]
    assert set(np.unique(veiled)) == {SOMEBODY, 9.0}
    half = pictures(rows, mask=0.5)[:, OWN_SYMBOL] > 0
    assert half.mean() == pytest.approx(0.5, abs=5 * np.sqrt(0.25 / len(rows)))


@pytest.mark.parametrize("number", [1, 3])
def test_fewer_skies(rows: np.ndarray, number: int):
    flies = pictures(rows, skies=float(number))[:, 64:96]
    drawn = np.zeros((number, 32))
    for place, sky in enumerate(SKIES[:number]):
        drawn[place, list(sky)] = FLY
    assert np.array_equal(np.unique(flies, axis=0), np.unique(drawn, axis=0))
    changed, plain = (
        np.delete(each, np.s_[64:96], 1) for each in (pictures(rows, skies=float(number)), pictures(rows))
    )
    assert np.array_equal(changed, plain)


def test_knobs_are_of_training_rows_not_of_measured_ones():
    rows, turned = jnp.asarray([[0b1010, 3 | (7 << 5)]], jnp.uint32), knobs_with(veil_symbol=1.0)
    paper, veiled = (np.asarray(jax.jit(Supervised(knobs=each).pictures)(rows, turned)) for each in (False, True))
    assert np.array_equal(pictures_of(rows), paper) and not np.array_equal(paper, veiled)
