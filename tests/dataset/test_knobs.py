"""Right answers as the knobs turn: at the paper's values they are the paper's, bit for bit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import DatasetSpec, answers, build
from mirrorjax.dataset.knobs import FREQUENCIES, PAPER, Knobs
from mirrorjax.dataset.oracle import LABELS, RESCUE_HELP
from mirrorjax.dataset.row import BOARD_BITS, ENERGIES, unpack_all
from mirrorjax.regimes.supervised import Supervised

HELP, JUMP = LABELS.index("help"), LABELS.index("jump")


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return build(DatasetSpec(turns=20_000, games=64, burn_in=256, test_rows=400)).train


@jax.jit
def _targets(rows: jax.Array, knobs: Knobs) -> jax.Array:
    return Supervised(knobs=True).targets(rows, knobs)


def targets(rows: np.ndarray, **turned: float) -> np.ndarray:
    knobs = Knobs(**{name: jnp.float32(value) for name, value in (PAPER | turned).items()})
    return np.asarray(_targets(jnp.asarray(rows), knobs))


def labels(rows: np.ndarray, **turned: float) -> np.ndarray:
    return np.argmax(targets(rows, **turned), axis=0)


def of_boards(rows: np.ndarray) -> np.ndarray:
    """The place of each row's board among all."""
    boards = (rows[:, 0].astype(np.uint64) << np.uint64(32)) | (rows[:, 1] & np.uint32(BOARD_BITS))
    return np.unique(boards, return_inverse=True)[1]


def test_at_the_papers_values_nothing_changes(rows: np.ndarray):
    plain = np.asarray(Supervised().targets(jnp.asarray(rows)))
    assert np.array_equal(plain, np.eye(len(LABELS))[answers(rows)["label"]].T)
    assert np.array_equal(targets(rows), plain), "bit for bit"
    turned = Knobs(**{**{name: jnp.float32(1) for name in PAPER}, "dependency": jnp.float32(0)})
    assert np.array_equal(Supervised().targets(jnp.asarray(rows), turned), plain), "only where a program has knobs"


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
