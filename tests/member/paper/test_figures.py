"""What the paper's figures draw: bars by role, circuits with the weights and contributions that they should have."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mirrorjax.game.state import Action
from mirrorjax.member.paper.analysis import ROLES, Analysis
from mirrorjax.member.paper.circuit_figure import circuit
from mirrorjax.member.paper.figures import layer_bars, training_run
from mirrorjax.member.paper.hubs import CIRCUITS, Hub
from mirrorjax.report.chart.chart import Plot
from mirrorjax.report.chart.marks import Bars, Note, Points
from mirrorjax.report.read.populations import load
from tests.member.paper.cases import analysis_of_planted
from tests.report.cases import Network, write_sweep
from tests.report.test_figures import by_label

pytestmark = pytest.mark.slow


def with_roles() -> Analysis:
    """One unit of each role in the first layer, in the order of ROLES."""
    return replace(analysis_of_planted(), role=np.array([*range(len(ROLES)), *[0] * 5]))


def test_bars_are_means_by_role_on_a_common_axis():
    analysis = with_roles()
    chart = layer_bars(analysis, 1).variants[()]
    assert len(chart.plots) == 4 and len({plot.y.limits for plot in chart.plots}) == 1
    for plot, scenario in zip(chart.plots, ("none", "frog", "toad", "both"), strict=True):
        bars = [bar for bar in plot.marks if isinstance(bar, Bars) and len(bar.x)]
        assert len(bars) == len(ROLES)
        for place, bar in enumerate(bars):
            units = np.flatnonzero(analysis.role[analysis.layer == 1] == place)
            assert list(bar.x) == list(units + 1)
            assert bar.y == pytest.approx(analysis.scenarios[scenario].mean[units], rel=1e-6)
        assert {bar.letters for bar in bars} == {"", "M", "D", "MD", "o"}
    looks = {role: bar.look for role, bar in zip(ROLES, bars, strict=True)}
    striped = looks["mirror and differentiating"]
    assert striped.hatch and {striped.colour, striped.second} == {
        looks["mirror"].colour, looks["differentiating"].colour,
    }  # fmt: skip


def test_a_circuit_says_weight_and_contribution_of_its_edges():
    analysis = with_roles()
    hub = Hub(CIRCUITS[1], 1, Action.HELP, (0.8, 0.1))
    panel = circuit(analysis, 6, hub)
    assert panel.title == "Figure 6: the tactical help circuit"
    weight = analysis.network.params["hidden_2_kernel"][0, 1]
    contribution = analysis.contributions["tactical help"][1, 0, Action.HELP]
    (plot,) = panel.variants[(0,)].plots
    assert f"L1N2 → L2N1\nweight {weight:.4g}\ncontribution {contribution:.4g}" in hovers(plot)
    large = [mark.text for mark in plot.marks if isinstance(mark, Note) and mark.bold]
    assert large == ["2", "3", "4", "1"]
    (other,) = panel.variants[(1,)].plots
    assert f"L1N2 → L2N1\ncontribution {contribution:.4g}\nweight {weight:.4g}" in hovers(other)


def hovers(plot: Plot) -> list[str]:
    """What is said of all points."""
    marks = [mark for mark in plot.marks if isinstance(mark, Points)]
    return [str(words) for mark in marks for words in mark.details.get("words", ())]


def test_contributions_follow_the_only_path_there_is():
    """Help hears the mirror units through the first unit of layer 2; Toad's 9 for 5 is worth 4 of each."""
    found = analysis_of_planted().contributions["tactical help"][:, :, Action.HELP]
    assert found[0, 0] == pytest.approx(4 * 0.5, rel=1e-3) and found[2, 0] == pytest.approx(4 * 0.25, rel=1e-3)
    assert np.abs(found[:, 1:]).max() < 0.02, "the others are hardly heard"


def test_figure_2_is_the_members_run_and_the_median(tmp_path: Path):
    networks = [Network(seed) for seed in range(3)]
    (population,) = load(write_sweep(tmp_path / "sweep", {"aaaa": networks})).populations
    panel = training_run(population, networks[1].member_id)
    own = by_label(panel.variants[(0,)])
    loss = own[f"validation loss, network {networks[1].member_id}"]
    (plot,) = panel.variants[(0,)].plots
    assert loss in plot.marks and loss.y[-1] == pytest.approx(networks[1].values(networks[1], 49)["val_loss"])
    assert own[f"CMNI, network {networks[1].member_id}"] in plot.marks_right
    median = by_label(panel.variants[(1,)])
    expected = np.median([network.values(network, 49)["cmni"] for network in networks])
    assert median["CMNI, median over seeds"].y[-1] == pytest.approx(expected)
    single = write_sweep(tmp_path / "single", {"aaaa": networks}, epochs=(0,))
    assert training_run(load(single).populations[0], networks[0].member_id).missing
