"""Twenty kills at random moments, minutes long; `make soak` is the large one."""

from pathlib import Path

import pytest

from tests.soak import soak

SETTINGS = [
    "experiment=smoke", "dataset.turns=40_000", "dataset.test_rows=800", "tracker=off", "population.seeds=32",
    *("population.axes.width=[5]", "population.axes.dropout=[0,0.1]", "population.axes.learning_rate=[1e-4,5e-5]"),
    *("regime.patience=1", "regime.epochs=4", "measurement.at=null", "measurement.every=0.5"),
    *("measurement.test_rows=null", "measurement.units_at=[2]", "measurement.null_seeds=0"),
    *("measurement.causes_seeds=0", "runtime.checkpoint_seconds=1"),
]  # fmt: skip


@pytest.mark.soak
def test_twenty_kills_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MIRRORJAX_CACHE", str(tmp_path / "cache"))
    outcome = soak(tmp_path / "soak", SETTINGS, kills=20)
    print(outcome)
    assert (outcome.members, len(outcome.killed)) == (128, 20)
    resumed = [run.resumed for run in outcome.killed if run.resumed is not None]
    assert len(set(resumed)) > 2, "the kills must hit it at work, on the way"
    assert resumed == sorted(resumed), "what was reached is never lost"
