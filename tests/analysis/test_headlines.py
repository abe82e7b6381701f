"""Figures of the questions of each way to learn: who is looked at, what is averaged, what is left out."""

from typing import Any

import numpy as np
import pytest

from analysis.headlines import HEADLINES, assemblies, curves
from mirrorjax.errors import InputError
from mirrorjax.report.chart.marks import HeatMap, Points


def networks(**settings: Any) -> list[dict[str, Any]]:
    """Four of one configuration, whose measures are 1, 2, 3 and 4 times .1."""
    names = ("recall_help_rescue", "ssi", "transfer", "recall_help", "recall_help_watched", "empathy")
    return [{**settings, **dict.fromkeys((*names, "overlap_frog_object"), 0.1 * number)} for number in range(1, 5)]


def test_a_curve_has_means_of_its_networks_with_intervals():
    found = [*networks(overlap=0.0, pair="distress", congruence=0.0), *networks(overlap=0.01, pair="distress")]
    others = networks(overlap=0.01, pair="seat")  # distance and congruence are at their defaults where nobody says
    chart, table = curves(HEADLINES["overlap"], [*found, *others])
    assert [plot.y.label for plot in chart.rows[0]] == ["recall of rescue help", "SSI"]
    rows = table.to_pylist()
    assert {row["line"] for row in rows} == {"C 0"}
    assert [(row["overlap"], row["networks"]) for row in rows] == [(0.0, 4), (0.01, 4)] * 2
    np.testing.assert_allclose([row["mean"] for row in rows], 0.25)
    assert all(row["low_95"] < 0.25 < row["high_95"] for row in rows)
    (mark,) = chart.rows[0][0].marks
    assert isinstance(mark, Points) and mark.x.tolist() == [0, 1]


def test_what_was_not_measured_is_left_out():
    found = networks(veil_symbol=0.5, encoding="one_hot", watch="swapped")
    found[0]["transfer"] = None
    _, table = curves(HEADLINES["imitation"], found)
    assert table["mean"][0].as_py() == pytest.approx(0.3)


def test_without_networks_of_the_question_it_says_so():
    with pytest.raises(InputError, match="no networks with encoding one_hot"):
        curves(HEADLINES["imitation"], networks(encoding="ordinal"))


def test_brains_are_a_map_of_dose_and_veil():
    found = [*networks(dose=1.0, veil_neurons=0.0), *networks(dose=1.25, veil_neurons=0.0)]
    chart, table = assemblies([*found, *networks(dose=1.25, veil_neurons=1.0)])
    (cells,) = chart.rows[0][0].marks
    assert isinstance(cells, HeatMap)
    np.testing.assert_allclose(cells.z, [[0.25, 0.25], [np.nan, 0.25]])
    assert len(table) == 6
