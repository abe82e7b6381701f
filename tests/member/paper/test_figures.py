"""What the paper's figures draw: bars by role, circuits with the weights and contributions that they should have."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirrorjax.game.state import Action
from mirrorjax.member.paper.analysis import ROLES, Analysis
from mirrorjax.member.paper.circuit_figure import circuit
from mirrorjax.member.paper.figures import layer_bars, training_run
from mirrorjax.member.paper.hubs import CIRCUITS, Hub
from mirrorjax.report.read.populations import load
from tests.member.paper.cases import analysis_of_planted
from tests.report.cases import Network, write_sweep

pytestmark = pytest.mark.slow


def traces(figure: Any) -> list[Any]:
    return list(figure.data)


def with_roles() -> Analysis:
    """One unit of each role in the first layer, in the order of ROLES."""
    return replace(analysis_of_planted(), role=np.array([*range(len(ROLES)), *[0] * 5]))


def test_bars_are_means_by_role_on_a_common_axis():
    analysis = with_roles()
    figure = layer_bars(analysis, 1).variants[()]
    bars = {(bar.legendgroup, bar.xaxis): bar for bar in traces(figure)}
    assert len(bars) == len(ROLES) * 4
    for place, role in enumerate(ROLES):
        for axis, scenario in (("x", "none"), ("x2", "frog"), ("x3", "toad"), ("x4", "both")):
            bar = bars[role, axis]
            assert list(bar.x) == [place + 1]
            assert bar.y == pytest.approx(analysis.scenarios[scenario].mean[[place]], rel=1e-6)
    striped = bars["mirror and differentiating", "x"].marker.pattern
    assert {striped.fgcolor, striped.bgcolor} == {
        bars["mirror", "x"].marker.color, bars["differentiating", "x"].marker.color,
    }  # fmt: skip
    layout: Any = figure.layout
    assert len({tuple(layout[f"yaxis{suffix}"].range) for suffix in ("", "2", "3", "4")}) == 1
    assert {bar.text[0] for bar in bars.values()} == {"", "M", "D", "MD", "o"}


def test_a_circuit_says_weight_and_contribution_of_its_edges():
    analysis = with_roles()
    hub = Hub(CIRCUITS[1], 1, Action.HELP, (0.8, 0.1))
    panel = circuit(analysis, 6, hub)
    assert panel.title == "Figure 6: the tactical help circuit"
    weight = analysis.network.params["hidden_2_kernel"][0, 1]
    contribution = analysis.contributions["tactical help"][1, 0, Action.HELP]
    words = [text for trace in traces(panel.variants[(0,)]) if trace.text for text in trace.text]
    assert f"L1N2 → L2N1<br>weight {weight:.4g}<br>contribution {contribution:.4g}" in words
    assert [text for text in words if text.startswith("<b>")] == ["<b>2</b>", "<b>3</b>", "<b>4</b>", "<b>1</b>"]
    other = [text for trace in traces(panel.variants[(1,)]) if trace.text for text in trace.text]
    assert f"L1N2 → L2N1<br>contribution {contribution:.4g}<br>weight {weight:.4g}" in other


def test_contributions_follow_the_only_path_there_is():
    """Help hears the mirror units through the first unit of layer 2; Toad's 9 for 5 is worth 4 of each."""
    found = analysis_of_planted().contributions["tactical help"][:, :, Action.HELP]
    assert found[0, 0] == pytest.approx(4 * 0.5, rel=1e-3) and found[2, 0] == pytest.approx(4 * 0.25, rel=1e-3)
    assert np.abs(found[:, 1:]).max() < 0.02, "the others are hardly heard"


def test_figure_2_is_the_members_run_and_the_median(tmp_path: Path):
    networks = [Network(seed) for seed in range(3)]
    (population,) = load(write_sweep(tmp_path / "sweep", {"aaaa": networks})).populations
    panel = training_run(population, networks[1].member_id)
    own: dict[str, Any] = {trace.name: trace for trace in traces(panel.variants[(0,)])}
    loss = own[f"validation loss, network {networks[1].member_id}"]
    assert loss.yaxis == "y" and loss.y[-1] == pytest.approx(networks[1].values(networks[1], 49)["val_loss"])
    assert own[f"CMNI, network {networks[1].member_id}"].yaxis == "y2"
    median: dict[str, Any] = {trace.name: trace for trace in traces(panel.variants[(1,)])}
    expected = np.median([network.values(network, 49)["cmni"] for network in networks])
    assert median["CMNI, median over seeds"].y[-1] == pytest.approx(expected)
    single = write_sweep(tmp_path / "single", {"aaaa": networks}, epochs=(0,))
    assert training_run(load(single).populations[0], networks[0].member_id).missing
