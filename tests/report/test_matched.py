"""Matching in the report, where it is known which measure a setting changes and which only follows the error."""

import csv
from pathlib import Path

import numpy as np
import pytest

from mirrorjax.report.figures import matched
from mirrorjax.report.page.build import write_report
from tests.report.cases import Network, like_paper, write_population, write_sweep
from tests.report.map_cases import KnobNetwork, write_map
from tests.report.test_figures import by_label, drawn, view_of

EPOCHS = (0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 20.0)


def planted(network: Network, epoch: float) -> dict[str, float]:
    """Networks of a wider kind learn more slowly. MNI* follows the error alone, rescue accuracy the width alone."""
    rate = {8: 0.4, 17: 0.2, 32: 0.1}[network.width] * (1 + 0.02 * (network.seed - 3.5))
    error = np.exp(-rate * epoch)
    return like_paper(network, epoch) | {
        "excess_error": error,
        "mni_star": -np.log(error) / 10,
        "rescue_accuracy": network.width / 100 + 0.001 * network.seed,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    networks = [Network(seed, width=width, values=planted) for width in (8, 17, 32) for seed in range(8)]
    return write_sweep(tmp_path_factory.mktemp("matched"), {"p": networks}, epochs=EPOCHS)


def test_what_only_follows_the_error_is_equal_at_equal_error(folder: Path):
    view = view_of(folder)
    ((mni, rescue, *_),) = matched.lines(view)
    assert (mni.measure, mni.axis.names, mni.ticks) == ("mni_star", ("width",), ["8", "17", "32"])
    assert mni.epoch == 20
    # half of the slowest kind reach it: seeds scatter around a rate of .1
    assert np.log(mni.error) == pytest.approx(-2.0, abs=1e-6)
    at_epoch = np.array([each.at_epoch for each in mni.conditions])
    at_error = np.array([each.at_excess for each in mni.conditions])
    np.testing.assert_allclose(at_epoch[:, 1], [0.8, 0.4, 0.2], rtol=1e-6)
    assert at_epoch[0, 0] > at_epoch[1, 2] > at_epoch[1, 0] > at_epoch[2, 2], "intervals apart at equal lr · steps"
    np.testing.assert_allclose(at_error[:, 1], 0.2, atol=0.03)  # the error is interpolated along straight lines
    assert [each.never for each in mni.conditions] == [0, 0, 4]
    np.testing.assert_allclose([each.epoch.value for each in mni.conditions[:2]], [5, 10], rtol=0.1)
    for each, width in zip(rescue.conditions, (8, 17, 32), strict=True):
        assert each.at_epoch.value == pytest.approx(width / 100 + 0.0035)
        # of the slowest kind the quicker half, seeds 4 to 7
        assert each.at_excess.value == pytest.approx(width / 100 + (0.0055 if width == 32 else 0.0035))


def test_the_panel_draws_both_ways_and_says_what_moves(folder: Path):
    panel = matched.panel(view_of(folder))
    assert panel.choosers[0].options[:2] == ("MNI*", "rescue accuracy")
    assert panel.choosers[1].options == ("units a hidden layer",)
    found = by_label(drawn(panel, 0, 0))
    assert list(found) == ["at paper epoch 20", "at excess error 0.135"]
    words = found["at excess error 0.135"].details["words"]
    assert "4 never reach it" in words[2] and "8: " in words[0]
    assert panel.caption[1].startswith("MNI* at width 8 and 32: 0.800 [")
    assert "where excess error first reaches 0.135" in panel.caption[1]


@pytest.mark.slow
def test_its_files(folder: Path, printed: None):
    write_report(folder)
    with (folder / "tables/matched-p.csv").open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    (row,) = [each for each in rows if (each["measure"], each["value"]) == ("mni_star", "17")]
    assert (row["along"], row["networks"], row["absent"], row["never"]) == ("width", "8", "0", "0")
    low, value, high = (float(row[f"at_epoch{end}"]) for end in ("_low_95", "", "_high_95"))
    assert low < value < high and value == pytest.approx(0.4)
    assert (folder / "figures/matched-p.svg").stat().st_size > 5_000
    assert "Matched: does a setting change networks" in (folder / "report.html").read_text(encoding="utf-8")


def test_knobs_are_matched_around_the_papers_point_over_all_data_seeds(tmp_path: Path):
    def values(network: Network, epoch: float) -> dict[str, float]:
        assert isinstance(network, KnobNetwork)
        error = np.exp(-0.1 * epoch)
        own = network.knob("dependency") + 10 * network.knob("veil_symbol")
        return like_paper(network, epoch) | {"excess_error": error, "mni_star": own}

    networks = [
        KnobNetwork(seed, values=values, knobs={"dependency": dependency, "veil_symbol": veil, "data_seed": draw})
        for dependency in (0.0, 0.5, 1.0)
        for veil in (0.0, 1.0)
        for draw in (0, 1)
        for seed in range(3)
    ]
    write_map(tmp_path / "p", networks, EPOCHS)
    by_axis = {row[0].axis.names: row[0] for row in matched.lines(view_of(tmp_path))}
    assert by_axis.keys() == {("dependency",), ("veil_symbol",)}
    along = by_axis[("dependency",)]
    assert [(each.networks, each.at_excess.value) for each in along.conditions] == [(6, 0), (6, 0.5), (6, 1)]
    assert [each.at_epoch.value for each in by_axis[("veil_symbol",)].conditions] == [1, 11]


def test_nothing_varies_or_nothing_was_recorded(tmp_path: Path):
    write_population(tmp_path / "one" / "p", [Network(seed, values=planted) for seed in range(3)], epochs=EPOCHS)
    assert "Nothing to match" in matched.panel(view_of(tmp_path / "one")).missing
    plain = [Network(seed, width=width) for width in (8, 17) for seed in range(2)]
    write_population(tmp_path / "two" / "p", plain, epochs=EPOCHS)
    view = view_of(tmp_path / "two")
    assert "excess_error" not in view.population.measures
    assert "Nothing to match" in matched.panel(view).missing and matched.table(view) is None


def test_untrained_networks_are_not_matched(tmp_path: Path):
    networks = [Network(seed, width=width, values=planted) for width in (8, 17) for seed in range(3)]
    write_population(tmp_path / "p", networks, epochs=[0.0])
    assert "Nothing to match" in matched.panel(view_of(tmp_path)).missing


def test_a_value_at_which_all_diverged_is_left_out(tmp_path: Path):
    networks = [
        Network(seed, width=width, values=planted, diverged_from=1 if width == 17 else None)
        for width in (8, 17, 32)
        for seed in range(4)
    ]
    write_population(tmp_path / "p", networks, epochs=EPOCHS)
    assert [line.ticks for line in matched.lines(view_of(tmp_path))[0]] == [["8", "32"]] * 4


def test_measures_that_not_all_axes_have_are_left_out(tmp_path: Path):
    def values(network: Network, epoch: float) -> dict[str, float]:
        assert isinstance(network, KnobNetwork)
        asked = network.knob("dependency") == 1
        return planted(network, epoch) | {"ssi_last": 0.1 if asked else np.nan}

    knobs = [{"dependency": 0.0}, {"dependency": 1.0}, {"congruence": 1.0}]
    networks = [KnobNetwork(seed, values=values, knobs=each) for each in knobs for seed in range(3)]
    write_map(tmp_path / "p", networks, EPOCHS)
    found = matched.lines(view_of(tmp_path))
    assert {row[0].axis.names for row in found} == {("congruence",), ("dependency",)}
    assert len({tuple(line.measure for line in row) for row in found}) == 1
    assert "ssi_last" not in {line.measure for line in found[0]} and "mni_star" in {line.measure for line in found[0]}


def test_conditions_without_a_common_error_are_matched_by_time_alone(tmp_path: Path):
    def values(network: Network, epoch: float) -> dict[str, float]:
        level = 1.0 if network.width == 8 else 0.01
        return like_paper(network, epoch) | {"excess_error": level * np.exp(-0.1 * epoch), "mni_star": level}

    networks = [Network(seed, width=width, values=values) for width in (8, 17) for seed in range(4)]
    write_population(tmp_path / "p", networks, epochs=EPOCHS)
    view = view_of(tmp_path)
    (line,) = matched.lines(view)[0][:1]
    assert np.isnan(line.error) and all(np.isnan(each.at_excess.value) for each in line.conditions)
    assert len(by_label(drawn(matched.panel(view), 0, 0))) == 1 and "there is no excess error" in line.words
    assert matched.panel(view).printed is not None
