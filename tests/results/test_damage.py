"""What is wrong is not read as right: weights, tables and pictures that are damaged, foreign or of a later version."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mirrorjax.errors import InputError
from mirrorjax.launch.cli import main
from mirrorjax.machine.reading import Newer
from mirrorjax.report.read.nulls import read_nulls
from mirrorjax.results.find import find_network
from mirrorjax.results.read import Population, Results
from mirrorjax.results.store import Store
from mirrorjax.tracking.cells import cells
from tests.tracking.cases import ids, member_columns, population, record_columns, unit_columns

WIDTH, DEPTH = 4, 2
SHAPES = {
    "hidden_1_kernel": (WIDTH, 100),
    "hidden_1_bias": (WIDTH,),
    "hidden_2_kernel": (WIDTH, WIDTH),
    "hidden_2_bias": (WIDTH,),
    "output_kernel": (4, WIDTH),
    "output_bias": (4,),
}
FIRST, SECOND, LAST = ids(3)  # the last has diverged


def written(folder: Path, first: int = 0, seed: int = 0, **changed: object) -> Store:
    """A finished population of three small networks with weights; columns of members may be others."""
    store = Store.create(folder)
    store.write_manifest({"format": 1, "status": "done", "members": 3})
    same = {"width": np.full(3, WIDTH), "depth": np.full(3, DEPTH)}
    store.write_members(member_columns(3, first) | same | changed)
    store.write_records(0, record_columns(3, 0, first))
    random = np.random.default_rng(seed)
    stacks = {f"part-0/{name}": random.normal(size=(3, *shape)).astype(np.float32) for name, shape in SHAPES.items()}
    store.write_weights(stacks, {"members": {id: {"group": "part-0", "row": n} for n, id in enumerate(ids(3, first))}})
    store.mark_done()
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "sweep" / "aaaa").folder


def opened(folder: Path) -> Population:
    (found,) = Results.open(folder).populations
    return found


def without_hashes(folder: Path) -> dict:
    """Makes weights.json one of before it had any."""
    index = json.loads((folder / "weights.json").read_text())
    index = {name: value for name, value in index.items() if name not in ("sha256", "index")}
    (folder / "weights.json").write_text(json.dumps(index))
    return index


def changed_byte(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def test_weights_are_read_once_their_hashes_are_right_and_old_ones_without(folder: Path):
    network = opened(folder).member(FIRST)
    assert {name: weight.shape for name, weight in network.params.items()} == SHAPES
    without_hashes(folder)
    again = opened(folder).member(FIRST)
    assert all(np.array_equal(again.params[name], weight) for name, weight in network.params.items())


def test_a_changed_byte_of_the_weights_is_named(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert opened(folder).weights(FIRST), "it was right before"
    file = folder / "weights.safetensors"
    changed_byte(file, -1)
    line = f"error: {file}: damaged, or not the file that weights.json is of: its hash is another one\n"
    for command in (["inspect"], ["paper-tables"], ["play", "--results"]):
        assert main([*command, str(folder), "--member", FIRST]) == 2
        assert capsys.readouterr().err == line
    with pytest.raises(InputError, match="its hash is another one"):
        opened(folder).member(SECOND)


def test_a_changed_index_is_named(folder: Path):
    file = folder / "weights.json"
    index = json.loads(file.read_text())
    index["members"][FIRST]["row"], index["members"][SECOND]["row"] = 1, 0
    file.write_text(json.dumps(index))
    with pytest.raises(InputError, match=r"weights\.json: damaged: its content does not match its hash"):
        opened(folder).weights(FIRST)


def test_weights_of_another_population_are_named(folder: Path, tmp_path: Path):
    other = written(tmp_path / "other", first=50, seed=1).folder
    shutil.copy(other / "weights.json", folder)
    with pytest.raises(InputError, match=r"weights\.safetensors: damaged, or not the file that weights\.json is of"):
        opened(folder).weights(FIRST)
    shutil.copy(other / "weights.safetensors", folder)
    with pytest.raises(InputError, match=r"weights\.json: of another population: its members are not those"):
        opened(folder).weights(FIRST)


@pytest.mark.parametrize("hashes", [True, False])
def test_a_truncated_file_is_named(folder: Path, hashes: bool):
    if not hashes:
        without_hashes(folder)
    file = folder / "weights.safetensors"
    for size in (file.stat().st_size // 2, 20, 4, 0):
        with file.open("rb+") as torn:
            torn.truncate(size)
        with pytest.raises(InputError, match=r"weights\.safetensors: damaged"):
            opened(folder).weights(FIRST)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ({"group": "part-0", "row": 3}, "weights.safetensors: .* is said to be row 3 of shape"),
        ({"group": "part-0", "row": -1}, "row is -1; allowed: a whole number, 0 or more"),
        ({"group": "part-0", "row": True}, "row is true; allowed"),
        ({"group": "part-7", "row": 0}, "no weights of .*, which is said to be in part-7"),
        ({"group": 5, "row": 0}, "group is 5; allowed: text"),
        ({"row": 0}, "lacks group"),
        ({"group": "part-0", "row": 0, "shapes": {"output_bias": [9]}}, r"said to be row 0 of shape \[9\]"),
        ({"group": "part-0", "row": 0, "shapes": {"output_bias": [2, 2]}}, r"said to be row 0 of shape \[2, 2\]"),
        ({"group": "part-0", "row": 0, "shapes": {"output_bias": "4"}}, "allowed: a list"),
        ([], "is a list of 0; allowed: an object"),
    ],
)
def test_an_index_that_points_nowhere_is_named(folder: Path, place: object, why: str):
    index = without_hashes(folder)
    index["members"][FIRST] = place
    (folder / "weights.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match=why):
        opened(folder).weights(FIRST)


def test_weights_that_are_not_finite_are_named_with_the_reason(folder: Path):
    store = Store(folder)
    stacks = {f"part-0/{name}": np.ones((3, *shape), np.float32) for name, shape in SHAPES.items()}
    stacks["part-0/hidden_2_bias"][1:, 2] = (np.nan, np.inf)
    store.write_weights(stacks, {"members": {id: {"group": "part-0", "row": row} for row, id in enumerate(ids(3))}})
    found = opened(folder)
    assert found.member(FIRST).member_id == FIRST
    with pytest.raises(InputError, match=rf"hidden_2_bias of {SECOND} is not finite: the file is damaged"):
        found.member(SECOND)
    with pytest.raises(InputError, match=rf"hidden_2_bias of {LAST} is not finite: it has diverged"):
        found.member(LAST)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        (
            {"width": np.full(3, 5)},
            r"hidden_1_bias of .* is float32 \[4\]; of a member of width 5 and depth 2 it is float32 \[5\]",
        ),
        (
            {"depth": np.full(3, 1)},
            r"hidden_2_bias of .* is float32 \[4\]; of a member of width 4 and depth 1 it is none",
        ),
        ({"depth": np.full(3, 10**9)}, "members.parquet: depth of .* is 1000000000; allowed: from 1 to 32"),
        ({"width": np.full(3, 0)}, "width of .* is missing|width of .* is 0; allowed: from 1 to 4096"),
        ({"regime": ["planted"] * 3}, "regime of .* is 'planted'; allowed: supervised"),
        ({"activation": ["\x1b[2J"] * 3}, r"activation of .* allowed: relu"),
        ({"encoding": ["other"] * 3}, "encoding of .* is 'other'; allowed: ordinal"),
    ],
    ids=str,
)
def test_weights_that_do_not_fit_the_member_are_named(tmp_path: Path, columns: dict, why: str):
    with pytest.raises(InputError, match=why):
        find_network(written(tmp_path / "aaaa", **columns).folder, FIRST)


def test_a_pipe_or_a_folder_in_the_place_of_weights_is_named(folder: Path):
    (folder / "weights.safetensors").unlink()
    os.mkfifo(folder / "weights.safetensors")
    with pytest.raises(InputError, match=r"weights\.safetensors: cannot be read: it is no regular file"):
        opened(folder).weights(FIRST)


def test_later_formats_of_weights_and_tables_are_refused(folder: Path):
    index = json.loads((folder / "weights.json").read_text())
    (folder / "weights.json").write_text(json.dumps({**index, "format": 2}))
    with pytest.raises(Newer, match=r"weights\.json: format 2, of a later version of mirrorjax; this one reads up to"):
        opened(folder).weights(FIRST)
    for name, columns in (("units", unit_columns()), ("records", record_columns(3))):
        getattr(Store(folder), f"write_{name}")(1, columns)
        file = folder / name / "000001.parquet"
        table = pq.read_table(file)
        assert table.schema.metadata[b"mirrorjax_format"] == b"1"
        pq.write_table(table.replace_schema_metadata({"mirrorjax_format": "2"}), file)
        with pytest.raises(Newer, match=rf"{name}/000001\.parquet: format 2, of a later version"):
            getattr(opened(folder), name)()
        pq.write_table(table.replace_schema_metadata(None), file)  # as before there was a format
        assert getattr(opened(folder), name)().num_rows > 0
    assert opened(folder).problems == []


def rewritten(file: Path, name: str, column: pa.Array, new_name: str | None = None) -> None:
    table = pq.read_table(file)
    place = table.column_names.index(name)
    pq.write_table(table.set_column(place, new_name or name, column), file)


@pytest.mark.parametrize(
    ("file", "name", "column", "why"),
    [
        ("members", "width", pa.array(["4"] * 6), "width is string, not int64"),
        ("members", "member_id", pa.array(range(6)), "member_id is int64, not string"),
        ("members", "congruence", pa.array(["0"] * 6), "congruence is string, not double"),
        ("members", "width", pa.array([None, *range(5)], pa.int64()), "width of some member is missing"),
        ("members", "member_id", pa.array([b"\xff\xfe"] * 6).view(pa.string()), "torn, skipped"),
        ("records/000001", "cmni", pa.array(["a"] * 6), "cmni is string, not double"),
        ("records/000001", "checkpoint", pa.array(["1"] * 6), "checkpoint is string, not int64"),
        ("records/000001", "confusion", pa.array([1.0] * 6), "confusion is double, not fixed_size_list"),
        ("units/000002", "output", pa.array([1.0] * 6), "output is double, not bool"),
    ],
)
def test_columns_of_another_type_are_named_and_skipped(
    tmp_path: Path, file: str, name: str, column: pa.Array, why: str
):
    folder = population(tmp_path / "aaaa").folder
    rewritten(folder / f"{file}.parquet", name, column)
    found = opened(folder)
    rows = {"members": found.members().num_rows, "records": found.records().num_rows, "units": found.units().num_rows}
    assert rows == {"members": 6, "records": 18, "units": 6} | {file.split("/")[0]: 12 if "records" in file else 0}
    (problem,) = found.problems
    assert problem.startswith(f"{folder / file}.parquet: ") and why in problem


def test_a_member_whose_name_leads_elsewhere_is_refused(tmp_path: Path):
    """Pages and files are named after members."""
    names = ["../../planted", "b" * 16, "c" * 16]
    folder = written(tmp_path / "aaaa", member_id=names).folder
    Store(folder).write_weights(
        {f"part-0/{name}": np.ones((3, *shape), np.float32) for name, shape in SHAPES.items()},
        {"members": {name: {"group": "part-0", "row": row} for row, name in enumerate(names)}},
    )
    assert opened(folder).member(names[1]).member_id == names[1]
    with pytest.raises(InputError, match=r"members\.parquet: a member_id is '\.\./\.\./planted'; allowed: a name of"):
        opened(folder).member(names[0])


def test_a_column_whose_name_is_a_command_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Names of columns go into SQL."""
    monkeypatch.chdir(tmp_path)
    folder = population(tmp_path / "aaaa").folder
    table = pq.read_table(folder / "members.parquet")
    evil = "x\"; COPY (SELECT 1) TO 'planted"
    pq.write_table(table.append_column(evil, pa.array(range(6))), folder / "members.parquet")
    assert sorted(cells(Results.open(folder)).column(evil).to_pylist()) == list(range(6))
    assert not (tmp_path / "planted").exists()


def test_a_pipe_among_the_tables_is_not_waited_for(tmp_path: Path):
    folder = population(tmp_path / "aaaa").folder
    os.mkfifo(folder / "records" / "000003.parquet")
    os.mkfifo(folder / "nulls.parquet")
    found = opened(folder)
    assert found.records().num_rows == 18
    assert found.problems == [f"{folder}/records/000003.parquet: no file of ours, skipped: it is no regular file"]
    problems: list[str] = []
    assert read_nulls([folder], problems) == {}
    assert "it is no regular file" in problems[0]


def test_nulls_of_other_types_are_named(tmp_path: Path):
    store = population(tmp_path / "aaaa")
    row = {"regime": "supervised", "model": "mlp", "depth": 2, "width": 17, "activation": "relu", "encoding": "ordinal"}
    numbers = {"seeds": 1000.0, "mean": 0.1, "sd": 0.1, "q99": 0.2}
    for wrong in ({}, {"mean": "a"}, {"width": "wide"}, {"seeds": float("nan")}):
        store.write_nulls({name: [value] for name, value in {**row, "measure": "ssi", **numbers, **wrong}.items()})
        problems: list[str] = []
        assert bool(read_nulls([store.folder], problems)) == (not wrong)
        assert len(problems) == bool(wrong)


@pytest.mark.parametrize(
    ("place", "value", "why"),
    [
        (3, np.nan, "a cell, is nan; allowed: 0 to 9"),
        (3, 1e30, r"a cell, is 1e\+30; allowed: 0 to 9"),
        (95, 10, "a cell, is 10; allowed: 0 to 9"),
        (0, -1, "a cell, is -1; allowed: 0 to 9"),
        (97, np.inf, "own symbol, energy, score or column, is inf"),
        (98, 1e30, "own symbol, energy, score or column, is 1e\\+30; allowed: 0 to 1,000,000"),
    ],
)
def test_a_picture_that_none_can_be_is_refused(folder: Path, place: int, value: float, why: str):
    network = opened(folder).member(FIRST)
    picture = np.ones(100)
    picture[place] = value
    for given, which in ((picture, "the picture"), (np.stack([np.ones(100), picture], axis=1), "picture 1")):
        with pytest.raises(InputError, match=f"boards: number {place} of {which}, {why}"):
            network.run(given)
