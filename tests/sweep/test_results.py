"""What a sweep writes, from the command line to the files, and that the numbers in them belong together."""

import json
from dataclasses import fields
from datetime import datetime
from importlib import metadata

import numpy as np
import pytest

from mirrorjax.dataset import configured
from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.cache import load_or_build
from mirrorjax.population.axes import members
from mirrorjax.population.members import Member, identity
from mirrorjax.results.store import KNOBS, MEMBERS, RECORDS, UNITS
from mirrorjax.settings.schema import Config
from mirrorjax.tracking.keys import key
from mirrorjax.tracking.metrics import population_metrics
from tests.dataset import reference
from tests.sweep.cases import EPOCHS, SETTINGS, Sweep
from tests.tracking.test_wandb import inspect


@pytest.fixture(scope="module")
def dataset(config: Config) -> Dataset:
    """The dataset that the command left in the cache."""
    return load_or_build(configured.dataset_spec(config), configured.dataset_folder(config))


def test_the_files_are_those_of_the_format(finished: Sweep):
    assert {path.name for path in finished.folder.iterdir()} == {
        *("sweep.json", "report.html", "figures", "tables", finished.population.name)
    }
    inside = {
        str(path.relative_to(finished.population.folder))
        for path in finished.population.folder.rglob("*")
        if path.is_file() and "wandb" not in path.parts
    }
    assert inside == {
        *("config.yaml", "manifest.json", "members.parquet", "weights.safetensors", "weights.json", "DONE"),
        *("log.jsonl", "progress.json", ".lock"),
        *(f"records/{checkpoint:06d}.parquet" for checkpoint in range(4)),
        *("units/000003.parquet", "figures/phase_diagram.png", "figures/phase_diagram.html"),
        "figures/phase_map.png",
    }
    about = json.loads((finished.folder / "sweep.json").read_text())
    assert about["name"] == finished.folder.name
    assert about["overrides"][: len(SETTINGS)] == SETTINGS
    assert about["command"] == ["mirrorjax", "sweep", *about["overrides"]]
    assert about["version"] == metadata.version("mirrorjax")
    assert datetime.fromisoformat(about["created"]).utcoffset() is not None


def test_manifest(finished: Sweep, dataset: Dataset):
    manifest = finished.population.manifest
    assert manifest["status"] == "done"
    assert (manifest["format"], manifest["experiment"], manifest["members"]) == (1, "smoke", 12)
    assert manifest["job"] == finished.population.name
    assert manifest["checkpoints"] == EPOCHS
    assert manifest["dataset"] == {"hash": dataset.content_hash, "counts": dataset.counts}
    assert (manifest["device"]["platform"], manifest["device"]["count"]) == ("cpu", 2)
    assert (manifest["precision"], manifest["block"], manifest["diverged"]) == ("highest", 16, 0)
    assert manifest["compiles"] == 4, "init, train, measure and divergences of one program"
    assert manifest["model_steps_per_second"] > 0
    assert manifest["versions"].keys() >= {"python", "mirrorjax", "jax", "numpy"}
    assert "commit" in manifest
    phases = ("dataset", "compile", "training", "measurement", "storing", "tracking", "total")
    assert manifest["seconds"].keys() == {*phases, "saving"}
    assert all(0 < manifest["seconds"][phase] <= manifest["seconds"]["total"] for phase in phases)
    assert (manifest["pieces"], manifest["seconds"]["saving"]) == (1, 0), "it was over before the first save was due"
    assert datetime.fromisoformat(manifest["created"]) <= datetime.fromisoformat(manifest["finished"])


def test_members_are_the_axes(finished: Sweep, config: Config, dataset: Dataset):
    expected = [member.resolved() for member in members(config)]
    table = finished.population.members()
    assert table.column_names == [*MEMBERS.names, *KNOBS.names]
    rows = table.to_pylist()
    assert [row["member_id"] for row in rows] == [identity(member, dataset.content_hash) for member in expected]
    for row, member in zip(rows, expected, strict=True):
        given = {name: value for name, value in row.items() if hasattr(member, name)}
        assert given == {name: getattr(member, name) for name in given}
        assert given.keys() == {field.name for field in fields(Member)} - {"parent"} | {"units"}
        assert (row["train_boards"], row["train_rows"]) == (dataset.counts["train_boards"], len(dataset.train))
        assert (
            0.01 < row["measured_dependency"] < 0.1 and row["identity_hidden"] == 0 and row["participation_ratio"] > 5
        )
    assert [row["width"] for row in rows] == [5] * 6 + [8] * 6
    assert {row["parameters"] for row in rows} == {101 * 5 + 6 * 5 + 6 * 4, 101 * 8 + 9 * 8 + 9 * 4}


def test_records_and_units(finished: Sweep):
    records, units = finished.population.records(), finished.population.units()
    assert records.column_names == [*RECORDS.names, "mne_layer_2", "learnt", "accuracy_live"]
    rows = records.to_pylist()
    ids = finished.population.member_ids
    assert [(row["checkpoint"], row["member_id"]) for row in rows] == [(c, i) for c in range(4) for i in ids]
    assert {row["status"] for row in rows} == {"training"}
    for row in rows:
        assert row["step"] == round(EPOCHS[row["checkpoint"]] * 0.6144 / 1e-4)
        assert row["epoch"] == pytest.approx(row["step"] * 1e-4 / 0.6144, rel=1e-12)
        assert row["val_loss"] == row["val_mse"] + row["penalty"]
        assert sum(row["confusion"]) == 300
    assert units.column_names == UNITS.names
    assert set(units["checkpoint"].to_pylist()) == {3}
    assert len(units) == 6 * (2 * 5 + 4) + 6 * (2 * 8 + 4)


def test_exported_weights_give_the_stored_loss_and_accuracy(finished: Sweep, dataset: Dataset):
    """Pictures and labels by the plain-Python reference, the network in NumPy with 64-bit numbers."""

    def read(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        pictures, labels = [], []
        for ground, rest in words.tolist():
            frog, toad, symbol = rest & 31, rest >> 5 & 31, 5 + (rest >> 10 & 7)
            energy, sky = reference.ENERGIES[rest >> 13 & 15], reference.SKIES[rest >> 17]
            tiles = [bool(ground >> column & 1) for column in range(32)]
            pictures.append(reference.picture(tiles, frog, toad, symbol, energy, sky))
            labels.append(reference.label(pictures[-1], frog))
        return np.array(pictures, float), np.array(labels)

    def outputs(pictures: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
        hidden = pictures.T
        for layer in ("hidden_1", "hidden_2"):
            kernel, bias = weights[f"{layer}_kernel"], weights[f"{layer}_bias"]
            hidden = np.maximum(0.0, kernel.astype(float) @ hidden + bias[:, None])
        return weights["output_kernel"].astype(float) @ hidden + weights["output_bias"][:, None]

    (validation, truth), (test, answers) = read(dataset.validation[:300]), read(dataset.test[:300])
    for row in finished.population.records().to_pylist()[-12:]:
        weights = finished.population.weights(row["member_id"])
        error = np.mean((outputs(validation, weights) - np.eye(4)[truth].T) ** 2)
        # float32 sums of a hundred products, and of 300 rows, differ from float64 by some 1e-6 of the value
        assert row["val_mse"] == pytest.approx(error, rel=2e-5)
        assert row["accuracy"] == pytest.approx(np.mean(outputs(test, weights).argmax(0) == answers), abs=1e-7)
        squares = sum(np.sum(weights[f"hidden_{layer}_kernel"].astype(float) ** 2) for layer in (1, 2))
        assert row["penalty"] == pytest.approx(0.01 * squares, rel=2e-6)


def test_the_wandb_run_shows_what_is_stored(finished: Sweep, config: Config):
    read = inspect(finished.population.folder)
    (run,) = read["run"]
    assert (run["project"], run["run_group"]) == ("mirrorjax", finished.folder.name)
    assert run["tags"][:3] == ["smoke", "small", "supervised"]
    shown = run["config"]["update"]
    assert shown["varies"] == {"width": config.population.axes.width, "dropout": config.population.axes.dropout}
    assert shown["population"] == {"seeds": 3, "first_seed": 0, "data_order": config.population.data_order}
    assert "width" not in shown["model"] and shown["model"]["depth"] == config.model.depth
    table = finished.population.records()
    *checkpoints, last = [row["item"] for row in read["history"]]
    assert len(checkpoints) == 4
    for index, logged in enumerate(checkpoints):
        stored = table.filter(np.array(table["checkpoint"]) == index).to_pandas()
        assert (logged["checkpoint/step"], logged["checkpoint/epoch"]) == (stored["step"][0], EPOCHS[index])
        metrics = population_metrics({name: stored[name].to_numpy() for name in stored})
        for name, value in metrics.items():
            if "histogram" not in name:
                assert logged[name] == value
        for name in ("val_loss", "cmni", "accuracy"):
            assert logged[key(name, "median")] == np.median(stored[name])
    assert {"final/phase_diagram", "final/phase_map", "final/cells"} <= {name.split(".")[0] for name in last}
    assert read["exit"][0].get("exit_code") == 0


def test_the_report_is_there(finished: Sweep):
    page = (finished.folder / "report.html").read_text()
    assert finished.folder.name in page
    assert finished.population.name in page
