"""Compares sweeps on W&B: a workspace and a report, made of the keys that their runs log."""

import json
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mirrorjax.errors import InputError, first_line
from mirrorjax.machine.reading import head_of
from mirrorjax.machine.secrets import hidden
from mirrorjax.machine.writing import write_text
from mirrorjax.measures import MEASURES, label, measure
from mirrorjax.results.jobs import read_sweep
from mirrorjax.results.read import Results
from mirrorjax.tracking import keys
from mirrorjax.tracking.keys import OF_SOME, QUANTITIES
from mirrorjax.tracking.wandb import CELLS, DIAGRAM, DIAGRAM_HTML, MAP, choose_mode, has_api_key

_FIRST = ("cmni", "mni_star", "ssi", "rescue_accuracy", "excess_error")  # the other quantities are in a section below
_P_MIRROR = MEASURES["mirror"].share_label
_TITLE = 128  # letters; W&B refuses longer ones
_WIDE = {"w": 24, "h": 12}  # of W&B's grid, which has 24 columns


@dataclass(frozen=True)
class ComparedRun:
    """The sweeps that are compared: the groups of W&B, one a sweep, and where they are; no entity is W&B's default.

    Attributes:
        old_names: whether some of their runs began with the old names of keys, so that panels show both.
        of_regimes: those of their regimes that have measures of their own.
        colours: of runs, by id, where the sweeps hold several ways to learn; these are not grouped then.
    """

    groups: tuple[str, ...]
    entity: str
    project: str
    old_names: bool = False
    of_regimes: tuple[str, ...] = ()
    colours: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What is compared, in words."""
        title = f"mirrorjax: {', '.join(self.groups)}"
        return title if len(title) <= _TITLE else f"mirrorjax: {len(self.groups)} sweeps, {self.groups[0]} first"


def push(
    sweeps: Sequence[Path],
    entity: str | None,
    project: str | None,
    dry_run: bool,
    out: Path | None,
    colours: Mapping[str, str] | None = None,
) -> str:
    """Saves a new workspace and a new report that compare sweeps; entity and project are by default the sweeps' own.

    `colours` are of regimes, by name: where the sweeps hold several, each run has that of its own.

    Returns:
        The addresses of what was pushed; or, of a dry run, the specification as JSON or the name of its file, `out`.

    Raises:
        InputError: a folder is no sweep, the sweeps are in several projects and none is given, the extra is not
            installed, or the file cannot be written. Or there is no key, W&B is offline or does not take it: then the
            specification is in a file, which is named.
    """
    compared = _compared(sweeps, entity, project, colours or {})
    workspace, report = _workspace(compared), _report(compared)
    if dry_run:
        text = _specification(compared, workspace, report)
        if out is not None:
            write_text(out, text)
        return text.rstrip() if out is None else str(out)
    try:
        if choose_mode(None, os.environ, has_api_key) != "online":
            offline = "W&B is offline (no key, or WANDB_MODE); `wandb login` stores a key"
            raise InputError(f"dashboard: not pushed: {offline}")
        if not has_api_key():
            raise InputError("dashboard: not pushed: W&B has no key; `wandb login` stores one")
        import wandb

        entity = compared.entity or _asked("entity", lambda: wandb.Api().default_entity)
        compared = replace(compared, entity=entity)
        workspace.entity = report.entity = compared.entity
        if out is not None:
            write_text(out, _specification(compared, workspace, report))
        _asked("workspace", workspace.save)
        _asked("report", report.save)
    except InputError as error:
        kept = out or Path(f"dashboard-{re.sub(r'[^A-Za-z0-9._-]', '-', compared.groups[0])[:_TITLE]}.json")
        write_text(kept, _specification(compared, workspace, report))
        raise InputError(f"{error}; what would have been pushed is in {kept}") from error
    return f"workspace: {workspace.url}\nreport: {report.url}"


def _compared(
    sweeps: Sequence[Path], entity: str | None, project: str | None, colours: Mapping[str, str]
) -> ComparedRun:
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

    where = agreed("entity", entity, ""), agreed("project", project, "mirrorjax")
    old_names = any(keys.has_old_names(population.folder) for population in populations)
    regimes = [str((population.config.get("regime") or {}).get("name")) for population in populations]
    of_runs: dict[str, str] = {}
    if len(set(regimes)) > 1:
        runs = [head_of(keys.run_files(population.folder)[0], 64) for population in populations]
        of_runs = {run: colours[regime] for run, regime in zip(runs, regimes, strict=True) if run and regime in colours}
    of_regimes = tuple(name for name in keys.OF_REGIMES if name in regimes)
    return ComparedRun(tuple(groups), *where, old_names, of_regimes, of_runs)


def _asked(what: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # the network's, the server's, the package's own
        raise InputError(f"dashboard: W&B did not take the {what}: {hidden(first_line(error))}") from error


def _packages() -> tuple[Any, Any, Any]:
    """The modules for workspaces, reports and filters, if they are installed."""
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


def _curve(title: str, names: Sequence[str], compared: ComparedRun) -> Any:
    _, reports, _ = _packages()
    before = [name for name in map(keys.old_name, names) if name not in names] if compared.old_names else []
    return reports.LinePlot(title=title, x=keys.EPOCH, y=[*names, *before], title_x="paper epoch")


def _band(quantity: str, compared: ComparedRun) -> Any:
    shown = [statistic for statistic in keys.BAND if statistic in keys.statistics_of(quantity)]
    words = "median, 5 % and 95 %" if len(shown) > 1 else "median"
    return _curve(f"{label(quantity)}: {words}", [keys.key(quantity, each) for each in shown], compared)


def _sections(compared: ComparedRun) -> dict[str, list[Any]]:
    _, reports, _ = _packages()
    wide = reports.Layout(**_WIDE)
    shares = [
        _curve("share that has learnt its task", [keys.LEARNT], compared),
        _curve(f"{_P_MIRROR} of those that have learnt, Wilson 95 % interval", keys.MIRROR, compared),
        _curve("share robust", [keys.ROBUST], compared),
    ]
    if compared.old_names:
        shares.append(_curve(f"{_P_MIRROR} of all that were asked, in runs of before", keys.OLD_MIRROR, compared))
    return {
        "Order parameters": [*(_band(name, compared) for name in _FIRST), *shares],
        "Phase diagrams": [
            reports.MediaBrowser(title="phase diagram and map", media_keys=[MAP, DIAGRAM], layout=wide),
            reports.MediaBrowser(title="phase diagram, interactive", media_keys=[DIAGRAM_HTML], layout=wide),
        ],
        "Cells": [reports.WeavePanelSummaryTable(table_name=CELLS, layout=wide)],
        "Further curves": [
            *(_band(name, compared) for name in QUANTITIES if name not in _FIRST),
            *(_band(name, compared) for name in OF_SOME if measure(name).section in compared.of_regimes),
            _curve("share diverged", [keys.DIVERGED], compared),
        ],
        "Settings": [reports.RunComparer(diff_only="split", layout=wide)],
    }


def _workspace(compared: ComparedRun) -> Any:
    workspaces, _, expr = _packages()
    group, sections = expr.Metric("Group"), _sections(compared).items()
    own = {run: workspaces.RunSettings(color=colour) for run, colour in compared.colours.items()}
    return workspaces.Workspace(
        **{"entity": compared.entity, "project": compared.project, "name": compared.title},
        sections=[workspaces.Section(name=name, panels=panels, is_open=True) for name, panels in sections],
        settings=workspaces.WorkspaceSettings(x_axis=keys.EPOCH),
        runset_settings=workspaces.RunsetSettings(
            filters=expr.And(group.isin(list(compared.groups))), groupby=[] if own else [group], run_settings=own
        ),
    )


def _report(compared: ComparedRun) -> Any:
    _, reports, expr = _packages()
    blocks: list[Any] = []
    for name, panels in _sections(compared).items():
        runsets = [  # neither entity nor project: the report's own
            reports.Runset(
                **{"name": group, "filters": expr.And(expr.Metric("Group") == group)},
                **{"groupby": [] if compared.colours else ["group"], "custom_run_colors": dict(compared.colours)},
            )
            for group in compared.groups
        ]
        blocks += [reports.H2(name), reports.PanelGrid(runsets=runsets, panels=panels)]
    words = (
        "Curves are over networks: the median and the 5 % and 95 % quantiles; where a sweep has several populations, "
        "their mean. Time is in paper epochs. The results' own report has the intervals and the tests."
    )
    where = {"entity": compared.entity, "project": compared.project, "title": compared.title}
    return reports.Report(**where, blocks=[reports.P(words), *blocks])


def _specification(compared: ComparedRun, workspace: Any, report: Any) -> str:
    """What `save` sends, as JSON; the package has no public way to ask for it."""
    sent = {name: item._to_model().spec for name, item in (("workspace", workspace), ("report", report))}
    content = {
        **{"entity": compared.entity, "project": compared.project},
        **{"sweeps": list(compared.groups), "title": compared.title},
        **{name: json.loads(spec.model_dump_json(by_alias=True, exclude_none=True)) for name, spec in sent.items()},
    }
    return json.dumps(content, indent=2) + "\n"
