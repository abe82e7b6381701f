"""Tables 3 to 10 against the same numbers made with NumPy, in the paper's rows and columns."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mirrorjax.dataset.build import answers
from mirrorjax.dataset.row import unpack_all
from mirrorjax.game.state import Action
from mirrorjax.measurement.stream import Moments
from mirrorjax.member.paper.analysis import ROLES, Analysis
from mirrorjax.member.paper.hubs import CIRCUITS, Hub
from mirrorjax.member.paper.page import WITHOUT_CIRCUITS, left_out, member_figures, table_html
from mirrorjax.member.paper.tables import PaperTable, Weights, member_tables
from tests.member.paper.cases import analysis_of_planted, analysis_of_random, dataset, planted, settings

pytestmark = pytest.mark.slow

MOMENTS = ("mean", "variance", "skewness", "kurtosis")


def by_number(analysis: Analysis) -> dict[int, PaperTable]:
    return {table.number: table for table in member_tables(analysis)}


def activations() -> tuple[np.ndarray, np.ndarray]:
    """Outputs and hidden activations [units, rows] over the test rows, in float64."""
    network = planted()
    _, first = network.run_with_activations(dataset().test)
    params = {name: value.astype(float) for name, value in network.params.items()}
    layer = first[:5].astype(float)
    second = np.maximum(params["hidden_2_kernel"] @ layer + params["hidden_2_bias"][:, None], 0)
    outputs = params["output_kernel"] @ second + params["output_bias"][:, None]
    return outputs, np.concatenate([layer, second])


@pytest.fixture(scope="module")
def rows() -> dict[str, np.ndarray]:
    """Masks of the test rows by scenario, and of Frog's with a 5 on the board."""
    words = dataset().test
    scenario = answers(words)["scenario"]
    row = unpack_all(words)
    distressed = (words[:, 0] >> np.asarray(row.toad_column).astype(np.uint32)) & 1 == 1
    shows_toad = (np.asarray(row.toad_symbol) == 5) & ~distressed
    masks = {name: scenario == place for place, name in enumerate(("none", "frog", "toad", "both"))}
    return masks | {"frog_filtered": masks["frog"] & shows_toad}


def test_tables_of_a_network_of_two_layers():
    assert list(by_number(analysis_of_planted())) == [3, 4, 5, 6, 7, 8, 9, 10]


def test_table_3_counts_answers():
    outputs, _ = activations()
    table = by_number(analysis_of_planted())[3]
    assert table.columns == ("true label", "hop", "jump", "leap", "help")
    label = answers(dataset().test)["label"]
    counts = np.zeros((4, 4), int)
    np.add.at(counts, (label, outputs.argmax(0)), 1)
    assert [row[1:] for row in table.rows] == [tuple(row) for row in counts.tolist()]
    assert [row[0] for row in table.rows] == ["hop", "jump", "leap", "help"]
    assert counts.sum() == 400 and (counts.sum(0) > 0).sum() > 1


def test_tables_4_and_6_are_means_over_all_rows(rows):
    _, hidden = activations()
    tables = by_number(analysis_of_planted())
    assert tables[4].columns == ("unit", "none", "frog", "toad", "both")
    assert [row[0] for row in tables[4].rows] == ["N1", "N2", "N3", "N4", "N5"]
    for table, offset in ((tables[4], 0), (tables[6], 5)):
        assert table.rows
        for name, *means in table.rows:
            unit = hidden[offset + int(str(name)[1:]) - 1]
            expected = [unit[rows[scenario]].mean() for scenario in table.columns[1:]]
            assert means == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_table_6_has_hubs_mirror_and_differentiating_units():
    analysis = replace(analysis_of_planted(), role=np.array([0] * 5 + [ROLES.index(n) for n in ROLES]), hubs=[])
    assert [row[0] for row in by_number(analysis)[6].rows] == ["N2", "N3", "N4"]


def test_table_5_moments_of_mirror_units(rows):
    _, hidden = activations()
    table = by_number(analysis_of_planted())[5]
    assert [row[:2] for row in table.rows] == [
        (unit, moment) for unit in ("N1", "N3") for moment in ("mean", "variance", "kurtosis", "skewness")
    ]
    functions = {"mean": np.mean, "variance": np.var, "kurtosis": stats.kurtosis, "skewness": stats.skew}
    assert rows["frog_filtered"].sum() < rows["frog"].sum(), "the filter leaves rows out"
    for unit, moment, *values in table.rows:
        activation = hidden[int(str(unit)[1:]) - 1]
        masks = (rows[name] for name in ("none", "frog_filtered", "toad", "both"))
        # summed in float32 about a pivot: four digits of a fourth moment
        expected = [functions[str(moment)](activation[mask]) for mask in masks]
        assert values == pytest.approx(expected, rel=1e-3, abs=1e-3), (unit, moment)


def with_roles() -> Analysis:
    """First layer: mirror, mirror and differentiating, differentiating, insensitive, other; hubs 2, 1 and 3."""
    first = ["mirror", "mirror and differentiating", "differentiating", "insensitive", "other response"]
    role = np.array([ROLES.index(name) for name in first] + [0] * 5)
    hubs = [
        Hub(circuit, unit, circuit.output, (0.5,) * len(circuit.criteria))
        for circuit, unit in zip(CIRCUITS, (2, 1, 3), strict=True)
    ]
    return replace(analysis_of_planted(), role=role, hubs=hubs)


def assert_rows(table: PaperTable, expected: list[tuple]) -> None:
    assert [row[0] for row in table.rows] == [row[0] for row in expected]
    for row, wanted in zip(table.rows, expected, strict=True):
        assert row[1:] == pytest.approx(wanted[1:], rel=1e-9), row[0]


def test_tables_7_to_10_weights_and_z_scores():
    analysis = with_roles()
    tables = by_number(analysis)
    kernel = analysis.network.params["hidden_2_kernel"].astype(float)
    into = {unit: kernel[unit - 1] for unit in (1, 2, 3)}

    def z(weight: float) -> float:
        return (weight - kernel.mean()) / kernel.std()

    elsewhere = kernel[[0, 2, 3, 4]].mean(0)
    rest = into[2][[3, 4]], elsewhere[[3, 4]]
    expected = [(f"N{n + 1}", into[2][n], z(into[2][n]), elsewhere[n], z(elsewhere[n])) for n in (0, 1, 2)]
    for name in ("mean", "min", "max"):
        one, other = (getattr(np, name)(values) for values in rest)
        expected.append((f"others: {name}", one, z(one), other, z(other)))
    assert_rows(tables[7], expected)
    assert_rows(
        tables[9],
        [(f"N{n + 1}", into[1][n], z(into[1][n])) for n in (1, 2)]
        + [("mean of all others", into[1][[0, 3, 4]].mean(), z(into[1][[0, 3, 4]].mean()))],
    )
    assert_rows(
        tables[10],
        [(f"N{n + 1}", into[3][n], z(into[3][n])) for n in (0, 1, 2)]
        + [("mean of all others", into[3][[3, 4]].mean(), z(into[3][[3, 4]].mean()))],
    )


def test_table_8_outgoing_weights():
    analysis = with_roles()
    kernel = analysis.network.params["output_kernel"].astype(float)
    outgoing, others = kernel[:, 1], kernel[[0, 1, 3], 1]
    values = {"leap": outgoing[Action.LEAP], "others: mean": others.mean(), "others: min": others.min()}
    values["others: max"] = others.max()
    assert_rows(
        by_number(analysis)[8],
        [(name, value, (value - kernel.mean()) / kernel.std()) for name, value in values.items()],
    )


def test_z_scores_are_over_the_whole_matrix():
    weights = Weights(np.array([[1.0, 2.0], [3.0, 6.0]]))
    assert weights.z(6.0) == pytest.approx(3 / np.sqrt(3.5))
    assert np.isnan(Weights(np.ones((2, 2))).z(1.0))


def of_depth(depth: int) -> Analysis:
    """The planted network's first layer, as if there were more of it, or no second one."""
    analysis = analysis_of_planted()
    chosen = np.tile(np.arange(5), depth)
    return replace(
        analysis,
        network=replace(analysis.network, settings=settings(5, depth)),
        scenarios={
            name: Moments(*(getattr(found, field)[chosen] for field in MOMENTS))
            for name, found in analysis.scenarios.items()
        },
        units={name: values[chosen] for name, values in analysis.units.items()},
        layer=np.repeat(np.arange(depth) + 1, 5),
        number=chosen + 1,
        role=analysis.role[chosen],
        hubs=[],
        contributions={},
    )


DEPTHS = pytest.mark.parametrize(("depth", "numbers"), [(1, [3, 4, 5]), (3, [3, 4, 5, 6])])


@DEPTHS
def test_other_depths_have_no_circuits(depth: int, numbers: list[int]):
    analysis = of_depth(depth)
    assert list(by_number(analysis)) == numbers
    assert list(member_figures(analysis)) == ["figure-3", "figure-4"][:depth]
    assert left_out(analysis) == WITHOUT_CIRCUITS.format(depth=depth)
    assert left_out(analysis_of_planted()) == ""


@DEPTHS
def test_other_depths_are_measured(depth: int, numbers: list[int]):
    """The same from the weights on."""
    analysis = analysis_of_random(depth)
    assert list(by_number(analysis)) == numbers and len(analysis.role) == 4 * depth
    assert list(member_figures(analysis)) == ["figure-3", "figure-4"][:depth]


def test_a_table_as_csv_and_as_html(tmp_path: Path):
    table = PaperTable(7, "a < b", ("source", "z"), [("N1", 0.1234567), ("N2", float("nan"))], "note & note")
    path = table.write(tmp_path)
    assert path.name == "table_7.csv"
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["source", "z"], ["N1", "0.1234567"], ["N2", "nan"]]
    text = table_html(table)
    for part in ("Table 7: a &lt; b", "<td>0.1235</td>", "<td>n/a</td>", "note &amp; note"):
        assert part in text
    assert "No row meets this." in table_html(replace(table, rows=[]))
