"""What self-other overlap does to the paper's network at C = 0 and C = 1; many minutes on all cores."""

from typing import Any

import numpy as np
import pytest

from tests.regimes.acceptance import Records, told

DISTRESS = {"regime": "overlap", "pair": "distress"}
LAMBDAS = (0.0, 0.003, 0.01, 0.03)
KINDS: dict[str, dict[str, Any]] = {
    **{f"λ {each}": {**DISTRESS, "overlap": each} for each in LAMBDAS},
    **{f"C 1, λ {each}": {**DISTRESS, "overlap": each, "congruence": 1.0} for each in (0.0, 0.03)},
    "object, λ 0.03": {"regime": "overlap", "pair": "object", "overlap": 0.03},
    # the nmse of random views is 2 whatever is learnt: it would shrink the units for ever, until they die
    "random, mse, λ 0.03": {"regime": "overlap", "pair": "random", "distance": "mse", "overlap": 0.03},
}
NAMES = ("accuracy", "recall_help_edge", "recall_help_rescue", "rescue_accuracy", "soo_cos", "soo_nmse", "seat_nmse",
         "pair_distance", "cos_frog_toad", "cos_frog_object", "ssi", "mni_star", "d_prime_mni")  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.acceptance]


@pytest.fixture(scope="module")
def records() -> Records:
    """At the end, by kind."""
    return told(KINDS, *NAMES)


def along(records: Records, name: str) -> np.ndarray:
    """Medians of a column, in the order of λ, at C = 0."""
    return np.array([np.median(records[f"λ {each}"][name]) for each in LAMBDAS])


def test_overlap_rises_with_lambda(records: Records):
    assert (np.diff(along(records, "soo_cos")) > 0).all()
    assert (np.diff(along(records, "soo_nmse")) < 0).all()


def test_at_c_0_it_takes_the_rescues(records: Records):
    rescue = along(records, "recall_help_rescue")
    assert rescue[-1] < 0.1 and rescue[-1] < rescue[0] / 3


def test_and_little_else(records: Records):
    assert (along(records, "recall_help_edge") >= 0.95).all()
    accuracy = along(records, "accuracy")
    assert accuracy[0] - accuracy[-1] < 0.02


def test_at_c_1_it_takes_nothing(records: Records):
    assert np.median(records["C 1, λ 0.03"]["rescue_accuracy"]) >= 0.95


@pytest.mark.xfail(strict=True, reason="specified, and not met: .242 without, .187 with (docs/regimes.md)")
def test_at_c_1_patterns_stay_as_social(records: Records):
    without, pulled = (np.median(records[f"C 1, λ {each}"]["ssi"]) for each in (0.0, 0.03))
    assert pulled >= without


def test_a_pull_without_a_referent_keeps_more_rescues(records: Records):
    random, distress = (np.median(records[kind]["recall_help_rescue"]) for kind in ("random, mse, λ 0.03", "λ 0.03"))
    assert random > distress
