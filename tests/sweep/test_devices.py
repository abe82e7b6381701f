"""The number of devices is not to be seen in the results: one, two (the finished sweep) and eight."""

import subprocess
import sys
from pathlib import Path

import pytest

from mirrorjax.tracking.results import Results
from tests.sweep.cases import QUICKLY, SETTINGS, Sweep, assert_same_results

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("devices", [1, 8])
def test_the_results_are_those_of_two_devices(finished: Sweep, tmp_path: Path, devices: int):
    settings = [*SETTINGS, *QUICKLY, f"runtime.devices={devices}", f"results_dir={tmp_path}"]
    subprocess.run([sys.executable, "-m", "mirrorjax", "sweep", *settings], check=True, capture_output=True)
    (folder,) = tmp_path.iterdir()
    (population,) = Results.open(folder).populations
    assert population.manifest["device"]["count"] == devices
    assert_same_results(population, finished.population)
