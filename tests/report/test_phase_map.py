"""The map of settings: its axes, its cells, what is said of it, and its size."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from mirrorjax.measures import MEASURES
from mirrorjax.report.map.axes import CONSTRUCTED, Axis
from mirrorjax.report.map.boundary import boundary_of
from mirrorjax.report.map.cells import Cells, networks_of, significant
from mirrorjax.report.map.data import map_data, packed
from mirrorjax.report.map.figure import cells_of, panel, table
from mirrorjax.report.map.orders import ORDER_PARAMETERS
from mirrorjax.report.map.paper_point import paper_point
from mirrorjax.report.map.sentences import map_sentences
from mirrorjax.report.page.acceptance import applicable
from mirrorjax.report.page.build import write_report
from mirrorjax.report.read.view import View
from mirrorjax.statistics.fluctuations import fluctuations
from mirrorjax.statistics.intervals import wilson
from tests.report.cases import Network, like_paper
from tests.report.map_cases import EPOCHS, KnobNetwork, mirrors, planted, veil_map, write_map
from tests.report.test_figures import view_of


@pytest.fixture(scope="module")
def networks() -> list[KnobNetwork]:
    return veil_map(side=5, seeds=8)


@pytest.fixture(scope="module")
def view(tmp_path_factory, networks) -> View:
    return view_of(write_map(tmp_path_factory.mktemp("map") / "p", networks))


@pytest.fixture(scope="module")
def found(view) -> Cells:
    return map_of(view)


def map_of(view: View) -> Cells:
    found = cells_of(view)
    assert found is not None
    return found


def made(tmp_path: Path, networks: list[KnobNetwork], old: bool = False) -> View:
    return view_of(write_map(tmp_path / "p", networks, old=old))


def test_settings_moved_together_are_one_axis(found):
    assert found.x.names == ("dependency",) and found.y is not None and found.slices == ()
    assert found.y.names == ("veil_symbol", "veil_role")
    assert found.y.letters == "veil symbol = veil role" and found.y.ticks == ["0", "0.25", "0.5", "0.75", "1"]
    assert len(found.place) == 25 and {tuple(place) for place in found.place.tolist()} == set(np.ndindex(5, 5))


def test_shares_have_the_planted_counts_and_wilson_intervals(found, networks):
    for row, epoch in enumerate(EPOCHS):
        for cell, (x, y) in enumerate(found.place):
            knobs = {"dependency": x / 4, "veil_symbol": y / 4}
            expected = mirrors(KnobNetwork(0, knobs=knobs), epoch)
            values = found.values["mirror"]
            if epoch < 5:
                assert values.count[row, cell] == 0 and np.isnan(values.value[row, cell])
                continue
            low, high = wilson(expected, 8)
            assert (values.count[row, cell], values.value[row, cell]) == (8, expected / 8)
            np.testing.assert_allclose((values.low[row, cell], values.high[row, cell]), (low, high))


def test_means_and_fluctuations_are_those_of_the_networks(view, found, networks):
    own = [n for n in networks if n.knobs["dependency"] == 1 and n.knobs["veil_symbol"] == 0.5]
    cell = next(cell for cell, place in enumerate(found.place.tolist()) if place == [4, 2])
    values = np.array([planted(network, 10.0)["ssi_last"] for network in own])
    ssi, row = found.values["ssi_last"], EPOCHS.index(10.0)
    np.testing.assert_allclose(ssi.value[row, cell], values.mean(), rtol=1e-5)
    ends = (ssi.low[row, cell], ssi.high[row, cell])
    np.testing.assert_allclose(ends, np.quantile(values, [0.05, 0.95]), rtol=1e-5)
    assert ssi.count[row, cell] == 8
    susceptibility = found.values["ssi_last_susceptibility"]
    np.testing.assert_allclose(susceptibility.value[row, cell], own[0].units * values.var(ddof=1), rtol=1e-5)
    deviation = values - values.mean()
    binder = 1 - np.mean(deviation**4) / (3 * np.mean(deviation**2) ** 2)
    np.testing.assert_allclose(found.values["ssi_last_binder"].value[row, cell], binder, rtol=1e-4)
    # only the last checkpoint has their intervals, and the database agrees with the statistics there
    assert np.isnan(susceptibility.low[:-1]).all() and np.isfinite(susceptibility.low[-1]).all()
    last = fluctuations(*networks_of(view.population, "ssi_last", found.checkpoint[-1], len(found.place)))
    np.testing.assert_allclose(susceptibility.value[-1], last.susceptibility.value, rtol=1e-4)
    np.testing.assert_allclose(found.values["ssi_last_binder"].value[-1], last.binder.value, rtol=1e-3)


def test_equal_values_have_no_fluctuations(tmp_path):
    def same(network: Network, epoch: float) -> dict[str, float]:
        return planted(network, epoch) | {"ssi_last": 0.1}

    members = [KnobNetwork(s, values=same, knobs={"dependency": d}) for s in range(3) for d in (0.0, 1.0)]
    found = map_of(made(tmp_path, members))
    assert (found.values["ssi_last_susceptibility"].value == 0).all()
    assert np.isnan(found.values["ssi_last_binder"].value).all()


def test_diverged_networks_are_left_out_and_counted(tmp_path):
    members = [
        KnobNetwork(s, values=planted, knobs={"dependency": d}, diverged_from=3 if s == 0 and d else None)
        for s in range(4)
        for d in (0.0, 1.0)
    ]
    found = map_of(made(tmp_path, members))
    np.testing.assert_array_equal(found.networks[-1], [4, 4])
    np.testing.assert_array_equal(found.diverged[-1], [0, 1])
    np.testing.assert_array_equal(found.values["mirror"].count[-1], [4, 3])
    listed = map_data(found, cells_view(tmp_path).population)["members"]
    assert listed["statuses"] == ["diverged", "training"]


def cells_view(tmp_path: Path) -> View:
    view = view_of(tmp_path / "p")
    map_of(view)
    return view


def test_older_results_are_at_the_papers_values(tmp_path):
    """Before the veil existed there was none."""
    members = [KnobNetwork(s, values=planted, knobs={"dependency": d}) for s in range(3) for d in (0.0, 0.5, 1.0)]
    view = made(tmp_path, members, old=True)
    assert {group.settings["veil_symbol"] for group in view.population.groups} == {0.0}
    assert {group.settings["boards"] for group in view.population.groups} == {None}
    found = map_of(view)
    assert found.y is None and found.x.names == ("dependency",)
    assert "measured_dependency" not in found.coordinates and "parameters" in found.coordinates
    assert paper_point(found).place == (2.0,)


def test_results_before_all_knobs_but_congruence_load(tmp_path):
    folder = write_map(tmp_path / "p", [KnobNetwork(s, values=planted) for s in range(3)], old=True)
    members = pq.read_table(folder / "members.parquet")
    pq.write_table(members.drop_columns(["dependency", "shuffled"]), folder / "members.parquet")
    view = view_of(folder)
    (group,) = view.population.groups
    assert view.population.problems == [] and group.networks == 3
    assert (group.settings["dependency"], group.settings["shuffled"]) == (1.0, 0.0)


def test_one_axis_gives_one_line_a_slice(tmp_path):
    members = [
        KnobNetwork(s, values=planted, activation=activation, knobs={"veil_symbol": veil})
        for activation in ("relu", "tanh")
        for veil in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
        for s in range(8)
    ]
    for network in members:  # an activation is no part of an id in these cases
        network.knobs["data_seed"] = int(network.activation == "tanh")
    view = made(tmp_path, members)
    found = map_of(view)
    assert found.y is None and [axis.names for axis in found.slices] == [("activation",)]
    assert found.slice_words == ["activation relu", "activation tanh"]
    fit = boundary_of(found, "mirror", len(EPOCHS) - 1, 0)
    assert fit.exists and fit.centre is not None
    # half of the networks at a veil of .35, which is place 1.75
    assert fit.centre.low < 1.75 < fit.centre.high
    made_panel = panel(view)
    assert made_panel.live is not None and made_panel.live.slices == ()
    assert [chooser.label for chooser in made_panel.live.cell] == ["veil symbol", "activation"]


def test_further_axes_are_slices_beginning_at_the_papers(tmp_path):
    view = made(tmp_path, veil_map(side=3, seeds=2, more={"congruence": (0.0, 1.0), "boards": (1000, None)}))
    found = map_of(view)
    assert [axis.names for axis in found.slices] == [("congruence",), ("boards",)]
    assert found.slice_words[1] == "congruence 0, boards all"
    assert np.bincount(found.slice_number).tolist() == [9, 9, 9, 9]
    point = paper_point(found)
    assert point.slice_number == 1 and point.place == (2.0, 0.0)
    made_panel = panel(view)
    assert made_panel.live is not None and [first for _, first in made_panel.live.slices] == [0, 1]


def test_data_seeds_are_pooled_in_a_cell(tmp_path):
    members = [
        KnobNetwork(s, values=planted, knobs={"dependency": d, "data_seed": data})
        for s in range(2)
        for d in (0.0, 1.0)
        for data in range(3)
    ]
    found = map_of(made(tmp_path, members))
    assert found.data_seeds == 3 and found.networks[-1].tolist() == [6, 6]


def test_boards_are_placed_by_what_was_found(tmp_path):
    members = [KnobNetwork(s, values=planted, knobs={"boards": b}) for s in range(2) for b in (None, 1000, 10_000)]
    found = map_of(made(tmp_path, members))
    assert found.x.ticks == ["1000", "10,000", "all"] and found.x.paper == 2
    np.testing.assert_allclose(found.coordinates_of(found.x), np.log([1000, 10_000, 640_000]), rtol=1e-5)


def test_papers_point_off_the_map_is_said(tmp_path):
    members = [
        KnobNetwork(s, values=planted, learning_rate=rate, knobs={"dependency": d, "congruence": 1.0})
        for s in range(2)
        for rate in (1e-5, 1e-4)
        for d in (0.0, 0.5)
    ]
    point = paper_point(map_of(made(tmp_path, members)))
    assert point.place is None
    (words,) = point.words
    assert "congruence C 1 (paper: 0)" in words
    assert "learning rate 4e-6 lies beyond this map's edge at 1e-5" in words
    assert "dependency 1 lies beyond this map's edge at 0.5" in words


def test_papers_point_between_values_is_marked_there(tmp_path):
    members = [KnobNetwork(s, values=planted, width=w) for s in range(2) for w in (8, 32)]
    point = paper_point(map_of(made(tmp_path, members)))
    assert point.place is not None and point.cell is None
    assert point.place[0] == pytest.approx(np.log(17 / 8) / np.log(4))


def test_nothing_varies(tmp_path):
    missing = panel(made(tmp_path, [KnobNetwork(s, values=planted) for s in range(3)])).missing
    assert missing.startswith("Only one combination of settings")


def test_marks_of_the_construction(found):
    assert [(place, label) for place, label, _ in found.x.marks()] == [
        (0.5, "no rescue answer at D = 0"),
        (2.0, "arg max of mixed labels changes at D = .5"),
    ]
    assert found.y is not None and found.y.marks() == []


def test_sentences_are_computed(view, found):
    words = " ".join(map_sentences(found, view))
    total = int(np.nansum(found.values["mirror"].value[-1] * 8))
    assert f"P(mirror) at epoch 25: {total} of 200 learnt networks" in words
    assert "200 of 200 learnt; verdicts are of these." in words
    assert "P crosses 1/2 among the cells" in words
    assert "At the paper's point 0 of 8 networks (0 % [0 %, 32 %])" in words
    assert "the paper's point is outside of it" in words


def test_no_mirror_networks_anywhere_is_bounded(tmp_path):
    def none(network: Network, epoch: float) -> dict[str, float]:
        return planted(network, epoch) | {"mirror": 0.0, "mirror_code": 0.0}

    members = [KnobNetwork(s, values=none, knobs={"dependency": d}) for s in range(8) for d in (0.0, 0.5, 1.0)]
    view = made(tmp_path, members)
    words = " ".join(map_sentences(map_of(view), view))
    pooled, single = (float(wilson(0, n)[1]) for n in (24, 8))
    assert "no mirror networks anywhere on this map, 0 of 24 learnt networks" in words
    assert (
        f"at most {100 * pooled:.0f} % by Wilson" in words and f"at most {100 * single:.0f} % in a single cell" in words
    )


def test_without_verdicts_nothing_is_said_of_p(tmp_path):
    members = [KnobNetwork(s, values=like_paper, knobs={"dependency": d}) for s in range(2) for d in (0.0, 1.0)]
    view = made(tmp_path, members)
    assert map_sentences(map_of(view), view)[-1] == "0 of 4 learnt: not learnt, so no verdict."


def test_sizes_along_a_knob_are_held_against_a_transition(tmp_path):
    """SSI that rises smoothly, at one place for all sizes: no transition."""

    def rising(network: Network, epoch: float) -> dict[str, float]:
        assert isinstance(network, KnobNetwork)
        chance = np.random.default_rng(int(network.member_id[:8], 16)).standard_normal()
        ssi = 1 / (1 + np.exp(-6 * (network.knob("veil_symbol") - 0.5))) + 0.05 * chance
        return planted(network, epoch) | {"ssi_last": ssi}

    levels, widths = np.linspace(0, 1, 7).round(3).tolist(), (8, 17, 34)
    members = [
        KnobNetwork(s, width=w, values=rising, knobs={"veil_symbol": i})
        for s in range(6)
        for w in widths
        for i in levels
    ]
    view = view_of(write_map(tmp_path / "p", members, [0.0, 25.0]))
    words = [each for each in map_sentences(map_of(view), view) if each.startswith("Sizes")]
    assert any("SSI, last hidden layer" in each and "crossover along veil symbol" in each for each in words)


def test_too_few_sizes_are_not_judged(view, found):
    assert not any(each.startswith("Sizes") for each in map_sentences(found, view))


@pytest.mark.slow
def test_table_has_every_cell(view, found, tmp_path, networks, printed):
    made_table = table(view)
    assert made_table is not None and len(made_table.rows) == 25 * len(EPOCHS)
    root = tmp_path / "results"
    write_map(root / "p", networks)
    write_report(root)
    with (root / "tables" / "phase-map-p.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    (row,) = [r for r in rows if (r["epoch"], r["dependency"], r["veil_role"]) == ("25.0", "1.0", "0.5")]
    expected = mirrors(KnobNetwork(0, knobs={"dependency": 1.0, "veil_symbol": 0.5}), 25)
    assert float(row["mirror"]) == expected / 8 and row["mirror_networks"] == "8" and row["networks"] == "8"
    assert float(row["measured_dependency"]) == 0.044 and float(row["identity_hidden"]) == 0.5
    words = (root / "report.html").read_text(encoding="utf-8")
    assert "Map of dependency × veil symbol = veil role: 25 cells" in words
    assert {path.name for path in (root / "figures").glob("phase-map*")} == {"phase-map-p.svg", "phase-map-p.png"}


def test_published_run_is_compared_at_the_papers_knobs_only(view):
    (group,) = applicable(view)
    assert (group.settings["dependency"], group.settings["veil_symbol"]) == (1.0, 0.0)
    assert group is view.population.headline


@pytest.mark.parametrize(
    ("values", "kind"), [([0, 3], "u2"), ([0, 70_000], "u4"), ([0.5, np.nan], "f4"), ([-1, 2], "f4"), ([], "u2")]
)
def test_arrays_are_packed_as_small_as_they_fit(values, kind):
    import base64

    found = packed(np.array(values, np.float64))
    assert found["kind"] == kind
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(found["data"]), f"<{kind}"), np.array(values, kind))


def test_significant_digits():
    given = np.array([123456.78, -0.00012345678, 0.0, np.nan, np.inf])
    np.testing.assert_array_equal(significant(given), [123457, -0.000123457, 0, np.nan, np.nan])


def test_a_large_map_stays_small(tmp_path):
    """The data of 30 × 30 cells, 50 checkpoints and 100,000 networks, extrapolated from two sizes of each."""

    def size(side: int, epochs: int, seeds: int) -> dict[str, int]:
        folder = tmp_path / f"{side}-{epochs}-{seeds}"
        view = view_of(write_map(folder / "p", veil_map(side, seeds), np.linspace(5, 25, epochs).tolist()))
        data = map_data(map_of(view), view.population)
        return {
            part: len(json.dumps(value, ensure_ascii=False).encode())
            for part, value in (("all", data), ("members", data["members"]), ("boundaries", data["boundaries"]))
        }

    small, longer = size(4, 4, 3), size(4, 8, 3)
    one = (longer["all"] - longer["boundaries"] - small["all"] + small["boundaries"]) / (4 * 16)  # cell and checkpoint
    more = size(4, 4, 6)
    network = (more["members"] - small["members"]) / (16 * 3)
    # every checkpoint has all measures here, and every share a fit: more than a run would have
    boundary = longer["boundaries"] / (2 * 8) * 8  # lines are finer with 30 values than with 4
    total = one * 900 * 50 + network * 100_000 + boundary * 2 * 50
    assert 5e6 < total < 22e6  # leaves 8 MB of 30 for plotly and the other figures


def test_each_order_parameter_is_a_measure_and_raw_cmni_is_last():
    known = [MEASURES[name] for name in ORDER_PARAMETERS]
    assert len(set(known)) == len(known) and ORDER_PARAMETERS[-1] == "cmni"
    assert {each.name for each in known if each.kind == "verdict"} == {"mirror", "mirror_code"}
    signed = {"ssi", "ssi_last", "cross_decoding_social", "empathy", "act_mi", "transfer"}
    assert {each.name for each in known if each.kind == "signed"} == signed


def test_the_construction_marks_one_knob():
    assert list(CONSTRUCTED) == [("dependency", 0.0), ("dependency", 0.5)]
    assert Axis(("veil_symbol",), ((0.0,), (1.0,))).marks() == []
