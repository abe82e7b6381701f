"""A comparison is one W&B run: its tables and figures, in the sweeps' project, the same run for the same folder."""

from pathlib import Path
from typing import Any

import pytest
import wandb

from mirrorjax.tracking.compared import log_comparison
from tests.tracking.cases import population


@pytest.fixture
def compared(tmp_path: Path) -> Path:
    out = tmp_path / "compare"
    for name in ("figures", "tables"):
        (out / name).mkdir(parents=True)
    (out / "figures/ways.png").write_bytes(b"png")
    (out / "tables/ways.csv").write_text("way,measure,z_random\nsupervised,ssi,2.5\npredictive random,ssi,\n")
    return out


def test_tables_and_figures_are_logged(compared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    begun: list[dict[str, Any]] = []
    logged: dict[str, Any] = {}

    class Run:
        url = None

        def log(self, content: dict[str, Any]) -> None:
            logged.update(content)

        def __getattr__(self, _: str) -> Any:
            return lambda *_, **__: None

    monkeypatch.setattr(wandb, "init", lambda **given: begun.append(given) or Run())
    monkeypatch.setattr(wandb, "Image", str)
    store = population(tmp_path / "regimes-0a1b2c3d" / "aaaa")
    (store.folder / "config.yaml").write_text("tracker:\n  project: frogs\n  entity: lab\nregime:\n  name: overlap\n")
    for _ in range(2):
        log_comparison([tmp_path / "regimes-0a1b2c3d"], compared, mode="offline")
    one, again = begun
    assert one["id"] == again["id"]
    assert (one["project"], one["entity"], one["tags"]) == ("frogs", "lab", ["compare"])
    assert one["config"] == {"sweeps": ["regimes-0a1b2c3d"], "regimes": ["overlap"]}
    assert set(logged) == {"final/ways", "final/ways_table"}
    table = logged["final/ways_table"]
    assert table.columns == ["way", "measure", "z_random"]
    assert table.data == [["supervised", "ssi", 2.5], ["predictive random", "ssi", None]]
