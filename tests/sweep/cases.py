"""A sweep of seconds, run in this process, and what its tests compare."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mirrorjax.results.read import Population, Results
from mirrorjax.results.store import Store

SETTINGS = [
    "experiment=smoke",
    *("dataset.turns=20_000", "dataset.games=64", "dataset.burn_in=256", "dataset.test_rows=400"),
    *("measurement.test_rows=300", "measurement.validation_rows=300", "measurement.at=[0.05,0.1]"),
    "measurement.boards=0",  # the calibrated measures have tests of their own, and take as long to compile as the rest
    *("population.seeds=3", "population.axes.width=[5,8]", "population.axes.dropout=[0,0.1]", "runtime.devices=2"),
]
EPOCHS = [0.0, 0.05, 0.1, 0.2]
QUICKLY = ["tracker=off", "report=false"]
CALIBRATED = [
    *("measurement.boards=64", "measurement.rescue_boards=32"),
    *("measurement.null_seeds=6", "measurement.causes_seeds=0"),
]


@dataclass(frozen=True)
class Sweep:
    """A sweep's folder and what the command printed."""

    folder: Path
    out: str
    err: str

    @property
    def populations(self) -> list[Population]:
        return Results.open(self.folder).populations

    @property
    def population(self) -> Population:
        (population,) = self.populations
        return population


Run = Callable[..., Sweep]


def bytes_and_times(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """Every file: what is in it, and when it was written."""
    return {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.rglob("*") if file.is_file()}


def assert_same_results(one: Population, other: Population) -> None:
    """Both are finished, with the same members, records, units and weights, bit for bit."""
    assert one.done and other.done
    assert one.members().equals(other.members())
    assert one.records().equals(other.records())
    assert one.units().equals(other.units())
    for name in ("weights.safetensors", "weights.json"):
        assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes()


def at_checkpoint(monkeypatch: pytest.MonkeyPatch, index: int, act: Callable[[], None]) -> None:
    """Lets something happen, once, as soon as a checkpoint is stored."""
    write_records = Store.write_records

    def write_and_act(store: Store, checkpoint: int, columns: Mapping[str, Any]) -> None:
        write_records(store, checkpoint, columns)
        if checkpoint == index:
            monkeypatch.setattr(Store, "write_records", write_records)
            act()

    monkeypatch.setattr(Store, "write_records", write_and_act)
