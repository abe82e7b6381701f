"""The figures of the calibrated measures: planted values are found, what is undefined or missing is said."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import t as student

from mirrorjax.measurement.battery import ablation, classes
from mirrorjax.measurement.battery import caused as measured_caused
from mirrorjax.measurement.battery import circuits as hubs
from mirrorjax.measurement.battery import nulls as measured
from mirrorjax.measurement.stream import TRUTHS
from mirrorjax.measures import label
from mirrorjax.report.chart.marks import Bars, Rule
from mirrorjax.report.figures import calibration, causes, circuits, decomposition, onset
from mirrorjax.report.figures.registry import FIGURES
from mirrorjax.report.page.build import write_report
from mirrorjax.report.read import caused as reported
from mirrorjax.report.read.nulls import ARCHITECTURE
from mirrorjax.report.read.view import View
from mirrorjax.statistics.intervals import wilson
from tests.report.battery_cases import EPOCHS, SEEDS, observed, with_battery, write_nulls
from tests.report.cases import Network, write_population
from tests.report.test_figures import by_label, drawn, view_of
from tests.report.test_report import Page


@pytest.fixture(scope="module")
def view(calibrated_folder: Path) -> View:
    return view_of(calibrated_folder)


@pytest.fixture(scope="module")
def old(tmp_path_factory) -> Path:
    """Results without any of the calibrated measures."""
    return write_population(tmp_path_factory.mktemp("old") / "p", [Network(seed) for seed in range(3)], EPOCHS)


def of_first(view: View) -> reported.Caused:
    return reported.caused(view)[0]


def test_names_are_those_of_the_measurement():
    assert (
        reported.KINDS == TRUTHS and reported.MODES == ablation.MODES and tuple(reported.SETS) == measured_caused.SETS
    )
    plain = [name.replace(" ", "_").replace("-", "_") for name in (*classes.CLASSES, *hubs.KINDS[1:])]
    assert set(plain) == {*reported.CLASSES, *reported.CIRCUITS}
    assert ARCHITECTURE == measured.ARCHITECTURE
    assert set(calibration.MEASURES) <= {*measured.SCALE_FREE, *measured.RAW}


def test_every_numeric_column_is_read(tmp_path):
    folder = write_population(tmp_path / "p", [Network(0), Network(1)], [0, 2])
    evil = 'x"; DROP TABLE members; --'
    for file in (folder / "records").iterdir():
        table = pq.read_table(file)
        for name, values in {
            evil: pa.array([1.5, None]),
            "a b": pa.array([np.nan, np.inf]),
            "count": pa.array([3, 4]),
            "CMNI": pa.array([9.0, 9.0]),
            "Seed": pa.array([9, 9]),
            "width": pa.array([7, 7]),
            "words": pa.array(["1", "2"]),
        }.items():
            table = table.append_column(name, values)
        pq.write_table(table, file)
    population = view_of(folder).population
    assert {evil, "count", "width", "cmni", "output_share"} <= population.measures
    assert not {"a b", "CMNI", "Seed", "words", "confusion"} & population.measures
    found = population.query('SELECT "x""; DROP TABLE members; --" AS x, count, cmni, seed FROM observations')
    assert sorted(found["count"]) == [3, 3, 4, 4] and np.nanmax(found["x"]) == 1.5
    assert max(found["cmni"]) < 1 and max(found["seed"]) == 1


def test_z_against_untrained_networks(view):
    panel = calibration.panel(view)
    made = drawn(panel, 0)
    lines = by_label(made)
    assert list(lines) == list(map(label, calibration.MEASURES))
    for line in lines.values():
        np.testing.assert_allclose(line.y, np.median(range(SEEDS)))
    rules = [[mark.at for mark in plot.marks if isinstance(mark, Rule)] for plot in made.plots]
    assert rules == [[0.0, 2.5]] * 6
    assert "64 untrained networks of each architecture" in panel.caption[1]


def test_parts_of_cmni(view):
    lines = by_label(drawn(decomposition.panel(view), 0))
    assert list(lines) == [
        "CMNI",
        "outputs",
        "layer 1",
        "layer 2",
        "CMNI, hidden units only",
        "composition",
        "value coding",
        "CMNI, residual",
    ]
    for name, part in (("outputs", 0.35), ("layer 1", 0.4), ("layer 2", 0.25)):
        np.testing.assert_allclose(lines[name].y, part * lines["CMNI"].y)
    np.testing.assert_allclose(lines["composition"].y, -0.0025, atol=1e-12)  # seeds 0 to 5
    np.testing.assert_allclose(lines["value coding"].y, 0.002)


def test_when_it_rises(view):
    curve = view.measured(onset.NAMES)[view.population.headline.index]
    found = {rise.name: rise for rise in onset.rises(curve)}
    assert onset.peak_epoch(curve) == 7.0
    # half of the end is at epoch 10 of a straight line to 20, and at √½ · 20 of its square: the next checkpoint
    assert (found["d_prime_mni"].half, found["rescue_accuracy"].half) == (10.0, 20.0)
    assert found["d_prime_mni"].final == 0.5 and np.isnan(found["ssi"].half)
    panel = onset.panel(view)
    assert "the median CMNI peaks at epoch 7" in panel.caption[0]
    assert "d′-MNI 3 epochs after it" in panel.caption[0] and "rescue accuracy 13 epochs after it" in panel.caption[0]
    assert "TR 3 epochs after it or earlier (its first value)" in panel.caption[0]
    assert panel.caption[1] == "Not drawn, since it does not end above zero: SSI (-0.0200)."
    lines = by_label(drawn(panel, 0))
    assert all(line.y[-1] == 1.0 for line in lines.values()) and "SSI" not in " ".join(lines)
    (rescue,) = [line for name, line in lines.items() if name.startswith("rescue")]
    np.testing.assert_allclose(rescue.details["median"], [0.4 * (epoch / 20) ** 2 for epoch in EPOCHS], rtol=1e-6)


def test_half_of_the_end_is_passed_for_good(tmp_path):
    """An untrained network that happens to help does not count."""
    rescue = dict(zip(EPOCHS, (0.9, 0.0, 0.1, 0.3, 0.1, 0.3, 0.4), strict=True))

    def values(network: Network, epoch: float) -> dict[str, float]:
        return with_battery(network, epoch) | {"rescue_accuracy": rescue[epoch]}

    view = view_of(write_population(tmp_path / "p", [Network(seed, values=values) for seed in range(2)], EPOCHS))
    found = {rise.name: rise.half for rise in onset.rises(view.measured(onset.NAMES)[0])}
    assert found["rescue_accuracy"] == 10.0


def test_what_units_cause(view):
    found = of_first(view)
    assert (found.group.capacity, found.networks, found.epoch) == ("2×17", 4, 20.0)
    effect = causes.estimate(found.of("ablate_mirror_mean_help_rescue"))
    half = student.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    assert (effect.low, effect.value, effect.high, effect.networks) == pytest.approx((-0.2 - half, -0.2, half - 0.2, 3))
    ratio = causes.estimate(found.of("tr"))
    assert (ratio.value, ratio.networks) == (1.0, 2) and np.isnan([ratio.low, ratio.high]).all(), "of two no interval"
    panel = causes.panel(view)
    assert len(panel.variants) == 2 * 2 * 2
    made = drawn(panel, 0, 0, 0)
    names = made.plots[0].y.names
    assert names[0] == "mirror units, n = 3" and names[4] == "Frog-only units: nobody has any"
    assert made.plots[3].y.names[2] == "TR, n = 2; undefined 2"
    lines = by_label(made)
    of_class, by_chance = lines["units of the class"], lines["random sets"]
    assert of_class.x[0] == pytest.approx(-0.2) and list(of_class.y[of_class.known]) == [0, 2, 6]
    np.testing.assert_allclose(by_chance.x[by_chance.known], -0.05)
    assert [plot.title for plot in made.plots][:3] == [
        f"{each} (intact 0.75)" for each in ("rescue help", "edge help", "leap")
    ]


def test_circuits(view):
    found = of_first(view)
    counts = {name: (each.count, each.number) for name, each in circuits.shares(found).items()}
    assert counts == {
        "mirror network": (1, 4),
        "self-preservation": (4, 4),
        "tactical help": (3, 4),
        "empathy-influenced help": (0, 4),
    }
    low, high = wilson(3, 4)
    (bars,) = drawn(circuits.panel(view), 0).plots[0].marks
    assert isinstance(bars, Bars) and bars.x[2] == 0.75 and bars.low is not None and bars.high is not None
    assert (bars.low[2], bars.high[2]) == pytest.approx((float(low), float(high)))
    table = circuits.panel(view).table
    assert table is not None
    first, second = table.rows
    assert first[table.head.index("tactical help")] == "3 of 4 [30 %, 95 %]"
    assert first[table.head.index("tactical help") + 1] == pytest.approx(1.5)
    assert first[table.head.index("mirror")] == pytest.approx(1.5)
    assert second[table.head.index("tactical help")] == "n/a", "three layers: not asked"


def test_report_with_everything(calibrated_folder):
    folder = calibrated_folder
    text = write_report(folder).read_text(encoding="utf-8")
    page = Page(text)
    assert text.count('data-figure="') == 1 + sum(not each.regimes for each in FIGURES), "and the first one"
    assert "12 of 12 learnt; mirror networks of the 8 of these that were asked: 2 of 8 (25 %" in page.words
    assert "2×17, lr 1e-4, 4 networks, 4 learnt, at epoch 20: TR is 1.00" in page.words
    assert "and undefined in 2 of 4" in page.words and "z 2.50" in page.words
    assert ">z of CMNI</button>" in text and "MNI*" in page.words
    tables = {path.name: path for path in (folder / "tables").iterdir()}
    names = ("calibration", "causes", "circuits", "matched", "phase-map", "scaling")
    assert set(tables) == {f"{name}-p.csv" for name in names} | {"answer.csv"}
    assert all(f"tables/{name}" in page.links for name in tables)
    with tables["causes-p.csv"].open() as lines:
        rows = list(csv.DictReader(lines))
    (ratio,) = (row for row in rows if row["measure"] == "tr" and row["configuration"].startswith("2×17"))
    assert (ratio["networks"], ratio["undefined"], float(ratio["mean"])) == ("2", "2", 1.0)
    (none, _) = (
        row
        for row in rows
        if (row["set"], row["mode"], row["measure"]) == ("frog_only", "mean", "hop") and row["what"] == "ablation"
    )
    assert (none["networks"], none["mean"]) == ("0", "")


def test_what_is_missing_is_said(old):
    text = write_report(old).read_text(encoding="utf-8")
    page = Page(text)
    for words in (calibration.MISSING, reported.NOT_ASKED, "what rises when cannot be drawn"):
        assert words in page.words
    assert "The parts by cause were not recorded" in page.words
    assert "CMNI was not held against untrained networks here" in page.words
    assert "No calibrated measure was recorded" in page.words
    assert "None of the networks nearest the paper's was asked what its units cause" in page.words
    assert "0 of 3 learnt: not learnt, so no verdict" in page.words
    assert ">z of CMNI</button>" not in text and [path.name for path in (old / "tables").iterdir()] == ["answer.csv"]


def test_cheap_measures_alone(tmp_path):
    """As with measurement.null_seeds=0 and causes_seeds=0."""

    def values(network: Network, epoch: float) -> dict[str, float]:
        own = {"cmni": 0.006, "cmni_hidden": 0.004, "val_loss": 0.05}
        return own | {name: value for name, value in observed(network, epoch, 0.004).items() if not name.endswith("_z")}

    folder = write_population(tmp_path / "p", [Network(seed, values=values) for seed in range(3)], EPOCHS)
    words = Page(write_report(folder).read_text(encoding="utf-8")).words
    assert calibration.MISSING in words and reported.NOT_ASKED in words
    assert "Calibrated measures at the end, 2×17, lr 1e-4: SSI -0.0200" in words
    assert "Not known at two checkpoints: recall of leap and TR" in words


@pytest.mark.parametrize("kind", ["torn", "without columns", "of another type"])
def test_foreign_nulls_are_a_problem_not_an_end(kind, tmp_path):
    folder = write_population(tmp_path / "p", [Network(0, values=with_battery)], EPOCHS)
    if kind == "torn":
        (folder / "nulls.parquet").write_bytes(b"PAR1 torn")
    else:
        write_nulls(folder, [Network(0)])
        table = pq.read_table(folder / "nulls.parquet").drop_columns(["q99"])
        if kind == "of another type":
            table = table.append_column("q99", pa.array(["much"] * len(table)))
        pq.write_table(table, folder / "nulls.parquet")
    words = Page(write_report(folder).read_text(encoding="utf-8")).words
    assert "nulls.parquet: skipped" in words and "The null: untrained ones" in words


def test_names_are_escaped(tmp_path):
    evil = "<img src=x onerror=alert(1)>"
    networks = [Network(seed, activation=kind, values=with_battery) for seed in range(2) for kind in (evil, "relu")]
    folder = write_population(tmp_path / "p", networks, EPOCHS)
    page = Page(write_report(folder).read_text(encoding="utf-8"))
    assert "img" not in page.tags and page.loads == [] and evil in page.words
