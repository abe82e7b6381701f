"""Shows a comparison as a W&B run: its figures, and its tables with all digits, the ways to learn among them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyarrow import csv

from mirrorjax.results.jobs import read_sweep
from mirrorjax.results.read import Results
from mirrorjax.settings.schema import TrackerConfig
from mirrorjax.tracking.wandb import WandbTracker
from mirrorjax.tracking.wandb_config import with_environment


def log_comparison(sweeps: Sequence[Path], out: Path, mode: str | None = None) -> str | None:
    """Logs what `mirrorjax compare` wrote to a folder; the same folder is the same run again.

    Args:
        sweeps: what was compared. The run goes to the project of the first one, its config names all.
        out: the folder; W&B's files go to `wandb` inside it.
        mode: see `tracking.wandb.choose_mode`.

    Returns:
        The address of the run, online.

    Raises:
        InputError: there is no such mode, or W&B does not allow a name in the environment.
    """
    populations = [population for sweep in sweeps for population in Results.open(sweep).populations]
    folders = dict.fromkeys(population.folder.absolute().parent for population in populations)
    names = [str(read_sweep(folder).get("name") or folder.name) for folder in folders]
    said: dict[str, Any] = populations[0].config.get("tracker") or {}
    given = TrackerConfig(mode=mode, project=said.get("project"), entity=said.get("entity"))
    where = with_environment(given, os.environ)
    config = {"sweeps": names, "regimes": sorted({str(_regime(population.config)) for population in populations})}
    about = {"entity": where.entity, "name": f"compare {', '.join(names)}"[:128], "tags": ["compare", *where.tags]}
    tracker = WandbTracker.start(out, project=str(where.project), config=config, mode=mode, **about)
    images = {file.stem: file for file in sorted((out / "figures").glob("*.png"))}
    tables = {f"{file.stem}_table": csv.read_csv(file) for file in sorted((out / "tables").glob("*.csv"))}
    address = tracker.url
    tracker.finish(images=images, tables=tables)
    return address


def _regime(config: dict[str, Any]) -> Any:
    return (config.get("regime") or {}).get("name")
