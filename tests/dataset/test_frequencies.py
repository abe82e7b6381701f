"""Frequencies of datasets of the published size, beside those of the public script (minutes, marker `statistical`)."""

from functools import cache

import numpy as np
import pytest

from mirrorjax.dataset.build import DatasetSpec, answers, play_rows, shares
from mirrorjax.dataset.oracle import LABELS, SCENARIOS
from mirrorjax.dataset.row import words_of

pytestmark = pytest.mark.statistical

# One game of the public script, played for so many turns: shares of scenarios and labels, and unique rows.
REFERENCE = {
    "frog_hops": (6_000_000, (0.418, 0.324, 0.125, 0.134), (0.404, 0.385, 0.155, 0.055), 5_410_000),
    "both_random": (5_000_000, (0.645, 0.161, 0.148, 0.046), (0.468, 0.424, 0.096, 0.013), 5_390_000),
}
LIMIT = 0.015  # from seed to seed a single game's shares are within .01, and two programs are compared


@cache
def frequencies(spec: DatasetSpec) -> tuple[int, dict[str, float], dict[str, float]]:
    """Unique rows, and their shares of scenarios and labels."""
    words = words_of(np.unique(play_rows(spec)[1]))
    found = answers(words)
    return len(words), shares(found["scenario"], SCENARIOS), shares(found["label"], LABELS)


@pytest.mark.parametrize("players", list(REFERENCE))
def test_frequencies_are_the_public_scripts(players):
    turns, scenarios, labels, rows = REFERENCE[players]
    found_rows, found_scenarios, found_labels = frequencies(DatasetSpec(turns=turns, players=players))
    assert tuple(found_scenarios.values()) == pytest.approx(scenarios, abs=LIMIT)
    assert tuple(found_labels.values()) == pytest.approx(labels, abs=LIMIT)
    assert found_rows == pytest.approx(rows, rel=0.03)


def test_the_burn_in_is_long_enough():
    """Frequencies do not change by .01 when the games are played twice as long before the first snapshot."""
    short, long = (frequencies(DatasetSpec(turns=2_000_000, burn_in=burn_in)) for burn_in in (2048, 4096))
    for found, later in zip(short[1:], long[1:], strict=True):
        assert all(abs(found[name] - later[name]) < 0.01 for name in found), (found, later)
