"""A results folder as one archive that somebody else opens: what readers read, with a hash of each file.

The same results give the same bytes everywhere: names are sorted, times fixed, and nothing is compressed, since the
tables are already and compressors differ.
"""

import hashlib
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from mirrorjax.errors import InputError, printable
from mirrorjax.machine.writing import not_writable, replacing
from mirrorjax.results.jobs import REFINED, SWEEP, read_sweep
from mirrorjax.results.population import listed
from mirrorjax.results.read import Results
from mirrorjax.results.weights import INDEX, STACKS, read_index

SUMS = "SHA256SUMS"  # as `sha256sum -c` reads it
_OF_SWEEP = (SWEEP, f"{REFINED}/*.json")
_OF_POPULATION = (
    *("config.yaml", "manifest.json", "members.parquet", "nulls.parquet", STACKS, INDEX, "DONE"),
    *("records/[0-9]*.parquet", "units/[0-9]*.parquet", "measured/[0-9]*.parquet"),
)
_TIME = (1980, 1, 1, 0, 0, 0)  # the first that the format has
_MODE = (stat.S_IFREG | 0o644) << 16
_UNIX = 3
_PIECE = 1 << 20
_LONGEST_SUMS = 1 << 24
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)  # RuntimeError: encrypted


class Archived(NamedTuple):
    """An archive that is whole.

    Attributes:
        file: the archive.
        sha256: of all of it.
        files: how many are in it, without their hashes.
        size: in bytes.
        folder: what it unpacks to.
    """

    file: Path
    sha256: str
    files: int
    size: int
    folder: str


def export(results: Path, out: Path | None = None) -> Archived:
    """Writes an archive of a finished sweep, or population; one that was there is replaced.

    In it are config, manifest, members, records, units, nulls and weights, not what any reader makes of them, nor
    logs, W&B's files or the state of training.

    Args:
        results: a sweep's folder, or one population's.
        out: the archive, .zip; by default beside the folder, by its name.

    Raises:
        InputError: there is none, something of it is not finished, damaged or a link, or `out` cannot be it; nothing
            was written.
    """
    folder = results.resolve()
    opened = Results.open(results)
    out = folder.with_name(f"{folder.name}.zip") if out is None else out
    _check_out(out)
    _check_finished(opened)
    _check_whole(opened)
    files = _files(folder, [each.folder.resolve() for each in opened.populations])
    with replacing(out) as temporary:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            sums = [f"{_add(archive, folder, name)}  {name}\n" for name in files]
            archive.writestr(_entry(folder.name, SUMS), "".join(sums))
        digest = _digest(temporary)
    return Archived(out, digest, len(files), out.stat().st_size, folder.name)


def check(archive: Path) -> tuple[Archived, list[str]]:
    """Compares every file of an archive with its hash; gives a line for each that differs, lacks or is not listed.

    Raises:
        InputError: it is no archive of results, or cannot be read.
    """
    try:
        with archive.open("rb") as opened, zipfile.ZipFile(opened) as packed:
            names = packed.namelist()
            folder = _folder(archive, names)
            sums = _sums(archive, packed, folder)
            problems = [f"{archive}: {name} {why}" for name, why in _differences(packed, folder, sums)]
        return Archived(archive, _digest(archive), len(sums), archive.stat().st_size, folder), problems
    except OSError as error:
        raise InputError(f"{archive}: cannot be read: {error.strerror or error}") from error
    except _BROKEN as error:
        raise InputError(f"{archive}: no whole archive: {error}") from error


def _check_out(out: Path) -> None:
    if out.suffix != ".zip":
        raise InputError(f"--out: {out}; allowed: a file that ends in .zip")
    if out.is_dir():
        raise InputError(f"--out: {out} is a folder; expected a file, as results.zip")
    if not out.parent.is_dir():
        raise InputError(not_writable(out, FileNotFoundError(2, "no such folder")))


def _check_finished(opened: Results) -> None:
    planned = [job["job"] for job in read_sweep(opened.folder, opened.problems).get("jobs") or []]
    done = {each.name for each in opened.populations if each.done}
    known = dict.fromkeys([*planned, *(each.name for each in opened.populations)])
    if unfinished := [name for name in known if name not in done]:
        what = f"{opened.folder}: not finished: {listed(unfinished)}"
        raise InputError(f"{what}; the same `mirrorjax sweep` goes on with it, or export one population's folder")


def _check_whole(opened: Results) -> None:
    """Every file is read through: what somebody else cannot read is not sent to him."""
    for population in opened.populations:
        _ = population.config
        population.find_torn()
        if (population.folder / STACKS).exists():
            read_index(population.folder, population.member_ids)
    if opened.problems:
        raise InputError(opened.problems[0])


def _files(folder: Path, populations: Sequence[Path]) -> list[str]:
    found = {file for pattern in _OF_SWEEP for file in folder.glob(pattern)}
    found |= {file for population in populations for pattern in _OF_POPULATION for file in population.glob(pattern)}
    for file in found:
        if file.is_symlink() or not file.is_file() or not file.resolve().is_relative_to(folder):
            raise InputError(f"{file}: is a link or no file; an archive has files of the folder alone")
    return sorted(file.relative_to(folder).as_posix() for file in found)


def _entry(folder: str, name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{folder}/{name}", _TIME)
    entry.create_system, entry.external_attr = _UNIX, _MODE
    return entry


def _add(archive: zipfile.ZipFile, folder: Path, name: str) -> str:
    entry, file = _entry(folder.name, name), folder / name
    entry.file_size = file.stat().st_size  # beyond 4 GiB the format differs
    with file.open("rb") as source, archive.open(entry, "w") as target:
        return _digest_of(source, target)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return _digest_of(opened)


def _folder(archive: Path, names: Sequence[str]) -> str:
    folders = {PurePosixPath(name).parts[0] for name in names if "/" in name}
    astray = [name for name in names if "/" not in name or name.startswith("/") or ".." in name.split("/")]
    if len(folders) != 1 or astray or len(set(names)) != len(names):
        raise InputError(f"{archive}: no archive of `mirrorjax export`: expected one folder, with {SUMS} in it")
    return folders.pop()


def _sums(archive: Path, packed: zipfile.ZipFile, folder: str) -> dict[str, str]:
    try:
        with packed.open(f"{folder}/{SUMS}") as opened:
            lines = opened.read(_LONGEST_SUMS).decode().splitlines()
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    except (KeyError, ValueError) as error:
        raise InputError(f"{archive}: no archive of `mirrorjax export`: {SUMS} is missing, or none") from error


def _differences(packed: zipfile.ZipFile, folder: str, sums: dict[str, str]) -> Iterator[tuple[str, str]]:
    there = {name.removeprefix(f"{folder}/") for name in packed.namelist() if not name.endswith("/")} - {SUMS}
    for name in sorted(there | sums.keys()):
        shown = printable(name)
        if name not in there:
            yield shown, f"is missing, which {SUMS} lists"
        elif name not in sums:
            yield shown, f"is not listed in {SUMS}"
        else:
            try:
                with packed.open(f"{folder}/{name}") as opened:
                    digest = _digest_of(opened)
            except _BROKEN as error:
                yield shown, f"differs from what was exported: {error}"
                continue
            if digest != sums[name]:
                yield shown, f"differs from what was exported: its hash is not that of {SUMS}"


def _digest_of(source: IO[bytes], copy: IO[bytes] | None = None) -> str:
    digest = hashlib.sha256()
    while piece := source.read(_PIECE):
        digest.update(piece)
        if copy is not None:
            copy.write(piece)
    return digest.hexdigest()
