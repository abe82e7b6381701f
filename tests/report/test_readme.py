"""What `mirrorjax report RESULTS --readme PAGE` puts between a page's marks."""

from pathlib import Path

import numpy as np
import pytest

from mirrorjax.launch.cli import main
from mirrorjax.report.page.marks import block
from mirrorjax.report.words.numbers import short_interval, short_number
from tests.report.battery_cases import with_battery
from tests.report.cases import Network, write_sweep

PAGE = """\
<!-- experiments: mirrorjax report -->
| experiment | what | two cores |
|---|---|---|
| `circuits` | hubs | not yet |
| `other` | more | 1 min |
<!-- end of experiments -->
<!-- acceptance: mirrorjax report -->
old
<!-- end of acceptance -->
<!-- units: mirrorjax report -->
| | what was found |
|---|---|
| `mirrorjax sweep experiment=circuits`: which? | old |
<!-- end of units -->
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "README.md"
    file.write_text(PAGE)
    return file


def test_the_acceptance_table(sweep_folder: Path, page: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["report", str(sweep_folder), "--readme", str(page)]) == 0
    assert capsys.readouterr().out == f"{page}: acceptance\n"
    lines = block(page.read_text(), "acceptance").splitlines()
    assert lines[0] == "Measured on cpu, 2 cores, 2026-01-02; python 3.11.9, jax 0.10.2."
    assert lines[2] == "| | published | median of 31 seeds | 5–95 % | required |"
    rows = {cells[1].strip(): cells for cells in (line.split("|") for line in lines[4:])}
    loss = rows["validation loss at epoch 10"]
    assert loss[2].strip() == "0.0556" and abs(float(loss[3]) - 0.0556) < 0.001
    assert rows["CMNI peak: epoch"][3].strip() == "7"
    untrained = np.median([network.values(network, 0)["cmni"] for network in map(Network, range(32))])
    assert rows["untrained CMNI"][3].strip() == f"{untrained:.4f}"
    assert page.read_text().replace("\n".join(lines), "old") == PAGE, "all else stays"


def test_rows_of_a_sweep_of_circuits(page: Path, tmp_path: Path):
    networks = [Network(seed, values=with_battery) for seed in range(6)]  # of which four are asked
    sweep = write_sweep(
        tmp_path / "sweep", {"1c9e0b7d52aa": networks}, epochs=(0, 10), manifest={"experiment": "circuits"}
    )
    assert main(["report", str(sweep), "--readme", str(page)]) == 0
    text = page.read_text()
    assert "| `circuits` | hubs | 15 min |" in text and "| `other` | more | 1 min |" in text
    row = block(text, "units").splitlines()[-1]
    assert "Of 4 networks 1 [.51, 1] have a self-preservation hub, .75 [.30, .95] one of tactical help" in row
    assert (
        "Of the 4 that have learnt the task 1 are called mirror networks [.046, .70]. Measured on cpu, 2 cores" in row
    )


def test_a_sweep_without_numbers_for_it_is_refused(
    calibrated_folder: Path, page: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["report", str(calibrated_folder), "--readme", str(page)]) == 2
    said = capsys.readouterr().err
    assert said == f"error: --readme: {page} has no block that {calibrated_folder} has numbers for\n"
    assert page.read_text() == PAGE


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (0.4499, ".45"), (-0.0507, "−.051"), (3.71, "3.7"), (1, "1"), (float("nan"), "n/a")]
)
def test_numbers_of_a_sentence(value: float, words: str):
    assert short_number(value) == words
    assert short_interval(value, value, value) == f"{words} [{words}, {words}]"
