"""Bands, peaks and groups against values worked out by hand."""

import math
from pathlib import Path

import duckdb
import numpy as np
import pytest

from mirrorjax.report.read.over_seeds import band, band_sql, curves, networks
from mirrorjax.report.read.populations import load
from mirrorjax.report.words.numbers import listed, percent, plain_number, tidy_number
from tests.report.cases import Network, like_paper, write_population
from tests.report.map_cases import KnobNetwork, write_map


def test_band_leaves_out_what_is_not_finite():
    values = band(np.array([4.0, np.nan, 1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 8.0, np.inf]))
    assert (values.low, values.median, values.high) == pytest.approx((1.35, 4.5, 7.65))
    assert np.isnan(band(np.array([np.nan])).median)


def test_band_of_few_networks_holds_all():
    """Of seven the least and the largest; of eight the quantiles, in SQL as in numpy."""
    few, enough = np.arange(1.0, 8.0), np.arange(1.0, 9.0)
    assert (band(few).low, band(few).high) == (1.0, 7.0)
    assert (band(enough).low, band(enough).high) == pytest.approx((1.35, 7.65))
    for values in (few, enough):
        rows = ", ".join(f"({value}::DOUBLE, true), (99, false)" for value in values)
        ends = ", ".join(band_sql("x")[word] for word in ("low", "median", "high"))
        found = duckdb.execute(f"SELECT {ends} FROM (VALUES {rows}) AS t(x, alive)").fetchall()[0]
        assert found == pytest.approx(
            [float(each) for each in (band(values).low, band(values).median, band(values).high)]
        )


def values_of(table: dict[int, list[tuple[float, float]]], epochs: list[float]):
    """Plants (validation loss, CMNI) by seed and checkpoint."""

    def values(network: Network, epoch: float) -> dict[str, float]:
        loss, cmni = table[network.seed][epochs.index(epoch)]
        return {"val_loss": loss, "cmni": cmni, "cmni_hidden": cmni / 2, "accuracy": 0.9}

    return values


@pytest.fixture
def three(tmp_path: Path):
    """Three seeds at four checkpoints; the third diverges at the last."""
    epochs = [0.0, 1.0, 2.0, 5.0]
    table = {
        0: [(0.4, 0.050), (0.09, 0.006), (0.058, 0.0040), (0.050, 0.0070)],
        1: [(0.4, 0.054), (0.09, 0.007), (0.059, 0.0080), (0.051, 0.0080)],
        2: [(0.4, 0.061), (0.09, 0.008), (0.057, 0.0060), (0.052, 0.0090)],
    }
    seeds = [Network(seed, values=values_of(table, epochs), diverged_from=3 if seed == 2 else None) for seed in table]
    (population,) = load(write_population(tmp_path / "p", seeds, epochs)).populations
    return population


def test_curve(three):
    curve = curves(three)[0]
    np.testing.assert_array_equal(curve.epoch, [0, 1, 2, 5])
    np.testing.assert_array_equal(curve.networks, [3, 3, 3, 3])
    np.testing.assert_array_equal(curve.alive, [3, 3, 3, 2])
    # epoch 2: seeds 1 and 2 reach .005; epoch 5: seeds 0 and 1, the third has diverged
    np.testing.assert_array_equal(curve.robust, [0, 0, 2, 2])
    np.testing.assert_allclose(curve.bands["cmni"].median, [0.054, 0.007, 0.006, 0.0075])
    np.testing.assert_allclose(curve.bands["cmni"].low[0], 0.050)  # of three networks a band holds all
    np.testing.assert_array_equal(curve.learnt, [0, 0, 0, 0])
    np.testing.assert_allclose(curve.bands["cmni_hidden"].median, [0.027, 0.0035, 0.003, 0.00375])
    np.testing.assert_allclose(curve.bands["val_loss"].median[-1], 0.0505)
    np.testing.assert_allclose(curve.bands["output_share"].median, 0.35)
    assert curve.at_epoch(5) == 3 and curve.at_epoch(10) is None


def test_networks(three):
    found = networks(three)
    np.testing.assert_array_equal(found.seed, [0, 1, 2])
    np.testing.assert_array_equal(found.diverged, [False, False, True])
    np.testing.assert_allclose(found.untrained, [0.050, 0.054, 0.061])
    # a tie goes to the earlier checkpoint; what diverged has no peak and no last value
    np.testing.assert_allclose(found.peak, [0.007, 0.008, np.nan])
    np.testing.assert_allclose(found.peak_epoch, [5, 2, np.nan])
    np.testing.assert_allclose(found.last["val_loss"], [0.050, 0.051, np.nan])
    np.testing.assert_array_equal(found.robust_last, [True, True, False])
    np.testing.assert_array_equal(found.robust_ever, [True, True, True])
    np.testing.assert_array_equal(found.robust_at_peak, [True, True, False])


def test_thresholds_are_the_papers(tmp_path):
    """CMNI .005 counts, validation loss .06 does not."""
    epochs = [0.0, 2.0]
    table = {0: [(0.4, 0.05), (0.0599, 0.005)], 1: [(0.4, 0.05), (0.06, 0.005)], 2: [(0.4, 0.05), (0.05, 0.00499)]}
    seeds = [Network(seed, values=values_of(table, epochs)) for seed in table]
    (population,) = load(write_population(tmp_path / "p", seeds, epochs)).populations
    np.testing.assert_array_equal(networks(population).robust_last, [True, False, False])


def test_the_checkpoint_of_epoch_1_5_is_not_after_it(tmp_path):
    """Steps are whole, so that its epoch may be a little more than 1.5."""
    epochs = [0.0, 1.5004, 2.0]
    seeds = [Network(0, values=values_of({0: [(0.4, 0.05), (0.09, 0.02), (0.07, 0.004)]}, epochs))]
    (population,) = load(write_population(tmp_path / "p", seeds, epochs)).populations
    assert networks(population).peak_epoch[0] == 2.0


def test_groups_hold_all_settings_apart(tmp_path):
    members = [Network(0), Network(1), Network(0, learning_rate=4e-6), Network(0, batch_size=20), Network(0, width=50)]
    (population,) = load(write_population(tmp_path / "p", members, [0.0, 2.0])).populations
    assert sorted(group.networks for group in population.groups) == [1, 1, 1, 2]
    assert [group.label for group in population.groups] == [
        "2×17, lr 4e-6, batch size 25",
        "2×17, lr 1e-4, batch size 20",
        "2×17, lr 1e-4, batch size 25",
        "2×50, lr 1e-4, batch size 25",
    ]
    assert population.headline.label == "2×17, lr 4e-6, batch size 25"


def test_headline_has_the_knobs_nearest_to_the_papers_where_none_has_its_own(tmp_path):
    values = [{"boards": boards, "dependency": d} for boards in (30, 3000, 300) for d in (0.5, 0.75)]
    write_map(tmp_path / "p", [KnobNetwork(seed, values=like_paper, knobs=each) for each in values for seed in (0, 1)])
    settings = load(tmp_path).populations[0].headline.settings
    assert (settings["boards"], settings["dependency"]) == (3000, 0.75)


def test_headline_is_the_nearest_to_the_paper(tmp_path):
    members = [Network(0, 1, 17), Network(0, 2, 16), Network(0, 2, 40), Network(0, 3, 17)]
    (population,) = load(write_population(tmp_path / "p", members, [0.0, 2.0])).populations
    assert population.headline.capacity == "2×16"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00822356, "0.00822"), (0.0481, "0.0481"), (1.4, "1.40"), (301_056, "301,056"), (0.0, "0"), (math.nan, "n/a")],
)
def test_plain_number(value, text):
    assert plain_number(value) == text


def test_words():
    assert [tidy_number(rate) for rate in (4e-6, 1e-4, 5e-5, 0.01)] == ["4e-6", "1e-4", "5e-5", "0.01"]
    assert [percent(share) for share in (0.0, 1.0, 0.625, 0.0625)] == ["0 %", "100 %", "62 %", "6.2 %"]
    assert listed(["a"]) == "a" and listed(["a", "b", "c"]) == "a, b and c"
