"""The report as a whole: complete, self-contained, escaped, and honest about what is missing."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mirrorjax.errors import InputError
from mirrorjax.report.page.build import write_phase_diagrams, write_report
from mirrorjax.report.page.html import script_safe
from tests.report.cases import Network, write_population, write_sweep


class Page(HTMLParser):
    """What a page would load, where it links to, and its text without scripts and styles."""

    def __init__(self, text: str):
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.words = ""
        self.unfolded = ""  # of these, what is seen before anything is clicked on
        self._hidden = False
        self._folded = self._summaries = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self._hidden = tag in ("script", "style")
        self._folded += tag == "details"
        self._summaries += tag == "summary"
        for name, value in attrs:
            if name == "href" and tag == "a":
                self.links.append(value or "")
            elif name in ("src", "href", "srcset", "data", "action", "poster", "background"):
                self.loads.append(value or "")

    def handle_endtag(self, tag):
        self._hidden = False
        self._folded -= tag == "details"
        self._summaries -= tag == "summary"

    def handle_data(self, data):
        if not self._hidden:
            self.words += data
            if self._folded == self._summaries:
                self.unfolded += f" {data}"


def own_scripts(text: str) -> str:
    """All of a page but plotly's own code."""
    from plotly.offline import get_plotlyjs

    assert text.count(get_plotlyjs()) == 1, "plotly is inlined once"
    return text.replace(get_plotlyjs(), "")


@pytest.fixture(scope="module")
def report(sweep_folder: Path) -> Path:
    return write_report(sweep_folder)


def test_report_is_one_self_contained_file(report):
    text = report.read_text(encoding="utf-8")
    page = Page(text)
    assert page.loads == []
    rest = own_scripts(text)
    assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|@import|url\(|import\(", rest)
    assert "default-src 'none'" in text
    assert all(not link.startswith(("http", "/", "file:")) for link in page.links)
    assert len(text.encode()) < 8e6


def test_links_lead_to_files(report):
    for link in Page(report.read_text(encoding="utf-8")).links:
        assert link.startswith("#") or (report.parent / link).exists(), link


def test_figures_are_written(report):
    figures = {path.name for path in (report.parent / "figures").iterdir()}
    # the others need calibrated measures
    names = ("timeline", "decomposition", "phase-diagram", "phase-map", "scaling", "units")
    kinds = ("svg", "png")
    assert figures == {f"{name}-1c9e0b7d52aa.{kind}" for name in names for kind in kinds} | {"answer.svg", "answer.png"}
    assert all((report.parent / "figures" / name).stat().st_size > 5000 for name in figures)


def test_report_says_what_was_found(report):
    words = Page(report.read_text(encoding="utf-8")).words
    assert "52 networks" in words and "5 capacities" in words and "learning rate 1e-4" in words
    assert "1 network diverged" in words
    assert "Read CMNI with care" in words and "times the “robust” threshold" in words
    assert "35 % [35 %, 35 %] of the score" in words
    assert "Does it agree with the paper?" in words and "13 of 14 met" in words
    assert "104,322" in words and "5f1c2a77" in words and "2,457,600" in words


@pytest.mark.slow
def test_report_is_the_same_when_written_again(report, sweep_folder, printed):
    before = report.read_bytes(), (sweep_folder / "figures" / "timeline-1c9e0b7d52aa.svg").read_bytes()
    write_report(sweep_folder)
    assert before == (report.read_bytes(), (sweep_folder / "figures" / "timeline-1c9e0b7d52aa.svg").read_bytes())


def test_what_comes_from_files_is_escaped(tmp_path):
    evil = "<img src=x onerror=alert(1)></script><script>alert(2)</script>\"'&"
    members = [Network(seed, activation=kind) for seed in range(2) for kind in (evil, "relu")]
    manifest = {"experiment": evil, "device": {"kind": evil}, "commit": evil, "status": evil, "dataset": {"hash": evil}}
    folder = write_population(tmp_path / "results" / "p", members, [0, 2, 5], manifest=manifest).parent
    (folder / "sweep.json").write_text(json.dumps({"name": evil}))
    (folder / "p" / "config.yaml").write_text(json.dumps({"note": evil, evil: 1}))
    text = write_report(folder).read_text(encoding="utf-8")
    page = Page(text)
    assert "img" not in page.tags and page.loads == []
    assert "alert(2)</script>" not in text and "<script>alert" not in text
    assert "alert(1)" in page.words, "shown, as text"


def test_script_safe_leaves_json_the_same():
    text = json.dumps({"label": "</script><!--\u2028"}, ensure_ascii=False)
    assert "<" not in script_safe(text) and json.loads(script_safe(text)) == json.loads(text)


def test_missing_units_are_said(tmp_path):
    folder = write_population(tmp_path / "p", [Network(seed) for seed in range(3)], [0, 2, 5], units_at=())
    words = Page(write_report(folder).read_text(encoding="utf-8")).words
    assert "No activations of single units were stored" in words
    with pytest.raises(InputError, match="no activations of single units"):
        write_report(folder, Network(0).member_id)


def test_one_checkpoint_is_said(tmp_path):
    folder = write_population(tmp_path / "p", [Network(seed) for seed in range(3)], [0])
    words = Page(write_report(folder).read_text(encoding="utf-8")).words
    assert "Only one checkpoint was recorded" in words
    assert "no checkpoint after epoch 1.5, so no peak can be given" in words


def test_one_network_without_checkpoint_0(tmp_path):
    folder = write_population(tmp_path / "p", [Network(0)], [0, 2, 5, 10])
    (folder / "records" / "000000.parquet").unlink()
    words = Page(write_report(folder).read_text(encoding="utf-8")).words
    assert "1 network of one capacity" in words
    assert "untrained networks were not measured here" in words


def test_a_rise_that_was_cut_short_is_said(tmp_path):
    folder = write_population(tmp_path / "p", [Network(seed) for seed in range(3)], [0, 2, 3, 5])
    words = Page(write_report(folder).read_text(encoding="utf-8")).words
    assert "the last checkpoint (epoch 5): this may be a rise cut short, no peak" in words


def test_all_diverged(tmp_path):
    folder = write_population(tmp_path / "p", [Network(seed, diverged_from=1) for seed in range(3)], [0, 2, 5])
    words = Page(write_report(folder).read_text(encoding="utf-8")).words
    assert "3 networks diverged" in words and "0 of 3 (0 % [0 %, 56 %])" in words


def test_no_records_yet(tmp_path):
    folder = write_population(tmp_path / "p", [Network(0)], [], units_at=(), manifest={"status": "running"})
    words = Page(write_report(folder).read_text(encoding="utf-8")).words
    assert "Nothing has been measured here yet" in words and "status is “running”" in words
    with pytest.raises(InputError, match="no population has records yet"):
        write_phase_diagrams(folder, tmp_path)


@pytest.mark.slow
def test_populations_are_not_pooled(tmp_path, printed):
    members = [Network(seed) for seed in range(3)]
    folder = write_sweep(tmp_path / "sweep", {"aaa": members, "bbb": members}, epochs=[0, 2, 5])
    write_population(folder / "bbb", members, [0, 2, 5], manifest={"dataset": {"hash": "another"}})
    text = write_report(folder).read_text(encoding="utf-8")
    words = Page(text).words
    assert "6 networks, 2 configurations, 2 populations, trained on 2 different datasets" in words
    assert text.count('data-figure="') == 9
    assert len(list((folder / "figures").iterdir())) == 18


def test_problems_are_shown(tmp_path):
    folder = write_population(tmp_path / "p", [Network(seed) for seed in range(2)], [0, 2, 5])
    (folder / "records" / "000001.parquet").write_bytes(b"PAR1 torn")
    late = folder / "records" / "000002.parquet"
    table = pq.read_table(late)
    doubled = table.take([0, 1, 1, 0]).to_pylist()
    doubled[3]["member_id"] = "f" * 16
    pq.write_table(type(table).from_pylist(doubled, schema=table.schema), late)
    words = Page(write_report(folder).read_text(encoding="utf-8")).words
    assert "Problems found while loading" in words and "records/000001.parquet: torn, skipped" in words
    assert "1 records of networks that members.parquet does not have" in words
    assert "1 records given twice" in words


def test_a_chosen_network_comes_first(sweep_folder):
    network = Network(2, 1, 5)
    text = write_report(sweep_folder, network.member_id[:8]).read_text(encoding="utf-8")
    assert f"Shown first: network {network.member_id} (seed 2, 1×5, lr 1e-4), the one asked for" in Page(text).words
    with pytest.raises(InputError, match="zzz"):
        write_report(sweep_folder, "zzz")


@pytest.mark.parametrize("kind", ["nothing", "empty", "file"])
def test_not_a_results_folder(kind, tmp_path):
    path = tmp_path / "results"
    if kind == "empty":
        path.mkdir()
    elif kind == "file":
        path.write_text("no folder")
    with pytest.raises(InputError, match="results"):
        write_report(path)


@pytest.mark.slow
def test_phase_diagram_for_the_tracker(sweep_folder, tmp_path):
    images, _ = write_phase_diagrams(sweep_folder / "1c9e0b7d52aa", tmp_path)
    assert list(images) == ["phase_diagram", "phase_map"]
    assert all(image.read_bytes().startswith(b"\x89PNG") for image in images.values())
    text = write_phase_diagrams(sweep_folder, tmp_path)[1].read_text(encoding="utf-8")
    assert text.count('data-figure="') == 2 and Page(text).loads == []


def test_report_imports_neither_jax_nor_hydra_nor_wandb():
    code = "import sys, mirrorjax.report; print(sorted({'jax', 'hydra', 'wandb'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
