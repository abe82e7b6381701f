"""C: on a share of the boards anybody's distress makes help right; at C = 0 the answers are the paper's."""

import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import DatasetSpec, answers, build
from mirrorjax.dataset.oracle import LABELS
from mirrorjax.dataset.row import BOARD_BITS, ENERGIES, unpack
from mirrorjax.regimes.supervised import Supervised

HELP, JUMP = LABELS.index("help"), LABELS.index("jump")


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    return build(DatasetSpec(turns=20_000, games=64, burn_in=256, test_rows=400)).train


def labels(rows: np.ndarray, congruence: float, congruent: bool = True) -> np.ndarray:
    targets = Supervised(congruent=congruent).targets(jnp.asarray(rows), jnp.float32(congruence))
    return np.argmax(np.asarray(targets), axis=0)


def test_at_zero_the_answers_are_the_papers(rows: np.ndarray):
    paper = answers(rows)["label"]
    assert np.array_equal(labels(rows, 0.0), paper)
    assert np.array_equal(labels(rows, 1.0, congruent=False), paper), "a program without it does not look at it"


def test_at_one_any_distress_asks_for_help_unless_energy_is_spent(rows: np.ndarray):
    paper, changed = answers(rows), labels(rows, 1.0)
    starved = np.asarray(ENERGIES)[np.asarray(unpack(rows.T).energy_index)] <= 0  # type: ignore[arg-type]
    distress = paper["scenario"] > 0
    assert (changed[starved] == JUMP).all() and (changed[distress & ~starved] == HELP).all()
    assert np.array_equal(changed[~distress], paper["label"][~distress])
    assert np.mean(changed != paper["label"]) > 0.1


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_between_it_is_a_share_of_boards_whole(rows: np.ndarray, share: float):
    paper, changed, whole = answers(rows), labels(rows, share), labels(rows, 1.0)
    differs = whole != paper["label"]
    follows = changed == whole
    boards = (rows[:, 0].astype(np.uint64) << np.uint64(32)) | (rows[:, 1] & np.uint32(BOARD_BITS))
    _, board = np.unique(boards[differs], return_inverse=True)
    counts, following = np.bincount(board), np.bincount(board, follows[differs])
    assert ((following == 0) | (following == counts)).all(), "all rows of a board alike"
    assert np.mean(following > 0) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / len(counts)))
    more = labels(rows, 0.9)
    assert (more[changed == HELP] == HELP).all(), "a board that follows at one C follows at any larger one"
