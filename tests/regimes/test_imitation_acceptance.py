"""What a network that only watched does in its own seat; many minutes on all cores."""

from typing import Any

import numpy as np
import pytest

from mirrorjax.measurement.learnt import LEARNT_BELOW
from tests.regimes.acceptance import Records, told

KINDS: dict[str, dict[str, Any]] = {
    "swapped": {"regime": "imitation"},
    "as played": {"regime": "imitation", "watch": "as_played"},
    "one_hot, shown": {"regime": "imitation", "encoding": "one_hot"},
    "one_hot, hidden": {"regime": "imitation", "encoding": "one_hot", "veil_symbol": 1.0},
    "own": {"regime": "imitation", "watched_share": 0.0},
}
NAMES = ("accuracy", "accuracy_own_live", "recall_help_edge", "recall_help_rescue", "rescue_accuracy", "recall_help",
         "accuracy_watched", "accuracy_watched_live", "recall_help_watched", "accuracy_own_veiled", "transfer",
         "seats_agree_live", "excess_error", "ssi", "mni_star", "cos_frog_toad", "cos_frog_object")  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.acceptance]


@pytest.fixture(scope="module")
def records() -> Records:
    """At the end, by kind; `own` watches nobody, which is supervised learning."""
    return told(KINDS, *NAMES)


def median(records: Records, kind: str, name: str) -> float:
    return float(np.median(records[kind][name]))


def test_in_the_papers_codes_there_is_hardly_a_correspondence_to_solve(records: Records):
    live = [median(records, kind, "accuracy_own_live") for kind in ("swapped", "own")]
    assert abs(live[0] - live[1]) < 0.02
    assert median(records, "swapped", "recall_help_edge") >= 0.99


def test_one_hot_letters_keep_help_in_the_watched_seat(records: Records):
    assert median(records, "one_hot, shown", "recall_help") < 0.15
    assert median(records, "one_hot, shown", "recall_help_watched") > 0.5


def test_hidden_letters_carry_everything_over(records: Records):
    own, watched = (median(records, "one_hot, hidden", f"accuracy_{seat}_live") for seat in ("own", "watched"))
    assert abs(own - watched) < 0.02


def test_as_played_help_was_never_seen(records: Records):
    assert median(records, "as played", "recall_help") < 0.05


def test_watching_is_learnt_as_well_as_acting(records: Records):
    acting = median(records, "own", "accuracy")
    for kind in ("swapped", "as played"):
        assert median(records, kind, "accuracy_watched") >= acting - 0.03, kind
        assert median(records, kind, "excess_error") < LEARNT_BELOW, kind
