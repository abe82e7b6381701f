"""What W&B was given is what the files hold: read back from the offline run, and from the server after `wandb sync`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import wandb
from scipy.stats import ttest_1samp
from statsmodels.stats.proportion import proportion_confint

from mirrorjax.results.read import Results
from mirrorjax.results.store import Store
from mirrorjax.tracking.cells import cells
from mirrorjax.tracking.keys import HISTOGRAMS, QUANTITIES, SECTIONS, key
from mirrorjax.tracking.wandb import WandbTracker
from tests.tracking.cases import member_columns, record_columns
from tests.tracking.test_wandb import KEY, inspect
from tests.tracking.wandb_server import Server

MEMBERS, CHECKPOINTS = 24, 4
GROUP, TAGS = "smoke-3f2a91c0", ["smoke", "full"]


def columns(checkpoint: int) -> dict[str, Any]:
    """Records with the calibrated measures; the last checkpoint has the causal ones of most networks."""
    random = np.random.default_rng(checkpoint)
    calibrated = ("mni_star", "ssi", "ssi_last", "cross_decoding_social", "rescue_accuracy", "cmni_z")
    played = [name for name in QUANTITIES if name.startswith("play_")]
    measured = {name: random.normal(0.1, 1, MEMBERS) for name in (*calibrated, *played)}
    asked = (np.arange(MEMBERS) % 6 > 0) & (checkpoint == CHECKPOINTS - 1)
    measured["tr"] = np.where(asked, random.normal(0, 1, MEMBERS), np.nan)
    measured["mirror"] = np.where(asked, np.arange(MEMBERS) % 4 == 3, np.nan)  # the last, which has diverged, too
    measured["excess_error"] = np.where(np.arange(MEMBERS) % 5 == 2, 0.7, random.uniform(0.1, 0.4, MEMBERS))
    return record_columns(MEMBERS, 100 * checkpoint) | measured


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A population that was stored and tracked offline."""
    store = Store.create(tmp_path_factory.mktemp("sweep") / "1c9e0b7d52aa")
    store.write_members(member_columns(MEMBERS) | {"dependency": np.repeat([0.5, 1.0], MEMBERS // 2)})
    tracker = WandbTracker.start(
        store.folder, project="frogs", config={"depth": 2}, group=GROUP, name="smoke", tags=TAGS, mode="offline"
    )
    for checkpoint in range(CHECKPOINTS):
        store.write_records(checkpoint, columns(checkpoint))
        tracker.log_checkpoint(columns(checkpoint), 100 * checkpoint, checkpoint / 2)
    tracker.finish(store.parquet_files, table=cells(Results.open(store.folder)))
    yield store.folder
    wandb.teardown()


def expected_curves(file: Path) -> dict[str, Any]:
    """By key, from the Parquet file of a checkpoint alone."""
    stored = pq.read_table(file).to_pandas()
    alive = stored[stored["status"] != "diverged"]
    keys: dict[str, Any] = {"loss/share_diverged": np.mean(stored["status"] == "diverged")}
    for name in QUANTITIES:
        values = alive[name].to_numpy(np.float64)
        values = values[np.isfinite(values)]
        if len(values):
            low, median, high = np.quantile(values, [0.05, 0.5, 0.95])
            keys |= {key(name, "median"): median, key(name, "mean"): np.mean(values)}
            keys |= {key(name, "q05"): low, key(name, "q95"): high}
            if name in HISTOGRAMS:
                counts, edges = np.histogram(values, 64)
                keys[key(name, "histogram")] = (counts.tolist(), edges.tolist())
    robust = (alive["cmni"] >= 0.005) & (alive["val_loss"] < 0.06)
    keys["cmni/share_robust"] = robust.sum() / len(stored)
    able = alive[alive["excess_error"] < 0.5]
    keys["verdict/share_learnt"] = len(able) / len(stored)
    verdicts = able["mirror"].notna().sum()
    if verdicts:
        successes = int((able["mirror"] == 1).sum())
        low, high = proportion_confint(successes, verdicts, method="wilson")
        keys |= {"verdict/share_mirror": successes / verdicts}
        keys |= {"verdict/share_mirror_low": pytest.approx(low, rel=1e-12)}
        keys |= {"verdict/share_mirror_high": pytest.approx(high, rel=1e-12)}
    return keys


def test_every_logged_number_is_that_of_the_store(folder: Path):
    *rows, end = [row["item"] for row in inspect(folder)["history"]]
    assert len(rows) == CHECKPOINTS
    for checkpoint, row in enumerate(rows):
        expected = expected_curves(folder / "records" / f"{checkpoint:06d}.parquet")
        ours = [name for name in row if name.partition("/")[0] in SECTIONS and "." not in name]
        logged: dict[str, Any] = {name: row[name] for name in ours}
        for name in (key(each, "histogram") for each in HISTOGRAMS):
            logged[name] = (row[f"{name}.values"], row[f"{name}.bins"])
        assert logged == expected
        assert (row["checkpoint/step"], row["checkpoint/epoch"]) == (100 * checkpoint, checkpoint / 2)
    assert "verdict/share_mirror" in rows[-1] and "verdict/share_mirror" not in rows[0]
    assert end["final/cells.nrows"] == 4


def test_the_table_of_cells_is_that_of_the_store(folder: Path):
    (file,) = folder.glob("wandb/offline-run-*/files/media/table/final/cells_*.table.json")
    table = json.loads(file.read_text())
    found = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    last = pq.read_table(folder / "records" / f"{CHECKPOINTS - 1:06d}.parquet").to_pandas()
    members = pq.read_table(folder / "members.parquet").to_pandas()
    both = members.drop(columns="units").merge(last, on="member_id")
    groups = list(both.groupby(["depth", "width", "dependency"]))
    assert [(row["depth"], row["width"], row["dependency"]) for row in found] == [cell for cell, _ in groups]
    for row, (_, networks) in zip(found, groups, strict=True):
        alive = networks[networks["status"] != "diverged"]
        assert (row["networks"], row["diverged"]) == (len(networks), len(networks) - len(alive))
        for name in QUANTITIES:
            values = alive[name].dropna().to_numpy()
            interval = ttest_1samp(values, 0).confidence_interval(0.95)
            numbers = [np.median(values), np.mean(values), interval.low, interval.high]
            given = [row[f"{name}_{each}"] for each in ("median", "mean", "mean_low", "mean_high")]
            assert given == pytest.approx(numbers, rel=1e-9), name  # sums in another order, and their difference
        able = alive[alive["excess_error"] < 0.5]
        trials, successes = able["mirror"].notna().sum(), (able["mirror"] == 1).sum()
        interval = proportion_confint(successes, trials, method="wilson")
        assert row["learnt"] == len(able) < len(networks)
        assert (row["mirror_successes"], row["mirror_trials"]) == (successes, trials)
        assert row["mirror_share"] == successes / trials
        assert (row["mirror_low"], row["mirror_high"]) == pytest.approx(interval, abs=1e-12)


def test_an_offline_run_is_synced(folder: Path, tmp_path: Path):
    server = Server()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    ours = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": KEY, "HOME": str(tmp_path)}
    (run,) = folder.glob("wandb/offline-run-*")
    command = [sys.executable, "-m", "wandb", "sync", str(run)]
    synced = subprocess.run(
        command, cwd=tmp_path, env=kept | ours, capture_output=True, text=True, timeout=60, check=False
    )
    server.close()
    assert synced.returncode == 0, synced.stderr
    begun = server.runs[0]
    assert (begun["project"], begun["groupName"], begun["tags"]) == ("frogs", GROUP, TAGS)
    assert begun["name"] == (folder / "wandb" / "run-id").read_text()
    offline = [row["item"] for row in inspect(folder)["history"]]
    assert len(server.history) == len(offline) == CHECKPOINTS + 1
    for arrived, logged in zip(server.history, offline, strict=True):
        numbers = {key: value for key, value in logged.items() if isinstance(value, float)}
        assert {key: arrived[key] for key in numbers} == numbers
    assert "results-1c9e0b7d52aa" in server.artifacts
    assert any(name.startswith("media/table/final/cells_") for name in server.uploads)
