"""A chart is described once: both renderers draw all that it has, and figures know neither of their libraries."""

import ast
import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib.colors import to_hex

import mirrorjax
from mirrorjax.report.chart import matplotlib as print_renderer
from mirrorjax.report.chart import plotly as page_renderer
from mirrorjax.report.chart.chart import Chart, Plot, Scale, around, in_rows, one, put_together
from mirrorjax.report.chart.marks import AnyMark, Bars, HeatMap, Line, Look, Note, Points, Rule, labels_apart

PACKAGE = Path(str(mirrorjax.__file__)).parent
LIBRARIES = {"plotly", "matplotlib"}
MAY = {  # what draws, and what puts plotly's JavaScript into the page
    "report/chart/matplotlib.py": {"matplotlib"},
    "report/page/html.py": {"plotly"},
    "bench/figures.py": {"matplotlib"},
}
NAN, PLAIN = np.nan, Scale()


def values(*numbers: float) -> np.ndarray:
    return np.array(numbers)


def page(*marks: AnyMark, x: Scale = PLAIN, y: Scale = PLAIN) -> dict[str, Any]:
    """One plot as plotly has it; go.Figure refuses what plotly does not know."""
    made = page_renderer.drawing(one(Plot(marks, x, y), 400))
    go.Figure(made)
    return made


def printed(*marks: AnyMark, x: Scale = PLAIN, y: Scale = PLAIN) -> Any:
    """One plot as matplotlib has it, whose artists have few static types."""
    return print_renderer.draw(one(Plot(marks, x, y), 400)).axes[0]


def test_figures_import_no_library_that_draws():
    found: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if used := {name.split(".")[0] for name in names} & LIBRARIES:
                found.setdefault(file.relative_to(PACKAGE).as_posix(), set()).update(used)
    assert found == MAY


def test_every_kind_of_mark_is_drawn_by_both():
    kinds = set(get_args(AnyMark))
    assert kinds == {*page_renderer.DRAWN, Rule, Note} == set(print_renderer.DRAWN)


def test_a_line_with_its_band():
    line = Line(values(0, 1, NAN, 3), values(1, 2, 3, 5), Look("#ff0000", "a", dash="dash"), values(0, 1, 2, 4),
                values(2, 3, 4, 6), "{label} {y:.1f} [{low:.1f}], {n}", {"n": [7, 8, 9, 10]})  # fmt: skip
    band, drawn = page(line)["data"]
    assert list(band["x"]) == [0, 1, 3, 3, 1, 0] and list(band["y"]) == [2, 3, 6, 4, 1, 0]
    assert not band["showlegend"] and band["legendgroup"] == drawn["legendgroup"] == "a"
    assert list(drawn["y"]) == [1, 2, 5] and drawn["line"] == {"color": "#ff0000", "dash": "dash", "width": 2.0}
    assert drawn["hovertemplate"] == "a %{y:.1f} [%{customdata[0]:.1f}], %{customdata[1]}<extra></extra>"
    np.testing.assert_array_equal(drawn["customdata"], [[0, 7], [1, 8], [4, 10]])
    axes = printed(line)
    (own,) = axes.lines
    np.testing.assert_array_equal(own.get_xydata(), [[0, 1], [1, 2], [3, 5]])
    assert (to_hex(own.get_color()), own.get_linestyle(), own.get_label()) == ("#ff0000", "--", "a")
    assert len(axes.collections) == 1 and axes.collections[0].get_paths()[0].vertices[:, 1].max() == 6


def test_a_broken_line_has_gaps_and_another_goes_on():
    line = Line(values(0, NAN, 2), values(0, NAN, 2), Look())
    for broken, number in ((True, 3), (False, 2)):
        own = replace(line, broken=broken)
        assert len(page(own)["data"][0]["x"]) == number == len(printed(own).lines[0].get_xydata())


@pytest.mark.parametrize("across", [False, True])
def test_points_with_whiskers(across: bool):
    at, value, low, high = values(1, 2, 3), values(5, NAN, 7), values(4, NAN, NAN), values(7, NAN, NAN)
    x, y = (value, at) if across else (at, value)
    points = Points(x, y, Look("#00ff00", symbol="square"), low, high, across=across)
    (drawn,) = page(points)["data"]
    whiskers = drawn["error_x" if across else "error_y"]
    assert (list(whiskers["array"]), list(whiskers["arrayminus"])) == ([2, 0], [1, 0])
    assert (drawn["mode"], drawn["marker"]["symbol"], drawn["hoverinfo"]) == ("markers", "square", "skip")
    axes = printed(points)
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[5, 1], [7, 3]] if across else [[1, 5], [3, 7]])
    assert axes.lines[0].get_marker() == "s" and axes.lines[0].get_linestyle() == "None"
    segment = axes.collections[0].get_segments()[0]
    np.testing.assert_array_equal(segment, [[4, 1], [7, 1]] if across else [[1, 4], [1, 7]])


def test_bars_of_categories():
    names = Scale("kind", (1.5, -0.5), names=("a\nb", "c < d"))
    look = Look("#0000ff", hatch="/", second="#ffff00")
    bars = Bars(values(3, 4), values(0, 1), look, values(2, 3), values(4, 5), across=True, width=0.4, shift=0.2)
    made = page(bars, y=names)
    (drawn,) = made["data"]
    assert drawn["y"] == ["a<br>b", "c &lt; d"] and (drawn["orientation"], drawn["offset"]) == ("h", 0.0)
    assert made["layout"]["yaxis"]["range"] == [1.5, -0.5] and made["layout"]["yaxis"]["categoryarray"] == drawn["y"]
    pattern = drawn["marker"]["pattern"]
    assert (pattern["bgcolor"], pattern["fgcolor"]) == ("#0000ff", "#ffff00")
    axes = printed(bars, y=names)
    found = [(bar.get_y(), bar.get_height(), bar.get_width()) for bar in axes.patches]
    np.testing.assert_allclose(found, [(0.0, 0.4, 3), (1.0, 0.4, 4)], atol=1e-12)
    assert axes.patches[0].get_hatch() == "///" and axes.get_ylim() == (1.5, -0.5)
    assert [each.get_text() for each in axes.get_yticklabels()] == ["a\nb", "c < d"]


def test_categories_of_one_name_stay_apart():
    made = page(Bars(values(0, 1), values(1, 2), Look()), x=Scale(names=("same", "same")))
    assert list(made["data"][0]["x"]) == [0, 1] and made["layout"]["xaxis"]["ticktext"] == ["same", "same"]


def test_a_heat_map_with_its_numbers_written():
    cells = HeatMap(np.array([[0.0, 1.0, NAN]]), (0.0, 1.0), "share", written=".0%", hover="{y} at {x}: {z:.2f}, {n}",
                    details={"n": np.array([[1, 2, 3]])})  # fmt: skip
    scales = {"x": Scale(names=("p", "q", "r")), "y": Scale(names=("s",))}
    made = page(cells, **scales)
    colours, texts = made["data"]
    assert colours["x"] == ["p", "q", "r"] and (colours["zmin"], colours["zmax"]) == (0.0, 1.0)
    assert colours["hovertemplate"] == "%{y} at %{x}: %{z:.2f}, %{customdata[0]}<extra></extra>"
    assert colours["customdata"].shape == (1, 3, 1) and colours["colorbar"]["title"]["text"] == "share"
    assert (texts["x"], texts["text"], texts["textfont"]["color"]) == (["p", "q"], ["0%", "100%"], ["white", "black"])
    axes = printed(cells, **scales)
    (mesh,) = axes.collections
    assert mesh.get_array().mask.tolist() == [[False, False, True]] and mesh.get_clim() == (0.0, 1.0)
    written = [(text.get_text(), text.get_position(), text.get_color()) for text in axes.texts]
    assert written == [("0%", (0, 0), "white"), ("100%", (1, 0), "black")]


def test_rules_and_notes():
    marks = (
        Rule(2.0, label="limit"),
        Rule(1.0, "x", Look("#ff0000", dash="dash"), low=0.5, high=1.5),
        Note("here & there", 0.0, 1.0, ("top", "left")),
        Note("b", 1.0, 2.0, in_data=True, bold=True),
    )
    layout = page(*marks)["layout"]
    level, shade, upright = layout["shapes"]
    assert (level["yref"], level["y0"], level["y1"], level["xref"]) == ("y", 2.0, 2.0, "x domain")
    assert (shade["type"], shade["x0"], shade["x1"], upright["x0"], upright["yref"]) == (
        "rect",
        0.5,
        1.5,
        1.0,
        "y domain",
    )
    assert [note["text"] for note in layout["annotations"]] == ["limit", "here &amp; there", "<b>b</b>"]
    assert [note["xref"] for note in layout["annotations"]] == ["paper", "x domain", "x"]
    axes = printed(*marks)
    assert [line.get_ydata()[0] for line in axes.lines] == [2.0, 0] and axes.lines[1].get_xdata()[0] == 1.0
    assert (axes.patches[0].get_x(), axes.patches[0].get_width()) == (0.5, 1.0)
    assert [text.get_text() for text in axes.texts] == ["limit", "here & there", "b"]


def test_labels_of_rules_that_are_near_each_other_are_apart():
    rules = [Rule(0.5, label="b"), Rule(0.49, label="a"), Rule(0.9, label="c")]
    apart = labels_apart(rules, 0.1)
    assert [each.label for each in apart] == ["a", "b", "c"]
    places = [each.label_at or 0.0 for each in apart]
    assert min(np.diff(places)) >= 0.1 - 1e-9 and np.mean(places) == pytest.approx(np.mean([0.5, 0.49, 0.9]))
    (note, _, _), (written, *_) = page(*apart)["layout"]["annotations"], printed(*apart).texts
    assert note["y"] == written.get_position()[1] == places[0] != apart[0].at


def test_scales():
    share, size = Scale("share", (0.0, 1.0), format=".0%"), Scale("size", (1.0, 100.0), log=True)
    line = Line(values(1, 10, 100), values(0, 0.5, 1), Look())
    layout = page(line, x=size, y=share)["layout"]
    assert layout["xaxis"]["type"] == "log" and layout["xaxis"]["range"] == [0.0, 2.0]
    assert layout["yaxis"]["tickformat"] == ".0%" and layout["yaxis"]["title"]["text"] == "share"
    axes = printed(line, x=size, y=share)
    assert axes.get_xscale() == "log" and axes.get_xlim() == (1.0, 100.0) and axes.get_ylabel() == "share"
    assert axes.yaxis.get_major_formatter()(0.5, 0) == "50%"
    many = Scale(names=tuple(map(str, range(100))))
    assert len(many.written(25)) == 25 and many.written(25)[1] == (4.0, "4")


def grid(legend: str = "below") -> Chart:
    """Two rows of two plots with the same scales."""
    line = Line(values(0, 1), values(0, 1), Look(label="own"))
    plots = [Plot([line], Scale("x", (0, 1)), Scale("y", (0, 1)), name) for name in "abcd"]
    return Chart(in_rows(plots, 2), 500, "<all>", "words " * 40, legend)


def test_plots_of_a_grid_share_what_is_the_same():
    made = page_renderer.drawing(grid())
    layout = made["layout"]
    assert [layout[f"xaxis{n}"]["title"]["text"] for n in ("", "2", "3", "4")] == ["", "", "x", "x"]
    assert [layout[f"yaxis{n}"]["showticklabels"] for n in ("", "2", "3", "4")] == [True, False, True, False]
    assert layout["xaxis"]["matches"] == "x3" and layout["title"]["text"] == "&lt;all&gt;"
    domains = [(layout[f"xaxis{n}"]["domain"], layout[f"yaxis{n}"]["domain"]) for n in ("", "2", "3", "4")]
    assert domains[0][0] == domains[2][0] and domains[0][0][1] < domains[1][0][0]
    assert domains[0][1] == domains[1][1] and domains[0][1][0] > domains[2][1][1]
    headings = [(note["text"], note["x"], note["y"]) for note in layout["annotations"][1:]]
    assert headings == [(name, x[0], y[1]) for name, (x, y) in zip("abcd", domains, strict=True)], "as narrow.js asks"
    assert [trace["showlegend"] for trace in made["data"]] == [True, False, False, False]
    drawn = print_renderer.draw(grid())
    assert [axes.get_title("left") + axes.get_title() for axes in drawn.axes] == ["a", "b", "c", "d"]
    assert [axes.get_xlabel() for axes in drawn.axes] == ["", "", "x", "x"]
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["own"]
    assert drawn.get_suptitle().startswith("<all>\nwords")


def test_legends_beside_are_of_each_plot():
    made = page_renderer.drawing(replace(grid("beside"), rows=[[plot] for plot in grid().plots[:2]]))
    assert [trace["legend"] for trace in made["data"]] == ["legend", "legend2"]
    assert made["layout"]["legend2"]["y"] == made["layout"]["yaxis2"]["domain"][1]
    assert all(axes.get_legend() for axes in print_renderer.draw(grid("beside")).axes)


def test_a_second_scale_at_the_right():
    left, right = (Line(values(0, 1), values(0, top), Look(label=str(top))) for top in (1, 9))
    plot = Plot([left], Scale("x"), Scale("left"), right=Scale("right", (0, 9)), marks_right=[right])
    made = page_renderer.drawing(one(plot, 300))
    go.Figure(made)
    own = made["data"][1]["yaxis"]
    assert made["layout"][f"yaxis{own[1:]}"]["overlaying"] == "y" and made["data"][0]["yaxis"] == "y"
    assert [axes.get_ylabel() for axes in print_renderer.draw(one(plot, 300)).axes] == ["left", "right"]


def test_what_is_off_is_for_the_page_alone():
    line = Line(values(0, 1), values(0, 1), Look(label="other", off=True))
    assert page(line)["data"][0]["visible"] == "legendonly" and len(printed(line).lines) == 0


def test_charts_put_together_for_print():
    charts = [
        one(
            Plot([Line(values(0, 1), values(0, 1), Look(label=f"law: {n}", group="law", bold=True))]), 400, title=str(n)
        )
        for n in range(3)
    ]
    made = put_together(charts, ["a", "b", "c"], "together")
    assert [plot.title for plot in made.plots] == ["a", "b", "c", ""] and made.title == "together"
    legend = print_renderer.draw(made).legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["law"]


def test_arrays_are_packed_and_texts_escaped():
    points = Points(values(0.1, 2), values(NAN, 1), Look(label="$x$ <i>"), hover="{w}", details={"w": ["a", "<b>"]})
    chart = one(Plot([points]), 300)
    (trace,) = json.loads(page_renderer.as_json(chart))["data"]
    assert np.frombuffer(base64.b64decode(trace["x"]["bdata"]), f"<{trace['x']['dtype']}").tolist() == [2.0]
    assert trace["name"] == "$x$ &lt;i&gt;" and trace["customdata"] == [["&lt;b&gt;"]]
    print_renderer.draw(chart).canvas.draw()  # no formula is read


def test_limits_hold_what_is_finite():
    assert around([1.0, NAN], 3.0, room=0.5) == (0.0, 4.0) and around([NAN]) == (0.0, 1.0)
    assert around([2.0], include=(0.0,), room=0.0) == (0.0, 2.0) and around([5.0], room=0.1) == (4.5, 5.5)
