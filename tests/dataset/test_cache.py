"""Datasets on disk: found again as they were built, built anew when damaged, and never half there."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest

import mirrorjax.dataset.cache as cache
import mirrorjax.machine.secrets as secrets
from mirrorjax.dataset.build import Dataset, DatasetSpec
from mirrorjax.dataset.cache import content_hash, dataset_file, default_folder, load_or_build, spec_hash
from mirrorjax.errors import InputError
from mirrorjax.game.state import GameParams

SPEC = DatasetSpec(turns=60_000, games=64, burn_in=256, test_rows=4000)


def made_up(spec: DatasetSpec) -> Dataset:
    """Splits of arbitrary rows: what is cached is never looked into."""
    random = np.random.default_rng(spec.seed)
    train, validation, test, holdout = (random.integers(0, 2**32, (n, 2), np.uint32) for n in (900, 300, 80, 5))
    return Dataset(train, validation, test, holdout, counts={"turns": spec.turns, "label": {"hop": 0.25}})


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[DatasetSpec]:
    """The specs that were built, each in no time."""
    built: list[DatasetSpec] = []

    def build(spec: DatasetSpec, report: object) -> Dataset:
        built.append(spec)
        return made_up(spec)

    monkeypatch.setattr(cache, "build", build)
    return built


def test_a_dataset_is_built_once_and_read_back_as_it_was(tmp_path: Path, builds: list[DatasetSpec]):
    lines: list[str] = []
    folder = tmp_path / "not" / "there"
    first = load_or_build(SPEC, folder)
    second = load_or_build(SPEC, folder, lines.append)
    assert builds == [SPEC]
    for name, rows in first.splits.items():
        assert second.splits[name].dtype == np.uint32
        np.testing.assert_array_equal(second.splits[name], rows)
    assert second.counts == first.counts == {"turns": 60_000, "label": {"hop": 0.25}}
    assert second.content_hash == first.content_hash == content_hash(made_up(SPEC))
    assert lines == [f"dataset {first.content_hash} from the cache ({dataset_file(SPEC, folder)})"]
    assert list(folder.iterdir()) == [dataset_file(SPEC, folder)]


@pytest.mark.parametrize(
    "change",
    [
        {"turns": 60_001},
        {"games": 65},
        {"burn_in": 257},
        {"copies": 2},
        {"players": "both_random"},
        {"params": GameParams(obstacle_rate_max=0.05)},
        {"params": GameParams(scroll=0.5)},
        {"split": "paper_leak"},
        {"test_rows": 3999},
        {"test_mix": (0.25, 0.25, 0.25, 0.25)},
        {"train_share": 0.6},
        {"validation_share": 0.2},
        {"seed": 1},
        {"split_seed": 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_spec_is_another_file(tmp_path: Path, builds: list[DatasetSpec], change: dict):
    other = dataclasses.replace(SPEC, **change)
    assert spec_hash(other) != spec_hash(SPEC)
    load_or_build(SPEC, tmp_path)
    load_or_build(other, tmp_path)
    assert builds == [SPEC, other]
    assert len(list(tmp_path.iterdir())) == 2


def test_every_field_of_a_spec_is_tried():
    tried = next(mark for mark in test_another_spec_is_another_file.pytestmark if mark.name == "parametrize").args[1]
    assert {name for change in tried for name in change} == {field.name for field in dataclasses.fields(DatasetSpec)}


def test_the_content_hash_is_of_every_split_and_of_the_order():
    dataset = made_up(SPEC)
    seen = {content_hash(dataset)}
    for name, rows in dataset.splits.items():
        seen.add(content_hash(dataclasses.replace(dataset, **{name: rows[::-1]})))
        seen.add(content_hash(dataclasses.replace(dataset, **{name: rows[:-1]})))
    assert len(seen) == 9
    moved = dataclasses.replace(
        dataset,
        train=np.concatenate([dataset.train, dataset.validation[:1]]),
        validation=dataset.validation[1:],
    )
    assert content_hash(moved) not in seen, "the same rows in the same order, split elsewhere"


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        flipped,
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: b"",
        lambda content: b"not a zip " * 100,
    ],
    ids=["flipped", "half", "short", "empty", "text"],
)
def test_a_damaged_file_is_named_and_built_anew(
    tmp_path: Path, builds: list[DatasetSpec], damage, caplog: pytest.LogCaptureFixture
):
    whole = load_or_build(SPEC, tmp_path)
    file = dataset_file(SPEC, tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    again = load_or_build(SPEC, tmp_path)
    assert (again.content_hash, builds) == (whole.content_hash, [SPEC, SPEC])
    (warning,) = caplog.messages
    assert warning.startswith(f"{file}: damaged (")
    assert warning.endswith("); what it holds is made anew") and "\n" not in warning
    load_or_build(SPEC, tmp_path)
    assert len(builds) == 2, "it was replaced"
    assert list(tmp_path.iterdir()) == [file]


def test_other_rows_under_the_old_hash_are_damage(
    tmp_path: Path, builds: list[DatasetSpec], caplog: pytest.LogCaptureFixture
):
    load_or_build(SPEC, tmp_path)
    file = dataset_file(SPEC, tmp_path)
    with np.load(file) as archive:
        content = dict(archive)
    content["train"][3, 0] ^= 1
    with file.open("wb") as opened:
        np.savez(opened, **content)
    np.testing.assert_array_equal(load_or_build(SPEC, tmp_path).train, made_up(SPEC).train)
    assert "its content does not match its hash" in caplog.text


def test_a_file_that_may_not_be_read_is_not_called_damaged(
    tmp_path: Path, builds: list[DatasetSpec], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    def refused(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    load_or_build(SPEC, tmp_path)
    monkeypatch.setattr(Path, "open", refused)  # and neither may it be replaced
    assert load_or_build(SPEC, tmp_path).content_hash == content_hash(made_up(SPEC))
    file = dataset_file(SPEC, tmp_path)
    assert caplog.messages == [
        f"{file}: cannot be read: Permission denied; what it holds is made anew",
        f"{file}: cannot be written: Permission denied; what it was to hold is made anew the next time",
    ]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_colleagues_may_read_it_if_the_umask_says_so(tmp_path: Path, builds: list[DatasetSpec], umask: int, mode: int):
    before = os.umask(umask)
    try:
        load_or_build(SPEC, tmp_path)
    finally:
        os.umask(before)
    assert dataset_file(SPEC, tmp_path).stat().st_mode & 0o777 == mode


def test_a_folder_that_cannot_be_made_is_named_before_anything_is_built(tmp_path: Path, builds: list[DatasetSpec]):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"^dataset.cache: .*file/below cannot be written \(Not a directory\)"):
        load_or_build(SPEC, tmp_path / "file" / "below")
    assert builds == []


def test_what_is_not_written_whole_is_not_there(
    tmp_path: Path, builds: list[DatasetSpec], monkeypatch: pytest.MonkeyPatch
):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        load_or_build(SPEC, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_costs_no_run(
    tmp_path: Path, builds: list[DatasetSpec], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert load_or_build(SPEC, tmp_path).content_hash == content_hash(made_up(SPEC))
    assert list(tmp_path.iterdir()) == []
    (warning,) = caplog.messages
    assert warning.startswith(f"{dataset_file(SPEC, tmp_path)}: cannot be written: No space left on device; ")


def test_default_folder(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/frog")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("MIRRORJAX_CACHE", raising=False)
    assert default_folder() == Path("/home/frog/.cache/mirrorjax")
    monkeypatch.setenv("XDG_CACHE_HOME", "rel/ative")
    assert default_folder() == Path("/home/frog/.cache/mirrorjax")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert default_folder() == Path("/cache/mirrorjax")
    monkeypatch.setenv("MIRRORJAX_CACHE", "")
    assert default_folder() == Path("/cache/mirrorjax")
    monkeypatch.setenv("MIRRORJAX_CACHE", "/fast/disk")
    assert default_folder() == Path("/fast/disk")
    monkeypatch.setenv("MIRRORJAX_CACHE", "~/disk")
    assert default_folder() == Path("/home/frog/disk")


@pytest.mark.parametrize("home", [None, ""])
@pytest.mark.parametrize("given", [None, "~nobody-of-this-name/x"])
def test_without_a_home_the_setting_is_named(home: str | None, given: str | None, monkeypatch: pytest.MonkeyPatch):
    def unknown(_: object) -> None:
        raise KeyError("getpwuid(): uid not found: 12345")

    for name, value in (("HOME", home), ("XDG_CACHE_HOME", None), ("MIRRORJAX_CACHE", given)):
        monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    why = f"{given}; nobody of that name has a home" if given else "not given and this user has no home"
    with pytest.raises(InputError, match=f"^MIRRORJAX_CACHE is {why}"):
        default_folder()
    assert secrets.secrets() == {}, "no netrc either"
