"""Synthetic results for all tests of the report that only read them."""

from pathlib import Path

import pytest

from tests.report.battery_cases import write_calibrated
from tests.report.cases import Network, write_sweep


def standard_networks() -> list[Network]:
    """2×17 with 32 seeds, of which one diverges, and four other capacities with 5 seeds."""
    networks = [Network(seed, diverged_from=5 if seed == 31 else None) for seed in range(32)]
    return networks + [Network(seed, depth, width) for depth in (1, 2) for width in (5, 40) for seed in range(5)]


@pytest.fixture
def printed() -> None:
    """For tests of the images for print."""


@pytest.fixture(autouse=True)
def few_images(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images for print take half of a report's time: those of a module's own page are written, else for `printed`."""
    if "printed" not in request.fixturenames:
        monkeypatch.setattr("mirrorjax.report.page.files.save", lambda chart, stem: [])


@pytest.fixture(scope="session")
def sweep_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep of one population, 52 networks × 12 checkpoints."""
    return write_sweep(tmp_path_factory.mktemp("report") / "quickstart", {"1c9e0b7d52aa": standard_networks()})


@pytest.fixture(scope="session")
def calibrated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A population with every calibrated measure, 12 networks × 7 checkpoints."""
    return write_calibrated(tmp_path_factory.mktemp("calibrated") / "p")
