"""Agents beside others at matched play: what is planted at a score is found there, however long it took."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pytest

from mirrorjax.measures import PARTS, label
from mirrorjax.report.figures.at_play import AtPlay, at_play, differences
from mirrorjax.report.page.at_play import content, sentence
from mirrorjax.report.read.populations import load
from mirrorjax.report.read.view import View
from mirrorjax.report.read.ways import Way, ways
from tests.report.cases import Network, like_paper, write_sweep

SEEDS, EPOCHS = 8, (0.0, 1.0, 2.0, 4.0)
PACES = {"supervised": 0.1, "reinforcement": 0.2, "imitation": 0.002}  # of the score, a unit of time


@dataclass
class Player(Network):
    """Scores more the longer it plays; its measures follow the score, with a little noise of its seed."""

    @property
    def member_id(self) -> str:
        return f"{crc32(self.regime.encode()):08x}{self.seed:08x}"


def measured(network: Network, epoch: float) -> dict[str, float]:
    score, noise = 0.2 + PACES[network.regime] * epoch, 0.001 * network.seed
    found = like_paper(network, epoch) | {f"play_{partner}_own": score for partner in PARTS["PARTNER"]}
    more = 0.5 if network.regime == "reinforcement" else 0.0
    return found | {"mni_star": score + more + noise, "ssi": score + noise, "play_hop_help": 0.0}


@pytest.fixture(scope="module")
def every(tmp_path_factory) -> dict[str, Way]:
    """The ways, by regime."""
    populations = {name: [Player(seed, regime=name, values=measured) for seed in range(SEEDS)] for name in PACES}
    folder = write_sweep(tmp_path_factory.mktemp("play") / "all", populations, epochs=EPOCHS, units_at=())
    return {way.regime: way for way in ways(map(View, load(folder).populations))}


@pytest.fixture(scope="module")
def found(every) -> AtPlay:
    made = at_play([every["supervised"], every["reinforcement"]])
    assert made is not None
    return made


def test_ways_are_looked_at_where_they_first_score_as_much(found):
    supervised, agents = found.ways
    assert found.score == pytest.approx(0.6), "the most that both reach"
    np.testing.assert_allclose(supervised.values["mni_star"], 0.6 + 0.001 * np.arange(SEEDS), atol=1e-9)
    np.testing.assert_allclose(agents.values["mni_star"], 1.1 + 0.001 * np.arange(SEEDS), atol=1e-9)
    assert (supervised.epoch, agents.epoch) == (pytest.approx(4.0), pytest.approx(2.0))
    assert found.reaching(agents) == SEEDS


def test_a_difference_is_named_with_its_medians_and_what_has_none_too(found):
    by_measure = {each.measure: each for each in differences(found)}
    assert by_measure["mni_star"].is_found and by_measure["mni_star"].p < 1e-3
    assert not by_measure["ssi"].is_found and by_measure["ssi"].p == pytest.approx(1, abs=0.01)
    words = sentence(found)
    assert words.startswith("Where networks first score 0.600 a round") and "8 of 8 of reinforcement" in words
    assert f"reinforcement has against supervised more {label('mni_star')} (1.10 for 0.604)" in words
    assert f"no difference that is shown in {label('ssi')}" in words


def test_it_is_drawn_with_its_table(found, tmp_path):
    for name in ("tables", "figures"):
        (tmp_path / name).mkdir()
    html = content(found.ways, tmp_path)
    assert 'data-figure="ways-at-play-figure"' in html and "0.600 a round" in html
    assert (tmp_path / "tables/ways-at-play.csv").read_text().startswith("way,regime,measure")


def test_without_a_common_score_nothing_is_matched(every):
    made = at_play([every["imitation"], every["reinforcement"]])  # agents have more at their first checkpoint already
    assert made is not None and np.isnan(made.score) and sentence(made).startswith("Not matched")


def test_who_never_plays_as_well_is_left_out_and_named(every):
    made = at_play([*every.values()])
    assert made is not None and made.score == pytest.approx(0.6) and made.left_out == ("imitation",)
    assert sentence(made).endswith("Never as well as agents, or better from the start: imitation.")


def test_without_agents_or_without_others_there_is_nothing_to_match(every):
    assert at_play([every["supervised"], every["imitation"]]) is None
    assert at_play([every["reinforcement"]]) is None
