"""`mirrorjax sweep`: a Hydra application that trains one population a job and writes a report at the end."""

import hashlib
import json
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import hydra
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mirrorjax.config import RUN_ONLY, Config
from mirrorjax.errors import InputError

_DEFAULT_EXPERIMENT = "quickstart"


def data_folder(name: str) -> Path:
    """`conf` or `sweeps`: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    return package / name if (package / name).is_dir() else package.parent / name


class SweepsSearchPath(SearchPathPlugin):
    """Lets Hydra find the experiments in `sweeps`."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Puts `sweeps` behind `conf`."""
        search_path.append("mirrorjax-sweeps", f"file://{data_folder('sweeps')}")


def sweep_name(overrides: list[str]) -> str:
    """The sweep's folder: the experiment and a hash of the overrides, so that the same command finds it again."""
    given = sorted(o for o in overrides if "=" in o and not _is_run_only(o))
    experiment = next((o.split("=", 1)[1] for o in given if o.startswith("experiment=")), _DEFAULT_EXPERIMENT)
    label = experiment if re.fullmatch(r"[\w-]+", experiment) else "sweep"
    return f"{label}-{hashlib.sha256(json.dumps(given).encode()).hexdigest()[:8]}"


def _is_run_only(override: str) -> bool:
    key = override.lstrip("+~").split("=", 1)[0]
    return key.split(".", 1)[0].split("@", 1)[0] in (*RUN_ONLY, "hydra", "hydra/launcher", "launcher")


def run(arguments: list[str]) -> int:
    """Runs the Hydra application.

    Args:
        arguments: of `mirrorjax sweep`, as typed.

    Returns:
        The exit code: 0, or 1 if a population could not be trained, or 2 for input that is not allowed.
    """
    overrides = [argument for argument in arguments if not argument.startswith("-")]
    name = sweep_name(overrides)
    OmegaConf.register_new_resolver("sweep_folder", lambda: name, replace=True)
    ConfigStore.instance().store(name="schema", node=Config)
    Plugins.instance().register(SweepsSearchPath)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # let errors through: `main` says them in one line
    folders: list[Path] = []
    failures: list[str] = []

    @hydra.main(version_base="1.3", config_path=str(data_folder("conf")), config_name="config")
    def job(composed) -> None:
        config: Config = OmegaConf.to_object(composed)  # type: ignore[assignment]  # the schema makes it one
        folders.append(Path(config.results_dir) / name)
        try:
            _run_job(config, composed, folders[-1], arguments)
        except InputError as error:
            failures.append(str(error))
            print(f"error: {error}", file=sys.stderr)

    sys.argv = ["mirrorjax-sweep", *arguments]
    try:
        job()
    except (HydraException, OmegaConfBaseException) as error:
        print(f"error: {_explain(error)}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: results_dir: {error.strerror}: {error.filename}", file=sys.stderr)
        return 2
    if failures:
        return 2
    if folders and any(folders[-1].glob("*/DONE")):
        _finish(folders[-1])
    return 0


def _run_job(config: Config, composed, sweep: Path, arguments: list[str]) -> None:
    from rich.console import Console

    from mirrorjax.pipeline import run_population
    from mirrorjax.tracking.store import write_json

    console = Console(highlight=False)
    resolved = OmegaConf.to_container(composed, resolve=True)
    assert isinstance(resolved, dict)
    run_population(config, resolved, OmegaConf.to_yaml(composed, resolve=True), sweep, console)  # type: ignore[arg-type]
    about = {"name": sweep.name, "command": ["mirrorjax", "sweep", *arguments]}
    write_json(sweep / "sweep.json", {**about, "created": datetime.now(UTC).isoformat(timespec="seconds")})


def _finish(sweep: Path) -> None:
    from mirrorjax.report import write_report

    report = write_report(sweep)
    print(f"report: {report}")
    print(sweep)


def _explain(error: BaseException) -> str:
    """Hydra's message and its cause, in as few lines as they have."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    if error.__cause__ is not None:
        lines += [line for line in str(error.__cause__).splitlines() if line.strip() and line not in lines]
    return "\n".join(lines)
