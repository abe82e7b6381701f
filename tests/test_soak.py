"""Twenty kills at random moments; `make soak` is the large one."""

from pathlib import Path

import pytest

from tests.soak import SAVES, soak

SETTINGS = [
    "experiment=smoke", "dataset.turns=20_000", "dataset.test_rows=400", "tracker=off", "population.seeds=16",
    *("population.axes.width=[5]", "population.axes.dropout=[0,0.1]", "population.axes.learning_rate=[1e-4,5e-5]"),
    *("regime.patience=0.5", "regime.epochs=1.5", "measurement.at=null", "measurement.every=0.125"),
    *("measurement.test_rows=null", "measurement.units_at=[1]", "measurement.null_seeds=0"),
    "measurement.boards=0",
]  # fmt: skip


@pytest.mark.soak
def test_twenty_kills_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Twelve checkpoints are work enough on any machine: ten processes save, and do one and a bit before the kill."""
    monkeypatch.setenv("MIRRORJAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")  # a kill may leave half a program
    outcome = soak(tmp_path / "soak", SETTINGS, kills=20)
    print(outcome)
    assert (outcome.members, len(outcome.killed)) == (64, 20)
    at_work = [run for run in outcome.killed if run.moment and run.moment.chunks]
    assert len(at_work) == 14 and all(len(run.reached) >= 3 for run in at_work)
    saving = [run.reached[-1] for run in at_work if run.moment and run.moment.saving == SAVES]
    assert len(set(saving)) == 10, "each has got further"
