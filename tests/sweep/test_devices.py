"""The number of devices is not to be seen in the results: one, two and eight."""

import subprocess
import sys
from pathlib import Path

import pytest

from mirrorjax.results.read import Population, Results
from tests.sweep.cases import CALIBRATED, QUICKLY, SETTINGS, assert_same_results

pytestmark = [pytest.mark.slow, pytest.mark.processes]


def trained_on(devices: int, results: Path) -> Population:
    settings = [*SETTINGS, *CALIBRATED, *QUICKLY, f"runtime.devices={devices}", f"results_dir={results}"]
    subprocess.run([sys.executable, "-m", "mirrorjax", "sweep", *settings], check=True, capture_output=True)
    (folder,) = results.iterdir()
    (population,) = Results.open(folder).populations
    assert population.manifest["device"]["count"] == devices
    return population


def test_the_results_are_those_of_two_devices(tmp_path: Path, cache: Path):
    two = trained_on(2, tmp_path / "2")
    assert two.records()["ssi_z"].null_count == 0
    for devices in (1, 8):
        for kept in (cache / "nulls").iterdir():
            kept.unlink()  # so that these devices measure them too
        assert_same_results(trained_on(devices, tmp_path / str(devices)), two)
