"""How often the tests find what is not there, and what is: analysis/own_network_rates.py, in small and in full."""

import runpy
from pathlib import Path

import pytest

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "analysis" / "own_network_rates.py"))
FALSE = {"shared_units": ("b", "bc")}  # kinds in which what is claimed is true


def assert_not_too_often(kind: str, sets: int) -> None:
    """No test rejects more often than in 5 % of data sets of a kind, by a one-sided binomial test at .01."""
    found = SCRIPT["rates"](kind, sets, 192 if kind == "templates" else 64, 32)
    assert len(found) == 6
    for name, count in found.items():
        if kind not in FALSE.get(name, ()):
            assert not SCRIPT["is_too_often"](count, sets), f"{name}: {count} of {sets}"


@pytest.mark.parametrize("kind", ["heavy tails", "relu", "c", "templates"])
def test_few_false_positives(kind: str):
    assert_not_too_often(kind, 40)


@pytest.mark.parametrize("like", ["correlated", "relu"])
def test_planted_units_are_found(like: str):
    found = SCRIPT["rates"](f"planted {like}", 10, 256, 64)
    assert found["mirror_units"] == found["mirror_units_matched"] == 10 and found["ssi_unbiased"] >= 9
    assert found["decoding_beyond_object"] >= 9


@pytest.mark.statistical
@pytest.mark.parametrize("kind", SCRIPT["KINDS"])
def test_false_positives_of_two_thousand(kind: str):
    assert_not_too_often(kind, 2_000)


@pytest.mark.statistical
@pytest.mark.parametrize("like", ["correlated", "relu"])
def test_power(like: str):
    found = SCRIPT["rates"](f"planted {like}", 200, 256, 64)
    assert min(found.values()) >= 190, found
