"""`mirrorjax paper-tables` and `mirrorjax inspect` on a finished sweep, from the command line to the files."""

import csv
import re
import shutil
from pathlib import Path

import pytest

from mirrorjax.launch.cli import main
from mirrorjax.results.read import Results
from tests.report.test_report import Page, own_scripts
from tests.sweep.cases import Sweep

pytestmark = pytest.mark.slow

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def results(finished: Sweep, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished sweep, to write into."""
    return Path(shutil.copytree(finished.folder, tmp_path_factory.mktemp("tables") / "sweep"))


@pytest.fixture(scope="module")
def best(results: Path) -> str:
    """The id of the member with the highest CMNI at the end."""
    records = (
        Results.open(results).populations[0].records().sort_by([("checkpoint", "descending"), ("cmni", "descending")])
    )
    return str(records["member_id"][0])


def assert_self_contained(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert page.loads == []
    assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|@import|url\(|import\(", own_scripts(text))
    assert "default-src 'none'" in text
    return page.words


def table(folder: Path, number: int) -> list[list[str]]:
    with (folder / "tables" / f"table_{number}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_tables_and_page_of_the_highest_cmni(results: Path, best: str, capsys: Capture):
    before = {path for path in results.rglob("*") if path.is_file()}
    assert main(["paper-tables", str(results)]) == 0
    folder = results / "paper_tables"
    assert capsys.readouterr().out == f"{folder / 'paper_tables.html'}\n"
    written = {path.relative_to(folder) for path in results.rglob("*") if path.is_file() and path not in before}
    assert {str(path) for path in written} == {
        "paper_tables.html", *(f"tables/table_{number}.csv" for number in range(1, 11)),
    }  # fmt: skip
    words = assert_self_contained(folder / "paper_tables.html")
    for heading in (*(f"Table {number}:" for number in range(1, 11)), *(f"Figure {number}:" for number in range(2, 8))):
        assert words.count(heading) == 1, heading
    assert f"Network {best}" in words


def test_what_is_measured_is_what_was_recorded(results: Path, best: str):
    """The table's confusion is that of the last record, to the row."""
    main(["paper-tables", str(results), "--member", best]) if not (results / "paper_tables").exists() else None
    rows = Results.open(results).populations[0].records().to_pylist()
    (last,) = [row for row in rows if row["member_id"] == best and row["checkpoint"] == 3]
    counts = [int(cell) for row in table(results / "paper_tables", 3)[1:] for cell in row[1:]]
    assert counts == last["confusion"] and sum(counts) == 300


def test_another_member_and_folder(results: Path, best: str, tmp_path: Path, capsys: Capture):
    other = next(id for id in Results.open(results).populations[0].member_ids if id != best)
    stale = tmp_path / "a" / "b" / "tables" / "table_11.csv"
    stale.parent.mkdir(parents=True)
    stale.write_text("of another network")
    assert main(["paper-tables", str(results), "--member", other[:10], "--out", str(tmp_path / "a" / "b")]) == 0
    assert not stale.exists() and len(list(stale.parent.iterdir())) == 10
    assert capsys.readouterr().out == f"{tmp_path / 'a' / 'b' / 'paper_tables.html'}\n"
    assert f"Network {other}" in (tmp_path / "a" / "b" / "paper_tables.html").read_text()


def test_inspect(results: Path, best: str, capsys: Capture):
    assert main(["inspect", str(results), "--member", best]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == "" and lines[-1] == str(results / f"inspect_{best}.html")
    assert lines[0].startswith(f"{best}: 2×")
    assert "Units with a response to distress" in out and "self-preservation" in out
    words = assert_self_contained(results / f"inspect_{best}.html")
    for part in ("At its end", "Over its checkpoints", "Ablation of first-layer sets", "Figure 5:", "Boards"):
        assert part in words, part
    # boards, or why there are none
    assert ("+----" in out) == ("+----" in words) != ("has no mirror unit" in words)


@pytest.mark.parametrize("command", ["paper-tables", "inspect"])
def test_wrong_members_and_missing_weights(command: str, results: Path, tmp_path: Path, capsys: Capture):
    folder = Path(shutil.copytree(results, tmp_path / "sweep"))
    before = sorted(folder.rglob("*"))
    assert main([command, str(folder), "--member", "zz"]) == 2
    assert capsys.readouterr().err.startswith(f"error: member zz: none in {folder}; there are ")
    assert main([command, str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path / 'nowhere'}: no such folder\n"
    (population,) = Results.open(folder).populations
    (population.folder / "weights.safetensors").unlink()
    assert main([command, str(folder)]) == 2
    assert "no final weights here" in capsys.readouterr().err
    assert set(before) - set(folder.rglob("*")) == {population.folder / "weights.safetensors"}
    assert set(folder.rglob("*")) <= set(before), "nothing is written"


def test_another_dataset_is_refused(results: Path, tmp_path: Path, capsys: Capture):
    folder = Path(shutil.copytree(results, tmp_path / "sweep"))
    (population,) = Results.open(folder).populations
    manifest = population.folder / "manifest.json"
    trained_on = population.manifest["dataset"]["hash"]
    manifest.write_text(manifest.read_text().replace(trained_on, "0" * 16))
    assert main(["inspect", str(folder)]) == 2
    assert f"trained on dataset {'0' * 16}, but its settings make {trained_on}" in capsys.readouterr().err
