"""Columns of made-up populations, and the files that the tests write from them."""

from pathlib import Path

import numpy as np

from mirrorjax.results.store import UNITS, Store


def ids(members: int, first: int = 0) -> list[str]:
    return [f"{(first + number) * 0x9E3779B97F4A7C15 % 2**64:016x}" for number in range(1, members + 1)]


def member_columns(members: int = 6, first: int = 0) -> dict:
    number = np.arange(members)
    return {
        "member_id": ids(members, first),
        "seed": number,
        "init_seed": number + 10,
        "order_seed": number + 20,
        "dropout_seed": number + 30,
        "regime": ["supervised"] * members,
        "model": ["mlp"] * members,
        "activation": ["relu"] * members,
        "data_order": ["shuffled"] * members,
        "width": np.where(number % 2, 32, 17),
        "depth": np.full(members, 2),
        "batch_size": np.full(members, 8),
        "parameters": np.full(members, 2000),
        "units": np.where(number % 2, 68, 38),
        "learning_rate": np.full(members, 1e-4),
        "dropout": np.zeros(members),
        "l2": np.zeros(members),
        "congruence": np.zeros(members),
        "dependency": np.ones(members),
        "shuffled": np.zeros(members),
    }


def record_columns(members: int = 6, step: int = 100, first: int = 0) -> dict:
    random = np.random.default_rng(step)
    loss = random.uniform(0.05, 0.08, members)
    columns = {
        "member_id": ids(members, first),
        "step": step,
        "epoch": step / 6144,
        "status": ["training"] * (members - 1) + ["diverged"],
        "val_loss": loss,
        "val_mse": loss,
        "penalty": np.zeros(members),
        "excess_error": random.uniform(0, 0.1, members),
        "accuracy": random.uniform(0.8, 1, members),
        "confusion": random.integers(0, 1000, (members, 16)),
        "units": np.full(members, 38),
        "mne_layer_1": random.uniform(0, 0.1, members),
        "mne_layer_2": np.where(np.arange(members) % 2, 0.25, np.nan),
    }
    for name in ("hop", "jump", "leap", "help", "help_edge", "help_rescue"):
        columns[f"recall_{name}"] = random.uniform(0, 1, members).astype(np.float32)
    for name in ("cmni", "cmni_hidden", "cmni_text", "cmni_unfiltered", "mne", "mne_output"):
        columns[name] = random.uniform(0, 0.01, members)
    return columns


def unit_columns(members: int = 2, units: int = 3) -> dict:
    rows = members * units
    columns = {
        "member_id": np.repeat(ids(members), units),
        "step": 100,
        "epoch": 0.5,
        "layer": np.tile([1, 1, 2], members),
        "unit": np.tile([1, 2, 1], members),
        "output": np.tile([False, False, True], members),
        "mns": np.linspace(0, 0.1, rows),
    }
    columns |= {name: np.full(rows, 0.5) for name in UNITS.names if name not in columns and name != "checkpoint"}
    columns["skewness_none"][0] = np.nan
    return columns


def population(folder: Path, members: int = 6, checkpoints: int = 3, first: int = 0) -> Store:
    """A finished population without weights."""
    store = Store.create(folder)
    store.write_config("optimizer:\n  learning_rate: 1e-4\n")
    store.write_manifest({"format": 1, "status": "running", "members": members})
    store.write_members(member_columns(members, first))
    for checkpoint in range(checkpoints):
        store.write_records(checkpoint, record_columns(members, 100 * checkpoint, first))
    store.write_units(checkpoints - 1, unit_columns())
    store.mark_done()
    return store
