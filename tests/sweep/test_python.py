"""What docs/inspect.md shows in Python: a finished sweep's networks, run on matched boards."""

import re
from pathlib import Path

import numpy as np
import pytest

import mirrorjax
from mirrorjax.dataset.matched import CONDITIONS
from mirrorjax.errors import InputError
from mirrorjax.results.read import Results
from mirrorjax.settings.schema import MeasurementConfig
from tests.sweep.cases import Sweep

PAGE = Path(mirrorjax.__file__).parent.parent / "docs" / "inspect.md"

pytestmark = pytest.mark.slow


def test_activations_on_boards_are_five_lines(finished: Sweep):
    (code,) = re.findall(r"```python\n(population = .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(code.splitlines()) == 5
    member = finished.population.member_ids[0]
    code = code.replace("results/quickstart-…", str(finished.folder)).replace("3c6e", member)
    names: dict = {"Results": Results}
    exec(code, names)
    network, boards = names["network"], names["boards"]
    assert names["change"].shape == (network.settings["depth"] * network.settings["width"],)
    assert np.isfinite(names["change"]).all() and np.abs(names["change"]).max() > 0
    assert list(boards) == list(CONDITIONS)
    assert all(each.shape == boards["x0"].shape for each in boards.values())
    assert boards["x0"].shape[1] <= MeasurementConfig().boards, "this population has none of its own"
    assert network.run(boards["xF"]).shape == (4, boards["xF"].shape[1])


def test_dataset_boards_and_their_reprs(finished: Sweep):
    population = finished.population
    dataset = population.dataset()
    assert dataset.content_hash == population.manifest["dataset"]["hash"]
    assert repr(dataset).startswith(f"Dataset({dataset.content_hash}; rows: train ")
    assert repr(population.boards(3)) == f"Pictures(3 boards; {', '.join(CONDITIONS)})"
    frog = population.boards(2, rescue=True)["x0"][32:64]
    assert (np.argmax(frog == 4, axis=0) >= 26).all()
    network = population.member(population.member_ids[0])
    assert repr(network) == f"TrainedNetwork({network.describe()})"
    with pytest.raises(InputError, match="boards: 0; allowed: 1 or more"):
        population.boards(0)


def test_another_dataset_is_refused(finished: Sweep, monkeypatch: pytest.MonkeyPatch):
    population = finished.population
    monkeypatch.setattr(type(population), "manifest", {"dataset": {"hash": "0123"}})
    with pytest.raises(InputError, match="trained on dataset 0123, but its settings make "):
        population.boards()
