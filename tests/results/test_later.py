"""What was measured later is read with the records, wherever they are read; what training recorded stays."""

from pathlib import Path

import numpy as np
import pytest

from mirrorjax.report.read.populations import load
from mirrorjax.results.later import write_later
from mirrorjax.results.read import Population, Results
from tests.tracking.cases import ids, population, record_columns


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Two populations of three checkpoints; of the first one's last checkpoint `new` and half of `tr` came later."""
    first = population(tmp_path / "aaaa", members=6)
    first.write_records(2, record_columns(6, 200) | {"tr": np.array([0.5, np.nan] * 3)})
    population(tmp_path / "bbbb", members=4, first=100)
    later = {"member_id": np.array(ids(6)[::-1], object), "new": np.arange(6.0)[::-1], "tr": np.full(6, 9.0)}
    write_later(first.folder, 2, later)
    return tmp_path


def columns(population: Population, checkpoint: int) -> dict[str, list]:
    table = population.records()
    return table.filter(np.array(table["checkpoint"]) == checkpoint).to_pydict()


def test_records_have_what_was_measured_later(sweep: Path):
    first, second = Results.open(sweep).populations
    last = columns(first, 2)
    assert last["member_id"] == ids(6)
    assert last["new"] == [0, 1, 2, 3, 4, 5]
    assert last["tr"] == [0.5, 9, 0.5, 9, 0.5, 9], "what training recorded stays"
    assert last["cmni"] == list(record_columns(6, 200)["cmni"])
    assert columns(first, 1)["new"] == [None] * 6
    assert {"new", "tr"} <= set(first.record_schema().names)
    assert "new" not in second.records().column_names
    assert first.checkpoints == [0, 1, 2]


def test_queries_and_the_report_see_it_too(sweep: Path):
    results = Results.open(sweep)
    found = results.query("SELECT population, member_id, new, tr FROM records WHERE new IS NOT NULL ORDER BY new")
    assert found["member_id"].to_pylist() == ids(6)
    assert found["tr"].to_pylist() == [0.5, 9, 0.5, 9, 0.5, 9]
    assert set(found["population"].to_pylist()) == {"aaaa"}
    assert results.query("SELECT count(*) AS n FROM records")["n"].to_pylist() == [30]
    first, second = load(sweep).populations
    assert "new" in first.measures and "new" not in second.measures
    assert results.problems == []


def test_equal_columns_are_replaced_and_others_kept(sweep: Path):
    folder = sweep / "aaaa"
    write_later(folder, 2, {"member_id": np.array(ids(6), object), "new": np.full(6, 7.0), "more": np.full(6, np.nan)})
    last = columns(Results.open(folder).populations[0], 2)
    assert last["new"] == [7] * 6 and last["more"] == [None] * 6
    assert last["tr"] == [0.5, 9, 0.5, 9, 0.5, 9]


@pytest.mark.parametrize("content", [b"", b"PAR1 no more of it"])
def test_a_torn_file_is_named_and_skipped(sweep: Path, content: bytes):
    file = sweep / "aaaa" / "measured" / "000002.parquet"
    file.write_bytes(content)
    results = Results.open(sweep)
    assert "new" not in results.populations[0].records().column_names
    assert results.query("SELECT count(*) AS n FROM records")["n"].to_pylist() == [30]
    (problem,) = results.problems
    assert problem.startswith(f"{file}: torn, skipped")


def test_reprs_are_short(sweep: Path):
    results = Results.open(sweep)
    assert repr(results) == f"Results({sweep}: 2 populations, 2 done)"
    assert repr(results.populations[0]) == "Population(aaaa: 6 members, 3 checkpoints, done)"
    (sweep / "aaaa" / "DONE").unlink()
    (sweep / "aaaa" / "members.parquet").unlink()
    assert repr(Results.open(sweep / "aaaa").populations[0]) == "Population(aaaa: 0 members, 3 checkpoints, not done)"
