"""The population folder as it is read: whole files only, others named; members by prefix; SQL."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mirrorjax.errors import InputError
from mirrorjax.results.read import Results
from mirrorjax.results.store import RECORDS, UNITS, Store, write_json
from tests.tracking.cases import ids, member_columns, population, record_columns


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    write_json(tmp_path / "sweep.json", {"name": "quickstart"})
    population(tmp_path / "aaaa00000000", members=6, checkpoints=3)
    population(tmp_path / "bbbb00000000", members=4, checkpoints=2, first=100)
    (tmp_path / "figures").mkdir()
    return tmp_path


def test_a_sweep_is_read_whole(sweep: Path):
    results = Results.open(sweep)
    assert [found.name for found in results.populations] == ["aaaa00000000", "bbbb00000000"]
    first, second = results.populations
    assert first.manifest == {"format": 1, "status": "running", "members": 6}
    assert first.config == {"optimizer": {"learning_rate": 1e-4}}
    assert first.done
    assert first.members()["member_id"].to_pylist() == ids(6)
    assert first.checkpoints == [0, 1, 2]
    assert first.records()["step"].to_pylist() == [0] * 6 + [100] * 6 + [200] * 6
    assert second.records().num_rows == 8
    assert first.units().num_rows == first.units(2).num_rows == 6
    assert first.units(0).schema.names == UNITS.names
    assert first.units(0).num_rows == 0
    assert results.problems == []


def test_one_population_opens_too(sweep: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(sweep / "aaaa00000000")
    (found,) = Results.open(".").populations
    assert found.name == "aaaa00000000"
    assert Results.open(".").query("SELECT DISTINCT population FROM records")["population"].to_pylist() == [found.name]


def test_torn_and_foreign_files_are_named_and_skipped(sweep: Path):
    folder = sweep / "aaaa00000000" / "records"
    whole = (folder / "000002.parquet").read_bytes()
    (folder / "000002.parquet").write_bytes(whole[: len(whole) // 2])
    (folder / "000003.parquet").write_bytes(b"")
    (folder / "notes.txt").write_text("mine")
    (folder / ".000004.parquet.77.tmp").write_bytes(whole[:50])
    pq.write_table(pa.table({"x": [1]}), folder / "000005.parquet")
    (folder.parent / "manifest.json").write_text('{"status": ')
    results = Results.open(sweep)
    first = results.populations[0]
    assert first.checkpoints == [0, 1]
    assert first.records().num_rows == 12
    assert results.query("SELECT count(*) AS n FROM records")["n"].to_pylist() == [12 + 8]
    assert first.manifest == {}
    named = {Path(problem.split(": ")[0]).name: problem for problem in results.problems}
    assert set(named) == {"000002.parquet", "000003.parquet", "notes.txt", "000005.parquet", "manifest.json"}
    assert len(results.problems) == 5, "each is named once, however often it is met"
    assert "torn, skipped" in named["000002.parquet"]
    assert "it lacks member_id" in named["000005.parquet"]


def test_damage_behind_a_whole_footer_is_named_too(sweep: Path):
    file = sweep / "aaaa00000000" / "records" / "000001.parquet"
    content = bytearray(file.read_bytes())
    content[4:400] = bytes(396)
    file.write_bytes(content)
    results = Results.open(sweep)
    assert results.populations[0].records().num_rows == 12
    assert len(results.problems) == 1
    again = Results.open(sweep)
    assert again.query("SELECT * FROM records").num_rows == 12 + 8, "without the file, which only reading finds torn"
    assert again.problems == results.problems
    assert results.populations[0].complete_checkpoints() == 1


def test_an_unfinished_population_is_empty_tables(tmp_path: Path):
    Store.create(tmp_path / "aaaa").write_manifest({"status": "running"})
    results = Results.open(tmp_path)
    (found,) = results.populations
    assert found.members().num_rows == 0
    assert found.records().schema.names == RECORDS.names
    assert not found.done
    assert (
        results.query("SELECT population, cmni FROM records JOIN members USING (population, member_id)").num_rows == 0
    )
    with pytest.raises(InputError, match="no final weights"):
        found.weights("0")


def test_depths_may_differ_between_checkpoints_and_populations(sweep: Path):
    columns = record_columns(4, 200, first=100)
    columns["mne_layer_3"] = np.ones(4)
    columns["note"] = ["x"] * 4
    Store.create(sweep / "bbbb00000000").write_records(2, columns)
    results = Results.open(sweep)
    assert results.populations[1].records()["mne_layer_3"].to_pylist() == [None] * 8 + [1.0] * 4
    assert results.query("SELECT count(mne_layer_3) AS n, count(note) AS m FROM records").to_pylist() == [
        {"n": 4, "m": 4}
    ]


def test_sql_over_all_populations(sweep: Path):
    answer = Results.open(sweep).query(
        "SELECT population, width, count(*) AS n, max(step) AS step FROM records "
        "JOIN members USING (population, member_id) GROUP BY ALL ORDER BY ALL"
    )
    assert answer.to_pylist() == [
        {"population": "aaaa00000000", "width": 17, "n": 9, "step": 200},
        {"population": "aaaa00000000", "width": 32, "n": 9, "step": 200},
        {"population": "bbbb00000000", "width": 17, "n": 4, "step": 100},
        {"population": "bbbb00000000", "width": 32, "n": 4, "step": 100},
    ]
    assert Results.open(sweep).query("SELECT DISTINCT population FROM units ORDER BY 1").num_rows == 2


@pytest.mark.parametrize("sql", ["SELECT nothing FROM records", "SELEC 1", ""])
def test_a_query_that_gives_nothing_is_one_error(sweep: Path, sql: str):
    with pytest.raises(InputError, match="query: "):
        Results.open(sweep).query(sql)


def test_folders_with_quotes_and_spaces(tmp_path: Path):
    population(tmp_path / "it's a sweep" / "aaaa")
    results = Results.open(tmp_path / "it's a sweep")
    assert results.query("SELECT DISTINCT population FROM members")["population"].to_pylist() == ["aaaa"]


def test_members_by_prefix(sweep: Path):
    results = Results.open(sweep)
    whole = ids(4, first=100)[2]
    found, member_id = results.find_member(whole[:9])
    assert (found.name, member_id) == ("bbbb00000000", whole)
    with pytest.raises(InputError, match=r"member zz: none in .*; there are aaaa00000000/.* and 4 more"):
        results.find_member("zz")
    with pytest.raises(InputError, match=r"member : 10 begin like this: aaaa00000000/"):
        results.find_member("")


def test_an_id_in_two_populations_takes_the_population(tmp_path: Path):
    for name in ("aaaa", "bbbb"):
        Store.create(tmp_path / name).write_members(member_columns(3))
    results = Results.open(tmp_path)
    member_id = ids(3)[1]
    with pytest.raises(InputError, match=f"2 begin like this: aaaa/{member_id}, bbbb/{member_id}"):
        results.find_member(member_id)
    assert results.find_member(f"b/{member_id[:8]}")[0].name == "bbbb"


def test_weights_of_one_member(tmp_path: Path):
    store = Store.create(tmp_path)
    store.write_members(member_columns(2))
    first, second = ids(2)
    kernel = np.arange(2 * 4 * 3, dtype=np.float32).reshape(2, 4, 3)
    arrays = {"mlp-1/dense/kernel": kernel, "mlp-1/dense/bias": np.ones((2, 3), np.float32), "mlp-10/x": kernel}
    shapes = {"dense/kernel": [4, 2], "dense/bias": [2]}
    places = {first: {"group": "mlp-1", "row": 0}, second: {"group": "mlp-1", "row": 1, "shapes": shapes}}
    store.write_weights(arrays, {"members": places})
    (found,) = Results.open(tmp_path).populations
    weights = found.weights(first[:6])
    assert set(weights) == {"dense/kernel", "dense/bias"}
    np.testing.assert_array_equal(weights["dense/kernel"], kernel[0])
    np.testing.assert_array_equal(found.weights(second)["dense/kernel"], kernel[1, :, :2])
    assert found.weights(second)["dense/bias"].shape == (2,)
    with pytest.raises(InputError, match="member zz: none in"):
        found.weights("zz")
    with pytest.raises(InputError, match=f"2 begin like this: {first}, {second}"):
        found.weights("")


def test_what_is_no_results_folder_says_so(tmp_path: Path):
    with pytest.raises(InputError, match="no such folder"):
        Results.open(tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a file, not a results folder"):
        Results.open(tmp_path / "file")
    with pytest.raises(InputError, match="no results here; a results folder holds"):
        Results.open(tmp_path)
    (tmp_path / "quickstart-1").mkdir()
    write_json(tmp_path / "quickstart-1" / "sweep.json", {})
    with pytest.raises(InputError, match="no results here, but sweeps: give one of quickstart-1"):
        Results.open(tmp_path)
    with pytest.raises(InputError, match="this sweep has no population yet"):
        Results.open(tmp_path / "quickstart-1")
