"""What only the data or the disk can tell: refused in one line, nothing made, and nothing damaged that was there."""

from pathlib import Path

import pytest

from mirrorjax.launch.command_line import Typed
from tests.sweep.cases import QUICKLY, SETTINGS, Run


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("optimizer.batch_size=16_000", "optimizer.batch_size"),
        ("population.axes.batch_size=[25,16_000]", "population.axes.batch_size"),
    ],
)
def test_a_batch_larger_than_the_data(sweep: Run, setting: str, named: str):
    refused = sweep(setting, *QUICKLY, code=2)
    assert refused.err == (
        f"error: {named} is 16,000; allowed: at most the 14,112 training rows that dataset.turns leaves\n"
    )
    assert not Path("results").exists()


def test_more_test_rows_than_there_are(sweep: Run, tmp_path: Path):
    settings = ("dataset.test_rows=20_000", "dataset.turns=2_000", f"dataset.cache={tmp_path}/cache")
    refused = sweep(*settings, *QUICKLY, code=2)
    assert refused.err.startswith("error: dataset.test_rows: 20,000 test rows need 8,000 unique rows labelled 'hop', ")
    assert refused.err.endswith("play more (dataset.turns is 2,000) or test on fewer\n")
    assert not Path("results").exists()
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_where_the_sweep_should_be(sweep: Run):
    Path("results").mkdir()
    in_the_way = Path("results") / Typed.of("mirrorjax sweep", SETTINGS).sweep_name
    in_the_way.write_text("precious")
    refused = sweep(*QUICKLY, code=2)
    assert refused.err == (
        f"error: results_dir: {in_the_way} cannot be written, {in_the_way.absolute()} is a file; name another folder\n"
    )
    assert in_the_way.read_text() == "precious"
