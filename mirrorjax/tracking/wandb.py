"""Shows one population as one W&B run. W&B is a view, never the truth: if it fails, it is off and training goes on."""

import functools
import logging
import os
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from mirrorjax.errors import InputError, first_line
from mirrorjax.machine.log import event
from mirrorjax.machine.reading import head_of
from mirrorjax.machine.secrets import hidden
from mirrorjax.machine.writing import write_text
from mirrorjax.tracking import keys
from mirrorjax.tracking.metrics import IMAGES, population_metrics
from mirrorjax.tracking.wandb_config import overruled

INIT_SECONDS, LOG_SECONDS, FINISH_SECONDS = 30.0, 20.0, 120.0  # W&B is given up after these
_GRACE_SECONDS = 10.0  # on top of W&B's own limits, which usually hold
MAX_CELLS = 10_000  # rows; W&B shows no longer tables
DIAGRAM, MAP = "final/phase_diagram", "final/phase_map"
DIAGRAM_HTML, CELLS = "final/phase_diagram_html", "final/cells"
_TRUE = ("true", "1", "yes", "on")
_MODES = ("online", "offline", "disabled")
_OLD_NAMES = {"run": "online", "dryrun": "offline", "shared": "online"}  # of modes, which WANDB_MODE may still hold

Mode = Literal["online", "offline", "disabled"]


def choose_mode(setting: str | None, env: Mapping[str, str], has_key: Callable[[], bool]) -> Mode:
    """What is set; else WANDB_MODE or WANDB_DISABLED; else online if there is a key, as W&B needs; else offline.

    Whether there is a key is asked only if nothing else decides, because it imports W&B.

    Raises:
        InputError: there is no such mode.
    """
    disabled = "disabled" if env.get("WANDB_DISABLED", "").lower() in _TRUE else None  # the older way to say it
    for source, given in (("tracker.mode", setting), ("WANDB_MODE", env.get("WANDB_MODE") or disabled)):
        if given:
            mode = _OLD_NAMES.get(given, given)
            if mode not in _MODES:
                raise InputError(f"{source}: {given!r}; allowed: {', '.join(_MODES)}")
            return mode  # type: ignore[return-value]  # the line above leaves only the three names
    return "online" if has_key() else "offline"


def has_api_key() -> bool:
    """Whether W&B finds a key (WANDB_API_KEY, netrc, its settings), without asking a person or the network."""
    try:
        import wandb

        # online: or else, where WANDB_MODE says offline and tracker.mode overrules it, no key would be looked for
        wandb.setup(settings=wandb.Settings(silent=True, mode="online"))
        return wandb.login(prompt=False, verify=False)
    except Exception as error:  # a key that is malformed, a settings file that cannot be read
        event("wandb", f"W&B: no usable key: {hidden(first_line(error))}", level=logging.WARNING)
        return False


class WandbTracker:
    """One W&B run for one population. No method raises because of W&B: it warns once and is off from then on.

    Attributes:
        mode: `online`, `offline` or `disabled` (then W&B is not even imported).
        url: of the run, online.
    """

    def __init__(self, mode: Mode, folder: Path):
        self.mode: Mode = mode
        self.url: str | None = None
        self._folder = folder.absolute()  # W&B reads its files later, from wherever it then is
        as_before = keys.has_old_names(folder)  # a curve is not broken in two where a run is resumed
        self._named: Callable[[str], str] = keys.old_name if as_before else str  # what a key is called in this run
        self._run: Any = None
        self._warned = False

    @classmethod
    def start(
        cls, folder: Path, *, project: str, config: Mapping[str, Any], mode: str | None = None, **about: Any
    ) -> "WandbTracker":
        """Starts a run.

        Args:
            folder: of the population; W&B's files go to `wandb` inside it.
            project, config: of W&B; and what is shown as the run's config, see `shown_config`.
            mode: see `choose_mode`.
            about: as W&B has it: `entity`, a user or team; `group`, the sweep; `name`, the population; `tags`.

        Raises:
            InputError: there is no such mode.
        """
        chosen = choose_mode(mode, os.environ, has_api_key)
        if chosen == "online" and not has_api_key():  # W&B would ask on the terminal, or give up
            text = "W&B: no key, so this run is recorded offline; `wandb login` stores one"
            event("wandb", text, level=logging.WARNING)
            chosen = "offline"
        tracker = cls(chosen, folder)
        if chosen == "disabled":
            return tracker
        if line := overruled(os.environ):
            event("wandb", line, level=logging.WARNING)
        begin = functools.partial(tracker._begun, {"project": project, "config": hidden(dict(config)), **about})
        tracker._run = tracker._guarded("start", begin, INIT_SECONDS + _GRACE_SECONDS)
        if tracker._run is not None and chosen == "online":
            tracker.url = tracker._run.url
            event("wandb", f"W&B run: {tracker.url}", url=tracker.url)
        return tracker

    def _begun(self, shown: dict[str, Any]) -> Any:
        """W&B's run, whose charts are over paper epochs."""
        import wandb

        settings, folder = wandb.Settings(**_settings()), self._folder
        own: dict[str, Any] = {"dir": str(folder), "id": _run_id(folder), "resume": "allow", "mode": self.mode}
        run = wandb.init(**shown, **own, settings=settings)
        old = [keys.OLD_SECTION] if self._named is keys.old_name else []
        for section in (*keys.SECTIONS, *keys.OF_REGIMES, *old):
            run.define_metric(f"{section}/*", step_metric=keys.EPOCH)
        for axis in (keys.EPOCH, keys.STEP):
            run.define_metric(axis, hidden=True)
        for key in keys.WITHOUT_PANEL:
            run.define_metric(key, step_metric=keys.EPOCH, hidden=True)
        return run

    @property
    def on(self) -> bool:
        """Whether calls still reach W&B."""
        return self._run is not None

    def log_checkpoint(
        self, records: Mapping[str, np.ndarray], step: int, epoch: float, extra: Mapping[str, float] | None = None
    ) -> None:
        """Logs what was measured at a checkpoint, a step of each member, in paper epochs; see `population_metrics`."""

        def log() -> None:
            import wandb

            content: dict[str, Any] = {keys.EPOCH: float(epoch), keys.STEP: int(step)}
            for key, value in population_metrics(records, extra).items():
                shown = wandb.Histogram(np_histogram=value) if isinstance(value, tuple) else value
                content[self._named(key)] = shown
            self._run.log(content)

        if self.on:
            self._guarded("log", log, LOG_SECONDS)

    def finish(
        self,
        files: Sequence[Path] = (),
        images: Mapping[str, Path] | None = None,
        html: Path | None = None,
        table: pa.Table | None = None,
        exit_code: int = 0,
        tables: Mapping[str, pa.Table] | None = None,
    ) -> None:
        """Logs what is left and ends the run, within bounded time.

        Args:
            files: of the population's folder, put into one artifact; they must stay as they are.
            images, html: figures by name, the first eight; and the interactive phase diagram.
            table: one row a cell (`cells.cells`), the first ten thousand.
            exit_code: 0 if the population was finished.
            tables: more of them, by name.
        """
        run = self._run
        if run is None:
            return

        def log_the_end() -> None:
            import wandb

            content: dict[str, Any] = {
                f"final/{name}": wandb.Image(str(path)) for name, path in list((images or {}).items())[:IMAGES]
            }
            if html is not None:
                content[DIAGRAM_HTML] = wandb.Html(html.read_text(encoding="utf-8"), inject=False)
            every = {f"final/{name}": each for name, each in (tables or {}).items()}
            for key, each in (every if table is None else every | {CELLS: table}).items():
                rows: list[Any] = [list(row.values()) for row in each.slice(0, MAX_CELLS).to_pylist()]
                content[key] = wandb.Table(columns=each.column_names, data=rows)
            if content:
                run.log(content)
            if files:
                artifact = wandb.Artifact(re.sub(r"[^\w.-]", "-", f"results-{self._folder.name}"), type="results")
                for file in files:  # immutable: without a second copy on the disk, nor one in W&B's cache
                    inside = file.absolute().relative_to(self._folder).as_posix()
                    artifact.add_file(str(file.absolute()), name=inside, policy="immutable", skip_cache=True)
                run.log_artifact(artifact)

        self._guarded("log the results", log_the_end, FINISH_SECONDS)
        self._guarded("finish", lambda: run.finish(exit_code=exit_code), FINISH_SECONDS + _GRACE_SECONDS)
        self._run = None

    def _guarded(self, what: str, call: Callable[[], Any], seconds: float) -> Any:
        """The call's value; or None, one warning and the tracker off, if it raises or is not done in time."""
        outcome, failure = [], []

        def work() -> None:
            try:
                outcome.append(call())
            except Exception as error:  # whatever it is, it must not end a training run
                failure.append(error)

        # A daemon: where W&B hangs, it neither holds up training nor the end of the process.
        worker = threading.Thread(target=work, daemon=True, name=f"wandb {what}")
        with _staging_inside(self._folder):
            worker.start()
            _wait_for(worker, seconds)
        if outcome:
            return outcome[0]
        self._run = None
        if not self._warned:
            self._warned = True
            why = hidden(first_line(failure[0])) if failure else f"not done after {seconds:.0f} s"
            text = f"W&B is off for this population ({what}: {why}); its results are in {self._folder}"
            event("wandb", text, level=logging.WARNING, call=what)
        return None


def _wait_for(worker: threading.Thread, seconds: float) -> None:
    """Waits for a thread, in short turns: while Ctrl-Z stops the process, only the turn that it came in runs out."""
    turns = max(1, round(seconds))
    for _ in range(turns):
        worker.join(seconds / turns)


def _run_id(folder: Path) -> str:
    """The id of a population's run, the same for each process that works on it."""
    file, by_section = keys.run_files(folder)
    found = head_of(file, 64)
    if not re.fullmatch(r"[\w-]+", found, re.ASCII):  # there is none, or none that W&B could name a folder after
        file.parent.mkdir(exist_ok=True)
        write_text(by_section, "")  # first: a run with an id and without it is one of before
        found = uuid.uuid4().hex[:12]
        write_text(file, found)
    return found


def _settings() -> dict[str, Any]:
    return {
        # without a timeout, a server that does not answer is waited for without end
        **{"init_timeout": INIT_SECONDS, "finish_timeout": FINISH_SECONDS, "finish_timeout_raises": True},
        "x_transaction_log_flush_interval": 2.0,  # a kill loses that much, not 15 s
        "reinit": "create_new",  # the populations of a sweep share a process
        **{"silent": True, "console": "off"},  # the terminal belongs to the progress bar
        # git would also upload uncommitted changes; the manifest names the commit, and has the versions
        **{"save_code": False, "disable_code": True, "disable_git": True, "x_save_requirements": False},
        "x_disable_stats": True,
    }


@contextmanager
def _staging_inside(folder: Path) -> Iterator[None]:
    """Lets W&B stage artifacts inside the population's folder, unless the user says where."""
    is_said = "WANDB_DATA_DIR" in os.environ
    os.environ.setdefault("WANDB_DATA_DIR", str(folder / "wandb"))
    try:
        yield
    finally:
        if not is_said:
            os.environ.pop("WANDB_DATA_DIR", None)
