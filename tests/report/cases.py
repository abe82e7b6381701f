"""Synthetic results folders in the format of docs/formats.md, with what is to be found in them planted."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from mirrorjax.report.read.published import paper_curve
from mirrorjax.results.store import (
    MEMBERS,
    RECORDS,
    UNITS,
    as_table,
    with_layers,
    write_json,
    write_text,
)

QUICKSTART_EPOCHS = (0, 0.5, 1, 2, 3, 5, 7, 10, 15, 25, 37, 49)
UNTRAINED = 0.054


@dataclass
class Network:
    """One planted network: settings, and its values at a checkpoint of a paper epoch."""

    seed: int
    depth: int = 2
    width: int = 17
    learning_rate: float = 1e-4
    batch_size: int = 25
    activation: str = "relu"
    regime: str = "supervised"
    data_order: str = "own"
    diverged_from: int | None = None
    values: Callable[["Network", float], dict[str, float]] = field(
        default=lambda network, epoch: like_paper(network, epoch)
    )

    @property
    def member_id(self) -> str:
        words = (self.seed, self.depth, self.width, self.learning_rate, self.batch_size, self.activation)
        return hashlib.sha256(repr(words).encode()).hexdigest()[:16]

    @property
    def units(self) -> int:
        return self.depth * self.width + 4

    @property
    def parameters(self) -> int:
        return 101 * self.width + (self.depth - 1) * (self.width + 1) * self.width + 4 * (self.width + 1)


def like_paper(network: Network, epoch: float) -> dict[str, float]:
    """The published curve with a factor for the seed and the capacity; untrained networks score .054."""
    chance = np.random.default_rng(int(network.member_id[:8], 16))
    curve = paper_curve()
    factor = float(np.exp(0.12 * chance.standard_normal()))
    size = np.log2(network.width * network.depth / 34)
    if epoch == 0:
        cmni, loss = UNTRAINED * factor, 0.41 + 0.02 * chance.standard_normal()
    else:
        late = max(epoch, 1.0)
        cmni = float(np.interp(late, curve.epoch, curve.cmni)) * factor * (1 - 0.12 * abs(size))
        loss = float(np.interp(late, curve.epoch, curve.val_loss)) * (1 - 0.06 * size)
        loss += 0.0008 * chance.standard_normal()
        if epoch < 1:
            cmni, loss = cmni + 0.006, loss + 0.05
    learned = 1 - np.exp(-epoch / 12)
    return {
        "val_loss": loss,
        "cmni": cmni,
        "cmni_hidden": 0.7 * cmni,
        "accuracy": 0.4 + 0.53 * learned,
        "recall_jump": min(1.0, 0.4 + epoch),
        "recall_leap": 0.58 * learned,
        "recall_help": 0.96 * learned,
        "recall_help_edge": 0.97 * learned,
        "recall_help_rescue": 0.4 * learned,
    }


def write_population(
    folder: Path,
    networks: Sequence[Network],
    epochs: Sequence[float] = QUICKSTART_EPOCHS,
    units_at: Sequence[int] = (-1,),
    manifest: dict[str, Any] | None = None,
) -> Path:
    """Writes one population's folder.

    Args:
        epochs: paper epochs of checkpoints 0, 1, ….
        units_at: the checkpoints that have units, as places in `epochs`.
        manifest: what to change in it.
    """
    for part in (folder, folder / "records", folder / "units"):
        part.mkdir(parents=True, exist_ok=True)
    names = [name for name in MEMBERS.names if hasattr(networks[0], name)]
    members = {name: [getattr(network, name) for network in networks] for name in names}
    same: dict[str, Any] = {
        "init_seed": members["seed"],
        "order_seed": members["seed"],
        "dropout_seed": members["seed"],
    }
    members |= same | {
        "model": "mlp",
        "dropout": 0.12,
        "l2": 0.01,
        "congruence": 0.0,
        "dependency": 1.0,
        "shuffled": 0.0,
    }
    pq.write_table(as_table(MEMBERS, members, "members"), folder / "members.parquet")
    for checkpoint in range(len(epochs)):
        _write_records(folder, networks, checkpoint, epochs)
    for place in units_at:
        _write_units(folder, networks, place % len(epochs), epochs[place])
    facts: dict[str, Any] = {
        "format": 1,
        "experiment": "synthetic",
        "status": "done",
        "created": "2026-01-02T03:04:05Z",
        "finished": "2026-01-02T03:24:05Z",
        "versions": {"mirrorjax": "0.1.0", "jax": "0.10.2", "python": "3.11.9"},
        "device": {"platform": "cpu", "kind": "cpu", "count": 2},
        "commit": "29753b5",
        "seconds": {"dataset": 21.4, "compile": 6.1, "training": 812.0, "measurement": 31.0, "total": 880.2},
        "dataset": {"hash": "5f1c2a77", "counts": {"train": 2_457_600, "validation": 614_400, "test": 100_000}},
        "members": len(networks),
        "diverged": sum(network.diverged_from is not None for network in networks),
        "checkpoints": list(epochs),
        "model_steps_per_second": 104_321.5,
    }
    write_json(folder / "manifest.json", facts | (manifest or {}))
    write_text(folder / "config.yaml", "experiment: synthetic\ndataset:\n  turns: 7000000\n")
    return folder


def write_sweep(folder: Path, populations: Mapping[str, Sequence[Network]], **options: Any) -> Path:
    """Writes a sweep of populations by name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sweep.json").write_text(json.dumps({"name": "quickstart", "overrides": ["population.seeds=10"]}))
    for name, networks in populations.items():
        write_population(folder / name, networks, **options)
    return folder


def _write_records(folder: Path, networks: Sequence[Network], checkpoint: int, epochs: Sequence[float]) -> None:
    rows = []
    for network in networks:
        frozen = network.diverged_from is not None and checkpoint >= network.diverged_from
        # a diverged network keeps the values of its last finite state
        source = max((network.diverged_from or 1) - 1, 0) if frozen else checkpoint
        values = network.values(network, epochs[source])
        mne = values["cmni"] * network.units
        row: dict[str, Any] = dict.fromkeys(RECORDS.names, np.nan)
        row |= {
            "member_id": network.member_id,
            "checkpoint": checkpoint,
            "step": round(epochs[checkpoint] * 0.6144 / network.learning_rate),
            "epoch": float(epochs[checkpoint]),
            "status": "diverged" if frozen else "training",
            "units": network.units,
            "mne": mne,
            "mne_output": 0.35 * mne,
            "confusion": [0] * 16,
        }
        rows.append(row | {"mne_layer_1": 0.4 * mne, "mne_layer_2": 0.25 * mne} | values)
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    table = as_table(with_layers(RECORDS, columns), columns, "records")
    pq.write_table(table, folder / "records" / f"{checkpoint:06d}.parquet")


def planted_means(network: Network, unit: int) -> dict[str, float]:
    """Mean activations of a first-layer unit (1-based): every third is a mirror unit, every third for Toad only."""
    base = 0.1 + 0.02 * unit
    change = {
        0: (0.05, 0.06),  # mirror
        1: (-0.01, 0.08),  # Toad only
        2: (0.02, 0.09),  # mirror and differentiating
        3: (0.0, 0.001),  # insensitive
        4: (-0.05, -0.06),  # falls
        5: (0.07, -0.02),  # Frog only
    }[unit % 6]
    frog, toad = base + change[0], base + change[1]
    return {
        "none": base,
        "frog": frog,
        "toad": toad,
        "both": base + sum(change),
        "frog_filtered": frog,
        "toad_filtered": toad,
    }


def _write_units(folder: Path, networks: Sequence[Network], checkpoint: int, epoch: float) -> None:
    rows = []
    for network in networks:
        for layer in range(1, network.depth + 2):
            for unit in range(1, (network.width if layer <= network.depth else 4) + 1):
                means = planted_means(network, unit)
                rows.append(
                    dict.fromkeys(UNITS.names, 0.0)
                    | {f"mean_{group}": value for group, value in means.items()}
                    | {
                        "member_id": network.member_id,
                        "checkpoint": checkpoint,
                        "step": round(epoch * 0.6144 / network.learning_rate),
                        "epoch": float(epoch),
                        "layer": layer,
                        "unit": unit,
                        "output": layer > network.depth,
                        "mns": max(0.0, min(means["frog"], means["toad"]) - means["none"]),
                    }
                )
    columns = {name: np.array([row[name] for row in rows]) for name in UNITS.names}
    pq.write_table(as_table(UNITS, columns, "units"), folder / "units" / f"{checkpoint:06d}.parquet")
