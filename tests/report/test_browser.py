"""The report in a real browser, from disk: it draws, answers, asks for nothing and complains about nothing."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mirrorjax
from mirrorjax.report.compare.build import write_comparison
from mirrorjax.report.figures.registry import FIGURES
from mirrorjax.report.page.build import write_phase_diagrams, write_report
from tests.own.cases import effects, planted
from tests.report.battery_cases import with_battery, write_nulls
from tests.report.cases import Network, write_sweep
from tests.report.map_cases import KnobNetwork, mirrors, veil_map, write_map

pytestmark = pytest.mark.browser
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class Visit:
    """A page that was opened, with all that it asked for and complained about."""

    def __init__(self, browser: Any, path: Path, width: int = 1280, height: int = 900, unfold: bool = True):
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())
        self.drawn()
        if unfold:
            self.unfold()

    def drawn(self) -> None:
        """Waits until all figures in sight are drawn."""
        self.page.wait_for_selector("html[data-drawn=all]", state="attached", timeout=60_000)

    def unfold(self) -> None:
        """Opens all questions."""
        self.page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        self.page.wait_for_function("() => !document.querySelector('.figure .plot:empty')", timeout=60_000)
        self.drawn()

    def width(self) -> int:
        """Of the page, with all that one would have to scroll to."""
        return self.page.evaluate("document.scrollingElement.scrollWidth")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright import sync_api

    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        give_up = pytest.fail if os.environ.get("CI") else pytest.skip  # CI installs one: see .ci/run
        give_up(f"no browser: none of {', '.join(names)} is on the PATH")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS, headless=True)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    members = [Network(seed, learning_rate=rate, values=with_battery) for seed in range(8) for rate in (1e-4, 4e-5)]
    capacities = [(depth, width) for depth in (1, 2, 3) for width in (5, 40)]
    members += [Network(seed, *capacity, values=with_battery) for seed in range(3) for capacity in capacities]
    folder = write_sweep(tmp_path_factory.mktemp("browser") / "sweep", {"1c9e0b7d52aa": members})
    write_nulls(folder / "1c9e0b7d52aa", members)
    return write_report(folder)


@pytest.fixture(scope="module")
def visit(browser, report) -> Visit:
    return Visit(browser, report)


def figure(visit: Visit, name: str) -> Any:
    return visit.page.locator(f"[data-figure='{name}-1c9e0b7d52aa']")


def test_page_draws_without_a_complaint_or_a_request(visit):
    assert visit.complaints == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in visit.requests)
    figures, number = visit.page.locator("section.figure"), 1 + sum(not each.regimes for each in FIGURES)
    assert figures.count() == number
    for place in range(number):
        assert figures.nth(place).locator("svg.main-svg").count() >= 1


SCREENS = [(1280, 800), (390, 844)]


@pytest.fixture(scope="module", params=SCREENS, ids=["desktop", "phone"])
def folded(request, browser, report) -> tuple[Visit, int]:
    """A page as it is opened, and the height of its window."""
    width, height = request.param
    return Visit(browser, report, width, height, unfold=False), height


def test_first_screen_has_the_answer_its_figure_and_the_contents(folded, tmp_path):
    visit, height = folded
    for part in (".headline", "[data-figure=answer] .main-svg", ".contents a"):
        boxes = [found.bounding_box() for found in visit.page.locator(part).all()]
        assert boxes and max(box["y"] + box["height"] for box in boxes) <= height, part
    assert visit.page.locator("[data-figure=answer] .scatterlayer .point").count() >= 2
    assert len(visit.page.inner_text("body").split()) < 1500
    assert visit.complaints == []


def test_a_figure_is_drawn_when_its_question_is_opened(folded):
    """It has the width of the page then; and nothing scrolls sideways, folded or not."""
    visit, _ = folded
    window = visit.page.viewport_size["width"]
    assert visit.page.locator(".question .main-svg").count() == 0 and visit.width() <= window
    visit.page.locator("#learnt > summary").click()
    timeline = figure(visit, "timeline")
    timeline.locator(".main-svg").first.wait_for()
    visit.drawn()
    assert timeline.locator(".main-svg").first.bounding_box()["width"] > 0.85 * min(window, 1100)
    visit.unfold()
    assert visit.width() <= window
    assert visit.complaints == []


def test_a_link_opens_what_it_leads_to(browser, report):
    visit = Visit(browser, report, unfold=False)
    page = visit.page
    page.get_by_role("link", name="What was run?").click()
    assert page.locator("#run").evaluate("(part) => part.open") and page.locator("table.runs").is_visible()
    page.evaluate("location.hash = '#circuits-1c9e0b7d52aa'")
    figure(visit, "circuits").locator(".main-svg").first.wait_for()
    assert page.locator("#causes").evaluate("(part) => part.open")
    assert not page.locator("#chance").evaluate("(part) => part.open")


def test_print_has_everything_and_the_page_is_as_before(browser, report):
    page = Visit(browser, report, unfold=False).page
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    assert page.locator(".figure .plot:not(:has(.main-svg))").count() == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.question[open]").count() == 0


def test_legends_are_below_plots_on_a_phone(browser, report):
    visit = Visit(browser, report, *SCREENS[1])
    for name in ("timeline", "decomposition", "onset"):
        plots = [box.bounding_box() for box in figure(visit, name).locator(".nsewdrag").all()]
        legend = figure(visit, name).locator(".legend").first.bounding_box()
        assert legend["y"] >= max(box["y"] + box["height"] for box in plots), name
    assert visit.complaints == []


def test_nothing_is_wider_than_the_window(visit):
    assert visit.width() <= 1280
    widths = visit.page.evaluate("Array.from(document.querySelectorAll('.main-svg')).map((svg) => svg.clientWidth)")
    assert max(widths) <= 1100


def test_drop_down_list_changes_the_figure(visit):
    timeline = figure(visit, "timeline")
    title = timeline.locator(".gtitle")
    assert title.text_content().startswith("2×17, lr 4e-5")
    timeline.locator("select").select_option(label="3×40, lr 1e-4 (3 networks)")
    visit.page.wait_for_function("document.querySelector('[data-figure^=timeline] .gtitle').textContent[0] === '3'")
    assert title.text_content().startswith("3×40, lr 1e-4 – 3 networks")


def test_buttons_change_the_figure(visit):
    diagram = figure(visit, "phase-diagram")
    diagram.get_by_text("median validation loss").click()
    diagram.get_by_text("lr 1e-4", exact=True).click()
    visit.page.wait_for_function(
        "() => document.querySelector('[data-figure^=phase-diagram] .gtitle').textContent"
        ".startsWith('median validation loss, lr 1e-4')"
    )
    assert visit.complaints == []


def test_hover_gives_the_interval_and_the_counts(visit):
    diagram = figure(visit, "phase-diagram")
    diagram.get_by_text("robust share").click()
    diagram.get_by_text("lr 4e-5", exact=True).click()
    diagram.scroll_into_view_if_needed()
    area = diagram.locator(".nsewdrag").bounding_box()
    # the last column of the only row: 2×17 at epoch 49
    visit.page.mouse.move(area["x"] + area["width"] - 15, area["y"] + area["height"] / 2)
    label = diagram.locator(".hoverlayer .hovertext")
    label.wait_for()
    words = label.text_content()
    assert re.search(r"2×17, epoch 49.*robust share \d+%.*Wilson 95 % \d+% to \d+%.*robust: \d of 8 networks", words)


def test_buttons_of_a_figure_keep_everything_here(visit):
    """Plotly's own set has one that sends the figure to a server."""
    titles = (
        figure(visit, "timeline")
        .locator(".modebar-btn")
        .evaluate_all("(buttons) => buttons.map((button) => button.dataset.title)")
    )
    assert titles == ["Download plot as a PNG", "Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"]
    with visit.page.expect_download() as download:
        figure(visit, "timeline").locator(".modebar-btn").first.click(force=True)
    assert download.value.suggested_filename.endswith(".png")
    assert visit.complaints == []


def test_table_sorts(visit):
    table = visit.page.locator("table.runs")
    table.get_by_role("button", name="validation loss").click()
    losses = [
        float(text)
        for text in table.locator("tbody tr td:nth-child(5)").evaluate_all(
            "(cells) => cells.map((cell) => cell.dataset.value)"
        )
    ]
    assert losses == sorted(losses)
    table.get_by_role("button", name="validation loss").click()
    assert table.locator("tbody tr td:nth-child(5)").first.get_attribute("data-value") == f"{max(losses):.9g}"


@pytest.mark.parametrize("name", ["calibration", "decomposition", "onset", "causes", "circuits"])
def test_calibrated_figures_are_drawn(visit, name, tmp_path):
    """Something coloured is on the screen, and nothing is drawn outside of the figure."""
    shown = figure(visit, name)
    shown.screenshot(path=tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 20_000
    assert shown.locator(".main-svg path.point, .main-svg path.js-line, .main-svg .point path").count() >= 3
    plot = shown.locator(".plot").bounding_box()
    boxes = shown.locator(".infolayer .annotation-text, .ytick text, .legendtext").evaluate_all(
        "(texts) => texts.map((text) => text.getBoundingClientRect()).map((box) => [box.left, box.right])"
    )
    assert boxes and min(left for left, _ in boxes) >= plot["x"] - 1
    assert max(right for _, right in boxes) <= plot["x"] + plot["width"] + 1


def test_ablation_is_chosen(visit):
    causes = figure(visit, "causes")
    causes.get_by_text("hop, jump", exact=True).click()
    causes.get_by_text("resample", exact=True).click()
    visit.page.wait_for_function(
        "document.querySelector('[data-figure^=causes] .gtitle').textContent.endsWith('resample ablation')"
    )
    headings = causes.locator(".annotation-text").all_text_contents()
    assert headings == ["hop (intact 0.75)", "jump (intact 0.75)", "patching the mirror units"]
    assert visit.complaints == []


def test_tables_are_linked(visit):
    for name in ("calibration", "causes", "circuits"):
        target = figure(visit, name).get_by_role("link", name="CSV").get_attribute("href")
        assert target == f"tables/{name}-1c9e0b7d52aa.csv"
    assert figure(visit, "circuits").locator("table.numbers tbody tr").count() == 8


def test_screenshot_and_print(visit, tmp_path):
    visit.page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert (tmp_path / "page.png").stat().st_size > 100_000
    visit.page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    assert (tmp_path / "page.pdf").stat().st_size > 50_000
    assert visit.complaints == []


def test_phase_diagram_page(browser, tmp_path):
    folder = write_sweep(tmp_path / "sweep", {"p": [Network(seed) for seed in range(3)]})
    visit = Visit(browser, write_phase_diagrams(folder, tmp_path)[1])
    assert visit.complaints == [] and visit.page.locator("svg.main-svg").count() >= 1


def test_scaling_figure_changes_with_the_regressor(visit):
    scaling = figure(visit, "scaling")
    assert scaling.locator(".gtitle").text_content() == "peak CMNI against parameters (lr 1e-4)"
    scaling.locator(".controls").get_by_text("steps (2×17, lr 4e-5)", exact=True).click()
    visit.page.wait_for_function(
        "document.querySelector('[data-figure^=scaling] .gtitle').textContent.includes('against steps')"
    )
    title = scaling.locator(".gtitle").bounding_box()
    words = scaling.locator(".annotation-text").first.bounding_box()
    assert title["y"] + title["height"] <= words["y"] + 1, "the words are below the title"
    assert visit.complaints == []


def test_comparison_of_sweeps(browser, tmp_path):
    """It draws, answers, asks for nothing, and tells sweeps by colour and by line."""
    folders = []
    for name, rate in (("fast", 1e-4), ("slow", 4e-5)):
        members = [
            Network(seed, width=width, learning_rate=rate, values=with_battery)
            for width in (8, 17)
            for seed in range(4)
        ]
        folders.append(write_sweep(tmp_path / name, {"p": members}))
    visit = Visit(browser, write_comparison(folders, tmp_path / "out"))
    page = visit.page
    curves = page.locator("[data-figure=compare-curves]")
    lines = curves.locator(".scatterlayer .js-line")
    styles = lines.evaluate_all("(found) => found.map((line) => [line.style.stroke, line.style.strokeDasharray])")
    drawn = {tuple(style) for style in styles}
    assert len({colour for colour, _ in drawn}) == 2 and len({dash for _, dash in drawn}) == 2
    curves.locator("select").first.select_option(label="accuracy")
    curves.get_by_text("2×8", exact=True).click()
    curves.get_by_text("steps", exact=True).click()
    page.wait_for_function("document.querySelector('.gtitle').textContent === 'accuracy, 2×8'")
    assert curves.locator(".xtitle").text_content() == "steps"
    scaling = page.locator("[data-figure=compare-scaling]")
    scaling.get_by_text("learning rate", exact=True).click()
    page.wait_for_function(
        "document.querySelector('[data-figure=compare-scaling] .gtitle').textContent.endsWith('against learning rate')"
    )
    assert page.locator("#matched table.numbers tbody tr").count() == 2 * 9  # networks and eight measures, both ways
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert visit.complaints == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in visit.requests)


@pytest.fixture(scope="module")
def mapped(browser, tmp_path_factory) -> Iterator[Visit]:
    folder = tmp_path_factory.mktemp("map") / "sweep"
    write_map(folder / "p", veil_map(side=5, seeds=4, more={"congruence": (0.0, 1.0)}))
    yield Visit(browser, write_report(folder))


def the_map(visit: Visit) -> Any:
    return visit.page.locator("[data-figure='phase-map-p']")


def choose_order(visit: Visit, label: str) -> None:
    the_map(visit).locator(".order select").select_option(label=label)
    visit.page.wait_for_function(
        "(words) => document.querySelector('[data-figure^=phase-map] .gtitle').textContent.startsWith(words)", arg=label
    )


def colours(visit: Visit) -> list[list[float | None]]:
    """The numbers behind the colours that are on the screen."""
    code = "(plot) => plot.data.find((trace) => trace.type === 'heatmap').z.map((row) => Array.from(row))"
    return the_map(visit).locator(".plot").evaluate(code)


def at_cell(visit: Visit, x: int, y: int, side: int = 5) -> tuple[float, float]:
    """The middle of a cell on the screen."""
    the_map(visit).locator(".plot").scroll_into_view_if_needed()
    area = the_map(visit).locator(".nsewdrag").bounding_box()
    return area["x"] + area["width"] * (x + 0.5) / side, area["y"] + area["height"] * (side - y - 0.5) / side


def expected_mirrors(x: int, y: int, epoch: float) -> int:
    return mirrors(KnobNetwork(0, seeds=4, knobs={"dependency": x / 4, "veil_symbol": y / 4}), epoch)


def test_slider_moves_the_map_through_training(mapped):
    choose_order(mapped, "P(mirror)")
    slider = the_map(mapped).get_by_role("slider", name="Checkpoint")
    for place, epoch in ((5, 25), (4, 10)):
        slider.fill(str(place))
        mapped.page.wait_for_function(
            "(words) => document.querySelector('[data-figure^=phase-map] .gtitle').textContent.includes(words)",
            arg=f"epoch {epoch} ",
        )
        assert slider.get_attribute("aria-valuetext") == f"epoch {epoch} (checkpoint {place})"
        expected = [[expected_mirrors(x, y, epoch) / 4 for x in range(5)] for y in range(5)]
        assert colours(mapped) == expected
    slider.press("ArrowRight")  # by keyboard too
    mapped.page.wait_for_function(
        "() => document.querySelector('[data-figure^=phase-map] .gtitle').textContent.includes('epoch 25 ')"
    )
    assert mapped.complaints == []


def test_a_checkpoint_without_the_measure_says_so(mapped):
    choose_order(mapped, "TR")
    the_map(mapped).get_by_role("slider").fill("1")
    words = the_map(mapped).locator(".annotation-text").filter(has_text="was measured at epochs 5, 10, 25")
    words.wait_for()
    assert colours(mapped) == [[None] * 5] * 5
    the_map(mapped).get_by_role("slider").fill("5")
    words.wait_for(state="detached")


def test_order_parameter_and_slice_are_chosen(mapped):
    choose_order(mapped, "rescue accuracy")
    assert [round(value, 3) for value in colours(mapped)[0] if value is not None] == [0, 0.25, 0.5, 0.75, 1]
    the_map(mapped).locator(".slice").get_by_text("1", exact=True).click()
    mapped.page.wait_for_function(
        "() => document.querySelector('[data-figure^=phase-map] .gtitle').textContent.includes('congruence 1')"
    )
    # the paper's point is on the slice without congruence alone
    assert "the paper's point" not in " ".join(the_map(mapped).locator(".legendtext").all_text_contents())
    the_map(mapped).locator(".slice").get_by_text("0", exact=True).click()
    the_map(mapped).locator(".legendtext").filter(has_text="the paper's point").wait_for()
    assert mapped.complaints == []


def test_hover_gives_interval_counts_and_measured_coordinates(mapped):
    choose_order(mapped, "P(mirror)")
    the_map(mapped).get_by_role("slider").fill("5")
    mapped.page.mouse.move(*at_cell(mapped, 2, 4))
    label = the_map(mapped).locator(".hoverlayer .hovertext")
    label.wait_for()
    words = label.text_content()
    count = expected_mirrors(2, 4, 25)
    assert words.startswith("dependency 0.5, veil symbol = veil role 1, congruence 0")
    assert re.search(rf"{count} of 4 learnt networks; Wilson 95 % 0\.\d\d–[01]\.\d\d", words)
    assert "dependency measured 0.022" in words and "identity hidden, bits 1" in words


def test_a_click_lists_the_networks_of_a_cell(mapped):
    mapped.page.mouse.move(0, 0)
    mapped.page.mouse.click(*at_cell(mapped, 2, 4))
    listed = the_map(mapped).locator(".members tbody tr")
    listed.first.wait_for()
    assert listed.count() == 4
    column = the_map(mapped).locator(".members thead th").all_text_contents().index("mirror network")
    verdicts = [row.locator("td").nth(column).text_content() for row in listed.all()]
    count = expected_mirrors(2, 4, 25)
    assert verdicts == ["1"] * count + ["0"] * (4 - count)
    first = listed.first.locator("code").text_content()
    assert f"mirrorjax inspect RESULTS --member {first}" in the_map(mapped).locator(".members").text_content()
    assert len(first) == 16
    # the lists say which cell it is, and choose another one without a mouse
    lists = the_map(mapped).locator(".cell select")
    assert [lists.nth(at).input_value() for at in range(2)] == ["2", "4"]
    lists.nth(1).select_option(label="0")
    the_map(mapped).locator(".members p").filter(has_text="veil symbol = veil role 0, congruence 0").wait_for()
    assert mapped.complaints == []


def test_map_prints_its_last_checkpoint(mapped, tmp_path):
    choose_order(mapped, "P(mirror)")
    the_map(mapped).get_by_role("slider").fill("4")
    mapped.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    title = the_map(mapped).locator(".gtitle")
    assert "epoch 25 " in title.text_content()
    mapped.page.emulate_media(media="print")
    assert not the_map(mapped).get_by_role("slider").is_visible()
    mapped.page.emulate_media(media="screen")
    mapped.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert "epoch 10 " in title.text_content()
    mapped.page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    assert mapped.complaints == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in mapped.requests)


def test_the_page_of_a_network_of_ones_own(browser, tmp_path, compiled_quickly):
    found = mirrorjax.measure(planted(effects(), sites=("h1", "h2")), draws=39)
    visit = Visit(browser, found.report(tmp_path / "own.html"), 390, 844)
    assert visit.page.locator("[data-figure=sites] .main-svg").count() >= 1
    units = visit.page.locator("[data-figure=units]")
    assert "mirror (4)" in units.text_content()
    units.get_by_text("h2", exact=True).click()
    visit.drawn()
    assert units.locator("input:checked").get_attribute("value") == "1" and visit.width() <= 390
    assert "4 units answer to self and to other" in visit.page.locator("#answer").text_content()
    assert visit.complaints == [] and all(url.startswith(("file:", "data:", "blob:")) for url in visit.requests)
