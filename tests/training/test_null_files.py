"""Files of nulls: whatever is the matter with one, the nulls are measured anew, once, and the run goes on."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import mirrorjax.training.untrained as untrained
from mirrorjax import measures
from mirrorjax.measurement.battery.nulls import architecture_of
from mirrorjax.measures import Measure
from mirrorjax.population.members import Member
from mirrorjax.training.data import Data
from mirrorjax.training.memory import Layout
from mirrorjax.training.untrained import NullSettings, null_files, nulls_of

SETTINGS = NullSettings(seeds=4, boards=8, rescue_boards=2, test_rows=None)
MEMBERS = [Member(width=5), Member(width=8)]
DATASET: Any = SimpleNamespace(content_hash="0123456789abcdef")
DATA = Data(DATASET, cast(Any, None))
COLUMNS = {"ssi": np.arange(4.0), "step": np.zeros(4, np.int64)}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Widths that were measured, each in no time."""
    widths: list[int] = []

    def measure(members: list[Member], *_: object, **__: object) -> dict[str, np.ndarray]:
        own = [member.width for member in members[:: SETTINGS.seeds]]
        widths.extend(own)
        return {name: np.concatenate([values + width for width in own]) for name, values in COLUMNS.items()}

    monkeypatch.setattr(untrained, "untrained_records", measure)
    return widths


def nulls(folder: Path) -> dict[int, dict[str, np.ndarray]]:
    """By width."""
    found = nulls_of(MEMBERS, SETTINGS, folder, DATA, Layout([], 16))
    return {each.width: dict(null.columns) for each, null in found.by_architecture.items()}


def rewritten(change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]) -> Callable[[Path, Path], None]:
    """Damage that leaves a whole archive."""

    def damage(file: Path, other: Path) -> None:
        with np.load(file) as archive:
            content: Any = change(dict(archive))
        with file.open("wb") as opened:
            np.savez(opened, **content)

    return damage


DAMAGE: dict[str, Callable[[Path, Path], object]] = {
    "half": lambda file, other: file.write_bytes(file.read_bytes()[:300]),
    "empty": lambda file, other: file.write_bytes(b""),
    "text": lambda file, other: file.write_bytes(b"no archive"),
    "flipped": lambda file, other: file.write_bytes(file.read_bytes().replace(b"\x14@", b"\x15@", 1)),
    "of another architecture": lambda file, other: file.write_bytes(other.read_bytes()),
    "NaN": rewritten(lambda content: content | {"ssi": np.full(4, np.nan)}),
    "fewer seeds": rewritten(lambda content: content | {"ssi": content["ssi"][:3]}),
    "a column too few": rewritten(lambda content: {"ssi": content["ssi"], "hash": content["hash"]}),
    "no hash": rewritten(lambda content: {"ssi": content["ssi"], "step": content["step"]}),
    "a folder": lambda file, other: (file.unlink(), file.mkdir()),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_named_and_measured_anew(
    kind: str, tmp_path: Path, measured: list[int], caplog: pytest.LogCaptureFixture
):
    whole = nulls(tmp_path)
    assert measured == [5, 8] and caplog.messages == []
    files = null_files(MEMBERS, SETTINGS, DATASET.content_hash, tmp_path)
    file, other = (files[architecture_of(member)] for member in MEMBERS)
    DAMAGE[kind](file, other)
    again = nulls(tmp_path)
    assert measured == [5, 8, 5]
    np.testing.assert_equal(again, whole)
    assert caplog.messages[0].startswith(
        f"{file}: cannot be read: Is a" if kind == "a folder" else f"{file}: damaged ("
    )
    assert "\n" not in caplog.messages[0]
    if kind != "a folder":  # which is not removed
        assert len(caplog.messages) == 1
        np.testing.assert_equal(nulls(tmp_path), whole)
        assert measured == [5, 8, 5], "it was replaced"


def test_what_cannot_be_kept_is_used_all_the_same(
    tmp_path: Path, measured: list[int], caplog: pytest.LogCaptureFixture
):
    (tmp_path / "file").touch()
    found = nulls(tmp_path / "file" / "nulls")
    np.testing.assert_equal(found[8]["ssi"], np.arange(4.0) + 8)
    assert [": cannot be written: " in message for message in caplog.messages] == [True, True]


def test_a_measure_of_a_plugin_asks_for_nulls_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = null_files(MEMBERS, SETTINGS, DATASET.content_hash, tmp_path)
    monkeypatch.setattr("mirrorjax.measures.MEASURES", known := dict(measures.MEASURES))
    known["spread"] = Measure("spread", "spread of units")
    assert null_files(MEMBERS, SETTINGS, DATASET.content_hash, tmp_path) == before, "it has no z"
    known["spread"] = Measure("spread", "spread of units", null="scale-free")
    assert not set(null_files(MEMBERS, SETTINGS, DATASET.content_hash, tmp_path).values()) & set(before.values())


def test_a_null_is_of_a_shape_and_those_from_before_there_were_tokens_are_found_again(tmp_path: Path):
    settings = NullSettings(seeds=1000, boards=1024, rescue_boards=256, test_rows=20_000)
    transformer = {"model": "transformer", "width": 73, "depth": 1}
    kinds = [Member(), Member(**transformer), Member(**transformer, d_model=32), Member(**transformer, heads=4)]
    names = [null_files([kind], settings, "0123456789abcdef", tmp_path).popitem()[1].name for kind in kinds]
    assert names[0] == "null-9a0655c6ac506f5e.npz" and len({*names}) == 4
