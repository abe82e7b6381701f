"""What is said of a network whose units are known."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from mirrorjax.dataset.row import row_keys
from mirrorjax.game.render import board
from mirrorjax.member.inspection.facts import ablations, end_lines, p_words, unit_rows
from mirrorjax.member.inspection.figures import ablation_bars
from mirrorjax.member.inspection.firing import mirror_units, state_of, strongest_boards
from mirrorjax.member.inspection.terminal import show
from tests.member.paper.cases import DEAD, MIRROR, TWIN, analysis_of_planted, dataset
from tests.report.test_figures import by_label

pytestmark = pytest.mark.slow


def test_boards_are_those_on_which_the_unit_fires_most():
    analysis = analysis_of_planted()
    words = dataset().test
    found = strongest_boards(analysis, words)
    _, hidden = analysis.network.run_with_activations(words)
    assert [each.unit for each in found] == [unit for unit in mirror_units(analysis) for _ in range(2)]
    assert set(mirror_units(analysis)) == {MIRROR + 1, TWIN + 1}
    for first, second in (found[:2], found[2:]):
        activation = hidden[first.unit - 1]
        assert first.activation == activation.max() >= second.activation > np.median(activation)
        assert first.board != second.board and first.mean == pytest.approx(activation.mean())
        assert first.scenario == "both", "two 9 are the largest sum"


def test_a_row_is_drawn_as_it_is():
    # rough under Frog at 3 and under 5; Toad at 9; sky 1, whose flies are at 0, 3, 5, …
    words = np.array([1 << 3 | 1 << 5, 3 | 9 << 5 | 2 << 13 | 1 << 17], np.uint32)
    _, sky, players, ground, _ = board(state_of(words)).splitlines()
    assert players == "|" + " " * 6 + "F " + " " * 10 + "T " + " " * 44 + "|"
    assert ground == "|" + "__" * 3 + "/\\" + "__" + "/\\" + "__" * 26 + "|"
    assert [place // 2 for place, mark in enumerate(sky[1:]) if mark == "*"] == [0, 3, 5, 8, 13, 18, 19, 24, 28]
    assert row_keys(words[None]).shape == (1,)


def test_what_a_network_has_no_number_of_is_not_told():
    """One that learnt by playing has no validation loss, one whose units have either sign no CMNI."""
    analysis = analysis_of_planted()
    lines = end_lines(replace(analysis, record={"accuracy": 0.5}))
    assert lines[0] == ("accuracy", "0.5000") and len(lines) == 2


def test_units_and_sets():
    analysis = analysis_of_planted()
    rows = unit_rows(analysis)
    assert [row["unit"] for row in rows[:6]] == ["L1N1", "L1N2", "L1N3", "L1N4", "L1N5", "L2N1"]
    assert rows[DEAD]["class"] == "dead" and np.isnan(rows[DEAD]["rms"])
    assert rows[MIRROR]["class"] == "mirror" and float(rows[MIRROR]["mns"]) > 3
    sets = {each.name: each for each in ablations(analysis)}
    assert set(sets) == {"mirror units", "units of largest MNS"}
    assert sets["mirror units"].size == 2 and sets["units of largest MNS"].size == 4
    panel = ablation_bars(analysis)
    own, control = by_label(panel.variants[(0,)]).values()
    assert np.array_equal(own.y, sets["mirror units"].effect)
    assert np.array_equal(control.y, sets["mirror units"].at_random)


def test_the_terminal_summary_fits_eighty_columns():
    analysis = analysis_of_planted()
    file = io.StringIO()
    show(analysis, strongest_boards(analysis, dataset().test), Console(file=file, width=80))
    text = file.getvalue()
    assert "…" not in text and "\x1b" not in text
    assert re.search(r"L1N1 +mirror ", text) and re.search(r"L1N2 +suppressed ", text) and "L1N4" not in text
    assert "mirror units" in text and text.count("+" + "-" * 64 + "+") == 8
    file = io.StringIO()
    show(replace(analysis, hubs=[]), [], Console(file=file, width=80))
    assert "has no mirror unit" in file.getvalue() and "No unit of the second layer is alive" in file.getvalue()


@pytest.mark.parametrize(("p", "words"), [(0.05, "5e-2"), (1.25e-8, "1.2e-8"), (0.0, "<1e-9"), (float("nan"), "n/a")])
def test_p_values(p: float, words: str):
    assert p_words(p) == words
