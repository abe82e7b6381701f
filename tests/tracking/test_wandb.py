"""W&B: runs read back with its own tool, the choice of the mode, and what happens when it fails."""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import wandb
from PIL import Image

from mirrorjax.errors import InputError
from mirrorjax.results.read import Results
from mirrorjax.tracking import wandb as tracking
from mirrorjax.tracking.cells import cells
from mirrorjax.tracking.keys import OF_REGIMES, SECTIONS, WITHOUT_PANEL
from mirrorjax.tracking.metrics import MAX_KEYS, population_metrics
from mirrorjax.tracking.recorder import run_tags
from mirrorjax.tracking.wandb import WandbTracker, choose_mode
from tests.tracking.cases import population, record_columns
from tests.tracking.wandb_server import Server

KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module", autouse=True)
def service() -> Iterator[None]:
    """Ends W&B's own process, which the runs of this module share."""
    yield
    wandb.teardown()


def inspect(folder: Path) -> dict[str, list[Any]]:
    """The records of the one run in a population's folder, by type."""
    (run,) = (folder / "wandb").glob("offline-run-*")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(run)]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    records: dict[str, list[Any]] = {}
    for line in output.splitlines():
        record = json.loads(line)
        records.setdefault(record["type"], []).append(record.get(record["type"]))
    return records


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("setting", "env", "has_key", "mode"),
    [
        ("online", {"WANDB_MODE": "disabled"}, False, "online"),
        ("offline", {"WANDB_MODE": "online"}, True, "offline"),
        ("disabled", {}, True, "disabled"),
        (None, {"WANDB_MODE": "online"}, False, "online"),
        (None, {"WANDB_MODE": "offline"}, True, "offline"),
        (None, {"WANDB_MODE": "dryrun"}, True, "offline"),
        ("", {"WANDB_MODE": "disabled"}, True, "disabled"),
        (None, {"WANDB_MODE": ""}, True, "online"),
        (None, {}, True, "online"),
        (None, {}, False, "offline"),
    ],
)
def test_choose_mode(setting: str | None, env: dict[str, str], has_key: bool, mode: str):
    assert choose_mode(setting, env, lambda: has_key) == mode


def test_a_process_that_is_stopped_does_not_use_up_the_time():
    """Ctrl-Z: a wait that ends late counts as the second that it was to last."""

    class Worker(threading.Thread):
        waits: ClassVar[list[float]] = []

        def join(self, timeout: float | None = None) -> None:
            self.waits.append(timeout or 0)

    tracking._wait_for(Worker(), tracking.LOG_SECONDS)
    assert max(Worker.waits) <= 1 and sum(Worker.waits) == pytest.approx(tracking.LOG_SECONDS)


@pytest.mark.parametrize(
    ("setting", "env", "named"), [("on", {}, "tracker.mode"), (None, {"WANDB_MODE": "x"}, "WANDB_MODE")]
)
def test_an_unknown_mode_is_an_error(setting: str | None, env: dict[str, str], named: str):
    with pytest.raises(InputError, match=f"{named}: '.*'; allowed: online, offline, disabled"):
        choose_mode(setting, env, lambda: True)


def test_a_key_is_not_looked_for_where_the_mode_is_given():
    assert choose_mode("offline", {}, lambda: pytest.fail("asked")) == "offline"


def test_disabled_does_not_import_wandb(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from mirrorjax.tracking.wandb import WandbTracker\n"
        f"tracker = WandbTracker.start(Path({str(tmp_path)!r}), project='p', config={{}}, mode='disabled')\n"
        "tracker.log_checkpoint({}, 0, 0.0); tracker.finish()\n"
        "print([name for name in ('wandb', 'hydra', 'jax') if name in sys.modules], tracker.on)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[] False"
    assert list(tmp_path.iterdir()) == []


def test_an_offline_run_reads_back_as_logged(tmp_path: Path):
    store = population(tmp_path / "1c9e0b7d52aa", members=300, checkpoints=3)
    Image.new("RGB", (8, 8)).save(tmp_path / "diagram.png")
    (tmp_path / "diagram.html").write_text("<html>diagram</html>")
    tracker = WandbTracker.start(
        store.folder,
        project="frogs",
        group="quickstart-3f2a91c0",
        name="depth 2",
        tags=["paper"],
        config={"model": {"depth": 2}, "members": 300},
        mode="offline",
    )
    for checkpoint in range(3):
        records = record_columns(300, 100 * checkpoint)
        tracker.log_checkpoint(records, 100 * checkpoint, checkpoint / 2, {"model_steps_per_second": 1e5 + checkpoint})
    table = cells(Results.open(store.folder))
    images = {"phase_diagram": tmp_path / "diagram.png"}
    tracker.finish(store.parquet_files, images, tmp_path / "diagram.html", table)
    assert not tracker.on
    assert "WANDB_DATA_DIR" not in os.environ

    read = inspect(store.folder)
    (run,) = read["run"]
    assert (run["project"], run["run_group"], run["tags"]) == ("frogs", "quickstart-3f2a91c0", ["paper"])
    assert {"model": {"depth": 2}, "members": 300}.items() <= run["config"]["update"].items()
    sections = {found["glob_name"]: found["step_metric"] for found in read["metric"] if "glob_name" in found}
    assert sections == {f"{section}/*": "checkpoint/epoch" for section in (*SECTIONS, *OF_REGIMES)}
    unseen = {found["name"] for found in read["metric"] if found.get("options", {}).get("hidden")}
    assert unseen == {*WITHOUT_PANEL, "checkpoint/epoch", "checkpoint/step"}
    rows = [row["item"] for row in read["history"]]
    assert len(rows) == 4, "three checkpoints and the end"
    for checkpoint, row in enumerate(rows[:3]):
        assert (row["checkpoint/step"], row["checkpoint/epoch"]) == (100 * checkpoint, checkpoint / 2)
        logged = population_metrics(record_columns(300, 100 * checkpoint), {"model_steps_per_second": 1e5 + checkpoint})
        for key, value in logged.items():
            if isinstance(value, tuple):
                assert row[f"{key}.values"] == value[0].tolist()
                assert row[f"{key}.bins"] == value[1].tolist()
            else:
                assert row[key] == value
    keys = {key.split(".")[0] for row in rows for key in row if not key.startswith("_")}
    assert {"final/phase_diagram", "final/phase_diagram_html", "final/cells"} <= keys
    assert len(keys) <= MAX_KEYS
    assert rows[3]["final/cells.nrows"] == 2
    artifact = next(found for found in read["artifact"] if found["type"] == "results")
    assert artifact["name"] == "results-1c9e0b7d52aa"
    contents = {entry["path"]: entry["local_path"] for entry in artifact["manifest"]["contents"]}
    assert contents == {str(file.relative_to(store.folder)): str(file) for file in store.parquet_files}
    staged = [entry["local_path"] for found in read["artifact"] for entry in found["manifest"]["contents"]]
    assert all(Path(path).is_relative_to(store.folder) for path in staged)
    assert [found["exit_code"] for found in read["exit"]] == [0]


def test_a_resumed_run_goes_on_with_the_names_that_it_began_with(tmp_path: Path):
    for folder, marked in ((tmp_path / "old", False), (tmp_path / "new", True)):
        (folder / "wandb").mkdir(parents=True)
        (folder / "wandb" / "run-id").write_text("0123456789ab")
        if marked:
            (folder / "wandb" / "keys-by-section").touch()
        records = record_columns() | {"mirror": np.ones(6)}
        tracker = WandbTracker.start(folder, project="frogs", config={}, mode="offline")
        tracker.log_checkpoint(records, 5, 0.5, {"model_steps_per_second": 1.0})
        tracker.finish()
    (old,), (new,) = (inspect(tmp_path / name)["history"] for name in ("old", "new"))
    expected = population_metrics(record_columns(), {"model_steps_per_second": 1.0})
    assert old["item"]["pop/cmni_median"] == new["item"]["cmni/cmni_median"] == expected["cmni/cmni_median"]
    assert old["item"]["pop/model_steps_per_second"] == new["item"]["speed/model_steps_per_second"] == 1
    assert "pop/share_mirror" not in old["item"], "it was of all networks asked, and this one is of those that learnt"
    assert old["item"]["verdict/share_mirror"] == new["item"]["verdict/share_mirror"] == 1
    assert not [name for name in new["item"] if name.startswith("pop/")]


def test_tags():
    commit = "d74ce9e0123456789abcdef0123456789abcdef0"
    resolved = {"size": "small", "regime": {"name": "supervised"}}
    tags = run_tags({"experiment": "capacity", "commit": commit}, resolved, ["mine", "capacity"])
    assert tags == ["capacity", "small", "supervised", "d74ce9e", "mine"]
    tags = run_tags({"experiment": "x" * 99, "commit": f"{commit}+changes"}, {}, [])
    assert tags == ["x" * 64, "d74ce9e+changes"], "W&B takes 64 letters"
    assert run_tags({"experiment": "smoke", "commit": None}, {}, []) == ["smoke"]


def test_two_runs_in_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for number in range(2):
        folder = Path(f"population{number}")
        folder.mkdir()
        (folder / "members.parquet").write_bytes(b"any")
        tracker = WandbTracker.start(folder, project="frogs", config={"number": number}, mode="offline")
        assert tracker.on
        tracker.log_checkpoint(record_columns(5, number), number, 0.5)
        tracker.finish([folder / "members.parquet"], exit_code=number)
    for number in range(2):
        read = inspect(tmp_path / f"population{number}")
        (row,) = read["history"]
        (entry,) = read["artifact"][0]["manifest"]["contents"]
        assert entry["local_path"] == str(tmp_path / f"population{number}" / "members.parquet")
        assert row["item"]["checkpoint/step"] == number
        assert row["step"] == {"num": 0}
        assert read["exit"][0].get("exit_code", 0) == number


def test_the_key_goes_into_no_file_and_no_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    config = {"note": f"export KEY={KEY}", "nested": {"list": [KEY, 1]}}
    tracker = WandbTracker.start(tmp_path, project="frogs", config=config, mode="offline")
    tracker.log_checkpoint(record_columns(), 0, 0.0)
    tracker.finish()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert any(b"export KEY=***" in file.read_bytes() for file in files)
    assert not any(KEY.encode() in file.read_bytes() for file in files)

    def refuse(**_: object) -> None:
        raise RuntimeError(f"bad key {KEY}\nand more")

    monkeypatch.setattr(wandb, "init", refuse)
    WandbTracker.start(tmp_path, project="frogs", config={}, mode="offline")
    assert KEY not in caplog.text
    assert "bad key ***" in caplog.text


class FakeRun:
    """A run of which one call fails, as `failure` does."""

    url = None

    def __init__(self, failing: str, failure: Any):
        self.calls: list[str] = []
        self._failing, self._failure = failing, failure

    def __getattr__(self, name: str) -> Any:
        def call(*_: object, **__: object) -> None:
            self.calls.append(name)
            if name == self._failing:
                self._failure()

        return call


def broken(*_: object, **__: object) -> None:
    raise OSError("service is gone")


def hanging(*_: object, **__: object) -> None:
    threading.Event().wait(20)


@pytest.mark.parametrize("failure", [broken, hanging])
@pytest.mark.parametrize("failing", ["init", "log", "log_artifact", "finish"])
def test_a_failure_is_one_warning_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failing: str, failure: Any
):
    for limit in ("INIT_SECONDS", "LOG_SECONDS", "FINISH_SECONDS", "_GRACE_SECONDS"):
        monkeypatch.setattr(tracking, limit, 0.5)
    run = FakeRun(failing, failure)
    monkeypatch.setattr(wandb, "init", failure if failing == "init" else lambda **_: run)
    store = population(tmp_path / "population", checkpoints=1)
    began = time.monotonic()
    tracker = WandbTracker.start(store.folder, project="frogs", config={}, mode="offline")
    for step in range(3):
        tracker.log_checkpoint(record_columns(), step, 0.0)
    tracker.finish(store.parquet_files)
    tracker.finish()
    assert time.monotonic() - began < 10
    assert not tracker.on
    (warning,) = warnings_of(caplog)
    assert warning.startswith("W&B is off for this population (")
    assert ("service is gone" if failure is broken else "not done after") in warning
    expected = {"init": 0, "log": 1, "log_artifact": 3, "finish": 3}[failing]
    assert run.calls.count("log") == expected, "once off, it is called no more"
    assert "WANDB_DATA_DIR" not in os.environ


def test_a_missing_figure_does_not_keep_the_run_from_finishing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    run = FakeRun("none", broken)
    monkeypatch.setattr(wandb, "init", lambda **_: run)
    tracker = WandbTracker.start(tmp_path, project="frogs", config={}, mode="offline")
    tracker.finish(html=tmp_path / "missing.html")
    assert run.calls[-1] == "finish"
    assert len(warnings_of(caplog)) == 1


def test_online_without_a_key_records_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    modes = []
    monkeypatch.setattr(tracking, "has_api_key", lambda: False)
    monkeypatch.setattr(wandb, "init", lambda **given: modes.append(given["mode"]))
    assert WandbTracker.start(tmp_path, project="frogs", config={}, mode="online").mode == "offline"
    assert modes == ["offline"]
    assert "no key" in warnings_of(caplog)[0]


def test_a_malformed_key_is_none(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setenv("WANDB_API_KEY", "too-short")
    assert not tracking.has_api_key()
    (warning,) = warnings_of(caplog)
    assert warning.startswith("W&B: no usable key: ")
    assert "too-short" not in warning


ONLINE = """
import logging, sys, time
from pathlib import Path
from mirrorjax.tracking import wandb as tracking
from tests.tracking.cases import record_columns
logging.basicConfig(level=logging.INFO, format="%(message)s")
logging.getLogger("opentelemetry").disabled = True
tracking.FINISH_SECONDS = float(sys.argv[3])
tracker = tracking.WandbTracker.start(Path(sys.argv[1]), project="frogs", config={"depth": 2}, mode=sys.argv[2])
tracker.log_checkpoint(record_columns(9, 5), 5, 0.5)
print("logged", tracker.mode, tracker.url, flush=True)
input()
began = time.monotonic()
tracker.finish()
print("seconds", time.monotonic() - began, flush=True)
"""


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()
    yield served
    served.close()


def start_online(server: Server, folder: Path, mode: str, limit: float, **env: str) -> subprocess.Popen[str]:
    """A process that has logged a checkpoint and waits for a line of input to finish."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    ours = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": KEY, "HOME": str(folder / "home")}
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", ONLINE, str(folder), mode, str(limit)]
    process = subprocess.Popen(command, env=kept | ours | env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"logged online {server.url}/me/frogs/runs/run1\n"
    return process


@pytest.mark.parametrize(("mode", "env"), [("", {}), ("online", {"WANDB_MODE": "offline"})])
def test_online_reaches_the_server(server: Server, tmp_path: Path, mode: str, env: dict[str, str]):
    process = start_online(server, tmp_path, mode, 30.0, **env)
    output, errors = process.communicate("\n", timeout=60)
    assert output.startswith("seconds ")
    assert errors.strip() == f"W&B run: {server.url}/me/frogs/runs/run1"
    (row,) = [row for row in server.history if "checkpoint/step" in row]
    assert row["cmni/cmni_median"] == population_metrics(record_columns(9, 5))["cmni/cmni_median"]
    assert "config.yaml" in server.uploads


def test_a_server_that_stops_answering_does_not_hold_up_the_end(server: Server, tmp_path: Path):
    process = start_online(server, tmp_path, "", 1.0)
    server.answers.clear()
    assert process.stdin is not None and process.stdout is not None and process.stderr is not None
    process.stdin.write("\n")
    process.stdin.flush()
    seconds = float(process.stdout.readline().split()[1])
    process.kill()  # its end is bounded too, but takes W&B ten seconds more
    errors = process.communicate()[1].splitlines()
    assert 0.9 < seconds < 10
    assert errors[1].startswith("W&B is off for this population (finish: Timed out finishing run")
    assert len(errors) == 2
