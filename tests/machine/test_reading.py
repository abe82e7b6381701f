"""A results folder is data: whatever its files hold is refused or named in one line, and nothing in it is looked up."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mirrorjax.errors import InputError, printable
from mirrorjax.launch.cli import main
from mirrorjax.launch.status import read_status, table
from mirrorjax.machine.log import event, written_to
from mirrorjax.machine.reading import (
    COUNT,
    FINITE,
    LARGEST,
    NAME,
    OBJECT,
    TEXT,
    Each,
    Fields,
    Newer,
    read_json,
    read_yaml,
)
from mirrorjax.report.read.populations import load
from mirrorjax.results.extension import extended
from mirrorjax.results.jobs import note_rounds, note_sweep, rounds_of
from mirrorjax.results.lock import locked
from mirrorjax.results.read import Results
from mirrorjax.results.store import Store
from mirrorjax.settings.schema import Config, literal, stored
from tests.tracking.cases import population

SECRET = "not for anybody's eyes"
ESCAPE = "\x1b]0;planted\x07\x1b[2J"
JOB = "1c9e0b7d52aa"
MANIFEST = {"format": 1, "status": "running", "members": 6, "dataset": {"hash": "d", "counts": {}}}
PROGRESS = {"pid": 1, "host": "h", "updated": "2026-01-01T00:00:00+00:00", "phase": "training", "model_steps": 5}
SWEEP = {"name": "s", "command": ["mirrorjax"], "jobs": [{"job": JOB, "members": 6, "model_steps": 10}]}
FILES = {
    "sweep.json": SWEEP,
    f"{JOB}/manifest.json": MANIFEST,
    f"{JOB}/progress.json": PROGRESS,
    f"failures/{JOB}.json": {"job": JOB, "error": "no room"},
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of one population that was interrupted; to be read only."""
    sweep = tmp_path_factory.mktemp("whole") / "sweep"
    store = population(sweep / JOB)
    (store.folder / "DONE").unlink()
    (sweep / "failures").mkdir()
    for name, content in FILES.items():
        (sweep / name).write_text(json.dumps(content))
    return sweep


@pytest.fixture
def sweep(whole: Path, tmp_path: Path) -> Path:
    """The same, to be damaged: files of its own beside links to the tables."""
    for file in (each for each in whole.rglob("*") if each.is_file()):
        place = tmp_path / "sweep" / file.relative_to(whole)
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".parquet":
            place.symlink_to(file)
        else:
            place.write_bytes(file.read_bytes())
    return tmp_path / "sweep"


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def link(file: Path) -> None:
    elsewhere = file.with_name("elsewhere")
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def huge(file: Path) -> None:
    os.truncate(file, 200 << 20)


def text(content: str) -> Callable[[Path], object]:
    return lambda file: file.write_text(content)


OF_ANY: dict[str, Callable[[Path], object]] = {
    "a list": text("[]"),
    "null": text("null"),
    "torn": text('{"status": '),
    "deep": text('{"a": ' + nested(60) + "}"),
    "very deep": text('{"a": ' + nested(100_000) + "}"),
    "no UTF-8": lambda file: file.write_bytes(b'{"a": "\xff\xfe"}'),
    "a whole number beyond all bounds": text('{"a": ' + "9" * 400 + "}"),
    "a format that is none": text('{"format": "new"}'),
    "200 MB": huge,
    "a pipe": fifo,
    "a link": link,
    "a folder": folder,
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", OF_ANY)
def test_any_damage_of_any_file_is_one_line(name: str, damage: str, sweep: Path):
    OF_ANY[damage](sweep / name)
    status = read_status(sweep)
    assert [problem for problem in status.problems if not problem.startswith(f"{sweep / name}: ")] == []
    assert len(status.problems) == 1 and "\n" not in status.problems[0]
    assert table(status)[-1] == status.problems[0]
    if name in ("sweep.json", f"{JOB}/manifest.json"):
        loaded = load(sweep)
        assert [each.name for each in loaded.populations] == [JOB]
        assert [each for each in loaded.problems if name in each], "the report names it too"


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        *((name, "format", value) for name in FILES for value in (True, -1, "1")),
        *(("sweep.json", "jobs", value) for value in (5, {}, [5], [{"job": 5}], [{"job": None}])),
        *(("sweep.json", "jobs", [{"job": job}]) for job in ("", "..", "../other", "/etc", "a/b", "a\n", "x" * 300)),
        *(("sweep.json", "jobs", [{"job": JOB, **each}]) for each in ({"overrides": "a"}, {"overrides": [1]})),
        *(("sweep.json", "jobs", [{"job": JOB, "members": each}]) for each in ("6", True, -6, 1.5)),
        *(("sweep.json", name, value) for name in ("command", "overrides") for value in ("mirrorjax", [["a"]])),
        ("sweep.json", "name", ["s"]),
        *((f"{JOB}/manifest.json", "members", value) for value in ("6", True, -1, float("nan"), [6])),
        *((f"{JOB}/manifest.json", name, [1]) for name in ("versions", "dataset", "device", "seconds")),
        (f"{JOB}/manifest.json", "dataset", {"hash": 5}),
        (f"{JOB}/manifest.json", "checkpoints", [0, float("inf")]),
        (f"{JOB}/manifest.json", "seconds", {"total": "long"}),
        (f"{JOB}/manifest.json", "extends", "aaaa"),
        (f"{JOB}/manifest.json", "created", 5),
        *((f"{JOB}/progress.json", name, "many") for name in ("pid", "model_steps", "checkpoint", "epoch")),
        *((f"{JOB}/progress.json", "seconds_left", value) for value in (float("nan"), float("inf"), 1e300, "1")),
        (f"{JOB}/progress.json", "updated", 5),
        (f"failures/{JOB}.json", "error", {"a": 1}),
    ],
    ids=str,
)
def test_a_wrong_value_is_named_with_what_is_allowed(name: str, field: str, value: Any, sweep: Path):
    (sweep / name).write_text(json.dumps({**FILES[name], field: value}))
    (problem,) = read_status(sweep).problems
    assert problem.startswith(f"{sweep / name}: damaged: {field}") and "; allowed: " in problem
    assert [line for line in table(read_status(sweep)) if "\n" in line] == []


def test_values_that_may_be_missing_are_no_problem(sweep: Path):
    for name, content in FILES.items():
        (sweep / name).write_text(json.dumps({**dict.fromkeys(content), "format": None, "later": {"x": [1]}}))
    assert read_status(sweep).problems == []
    assert load(sweep).problems == []


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (BOMB, "line 1 has an anchor, an alias or a tag"),
        ("name: !!python/object/apply:os.getcwd []", "line 1 has an anchor, an alias or a tag"),
        ("name: !!binary aGk=", "line 1 has an anchor, an alias or a tag"),
        ("name: a\nname: b", "line 2 has a name that is none, or is there twice"),
        ("a: " + "{a: " * 100 + "}" * 100, "nested more than 24 deep"),
        ("[" * 100_000, "nested more than 24 deep"),
        ("- a", "it holds a list of 1; allowed: an object"),
        ("tracker: [a]", "tracker is a list of 1; allowed: an object"),
        ("a: 1\n---\nb: 2", "it holds several documents"),
        ("a: 1\n\tb: 2", "found a tab character"),
        ("", "it holds null; allowed: an object"),
    ],
)
def test_a_config_that_is_no_plain_data_is_named(content: str, why: str, sweep: Path):
    file = sweep / JOB / "config.yaml"
    file.write_text(content)
    results = Results.open(sweep)
    assert results.populations[0].config == {}
    (problem,) = results.problems
    assert problem.startswith(f"{file}: damaged") and why in problem


def test_yaml_is_read_as_it_was_written(tmp_path: Path):
    from omegaconf import OmegaConf

    config = OmegaConf.structured(Config(name="${oc.env:SECRET_TOKEN}"))
    config.tracker.tags = [
        "yes",
        "1",
        "1e5",
        "null",
        "a\nb",
        "é ✓",
        "",
        "~",
        "0x1f",
        "12:30",
        "- a",
        ".inf",
        "2020-01-01",
    ]
    config.population.axes.learning_rate = [1e-5, 2.5e-9, 1e20, 0.5, 4.0, float("inf")]
    (tmp_path / "config.yaml").write_text(OmegaConf.to_yaml(config))
    assert read_yaml(tmp_path / "config.yaml", OBJECT) == OmegaConf.to_container(config)


def test_nothing_in_a_config_is_looked_up_and_no_secret_shown(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Of the report `test_security.py` says the same."""
    monkeypatch.setenv("SECRET_TOKEN", SECRET)
    (sweep / JOB / "config.yaml").write_text(f"name: ${{oc.env:SECRET_TOKEN}}\ntracker: {{entity: {SECRET}}}\n")
    (sweep / "sweep.json").write_text(json.dumps({**SWEEP, "command": ["mirrorjax", SECRET]}))
    (sweep / JOB / "manifest.json").write_text(json.dumps({**MANIFEST, "commit": f"is {SECRET}"}))
    (found,) = Results.open(sweep).populations
    assert found.config == {"name": "${oc.env:SECRET_TOKEN}", "tracker": {"entity": "***"}}
    assert stored(found.config).name == "${oc.env:SECRET_TOKEN}"
    assert found.manifest["commit"] == "is ***"
    assert main(["status", str(sweep)]) == 0
    assert capsys.readouterr().out.endswith(": mirrorjax ***\n")


@pytest.mark.parametrize("given", ["${oc.env:HOME}", "\\${a}", "\\\\${a}\\", "${", "a ${b:${c}} \\ d", "$", "\\"])
def test_literal_texts_come_out_as_they_went_in(given: str):
    assert stored({"name": given, "tracker": {"tags": [given]}}).tracker.tags == [given]
    assert stored({"name": given}).name == given
    assert literal({"a": [1, None, 2.5]}) == {"a": [1, None, 2.5]}
    with pytest.raises(InputError, match=r"config\.yaml: "):
        stored({"model": {"width": "${oc.env:HOME}"}})


def test_terminal_escapes_do_not_reach_the_terminal(sweep: Path, capsys: pytest.CaptureFixture[str]):
    jobs = [{"job": JOB, "overrides": [ESCAPE]}, {"job": "aaaa", "overrides": []}]
    (sweep / "sweep.json").write_text(json.dumps({"name": ESCAPE, "command": [ESCAPE], "jobs": jobs}))
    (sweep / f"failures/{JOB}.json").write_text(json.dumps({"error": f"{ESCAPE}\nmore \ud800"}))
    (sweep / JOB / "progress.json").write_text(json.dumps({**PROGRESS, "phase": ESCAPE, "pid": ESCAPE}))
    (sweep / ESCAPE.replace("/", "")).mkdir()
    (sweep / ESCAPE / "manifest.json").write_text("{}")
    (sweep / JOB / "records" / f"{ESCAPE}.txt").touch()
    assert main(["status", str(sweep)]) == 0
    assert main(["report", str(sweep), "--member", ESCAPE]) == 2
    out, err = capsys.readouterr()
    assert "\\x1b]0;planted\\x07" in out and "\\x1b]0;planted\\x07" in err
    assert [letter for letter in out + err if letter != "\n" and not letter.isprintable()] == []
    assert ESCAPE not in "".join(load(sweep).problems)
    assert str(InputError(f"a\u202eb\u2028{ESCAPE}")) == printable(f"a\u202eb\u2028{ESCAPE}")


def test_what_is_damaged_of_a_sweep_that_goes_on(sweep: Path, caplog: pytest.LogCaptureFixture):
    """sweep.json and rounds follow from the command, so they are written anew; the members of an extension do not."""
    (sweep / "sweep.json").write_text("[")
    note_sweep(sweep, SWEEP)
    assert json.loads((sweep / "sweep.json").read_text()) == SWEEP
    note_rounds(sweep, JOB, [])
    (sweep / "refined" / f"{JOB}.json").write_text('{"rounds": [{"job": "../other"}]}')
    assert rounds_of(sweep, JOB) == []
    first, second = caplog.messages
    assert first.startswith(f"{sweep}/sweep.json: damaged, no JSON: ") and second.endswith("; it is written anew")
    (sweep / JOB / "manifest.json").write_text('{"extends": 5}')
    with pytest.raises(InputError, match=rf"{JOB}/manifest.json: damaged: extends is 5; allowed: a list"):
        extended(sweep, {}, "d", JOB)


def test_a_later_format_is_refused_by_name(sweep: Path, capsys: pytest.CaptureFixture[str]):
    line = "format 2, of a later version of mirrorjax; this one reads up to format 1"
    manifest = sweep / JOB / "manifest.json"
    manifest.write_text(json.dumps({**MANIFEST, "format": 2, "members": "as it pleases"}))
    for command in (
        ["report"],
        ["inspect"],
        ["paper-tables"],
        ["play", "--results"],
        ["dashboard", "push", "--dry-run"],
    ):
        assert main([*command, str(sweep)]) == 2
        assert capsys.readouterr().err == f"error: {manifest}: {line}\n"
    assert read_status(sweep).problems == [f"{manifest}: {line}"]
    with pytest.raises(Newer, match="format 2"):
        Store.create(sweep / JOB)  # as a sweep that is to go on
    (sweep / "sweep.json").write_text('{"format": 2}')
    with pytest.raises(Newer, match=r"sweep\.json: format 2"):
        note_sweep(sweep, SWEEP)


def test_a_link_is_not_written_through(sweep: Path, caplog: pytest.LogCaptureFixture):
    precious = sweep / "precious"
    for name in (".lock", "log.jsonl"):
        precious.write_text("as it was")
        place = sweep / JOB / name
        place.symlink_to(precious)
    with pytest.raises(InputError, match="results cannot be written here"), locked(sweep / JOB):
        pass
    with written_to(sweep / JOB / "log.jsonl"):
        event("started", "not to be written")
    assert "log.jsonl: cannot be written: a link or a pipe is in the way" in caplog.text
    assert precious.read_text() == "as it was"


KIND = Fields(must={"a": COUNT}, may={"b": Each(TEXT), "c": Each(FINITE, dict), "d": Fields(must={"e": NAME})})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({}, "it lacks a"),
        ({"a": None}, "a is null; allowed: a whole number, 0 or more"),
        ({"a": 1.0}, "a is 1.0; allowed: a whole number, 0 or more"),
        ({"a": 1, "b": ["x", 2]}, "b.1 is 2; allowed: text"),
        ({"a": 1, "c": {"x": False}}, "c.x is false; allowed: a finite number"),
        ({"a": 1, "d": {}}, "d lacks e"),
        ({"a": 1, "d": {"e": "x" * 100}}, None),
        ({"a": 1, "d": {"e": "é" * 100}}, "allowed: a name of letters, digits, - and _"),
        ({"a": 1, "b": None, "c": {}, "other": "x"}, None),
    ],
)
def test_a_description_says_what_fits(content: dict[str, Any], why: str | None, tmp_path: Path):
    file = tmp_path / "file.json"
    file.write_text(json.dumps(content))
    if why is None:
        assert read_json(file, KIND) == content
    else:
        with pytest.raises(InputError, match=f"{file}: damaged: .*{why}"):
            read_json(file, KIND)


def test_a_file_of_the_largest_size_is_read(tmp_path: Path):
    (tmp_path / "file.json").write_text('{"a": 1}'.ljust(LARGEST))
    assert read_json(tmp_path / "file.json", KIND) == {"a": 1}
    (tmp_path / "file.json").write_text('{"a": 1}'.ljust(LARGEST + 1))
    with pytest.raises(InputError, match="16,777,217 bytes; allowed: at most 16,777,216"):
        read_json(tmp_path / "file.json", KIND)
