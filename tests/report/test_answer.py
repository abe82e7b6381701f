"""The first screen: the question is answered in words and one figure, and a verdict is of those who have learnt."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirrorjax.measurement.learnt import LEARNT_BELOW
from mirrorjax.report.chart.chart import Plot, one
from mirrorjax.report.chart.figure import Chooser, Panel
from mirrorjax.report.chart.marks import Bars, HeatMap, Look, Rule
from mirrorjax.report.figures import first as first_figure
from mirrorjax.report.figures.first import by_setting, over_training
from mirrorjax.report.map.figure import cells_of
from mirrorjax.report.page.answer import headline, headline_html
from mirrorjax.report.page.build import write_report
from mirrorjax.report.page.runs_table import runs_table
from mirrorjax.report.read.caused import verdict
from mirrorjax.report.read.populations import load
from mirrorjax.report.read.view import View
from mirrorjax.results.store import write_json
from tests.report.battery_cases import with_battery
from tests.report.cases import Network, write_population, write_sweep
from tests.report.map_cases import KnobNetwork, planted, veil_map, write_map
from tests.report.test_figures import by_label, drawn, view_of
from tests.report.test_report import Page

EPOCHS = (0.0, 5.0, 20.0)
Values = Callable[[Network, float], dict[str, float]]


def asked(learnt: int, mirrors: int, of: int) -> Values:
    """The first so many seeds learn, all below `of` are asked, and of them the first so many are mirror networks."""

    def values(network: Network, epoch: float) -> dict[str, float]:
        found = with_battery(network, epoch) | {"excess_error": 0.1 if network.seed < learnt else LEARNT_BELOW}
        is_asked = epoch == EPOCHS[-1] and network.seed < of
        mirror = float(network.seed < mirrors) if is_asked else np.nan
        return found | {"units_mirror_1": 1.0 if is_asked else np.nan, "mirror": mirror, "mirror_code": mirror}

    return values


def view_with(folder: Path, values: Values, seeds: int = 10, **options: Any) -> View:
    return view_of(write_population(folder / "p", [Network(s, values=values) for s in range(seeds)], EPOCHS, **options))


@pytest.mark.parametrize(
    ("learnt", "mirrors", "of", "words"),
    [
        (10, 0, 10, "All 10 networks learnt the task. None of them is a mirror network: with 95 % confidence, "
         "fewer than 28 % of such networks are."),
        (9, 10, 10, "9 of 10 networks learnt the task. All of them are mirror networks: with 95 % confidence, "
         "more than 70 % of such networks are."),
        (10, 3, 10, "All 10 networks learnt the task. 3 of them are mirror networks: with 95 % confidence, "
         "10 % to 61 % of such networks are."),
        (8, 0, 3, "8 of 10 networks learnt the task. None of the 3 that were tested is a mirror network: with 95 % "
         "confidence, fewer than 57 % of such networks are; so few exclude little."),
        (10, 0, 0, "All 10 networks learnt the task. None of these was tested for what its units cause, so there is no "
         "verdict on mirror networks."),
        (0, 10, 10, "None of the 10 networks learnt the task: not learnt, so no verdict on mirror networks."),
    ],
)  # fmt: skip
def test_headline_is_computed(learnt, mirrors, of, words, tmp_path):
    assert headline([view_with(tmp_path, asked(learnt, mirrors, of))]) == words


def test_an_interrupted_run_says_so(tmp_path):
    view = view_with(tmp_path, asked(0, 1, 2), seeds=2, manifest={"status": "interrupted"})
    assert headline([view]).endswith("Not finished: the run's status is “interrupted”.")


def test_who_plays_has_learnt_something_else(monkeypatch, tmp_path):
    view = view_with(tmp_path, asked(1, 1, 1), seeds=2)
    answers, play = "than to a constant one.", "than to play without skill."
    assert answers in (words := headline_html([view])) and play not in words
    monkeypatch.setattr(View, "regime", "turn_learners")
    assert play in (words := headline_html([view])) and answers not in words


def test_all_diverged_is_no_verdict(tmp_path):
    networks = [Network(seed, values=asked(3, 3, 3), diverged_from=1) for seed in range(3)]
    view = view_of(write_population(tmp_path / "p", networks, EPOCHS))
    assert headline([view]).endswith("not learnt, so no verdict on mirror networks. All diverged.")


def test_learnt_is_below_the_constant_and_nan_is_not(tmp_path):
    """At the constant itself a network has not learnt; neither has one whose excess error is not known."""
    errors = [0.0, np.nextafter(LEARNT_BELOW, 0), LEARNT_BELOW, 1.2, np.nan, np.inf]

    def values(network: Network, epoch: float) -> dict[str, float]:
        return asked(9, 9, 9)(network, epoch) | {"excess_error": errors[network.seed]}

    view = view_with(tmp_path, values, seeds=len(errors))
    found = verdict(view)
    assert (found.networks, found.learnt, found.asked, found.judged, found.mirror) == (6, 2, 2, 2, 2)
    assert view.networks.learnt.tolist() == [True, True, False, False, False, False]
    stored = view.population.query(
        "SELECT mirror, mirror_code, learnt FROM observations WHERE epoch = 20 ORDER BY seed"
    )
    np.testing.assert_array_equal(stored["mirror"], [1, 1, *[np.nan] * 4])
    np.testing.assert_array_equal(stored["mirror_code"], stored["mirror"])
    np.testing.assert_array_equal(stored["learnt"], [1, 1, 0, 0, 0, 0])


def test_nothing_that_is_shown_has_a_verdict_without_learning(tmp_path):
    """No sentence, table, map or file: every network is called a mirror network, and none has learnt."""
    networks = [Network(seed, width=width, values=asked(0, 9, 9)) for width in (8, 17) for seed in range(3)]
    write_population(tmp_path / "p", networks, EPOCHS)
    page = Page(write_report(tmp_path).read_text(encoding="utf-8"))
    assert "not learnt, so no verdict" in page.unfolded and "0 of 6 learnt: not learnt, so no verdict" in page.words
    assert "mirror networks anywhere" not in page.words and "are mirror networks" not in page.words
    for name in ("circuits-p", "phase-map-p", "answer"):
        with (tmp_path / "tables" / f"{name}.csv").open() as lines:
            rows = list(csv.DictReader(lines))
        if name == "circuits-p":
            verdicts = [row["networks"] for row in rows if row["of"] == "mirror network"]
            assert verdicts == ["0", "0"]
        assert all(not row.get("mirror") or row["mirror"] == "0" for row in rows), name
    table = runs_table([view_of(tmp_path / "p")])
    assert table.count(">not learnt</td>") == 2


def test_settings_that_do_not_agree_are_told_apart(tmp_path):
    def values(network: Network, epoch: float) -> dict[str, float]:
        return asked(4, 4 if network.width == 17 else 0, 4)(network, epoch)

    networks = [Network(seed, width=width, values=values) for width in (8, 17) for seed in range(4)]
    view = view_of(write_population(tmp_path / "p", networks, EPOCHS))
    assert headline([view]).endswith("By setting: width 8: 0 of 4; width 17: 4 of 4.")
    assert [(point.label, point.verdict.mirror) for point in by_setting([view])] == [("width 8", 0), ("width 17", 4)]
    panel = first_figure.panel([view])
    found = by_label(drawn(panel))
    assert list(found) == ["learnt the task", "mirror networks among these"]
    np.testing.assert_array_equal(found["mirror networks among these"].x, [0, 1])
    assert panel.printed is not None


def test_one_setting_is_shown_over_training(tmp_path):
    view = view_with(tmp_path, asked(8, 2, 4))
    points = over_training(view)
    assert [(point.epoch, point.verdict.learnt, point.verdict.judged) for point in points] == [
        (0.0, 8, 0),
        (5.0, 8, 0),
        (20.0, 8, 4),
    ]
    learnt, mirror = by_label(drawn(first_figure.panel([view]))).values()
    np.testing.assert_array_equal(learnt.y, [0.8] * 3)
    assert (list(mirror.x[mirror.known]), list(mirror.y[mirror.known])) == ([20.0], [0.5])


def test_many_settings_are_a_map(tmp_path):
    def values(network: Network, epoch: float) -> dict[str, float]:
        return planted(network, epoch) | {"units_mirror_1": 1.0 if epoch == 25 else np.nan}

    members = veil_map(side=4, seeds=2, more={"congruence": (0.0, 1.0)})
    for member in members:
        member.values = values
    view = view_of(write_map(tmp_path / "p", members, [0.0, 25.0]))
    panel = first_figure.panel([view])
    assert [chooser.options for chooser in panel.choosers] == [("congruence 0", "congruence 1")]
    (cells,) = drawn(panel, 0).plots[0].marks
    assert isinstance(cells, HeatMap) and cells.z[3, 3] == 1.0, "all at D = 1 and I = 1"
    assert panel.printed is None, "that of all order parameters is printed"


def test_populations_are_rows_by_what_tells_them_apart(tmp_path):
    folder = write_sweep(tmp_path / "s", {"aaa": [Network(0)], "bbb": [Network(1)]}, epochs=[0, 2])
    jobs: list[Any] = [{"job": job, "overrides": ["x=1", f"game={job[0]}"]} for job in ("aaa", "bbb")]
    for given, labels in (
        (jobs, ["game=a", "game=b"]),
        ([None, {"job": 3}, *jobs[:1]], ["aaa", "bbb"]),
        (7, ["aaa", "bbb"]),
    ):
        write_json(folder / "sweep.json", {"name": "s", "jobs": given})
        assert [population.label for population in load(folder).populations] == labels


@pytest.fixture(scope="module")
def page(calibrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report with every measure."""
    folder = tmp_path_factory.mktemp("answered") / "p"
    shutil.copytree(calibrated_folder, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mirrorjax.report.page.files.save", lambda made, stem: [])
        return write_report(folder).read_text(encoding="utf-8")


def test_few_words_are_unfolded(page, tmp_path):
    """A reader's minute: fewer than 1,500 words, of one population and of many with many problems."""
    one = Page(page)
    assert 100 < len(one.unfolded.split()) < 700 and len(one.words.split()) > 2000
    folder = write_sweep(tmp_path / "s", {f"p{n}": [Network(0)] for n in range(4)}, epochs=[0, 2, 5])
    for file in folder.glob("p*/records/000001.parquet"):
        file.write_bytes(b"PAR1 torn")
    many = Page(write_report(folder).read_text(encoding="utf-8"))
    assert len(many.unfolded.split()) < 1500 and "torn, skipped" in many.unfolded


def test_first_screen_has_words_for_strangers_only(page):
    text = page
    first = Page(text[text.index('<div class="answer">') : text.index('<div class="shown">')]).words
    assert not {"CMNI", "SSI", "TR", "median", "quantile", "null"} & set(first.replace(".", " ").split())
    assert text.index('class="headline"') < text.index('data-figure="answer"') < text.index('class="contents"')
    assert (
        text.index('class="contents"') < text.index('id="cmni"') < text.index('<details class="question" id="learnt">')
    )
    anchors = [link[1:] for link in Page(text).links if link.startswith("#")]
    assert len(anchors) == 9 and all(f'id="{anchor}"' in text for anchor in anchors)


def test_empty_figures_are_left_out():
    nothing = Panel("Nothing", choosers=(Chooser("a", ("b",)),))
    bars = Bars(np.array([np.nan, np.nan]), np.array([0, 1]), Look(), across=True)
    nothing.variants = {(0,): one(Plot([bars, Rule(0.0)]), 100)}
    assert nothing.is_empty
    nothing.variants[0,] = one(Plot([replace(bars, x=np.array([0.0, np.nan]))]), 100)
    assert not nothing.is_empty


def test_a_verdict_over_the_map_is_of_the_learnt(tmp_path):
    def values(network: Network, epoch: float) -> dict[str, float]:
        assert isinstance(network, KnobNetwork)
        learns = network.seed % 2 == 0
        return planted(network, epoch) | {"mirror": 1.0 if epoch else np.nan, "excess_error": 0.1 if learns else 0.9}

    members = [KnobNetwork(s, values=values, knobs={"dependency": d}) for s in range(4) for d in (0.0, 1.0)]
    view = view_of(write_map(tmp_path / "p", members, [0.0, 25.0]))
    points = by_setting([view])
    assert [(point.verdict.learnt, point.verdict.networks) for point in points] == [(2, 4), (2, 4)]
    found = cells_of(view)
    assert found is not None
    np.testing.assert_array_equal(found.values["mirror"].count[-1], [2, 2])
    np.testing.assert_array_equal(found.values["learnt"].value[-1], [0.5, 0.5])
