"""The workspace and the report: they show keys that runs log, of the sweeps that were named."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wandb

from mirrorjax.errors import InputError
from mirrorjax.launch.cli import main
from mirrorjax.results.read import Results
from mirrorjax.tracking import dashboard
from mirrorjax.tracking.cells import cells
from mirrorjax.tracking.keys import MIRROR, QUANTITIES, key, run_files
from mirrorjax.tracking.wandb import WandbTracker
from tests.tracking.cases import population, record_columns
from tests.tracking.test_wandb import KEY
from tests.tracking.wandb_server import Server


@pytest.fixture
def sweeps(tmp_path: Path) -> list[Path]:
    """Two, of one population each."""
    folders = [tmp_path / "capacity-0a1b2c3d", tmp_path / "data-4e5f6071"]
    for number, folder in enumerate(folders):
        population(folder / f"aaaa{number}")
    return folders


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(dashboard, "has_api_key", lambda: False)


def specification(sweeps: list[Path], **given: Any) -> dict[str, Any]:
    return json.loads(dashboard.push(sweeps, **{"entity": None, "project": None, "dry_run": True, "out": None} | given))


def panels(found: Any) -> Iterator[dict[str, Any]]:
    """Every panel of a workspace or report, wherever it is in there."""
    if isinstance(found, dict):
        if "viewType" in found:
            yield found
        else:
            for value in found.values():
                yield from panels(value)
    elif isinstance(found, list):
        for value in found:
            yield from panels(value)


def logged_keys(folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What a run of a population with all measures, figures and the table logs."""
    keys: set[str] = set()

    class Run:
        url = None

        def log(self, content: dict[str, Any]) -> None:
            keys.update(content)

        def __getattr__(self, _: str) -> Any:
            return lambda *_, **__: None

    monkeypatch.setattr(wandb, "init", lambda **_: Run())
    monkeypatch.setattr(wandb, "Image", str)
    tracker = WandbTracker.start(folder, project="frogs", config={}, mode="offline")
    everything = dict.fromkeys((*QUANTITIES, "mirror"), np.ones(6)) | record_columns(6)
    tracker.log_checkpoint(everything, 0, 0.0)
    page = folder / "diagram.html"
    page.write_text("<html></html>")
    tracker.finish(images={"phase_diagram": page, "phase_map": page}, html=page, table=cells(Results.open(folder)))
    return keys


def shown_keys(shown: Any) -> set[str]:
    """The keys of all panels; the table's name is deep in its expression."""
    keys: set[str] = set()
    for panel in panels(shown):
        config = panel["config"]
        keys |= {config["xAxis"]} if "xAxis" in config else set()
        keys |= {*config.get("metrics", ()), *config.get("mediaKeys", ())}
        if panel["viewType"] == "Weave":
            keys.add(config["panel2Config"]["exp"]["fromOp"]["inputs"]["key"]["val"])
    return keys


@pytest.mark.parametrize("part", ["workspace", "report"])
def test_every_panel_shows_what_runs_log(sweeps: list[Path], monkeypatch: pytest.MonkeyPatch, part: str):
    shown = shown_keys(specification(sweeps)[part])
    assert shown <= logged_keys(sweeps[0] / "aaaa0", monkeypatch)
    bands = {key(name, statistic) for name in QUANTITIES for statistic in ("median", "q05", "q95")}
    shares = {*MIRROR, "verdict/share_learnt", "cmni/share_robust", "loss/share_diverged"}
    figures = {"final/phase_diagram", "final/phase_map", "final/phase_diagram_html", "final/cells"}
    assert bands | shares | figures <= shown


@pytest.mark.parametrize("part", ["workspace", "report"])
def test_panels(sweeps: list[Path], part: str):
    found = list(panels(specification(sweeps)[part]))
    curves = {panel["config"]["chartTitle"]: panel["config"] for panel in found if "chartTitle" in panel["config"]}
    for words in ("CMNI", "MNI*", "SSI", "rescue accuracy", "excess error"):
        curve = curves[f"{words}: median, 5 % and 95 %"]
        assert curve["xAxis"] == "checkpoint/epoch"
        assert len(curve["metrics"]) == 3
    kinds = [panel["viewType"] for panel in found]
    assert (kinds.count("Media Browser"), kinds.count("Weave"), kinds.count("Run Comparer")) == (2, 1, 1)


def test_runs_are_those_of_the_sweeps_grouped_by_sweep(sweeps: list[Path]):
    made = specification(sweeps)
    names = [sweep.name for sweep in sweeps]
    assert made["sweeps"] == names
    (runs,) = made["workspace"]["section"]["runSets"]
    (only,) = runs["filters"]["filters"]
    assert (only["key"], only["op"], only["value"]) == ({"section": "run", "name": "group"}, "IN", names)
    assert runs["grouping"] == [{"section": "run", "name": "group"}]
    grids = [block["metadata"] for block in made["report"]["blocks"] if block["type"] == "panel-grid"]
    assert len(grids) == 5
    for grid in grids:
        assert [runs["name"] for runs in grid["runSets"]] == names
        assert [runs["filters"]["filters"][0]["value"] for runs in grid["runSets"]] == names


def test_runs_of_several_regimes_have_their_colours(sweeps: list[Path]):
    for sweep, regime, run in zip(sweeps, ("supervised", "overlap"), ("run1", "run2"), strict=True):
        (population,) = sweep.glob("aaaa*")
        (population / "config.yaml").write_text(f"regime:\n  name: {regime}\n")
        (population / "wandb").mkdir()
        for file, text in zip(run_files(population), (run, ""), strict=True):
            file.write_text(text)
    colours = {"supervised": "#0072b2", "overlap": "#cc79a7"}
    made = specification(sweeps, colours=colours)
    (runs,) = made["workspace"]["section"]["runSets"]
    assert runs["grouping"] == []
    of_runs = {"run1": "#0072b2", "run2": "#cc79a7"}
    assert made["workspace"]["section"]["customRunColors"] == of_runs
    grids = [block["metadata"] for block in made["report"]["blocks"] if block["type"] == "panel-grid"]
    assert all(grid["customRunColors"] == of_runs for grid in grids)
    assert specification(sweeps[:1], colours=colours)["workspace"]["section"]["runSets"][0]["grouping"] != []


def test_project_and_entity_are_the_sweeps_own(sweeps: list[Path]):
    made = specification(sweeps)
    assert (made["project"], made["entity"]) == ("mirrorjax", "")
    config = "tracker:\n  project: frogs\n  entity: lab\n"
    (sweeps[0] / "aaaa0" / "config.yaml").write_text(config)
    made = specification(sweeps[:1])
    assert (made["project"], made["entity"]) == ("frogs", "lab")
    with pytest.raises(InputError, match=r"--entity: the sweeps are in several, W&B's default, lab; give one of them"):
        specification(sweeps)
    with pytest.raises(InputError, match=r"--project: the sweeps are in several, frogs, mirrorjax"):
        specification(sweeps, entity="lab")
    made = specification(sweeps, entity="me", project="toads")
    assert (made["project"], made["entity"]) == ("toads", "me")


def test_a_renamed_sweep_and_a_lone_population(sweeps: list[Path]):
    (sweeps[0] / "sweep.json").write_text('{"name": "capacity-0a1b2c3d"}')
    renamed = sweeps[0].rename(sweeps[0].parent / "first")
    assert specification([renamed, sweeps[1] / "aaaa1"])["sweeps"] == ["capacity-0a1b2c3d", "data-4e5f6071"]


def test_a_title_is_never_too_long(sweeps: list[Path]):
    for number in range(20):
        population(sweeps[0].parent / f"phase_dependency_veil-{number}" / "aaaa", checkpoints=1)
    many = sorted(sweeps[0].parent.glob("phase_*"))
    title = specification(many)["title"]
    assert title == "mirrorjax: 20 sweeps, phase_dependency_veil-0 first"


@pytest.mark.parametrize("out", [None, "mine.json"])
def test_without_a_key_nothing_is_pushed_nor_lost(
    sweeps: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str | None
):
    monkeypatch.chdir(sweeps[0].parent)
    assert main(["dashboard", "push", *map(str, sweeps), *(["--out", out] if out else [])]) == 2
    captured = capsys.readouterr()
    file = out or "dashboard-capacity-0a1b2c3d.json"
    why = "W&B is offline (no key, or WANDB_MODE); `wandb login` stores a key"
    assert captured.err == f"error: dashboard: not pushed: {why}; what would have been pushed is in {file}\n"
    assert captured.out == ""
    assert json.loads(Path(file).read_text())["sweeps"] == [sweep.name for sweep in sweeps]


def test_a_dry_run_is_no_failure(sweeps: list[Path], capsys: pytest.CaptureFixture[str]):
    file = sweeps[0].parent / "dashboard.json"
    assert main(["dashboard", "push", *map(str, sweeps), "--dry-run", "--out", str(file)]) == 0
    assert capsys.readouterr().out.strip() == str(file)
    assert json.loads(file.read_text())["sweeps"] == [sweep.name for sweep in sweeps]


def test_runs_of_before_are_shown_by_their_old_names_too(sweeps: list[Path]):
    (sweeps[0] / "aaaa0" / "wandb").mkdir()
    (sweeps[0] / "aaaa0" / "wandb" / "run-id").write_text("0123456789ab")
    made = specification(sweeps)
    for part in ("workspace", "report"):
        shown = shown_keys(made[part])
        assert {"cmni/cmni_median", "pop/cmni_median", "pop/cmni_q05", "pop/share_mirror", *MIRROR} <= shown
    (sweeps[0] / "aaaa0" / "wandb" / "keys-by-section").touch()
    assert not [name for name in shown_keys(specification(sweeps)["workspace"]) if name.startswith("pop/")]


def test_without_the_extra(sweeps: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    for name in [each for each in sys.modules if each.startswith("wandb_workspaces")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    assert main(["dashboard", "push", str(sweeps[0]), "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: dashboard: wandb-workspaces is not installed; pip install 'mirrorjax[dashboard]'")


def test_what_wandb_refuses_is_one_error(sweeps: list[Path], monkeypatch: pytest.MonkeyPatch):
    def refuse(**_: object) -> None:
        raise RuntimeError(f"bad key {KEY}\nand more")

    monkeypatch.setattr(dashboard, "has_api_key", lambda: True)
    monkeypatch.setattr(wandb, "Api", refuse)
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    file = sweeps[0].parent / "kept.json"
    why = r"^dashboard: W&B did not take the entity: bad key \*\*\*; what would have been pushed is in .*kept\.json$"
    with pytest.raises(InputError, match=why):
        dashboard.push(sweeps, None, None, False, file)
    assert json.loads(file.read_text())["project"] == "mirrorjax"


@pytest.mark.slow
def test_a_server_gets_both(sweeps: list[Path], tmp_path: Path):
    server = Server()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    ours = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": KEY, "HOME": str(tmp_path)}
    file = tmp_path / "dashboard.json"
    command = [sys.executable, "-m", "mirrorjax", "dashboard", "push", *map(str, sweeps), "--out", str(file)]
    pushed = subprocess.run(command, env=kept | ours, capture_output=True, text=True, timeout=60, check=False)
    server.close()
    assert pushed.returncode == 0, pushed.stderr
    first, second = pushed.stdout.splitlines()
    assert first.startswith(f"workspace: {server.url}/me/mirrorjax?nw=")
    assert second.startswith(f"report: {server.url}/me/mirrorjax/reports/")
    workspace, report = server.views
    assert (workspace["type"], report["type"]) == ("project-view", "runs")
    for view in (workspace, report):
        assert (view["entityName"], view["projectName"]) == ("me", "mirrorjax")
        assert view["displayName"] == "mirrorjax: capacity-0a1b2c3d, data-4e5f6071"
    made = json.loads(file.read_text())
    assert json.loads(workspace["spec"]) == made["workspace"]
    assert json.loads(report["spec"]) == made["report"]
