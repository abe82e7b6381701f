"""`mirrorjax export`: one archive of results, the same bytes each time, that says which file is not as it was."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from mirrorjax.errors import InputError
from mirrorjax.launch.cli import main
from mirrorjax.results.archive import check, export
from mirrorjax.results.read import Results
from mirrorjax.results.weights import STACKS
from tests.tracking.cases import population

NAMES = [
    "DONE",
    "config.yaml",
    "manifest.json",
    "members.parquet",
    "records/000000.parquet",
    "records/000001.parquet",
    "units/000001.parquet",
]


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A finished sweep of two populations, with much beside it that nobody needs."""
    folder = tmp_path / "here" / "frogs-1a2b"
    for number, name in enumerate(("aaaa", "bbbb")):
        population(folder / name, checkpoints=2, first=6 * number)
        for other in ("state/1/arrays", "wandb/run/config.yaml", "log.jsonl", "progress.json", ".lock"):
            (folder / name / other).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / other).write_text("WANDB_API_KEY")
    (folder / "report.html").write_text("a page")
    (folder / "sweep.json").write_text(json.dumps({"name": folder.name, "jobs": [{"job": "aaaa"}, {"job": "bbbb"}]}))
    return folder


def changed(archive: Path, name: str, content: bytes | None) -> Path:
    """A copy of an archive in which a file has other content, is added, or is missing."""
    other = archive.with_name("changed.zip")
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(other, "w") as target:
        for each in source.namelist():
            if each != name:
                target.writestr(each, source.read(each))
        if content is not None:
            target.writestr(name, content)
    return other


def test_somebody_else_opens_it(sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["export", str(sweep)]) == 0
    archive = sweep.with_name("frogs-1a2b.zip")
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{archive}: 15 files of frogs-1a2b, {archive.stat().st_size:,} bytes"
    assert second == f"sha256 {hashlib.sha256(archive.read_bytes()).hexdigest()}"
    assert main(["export", "--check", str(archive)]) == 0
    assert capsys.readouterr().out.splitlines() == [first, second, "whole"]
    with zipfile.ZipFile(archive) as packed:
        names = packed.namelist()
        packed.extractall(tmp_path / "there")
    own = [f"frogs-1a2b/{name}/{file}" for name in ("aaaa", "bbbb") for file in NAMES]
    assert names == [*own, "frogs-1a2b/sweep.json", "frogs-1a2b/SHA256SUMS"]
    unpacked = tmp_path / "there" / sweep.name
    for line in (unpacked / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((unpacked / name).read_bytes()).hexdigest() == digest
    sql = "SELECT * FROM records ORDER BY population, member_id, checkpoint"
    here, there = (Results.open(folder) for folder in (sweep, unpacked))
    assert there.query(sql).equals(here.query(sql)) and there.query(sql).num_rows == 24
    assert not any(each.problems for each in (here, there))


def test_the_same_results_are_the_same_bytes(sweep: Path, tmp_path: Path):
    first = export(sweep, tmp_path / "a.zip")
    (sweep / "aaaa" / "DONE").touch()
    (sweep / "inspect_3c6e.html").write_text("another page")
    assert export(sweep, tmp_path / "b.zip").sha256 == first.sha256
    assert export(sweep, tmp_path / "b.zip").sha256 == first.sha256, "replaced"
    alone = export(sweep / "aaaa", tmp_path / "c.zip")
    assert (alone.folder, alone.files) == ("aaaa", len(NAMES))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("aaaa/members.parquet", b"other", "differs from what was exported: its hash is not that of SHA256SUMS"),
        ("bbbb/DONE", None, "is missing, which SHA256SUMS lists"),
        ("aaaa/script.py", b"import os", "is not listed in SHA256SUMS"),
    ],
)
def test_what_is_not_as_it_was_is_named(
    sweep: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes | None, why: str
):
    archive = changed(export(sweep).file, f"frogs-1a2b/{name}", content)
    assert main(["export", "--check", str(archive)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{archive}: {name} {why}" and lines[-1] == "NOT whole" and len(lines) == 4


def test_a_flipped_bit_is_named(sweep: Path):
    archive = export(sweep).file
    content = bytearray(archive.read_bytes())
    with zipfile.ZipFile(archive) as packed:
        place = packed.getinfo("frogs-1a2b/aaaa/members.parquet").header_offset + 200
    content[place] ^= 1
    archive.write_bytes(content)
    (problem,) = check(archive)[1]
    assert problem.startswith(f"{archive}: aaaa/members.parquet differs from what was exported: Bad CRC-32")


def test_what_is_no_archive_of_ours(sweep: Path, tmp_path: Path):
    torn = tmp_path / "torn.zip"
    torn.write_bytes(export(sweep).file.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"torn\.zip: no whole archive"):
        check(torn)
    with pytest.raises(InputError, match=r"gone\.zip: cannot be read: No such file"):
        check(tmp_path / "gone.zip")
    for name in ("../evil", "/evil", "evil", "other/evil"):
        with pytest.raises(InputError, match="no archive of `mirrorjax export`: expected one folder"):
            check(changed(sweep.with_name("frogs-1a2b.zip"), name, b"x"))
    with pytest.raises(InputError, match="SHA256SUMS is missing"):
        check(changed(sweep.with_name("frogs-1a2b.zip"), "frogs-1a2b/SHA256SUMS", None))


def test_what_cannot_be_exported_is_said_before_anything_is_written(sweep: Path, tmp_path: Path):
    known = sorted(tmp_path.rglob("*"))
    for out, why in (
        ("results.tar", r"allowed: a file that ends in \.zip"),
        ("no/folder.zip", "no such folder"),
    ):
        with pytest.raises(InputError, match=why):
            export(sweep, tmp_path / out)
    with pytest.raises(InputError, match="gone: no such folder"):
        export(tmp_path / "gone")
    assert main(["export", str(sweep), "--check", "--out", "a.zip"]) == 2
    (sweep / "bbbb" / "DONE").unlink()
    with pytest.raises(InputError, match=r"frogs-1a2b: not finished: bbbb; the same `mirrorjax sweep` goes on with it"):
        export(sweep)
    (sweep / "bbbb" / "DONE").touch()
    records = sweep / "aaaa" / "records" / "000001.parquet"
    whole = records.read_bytes()
    records.write_bytes(whole[:-20])
    with pytest.raises(InputError, match=r"aaaa/records/000001\.parquet: "):
        export(sweep)
    records.unlink()
    (tmp_path / "elsewhere.parquet").write_bytes(whole)
    records.symlink_to(tmp_path / "elsewhere.parquet")
    with pytest.raises(InputError, match=r"000001\.parquet: is a link or no file"):
        export(sweep)
    assert sorted({*tmp_path.rglob("*")} - {tmp_path / "elsewhere.parquet"}) == known


def test_weights_that_are_not_those_of_their_index(sweep: Path):
    (sweep / "aaaa" / STACKS).write_bytes(b"not these")
    with pytest.raises(InputError, match=r"weights\.json"):
        export(sweep)
