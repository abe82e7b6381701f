"""Compares sweeps on W&B: a workspace and a report, made of the keys that their runs log."""

import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mirrorjax.errors import InputError
from mirrorjax.secrets import hidden
from mirrorjax.tracking.jobs import read_sweep
from mirrorjax.tracking.metrics import BAND, DIVERGED, EPOCH, MIRROR, QUANTITIES, ROBUST, key
from mirrorjax.tracking.results import Results
from mirrorjax.tracking.store import write_text
from mirrorjax.tracking.wandb import CELLS, DIAGRAM, DIAGRAM_HTML, MAP, choose_mode, has_api_key

_FIRST = ("cmni", "mni_star", "ssi", "rescue_accuracy", "excess_error")  # the other quantities are in a section below
_TITLE = 128  # letters; W&B refuses longer ones
_WIDE = {"w": 24, "h": 12}  # of W&B's grid, which has 24 columns


@dataclass(frozen=True)
class Compared:
    """The sweeps that are compared.

    Attributes:
        groups: of W&B, one a sweep.
        entity: user or team; empty for W&B's default.
        project: of W&B.
    """

    groups: tuple[str, ...]
    entity: str
    project: str

    @property
    def title(self) -> str:
        """What is compared, in words."""
        title = f"mirrorjax: {', '.join(self.groups)}"
        return title if len(title) <= _TITLE else f"mirrorjax: {len(self.groups)} sweeps, {self.groups[0]} first"


def push(sweeps: Sequence[Path], entity: str | None, project: str | None, dry_run: bool, out: Path | None) -> str:
    """Saves a new workspace and a new report that compare sweeps.

    Args:
        sweeps: their folders.
        entity: user or team; by default the sweeps' own, or W&B's default.
        project: by default the sweeps' own.
        dry_run: push nothing. Without a key, or offline, nothing is pushed either.
        out: a file for the specification.

    Returns:
        The addresses of what was pushed; or, where nothing was, the specification as JSON or the name of its file.

    Raises:
        InputError: a folder is no sweep, the sweeps are in several projects and none is given, the extra is not
            installed, the file cannot be written, or W&B does not take it.
    """
    compared = _compared(sweeps, entity, project)
    why_not = "dry run" if dry_run else _why_offline()
    if why_not is None:
        compared = _with_default_entity(compared)
    workspace, report = _workspace(compared), _report(compared)
    text = json.dumps(_specification(compared, workspace, report), indent=2)
    if out is not None:
        write_text(out, text + "\n")
    if why_not is None:
        _asked("workspace", workspace.save)
        _asked("report", report.save)
        return f"workspace: {workspace.url}\nreport: {report.url}"
    print(f"not pushed: {why_not}", file=sys.stderr)
    return text if out is None else str(out)


def _compared(sweeps: Sequence[Path], entity: str | None, project: str | None) -> Compared:
    """The groups, and where their runs are as far as their own configs say."""
    opened = [Results.open(sweep) for sweep in sweeps]
    populations = [population for results in opened for population in results.populations]
    folders = [population.folder.absolute().parent for population in populations]
    # a folder may have been renamed since its runs were grouped
    groups = dict.fromkeys(str(read_sweep(folder).get("name") or folder.name) for folder in folders)
    trackers = [population.config.get("tracker") or {} for population in populations]

    def agreed(setting: str, given: str | None, default: str) -> str:
        found = sorted({str(tracker.get(setting) or default) for tracker in trackers})
        if given is None and len(found) > 1:
            names = ", ".join(name or "W&B's default" for name in found)
            raise InputError(f"--{setting}: the sweeps are in several, {names}; give one of them")
        return given or found[0]

    return Compared(tuple(groups), agreed("entity", entity, ""), agreed("project", project, "mirrorjax"))


def _why_offline() -> str | None:
    if choose_mode(None, os.environ, has_api_key) != "online":
        return "W&B is offline (no key, or WANDB_MODE); `wandb login` stores a key"
    return None if has_api_key() else "W&B has no key; `wandb login` stores one"


def _with_default_entity(compared: Compared) -> Compared:
    import wandb

    entity = compared.entity or _asked("entity", lambda: wandb.Api().default_entity)
    return Compared(compared.groups, entity, compared.project)


def _asked(what: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # the network's, the server's, the package's own
        why = hidden(str(error).strip().split("\n")[0] or type(error).__name__)
        raise InputError(f"dashboard: W&B did not take the {what}: {why}") from error


def _packages() -> tuple[Any, Any, Any]:
    """The modules for workspaces, reports and filters.

    Raises:
        InputError: they are not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # about how the package uses pydantic
            import wandb_workspaces.reports.v2 as reports
            import wandb_workspaces.workspaces as workspaces
            from wandb_workspaces import expr
    except ImportError as error:
        install = "pip install 'mirrorjax[dashboard]'"
        raise InputError(f"dashboard: wandb-workspaces is not installed; {install} ({error})") from error
    return workspaces, reports, expr


def _curve(title: str, keys: Sequence[str]) -> Any:
    _, reports, _ = _packages()
    return reports.LinePlot(title=title, x=EPOCH, y=list(keys), title_x="paper epoch")


def _band(quantity: str) -> Any:
    return _curve(f"{QUANTITIES[quantity]}: median, 5 % and 95 %", [key(quantity, statistic) for statistic in BAND])


def _sections() -> dict[str, list[Any]]:
    """The panels by section, in order."""
    _, reports, _ = _packages()
    wide = reports.Layout(**_WIDE)
    shares = [_curve("P(mirror), Wilson 95 % interval", MIRROR), _curve("share robust", [ROBUST])]
    return {
        "Order parameters": [*(_band(name) for name in _FIRST), *shares],
        "Phase diagrams": [
            reports.MediaBrowser(title="phase diagram and map", media_keys=[MAP, DIAGRAM], layout=wide),
            reports.MediaBrowser(title="phase diagram, interactive", media_keys=[DIAGRAM_HTML], layout=wide),
        ],
        "Cells": [reports.WeavePanelSummaryTable(table_name=CELLS, layout=wide)],
        "Further curves": [
            *(_band(name) for name in QUANTITIES if name not in _FIRST),
            _curve("share diverged", [DIVERGED]),
        ],
        "Settings": [reports.RunComparer(diff_only="split", layout=wide)],
    }


def _workspace(compared: Compared) -> Any:
    workspaces, _, expr = _packages()
    group = expr.Metric("Group")
    return workspaces.Workspace(
        entity=compared.entity,
        project=compared.project,
        name=compared.title,
        sections=[workspaces.Section(name=name, panels=panels, is_open=True) for name, panels in _sections().items()],
        settings=workspaces.WorkspaceSettings(x_axis=EPOCH),
        runset_settings=workspaces.RunsetSettings(filters=expr.And(group.isin(list(compared.groups))), groupby=[group]),
    )


def _report(compared: Compared) -> Any:
    _, reports, expr = _packages()
    blocks: list[Any] = []
    for name, panels in _sections().items():
        runsets = [
            # neither entity nor project: the report's own
            reports.Runset(name=group, filters=expr.And(expr.Metric("Group") == group), groupby=["group"])
            for group in compared.groups
        ]
        blocks += [reports.H2(name), reports.PanelGrid(runsets=runsets, panels=panels)]
    words = (
        "Curves are over networks: the median and the 5 % and 95 % quantiles; where a sweep has several populations, "
    )
    words += "their mean. Time is in paper epochs. The results' own report has the intervals and the tests."
    return reports.Report(
        entity=compared.entity, project=compared.project, title=compared.title, blocks=[reports.P(words), *blocks]
    )


def _specification(compared: Compared, workspace: Any, report: Any) -> dict[str, Any]:
    """What `save` sends; the package has no public way to ask for it."""
    sent = {name: item._to_model().spec for name, item in (("workspace", workspace), ("report", report))}
    return {
        "entity": compared.entity,
        "project": compared.project,
        "sweeps": list(compared.groups),
        "title": compared.title,
        **{name: json.loads(spec.model_dump_json(by_alias=True, exclude_none=True)) for name, spec in sent.items()},
    }
