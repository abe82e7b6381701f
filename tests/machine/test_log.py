"""Events: what people see, what machines read, and what neither is ever given."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mirrorjax.machine.log import event, logger, shown_to_people, written_to

KEY = "0123456789abcdef" * 3


def some_events() -> None:
    event("compile", "compiled in 2 s", level=logging.DEBUG, seconds=2.0)
    event("checkpoint", "checkpoint 1", shown=True, checkpoint=1)
    event("started", "training 100 %", members=3)
    event("wandb", "W&B is off", level=logging.WARNING)


@pytest.mark.parametrize(
    ("verbosity", "shown"),
    [("quiet", []), ("normal", ["training 100 %"]), ("debug", ["compiled in 2 s", "training 100 %"])],
)
def test_what_people_see(verbosity: str, shown: list[str], capsys: pytest.CaptureFixture[str]):
    lines: list[str] = []
    with shown_to_people(lines.append, verbosity):
        some_events()
    event("started", "after the block")
    assert lines == shown
    assert capsys.readouterr().err == "warning: W&B is off\n"


def test_a_line_of_json_for_each_event_whatever_is_shown(tmp_path: Path):
    before = datetime.now(UTC)
    level = logger.level
    with shown_to_people(lambda text: None, "quiet"), written_to(tmp_path / "log.jsonl"):
        some_events()
    assert (logger.level, logger.handlers) == (level, [])
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["level"], line["event"], line["message"]) for line in lines] == [
        ("debug", "compile", "compiled in 2 s"),
        ("info", "checkpoint", "checkpoint 1"),
        ("info", "started", "training 100 %"),
        ("warning", "wandb", "W&B is off"),
    ]
    assert [lines[0]["seconds"], lines[1]["checkpoint"], lines[2]["members"]] == [2.0, 1, 3]
    for line in lines:
        time = datetime.fromisoformat(line["time"])
        assert time.utcoffset() == timedelta(0)
        assert before - timedelta(seconds=1) <= time <= datetime.now(UTC)


def test_a_torn_line_costs_no_other(tmp_path: Path):
    file = tmp_path / "log.jsonl"
    file.write_text('{"event": "sta')
    with written_to(file):
        event("started", "again")
    torn, whole = file.read_text().splitlines()
    assert torn == '{"event": "sta'
    assert json.loads(whole)["message"] == "again"


def test_a_full_disk_ends_the_log_and_nothing_else(caplog: pytest.LogCaptureFixture):
    with written_to(Path("/dev/full")):
        event("started", "not to be written")
        event("checkpoint", "nor this")
    lost = "/dev/full: cannot be written: No space left on device; further events are only shown"
    assert sorted(record.getMessage() for record in caplog.records) == sorted([lost, "not to be written", "nor this"])


def test_a_log_that_cannot_be_opened_ends_nothing_either(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "log.jsonl").mkdir()
    with written_to(tmp_path / "log.jsonl"):
        event("started", "all the same")
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/log.jsonl: cannot be written: Is a directory; further events are only shown",
        "all the same",
    ]


def test_secrets_are_starred_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password open-sesame-42\n")
    lines: list[str] = []
    with shown_to_people(lines.append, "normal"), written_to(tmp_path / "log.jsonl"):
        event("wandb", f"key {KEY}", answer={"headers": [f"Bearer {KEY}", "open-sesame-42"]})
        event("wandb", f"no access with {KEY}", level=logging.ERROR)
        try:
            raise RuntimeError(KEY)
        except RuntimeError:
            logger.exception("failed")
    logged = (tmp_path / "log.jsonl").read_text()
    assert lines == ["key ***"]
    assert capsys.readouterr().err == "error: no access with ***\nerror: failed\n"
    assert KEY not in logged and "open-sesame-42" not in logged
    first, _, last = map(json.loads, logged.splitlines())
    assert first["answer"] == {"headers": ["Bearer ***", "***"]}
    assert last["traceback"].endswith("RuntimeError: ***\n")
