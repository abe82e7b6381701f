"""The effects that were planted in the results are those that are printed and written."""

import runpy
from pathlib import Path

import pytest

from mirrorjax.errors import InputError
from tests.report.battery_cases import write_calibrated
from tests.tracking.cases import population, record_columns

SCRIPT = Path(__file__).parents[2] / "analysis" / "what_units_cause.py"


def test_what_units_cause(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Four of each six networks were asked; mirror units of seeds 1 to 3 cost .1 · seed, everything else .05."""
    results = write_calibrated(tmp_path / "1c9e0b7d52aa")
    page = tmp_path / "README.md"
    page.write_text(
        "<!-- units: x -->\n| `python analysis/what_units_cause.py`: what? | old |\n<!-- end of units -->\n"
    )
    table = runpy.run_path(str(SCRIPT))["main"](results, page).to_pylist()
    row = page.read_text().splitlines()[1]
    assert "8 networks. Ablating the mirror units costs leap .20 [" in row and "TR is undefined in 4 of them" in row
    rows = {(row["set"], row["answer"]): row for row in table}
    mirror = rows["mirror", "help_rescue"]
    assert mirror["networks"] == 6 and mirror["mean"] == pytest.approx(-0.2)
    assert -0.3 < mirror["low"] < mirror["mean"] < mirror["high"] < -0.1
    assert rows["toad_only", "leap"]["mean"] == pytest.approx(-0.05) and rows["toad_only", "leap"]["networks"] == 8
    assert rows["frog_only", "leap"]["networks"] == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "8 networks: recall changes" in printed and "-0.200" in printed
    assert "TR on mirror units: undefined in 4 of 8 networks; median of the others 1.000" in printed
    folder = results if (results / "what_units_cause.csv").exists() else results.parent
    assert {file.suffix for file in folder.glob("what_units_cause.*")} == {".csv", ".png", ".svg"}


def test_results_without_ablation_are_refused(tmp_path: Path):
    store = population(tmp_path / "1c9e0b7d52aa", members=2, checkpoints=0)
    store.write_records(0, {**record_columns(2, step=0), "units_mirror_1": [float("nan")] * 2})
    with pytest.raises(InputError, match=r"measurement\.causes_seeds"):
        runpy.run_path(str(SCRIPT))["main"](store.folder)
