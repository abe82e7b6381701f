"""`mirrorjax compare`: the numbers are those of the sweeps, and what is not comparable is said."""

import csv
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.launch.cli import main
from mirrorjax.report.compare.build import write_comparison
from mirrorjax.report.compare.sweeps import chosen_measures, configurations, read, warnings
from tests.report.battery_cases import with_battery
from tests.report.cases import Network, write_population, write_sweep

EPOCHS = (0, 1, 2, 3, 5, 7, 10, 12)
MEASUREMENT = "measurement:\n  every: {every}\n  test_rows: {rows}\n  boards: 1024\n"


def values(network: Network, epoch: float) -> dict[str, float]:
    """Errors fall, alike at the same epoch; the wider network is better at the same error too."""
    own = float(np.random.default_rng(int(network.member_id[:8], 16)).standard_normal())
    error = np.exp(-0.1 * epoch) * (1 + 0.05 * own)
    return with_battery(network, epoch) | {"excess_error": error, "accuracy": 1 - error + 0.001 * network.width}


def configure(folder: Path, rows: object, every: float = 1.0) -> None:
    (folder / "p" / "config.yaml").write_text(MEASUREMENT.format(rows=rows, every=every))


@pytest.fixture(scope="module")
def sweeps(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One of three widths at 1e-4, one of 2×17 at 4e-5 that ends earlier and was measured on other rows."""
    root = tmp_path_factory.mktemp("compare")
    fast = [Network(seed, width=width, values=values) for width in (8, 17, 32) for seed in range(8)]
    slow = [Network(seed, learning_rate=4e-5, values=values) for seed in range(8)]
    one = write_sweep(root / "one", {"p": fast}, epochs=EPOCHS)
    other = write_sweep(root / "two", {"p": slow}, epochs=EPOCHS[:-1], manifest={"dataset": {"hash": "0ther"}})
    configure(one, "null")
    configure(other, 20_000, every=2.0)
    for folder in (one, other):
        (folder / "sweep.json").write_text(f'{{"name": "sweep-{folder.name}"}}')
    return [one, other]


@pytest.fixture(scope="module")
def out(sweeps: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparison") / "new" / "folder"
    assert write_comparison(sweeps, folder) == folder / "compare.html"
    return folder


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def test_files(out: Path):
    found = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    figures = [f"figures/{name}.{kind}" for name in ("curves", "scaling") for kind in ("png", "svg")]
    tables = [f"tables/{name}.csv" for name in ("collapse", "curves", "matched", "scaling")]
    assert found == ["compare.html", *figures, *tables]
    text = (out / "compare.html").read_text()
    for name in (*figures, *tables):
        assert f'href="{name}"' in text


def test_values_at_the_last_shared_epoch(out: Path):
    at_epoch = {
        (row["sweep"], row["measure"]): row for row in rows(out / "tables/matched.csv") if row["matched"] == "epoch"
    }
    assert {float(row["at"]) for row in at_epoch.values()} == {10.0}
    for name, rate in (("sweep-one", 1e-4), ("sweep-two", 4e-5)):
        expected = [values(Network(seed, learning_rate=rate), 10)["accuracy"] for seed in range(8)]
        row = at_epoch[name, "accuracy"]
        assert float(row["mean"]) == pytest.approx(np.mean(expected), rel=1e-6)
        assert float(row["low_95"]) < float(row["mean"]) < float(row["high_95"])


def test_values_at_the_same_error(out: Path):
    """The slow sweep ends at the larger error; half of its networks reach the one that is matched."""
    matched = [row for row in rows(out / "tables/matched.csv") if row["matched"] == "excess error"]
    errors = [values(Network(seed, learning_rate=4e-5), 10)["excess_error"] for seed in range(8)]
    (level,) = {float(row["at"]) for row in matched}
    assert np.log(level) == pytest.approx(np.median(np.log(errors)), abs=1e-6)
    (own,) = [row for row in matched if (row["sweep"], row["measure"]) == ("sweep-two", "accuracy")]
    assert (int(own["networks"]), int(own["of"])) == (4, 8)
    assert float(own["mean"]) == pytest.approx(1 - level + 0.017, abs=0.002)  # linear between checkpoints in log error
    (error,) = [row for row in matched if (row["sweep"], row["measure"]) == ("sweep-one", "excess_error")]
    assert float(error["mean"]) == pytest.approx(level, rel=0.01)


def test_curves_and_points_are_all_there(out: Path):
    curves = rows(out / "tables/curves.csv")
    assert {row["configuration"] for row in curves if row["sweep"] == "sweep-one"} == {
        "2×8, lr 1e-4",
        "2×17, lr 1e-4",
        "2×32, lr 1e-4",
    }
    (row,) = [
        row for row in curves if (row["sweep"], row["measure"], float(row["epoch"])) == ("sweep-two", "accuracy", 5.0)
    ]
    expected = [values(Network(seed, learning_rate=4e-5), 5)["accuracy"] for seed in range(8)]
    assert float(row["median"]) == pytest.approx(np.median(expected), rel=1e-6)
    assert int(row["step"]) == 76_800
    points = [row for row in rows(out / "tables/scaling.csv") if row["measure"] == "accuracy"]
    assert [(row["sweep"], float(row["learning_rate"])) for row in points] == [("sweep-one", 1e-4)] * 3 + [
        ("sweep-two", 4e-5)
    ]


def test_curves_collapse_on_epochs_and_not_on_steps(out: Path):
    found = {(row["measure"], row["matched"]): row for row in rows(out / "tables/collapse.csv")}
    assert found["accuracy", "lr · steps"]["one curve"] == "not refuted"
    assert found["accuracy", "steps"]["one curve"] == "refuted"
    assert "sweeps differ most at step" in found["accuracy", "steps"]["verdict"]


def test_what_is_not_measured_alike_is_said(sweeps: list[Path], out: Path):
    words = warnings(read(sweeps))
    assert words == [
        "The datasets differ (content hashes: sweep-one: 5f1c2a77; sweep-two: 0ther): values may differ for that "
        "reason alone.",
        "Measured differently: measurement.test_rows is all in sweep-one, 20000 in sweep-two.",
    ]
    assert all(each in (out / "compare.html").read_text() for each in words)


def test_configurations_that_two_sweeps_have(sweeps: list[Path]):
    found = read(sweeps)
    assert configurations(found) == ["", "2×17"]
    shown = found[1].shown("2×17")
    assert shown is not None and shown[1].label == "2×17, lr 4e-5" and found[1].shown("2×8") is None


def test_sweeps_of_one_name_are_told_by_their_folders(tmp_path):
    folders = [write_sweep(tmp_path / name, {"p": [Network(0), Network(1)]}, epochs=(0, 2)) for name in ("a", "b")]
    assert [each.name for each in read(folders)] == ["a", "b"]
    same = [write_sweep(tmp_path / name / "s", {"p": [Network(0)]}, epochs=(0, 2)) for name in ("a", "b")]
    assert [each.name for each in read(same)] == [str(folder) for folder in same]


def test_chosen_measures(sweeps: list[Path]):
    found = read(sweeps)
    assert chosen_measures(found, ["recall_leap", "ssi"]) == {"recall_leap": "recall of leap", "ssi": "SSI"}
    with pytest.raises(
        InputError, match=r"--measure moral: not recorded in sweep-one and sweep-two; all .* accuracy, "
    ):
        chosen_measures(found, ["moral"])
    with pytest.raises(InputError, match="sweep-one and sweep-two have no measure in common"):
        chosen_measures(cast(Any, [SimpleNamespace(name=each.name, measures=frozenset({each.name})) for each in found]))


@pytest.mark.slow
def test_wrong_input_is_refused(sweeps: list[Path], tmp_path, capsys):
    def told(*arguments: object) -> str:
        assert main(["compare", *map(str, arguments), "--out", str(tmp_path / "out")]) == 2
        return capsys.readouterr().err

    assert "1 results folders given; allowed: 2 to 6" in told(sweeps[0])
    assert "given twice" in told(sweeps[0], sweeps[0] / ".." / "one")
    assert "nowhere" in told(sweeps[0], tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert str(tmp_path / "empty") in told(sweeps[0], tmp_path / "empty")
    silent = write_population(tmp_path / "silent", [Network(0)], (0, 2))
    for file in (silent / "records").iterdir():
        file.unlink()
    assert "no population has records that can be read" in told(sweeps[0], silent)
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").write_text("a file")
    assert "cannot be written" in told(*sweeps)


def test_the_command(sweeps: list[Path], tmp_path, capsys):
    assert main(["compare", *map(str, sweeps), "--measure", "cmni", "--out", str(tmp_path / "c")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'c' / 'compare.html'}\n"
    assert {row["measure"] for row in rows(tmp_path / "c/tables/curves.csv")} == {"cmni"}
