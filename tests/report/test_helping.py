"""The figure of agents' help: shares and means of planted agents, and where half of them help."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mirrorjax.report.figures.helping import FIGURE, lines
from mirrorjax.report.figures.registry import OF_QUESTIONS
from mirrorjax.report.read.populations import load
from mirrorjax.report.read.view import View
from tests.report.cases import Network, write_population
from tests.report.map_cases import KnobNetwork

SHARED, CAMERAS, SEEDS = (0.0, 0.25, 0.5, 1.0), (0.0, 1.0), 4


@dataclass
class Agent(KnobNetwork):
    """Of a population that plays; with the camera on both all help, on Frog alone those of a D of one half and more."""

    regime: str = "reinforcement"


def planted(network: Network, epoch: float) -> dict[str, float]:
    """Help of .05, and a hundredth of the seed more; all have learnt but those of seed 0."""
    assert isinstance(network, Agent)
    helps = network.knobs["scroll"] == 1 or network.knobs["reward_sharing"] >= 0.5
    found = {"val_loss": np.nan, "cmni": np.nan, "cmni_hidden": np.nan, "accuracy": 0.5}
    found |= {"help_share": helps * (0.05 + 0.01 * network.seed), "excess_error": 0.9 if network.seed == 0 else 0.2}
    return found | {"mirror": float(network.knobs["reward_sharing"] == 1)}


@pytest.fixture(scope="module")
def view(tmp_path_factory) -> View:
    networks = [
        Agent(seed, values=planted, knobs={"reward_sharing": shared, "scroll": scroll})
        for shared in SHARED for scroll in CAMERAS for seed in range(SEEDS)
    ]  # fmt: skip
    made = write_population(tmp_path_factory.mktemp("agents") / "p", networks, (0.0, 0.5), units_at=())
    table = pq.read_table(made / "members.parquet")
    for name in ("reward_sharing", "scroll"):
        table = table.append_column(name, pa.array([network.knobs[name] for network in networks]))
    pq.write_table(table, made / "members.parquet")
    return View(load(made.parent).populations[0])


def test_lines_have_means_and_shares_with_their_intervals(view):
    found = lines(view)
    assert found is not None
    (along, camera), (frog, both) = found
    assert along.names == ("reward_sharing",) and camera.names == ("scroll",)
    assert [frog.name, both.name] == ["scroll 0", "scroll 1"] and frog.place.tolist() == [*SHARED]
    low, value, high = frog.values["help_share"]
    np.testing.assert_allclose(value, [0, 0, 0.065, 0.065])
    half = 3.182 * np.std([0.05, 0.06, 0.07, 0.08], ddof=1) / 2  # Student's t of four
    np.testing.assert_allclose([low[3], high[3]], [0.065 - half, 0.065 + half], rtol=1e-3)
    low, value, high = frog.values["helpers"]
    assert value.tolist() == [0, 0, 1, 1] and low[3] == pytest.approx(0.510, abs=1e-3), "Wilson's, of 4 of 4"
    low, value, _ = both.values["mirror"]
    assert value.tolist() == [0, 0, 0, 1] and both.number["mirror"].tolist() == [3] * 4, "of those that have learnt"
    assert "from reward sharing = 0.3" in frog.edge and both.edge == "all agents help, at every reward sharing"


def test_it_is_drawn_and_told_of_agents(view):
    panel = FIGURE.panel(view)
    assert len(panel.variants) == 3 and panel.printed is not None and len(panel.printed.plots) == 3
    assert panel.title == "Help over reward sharing D and scroll"
    assert "scroll 0: half of the agents help from reward sharing = " in panel.caption[1]
    table = FIGURE.table and FIGURE.table(view)
    assert table and len(table.rows) == 2 * 3 * len(SHARED)
    assert FIGURE.is_of(view) and FIGURE in OF_QUESTIONS["settings"]


def test_without_anything_that_varies_there_is_no_figure(tmp_path):
    networks = [Agent(seed, values=planted, knobs={"reward_sharing": 1.0, "scroll": 0.0}) for seed in range(3)]
    made = write_population(tmp_path / "p", networks, (0.0, 0.5), units_at=())
    assert "varies" in FIGURE.panel(View(load(made.parent).populations[0])).missing
