"""What networks do in the game, on the report's page and in the table of a network."""

from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.launch.cli import main
from mirrorjax.measures import label
from mirrorjax.member import playing
from mirrorjax.report.page.played import table
from mirrorjax.report.page.questions import Question, questions
from mirrorjax.report.read import played
from mirrorjax.report.read.populations import load
from mirrorjax.report.read.view import View
from tests.report.cases import Network, like_paper, write_population
from tests.report.test_figures import view_of


def with_games(network: Network, epoch: float) -> dict[str, float]:
    """Rising own scores, the higher the later the seed; help in one of ten acts."""
    found = like_paper(network, epoch)
    for partner in played.PARTNERS:
        found |= {f"play_{partner}_own": 0.1 + 0.02 * epoch + 0.01 * network.seed}
        found |= {f"play_{partner}_partner": 0.5, f"play_{partner}_help": 0.1}
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    networks = [Network(seed, width=width, values=with_games) for width in (8, 17) for seed in range(3)]
    return write_population(tmp_path_factory.mktemp("played") / "p", networks, [0, 10, 20])


def test_medians_of_networks_stand_beside_scripted_players(folder: Path):
    view: View = view_of(folder)
    rows = played.played(view)
    assert (rows[0].who, rows[-1].who) == ("networks, when they last played", "untrained networks")
    assert len(rows) == 4, "each of two configurations too"
    assert rows[0].medians["play_hop_own"] == pytest.approx(0.51)
    assert rows[-1].medians["play_hop_own"] == pytest.approx(0.11)
    made = table(rows)
    assert len(made.head) == 1 + 3 * len(played.PARTNERS) == len(made.rows[0])
    assert dict(zip(made.head, made.rows[4 + list(played.SCRIPTED).index("expert")], strict=True)) == {
        "Frog": "expert (scripted)",
        **{f"own score, Toad {words}": value for words, value in zip(WORDS, (0.739, 0.84, 0.79, 0.849), strict=True)},
        **{f"Toad's, Toad {words}": value for words, value in zip(WORDS, (0.865, 0.456, 0.975, 0.849), strict=True)},
        **{f"help, Toad {words}": value for words, value in zip(WORDS, (0.05, 0.058, 0.028, 0.0), strict=True)},
    }


WORDS = ("hops", "random", "greedy", "expert")


def asked(results: Path) -> dict[str, Question]:
    """The questions of a report, by their names, without figures."""
    sweep = load(results)
    return {each.name: each for each in questions(sweep, list(map(View, sweep.populations)), defaultdict(str))}


def test_the_page_has_them_where_they_were_played(folder: Path, tmp_path: Path):
    play = asked(folder.parent)["play"]
    assert play.short == ".51 points a round beside a Toad that hops; an expert .74, without help .30"
    assert "untrained networks" in play.content and "greedy, never helps (scripted)" in play.content
    write_population(tmp_path / "old" / "p", [Network(seed) for seed in range(3)], [0, 2])
    assert "play" not in asked(tmp_path / "old")


def test_pairs_stand_by_what_they_do_with_each_other(tmp_path: Path):
    """Of networks that have no validation loss and played beside nobody else."""

    def as_pair(network: Network, epoch: float) -> dict[str, float]:
        own = {"cmni": np.nan, "accuracy": 0.4, "excess_error": 0.4, "pair_gifts": 0.15 + network.seed / 100}
        return own | {"pair_score_last": 0.6, "alternation": 0.54, "transfer_z": 12.0, "pair_score_last_deaf": 0.5}

    write_population(tmp_path / "p", [Network(seed, width=8, values=as_pair) for seed in range(3)], [0, 10])
    found = asked(tmp_path)
    play, learnt = found["play"].content, found["learnt"].content
    assert "last 256 rounds" in play and label("transfer_z") in play and "0.160" in play and "Toad hops" not in play
    assert "the median accuracy is 0.400" in learnt and "validation loss" not in learnt


def test_labels_say_who_plays_toad():
    assert label("play_hop_own") == "own score, Toad hops" and label("play_expert_help") == "help, Toad expert"


def test_a_number_of_games_needs_a_network(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    assert main(["play", "--games", "4"]) == 2
    assert "--games needs --results" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"games: 0 is not in 1\.\.100,000"):
        playing.write_played(tmp_path, None, 0)


def test_one_network_stands_above_the_scripted_players(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    network = SimpleNamespace(member_id="ab12", describe=lambda: "ab12: 2×17, rate 0.0001, seed 2")
    monkeypatch.setattr(playing, "find_network", lambda results, member: (None, network))
    monkeypatch.setattr(playing, "played_by", lambda network, games: played.SCRIPTED["expert"] | {"hop": STARVES})
    head, _, *tables = playing.write_played(tmp_path, None, 8).splitlines()
    assert head == "Frog is ab12: 2×17, rate 0.0001, seed 2; 8 games of 512 rounds beside each Toad."
    rows = [line.split() for line in tables if line]
    assert [row[-5:] for row in rows[1:3]] == [
        [".500", ".250", ".000", "n/a", "1.000"],
        [".292", ".290", ".000", ".000", ".000"],
    ]
    assert [row[1] for row in rows if row[0] == "Toad:"] == list(played.PARTNERS)
    assert len(rows) == len(played.PARTNERS) * (2 + len(played.SCRIPTED))


STARVES = played.Done(0.5, 0.25, 0.0, float("nan"), 1.0)
