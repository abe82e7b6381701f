"""The population folder as it is written: round trip, columns as documented, nothing torn."""

import errno
import json
import os
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mirrorjax.errors import InputError
from mirrorjax.results.store import KNOBS, MEMBERS, RECORDS, UNITS, Store, write_text
from mirrorjax.settings.axes import AXES
from tests.tracking.cases import member_columns, population, record_columns, unit_columns

FORMATS = Path(__file__).parents[2] / "docs" / "formats.md"


def failing(code: int):
    """A function that the operating system refuses."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


no_space = failing(errno.ENOSPC)


def names_in(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


def test_members_are_as_documented():
    """Records and units: tests/test_measures.py; axes, in a table of their own: tests/settings/test_settings.py."""
    text = FORMATS.read_text(encoding="utf-8").split("**members.parquet**", 1)[1].split("\n\n", 1)[0]
    axes = set(AXES)
    assert set(re.findall(r"`([a-z0-9_*]+)`", text)) - axes == {"parent", *MEMBERS.names, *KNOBS.names} - axes


def test_members_round_trip(tmp_path: Path):
    store = Store.create(tmp_path / "deep" / "population")
    columns = member_columns(5)
    store.write_members({**columns, "label_dependency": np.linspace(0, 1, 5)})
    table = pq.read_table(store.folder / "members.parquet")
    assert table.schema.names == [*MEMBERS.names, *KNOBS.names, "label_dependency"]
    assert table.schema.field("learning_rate").type == pa.float64()
    for name, values in columns.items():
        assert table[name].to_pylist() == list(values), name


def test_records_round_trip_with_null_for_undefined_and_constants_repeated(tmp_path: Path):
    store = Store.create(tmp_path)
    columns = record_columns(4, step=300)
    store.write_records(3, columns)
    table = pq.read_table(tmp_path / "records" / "000003.parquet")
    assert table.schema.names == [*RECORDS.names, "mne_layer_2"]
    assert table["checkpoint"].to_pylist() == [3] * 4
    assert table["step"].to_pylist() == [300] * 4
    assert table["mne_layer_2"].to_pylist() == [None, 0.25, None, 0.25]
    assert table["confusion"].to_pylist() == columns["confusion"].tolist()
    assert table["cmni"].to_pylist() == columns["cmni"].tolist()


def test_units_round_trip(tmp_path: Path):
    Store.create(tmp_path).write_units(11, unit_columns())
    table = pq.read_table(tmp_path / "units" / "000011.parquet")
    assert table.schema.names == UNITS.names
    assert table["skewness_none"].to_pylist() == [None] + [0.5] * 5
    assert table["output"].to_pylist() == [False, False, True] * 2


@pytest.mark.parametrize("name", ["cmni", "mne_layer_1", "confusion"])
def test_a_column_that_a_regime_lacks_is_left_out(tmp_path: Path, name: str):
    columns = record_columns()
    del columns[name]
    Store.create(tmp_path).write_records(0, columns)
    table = pq.read_table(tmp_path / "records" / "000000.parquet")
    assert table.schema.names == [column for column in [*RECORDS.names, "mne_layer_2"] if column != name]


@pytest.mark.parametrize("name", ["member_id", "epoch", "status", "step"])
def test_a_missing_column_is_an_error(tmp_path: Path, name: str):
    columns = record_columns()
    del columns[name]
    with pytest.raises(ValueError, match=f"records: no column {name}"):
        Store.create(tmp_path).write_records(0, columns)


@pytest.mark.parametrize(
    ("name", "values"),
    [("cmni", np.zeros(5)), ("confusion", np.zeros((6, 15), int)), ("status", np.arange(6)), ("step", np.full(6, 0.5))],
)
def test_a_column_that_does_not_fit_is_an_error(tmp_path: Path, name: str, values: np.ndarray):
    with pytest.raises(ValueError, match=f"records: column {name}"):
        Store.create(tmp_path).write_records(0, {**record_columns(), name: values})
    assert not list(tmp_path.glob("records/*"))


def test_manifest_is_replaced_and_takes_numpy_numbers(tmp_path: Path):
    store = Store.create(tmp_path)
    store.write_manifest({"status": "running"})
    store.write_manifest({"status": "done", "members": np.int64(3), "rates": np.array([1.5]), "at": Path("x")})
    assert json.loads((tmp_path / "manifest.json").read_text()) == {
        "status": "done",
        "members": 3,
        "rates": [1.5],
        "at": "x",
    }


@pytest.mark.parametrize("where", ["writing", "syncing", "renaming"])
def test_a_failure_leaves_the_old_file_whole_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
):
    store = Store.create(tmp_path)
    store.write_records(1, record_columns())
    before = (tmp_path / "records" / "000001.parquet").read_bytes()
    broken = {"writing": (pq, "write_table"), "syncing": (os, "fsync"), "renaming": (os, "replace")}[where]
    monkeypatch.setattr(*broken, no_space)
    for checkpoint in (1, 2):
        with pytest.raises(InputError, match="cannot be written: No space left on device"):
            store.write_records(checkpoint, record_columns(step=999))
    monkeypatch.undo()
    assert names_in(tmp_path / "records") == ["000001.parquet"]
    assert (tmp_path / "records" / "000001.parquet").read_bytes() == before


def test_what_a_kill_leaves_is_no_parquet_file_and_goes_on_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = Store.create(tmp_path)
    monkeypatch.setattr(os, "fsync", no_space)
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)  # a killed process tidies nothing up
    with pytest.raises(InputError):
        store.write_records(1, record_columns())
    monkeypatch.undo()
    (leftover,) = names_in(tmp_path / "records")
    assert not leftover.endswith(".parquet")
    assert store.parquet_files == []
    Store.create(tmp_path)
    assert names_in(tmp_path / "records") == []


def test_another_error_inside_the_block_passes_unchanged(tmp_path: Path):
    with pytest.raises(TypeError, match="does not go into JSON"):
        Store.create(tmp_path).write_manifest({"bad": object()})
    assert names_in(tmp_path) == ["records", "units"]


def test_resuming_keeps_whole_files_and_drops_later_ones(tmp_path: Path):
    population(tmp_path, checkpoints=4)
    store = Store.create(tmp_path)
    store.drop_after(1)
    assert [file.relative_to(tmp_path).as_posix() for file in store.parquet_files] == [
        "members.parquet",
        "records/000000.parquet",
        "records/000001.parquet",
    ]


def test_done(tmp_path: Path):
    store = Store.create(tmp_path)
    assert not (tmp_path / "DONE").exists()
    store.mark_done()
    assert (tmp_path / "DONE").exists()


def test_weights_must_be_where_the_index_says(tmp_path: Path):
    store = Store.create(tmp_path)
    arrays = {"a/kernel": np.zeros((2, 3), np.float32)}
    for place in ({"group": "b", "row": 0}, {"group": "a", "row": 2}):
        with pytest.raises(ValueError, match="weights: m1 is said to be in"):
            store.write_weights(arrays, {"members": {"m1": place}})
    assert not (tmp_path / "weights.safetensors").exists()


def test_a_file_in_the_way_is_one_clear_line(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(InputError, match="results cannot be written here: a file is in the way") as caught:
            Store.create(folder)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_an_unwritable_folder_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int):
    monkeypatch.setattr(Path, "open", failing(code))
    with pytest.raises(InputError, match=f"results cannot be written here: {os.strerror(code)}"):
        Store.create(tmp_path / "new")


def test_text_is_utf8_whatever_the_locale(tmp_path: Path):
    write_text(tmp_path / "config.yaml", "title: Δ\n")
    assert (tmp_path / "config.yaml").read_bytes() == "title: Δ\n".encode()
