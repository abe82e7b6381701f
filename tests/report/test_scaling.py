"""The scaling figure: its points are the planted means, its laws the planted ones, and what is paired is."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mirrorjax.report.figures import scaling
from mirrorjax.report.figures.clocks import rate_verdicts
from mirrorjax.report.figures.scaling import REGRESSORS, ScalingSeries, points_of
from mirrorjax.report.read.populations import load
from mirrorjax.report.read.view import View
from tests.report.battery_cases import with_battery
from tests.report.cases import Network, write_population
from tests.report.test_figures import by_label

WIDTHS = (5, 8, 12, 17, 24, 32)
EPOCHS = (0, 1, 2, 3, 5, 7, 10)
SEEDS = 8


def view_of(folder: Path) -> View:
    (population,) = load(folder).populations
    return View(population)


def noise(network: Network) -> float:
    return float(np.random.default_rng(int(network.member_id[:8], 16)).standard_normal())


def planted(network: Network, epoch: float) -> dict[str, float]:
    """Accuracy rises to .95 with the parameters; MNI* has its highest value at 1,500 of them; SSI
    has the same mean at every size."""
    size, own = network.parameters, noise(network)
    bump = 0.002 + 0.01 * np.exp(-0.5 * (np.log(size / 1500) / 0.4) ** 2)
    return with_battery(network, epoch) | {
        "accuracy": 0.95 - 5 * size**-0.5 + 0.002 * own,
        "mni_star": bump + 0.0002 * own,
        "ssi": -0.02 + 0.005 * (network.seed - 3.5),
        "excess_error": np.exp(-0.2 * epoch) * (1 + 0.02 * own),
    }


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    members = [Network(seed, width=width, values=planted) for width in WIDTHS for seed in range(SEEDS)]
    return view_of(write_population(tmp_path_factory.mktemp("scaling") / "p", members, EPOCHS))


def found(view: View, measure: str, regressor: str) -> scaling.Scaling:
    (one,) = [
        each
        for row in scaling.scalings(view)
        for each in row
        if (each.measure, each.points.regressor) == (measure, regressor)
    ]
    return one


def test_points_are_the_networks_ends(view):
    each = found(view, "accuracy", "parameters")
    sizes = [Network(0, width=width).parameters for width in WIDTHS]
    np.testing.assert_array_equal(each.laws.x, sizes)
    for width, mean, low, high in zip(WIDTHS, each.laws.mean, each.low, each.high, strict=True):
        values = [planted(Network(seed, width=width), 10)["accuracy"] for seed in range(SEEDS)]
        assert mean == pytest.approx(np.mean(values)) and low < mean < high
    assert each.points.series == ""


def test_planted_laws_are_found(view):
    assert "plateau" in found(view, "accuracy", "parameters").words.split("(")[0]
    bump = found(view, "mni_star", "parameters").laws.preferred
    assert bump is not None and bump.name == "bump"
    assert bump.parameters["centre"] == pytest.approx(1500, rel=0.05)
    assert found(view, "ssi", "parameters").words.startswith("No dependence is seen: a constant")


def test_peaks_are_those_of_the_networks(view):
    each = found(view, "peak", "parameters")
    own = view.networks.of(view.population.groups[0])
    np.testing.assert_allclose(each.points.values["peak"][0], view.networks.peak[own])
    over_steps = found(view, "peak", "step")
    assert over_steps.points.paired and over_steps.laws.total == SEEDS
    np.testing.assert_allclose(over_steps.laws.x, [round(epoch * 0.6144 / 1e-4) for epoch in EPOCHS[2:]])
    assert np.all(np.diff(over_steps.laws.mean) >= 0), "the highest so far never falls"
    assert "time themselves" in found(view, "peak_epoch", "step").words


def test_the_panel_has_every_measure_and_its_table_every_fit(view):
    panel = scaling.panel(view)
    measures, against = panel.choosers
    assert against.options == ("parameters", "steps (2×17, lr 1e-4)")
    assert len(measures.options) == 8 and set(panel.variants) == {
        (row, column) for row in range(8) for column in range(2)
    }
    place = measures.options.index("MNI* at the end")
    chart = panel.variants[place, 0]
    (bold,) = [line.look for line in by_label(chart).values() if line.look.bold]
    assert bold.label.startswith("bump") and bold.width > 3
    assert "Preferred: bump" in chart.words
    table = scaling.table(view)
    assert table is not None
    rows = [dict(zip(table.head, row, strict=True)) for row in table.rows]
    own = [row for row in rows if (row["measure"], row["regressor"]) == ("mni_star", "parameters")]
    assert len(own) == 7 and [row["law"] for row in own if row["preferred"]] == ["bump"]
    assert "centre=" in str(own[0]["intervals_95"])
    assert panel.printed is not None and len(panel.printed.plots) == 8


def series(view: View, regressor: str) -> list[ScalingSeries]:
    return [each for each in points_of(view.population, view.networks) if each.regressor == regressor]


def test_rates_and_batches_are_held_against_with_all_else_the_same(tmp_path):
    members = [
        Network(seed, learning_rate=rate, batch_size=batch)
        for seed in range(3)
        for rate in (2e-5, 4e-5, 1e-4)
        for batch in (10, 25)
    ]
    view = view_of(write_population(tmp_path / "p", members, [0, 2, 5, 7]))
    assert [each.series for each in series(view, "learning_rate")] == ["batch size 10", "batch size 25"]
    for each in series(view, "learning_rate"):
        np.testing.assert_allclose(each.x, [2e-5, 4e-5, 1e-4])
        assert [len(values) for values in each.values["peak"]] == [3, 3, 3]
    assert series(view, "batch_size") == [] and series(view, "parameters") == [], "two values make no law"


def test_training_boards_are_a_place_where_members_have_them(tmp_path):
    folder = write_population(tmp_path / "p", [Network(seed) for seed in range(12)], [0, 2, 5])
    file = folder / "members.parquet"
    table = pq.read_table(file)
    boards = [1000 * 2 ** (seed // 4) for seed in table["seed"].to_pylist()]
    kept = table.append_column("train_boards", pa.array(boards)).replace_schema_metadata(table.schema.metadata)
    pq.write_table(kept, file)
    (each,) = series(view_of(folder), "train_boards")
    np.testing.assert_array_equal(each.x, [1000, 2000, 4000])
    assert [len(values) for values in each.values["accuracy"]] == [4, 4, 4]


def test_diverged_networks_are_no_points(tmp_path):
    members = [Network(seed, width=w, diverged_from=2 if seed == 0 else None) for w in (5, 8, 12) for seed in range(4)]
    view = view_of(write_population(tmp_path / "p", members, [0, 2, 5]))
    (each,) = series(view, "parameters")
    assert [int(np.isfinite(values).sum()) for values in each.values["accuracy"]] == [3, 3, 3]


def test_without_three_places_it_says_so(tmp_path):
    view = view_of(write_population(tmp_path / "p", [Network(0), Network(1)], [0, 2]))
    assert scaling.panel(view).missing and scaling.table(view) is None


def test_rates_collapse_on_epochs_and_not_on_steps(tmp_path):
    members = [Network(seed, learning_rate=rate) for seed in range(10) for rate in (2e-5, 4e-5, 1e-4)]
    words = rate_verdicts(view_of(write_population(tmp_path / "p", members, EPOCHS)))
    cmni = [each for each in words if each.startswith("CMNI")]
    assert len(cmni) == 2
    assert "matched lr · steps: collapse not refuted" in cmni[0] and "matched steps: collapse refuted" in cmni[1]
    assert "lr 2e-5" in cmni[1] or "lr 1e-4" in cmni[1]


def test_every_regressor_has_a_name():
    assert set(REGRESSORS) == {"parameters", "train_boards", "learning_rate", "batch_size", "step"}
