"""Results of an earlier version: read, reported on, extended and gone on with, to the same numbers.

`finished` and `halfway` (stopped at its second checkpoint) are one sweep of eight networks over widths, depths, knobs,
encodings and activations. Where the machine and JAX are those that made them every bit is the same; elsewhere the last
bits of products differ, and grow with the steps.
"""

import re
import shutil
from pathlib import Path

import jax
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mirrorjax.launch.cli import main
from mirrorjax.machine.runtime import configure, device_facts
from mirrorjax.report.page.build import write_report
from mirrorjax.report.read.populations import load
from mirrorjax.results.read import Population, Results

pytestmark = pytest.mark.slow
GOLDEN = Path(__file__).parents[1] / "data" / "golden"
SETTINGS = [
    *("experiment=smoke", "name=golden", "population.axes.width=null"),
    "population.list=[{width:5,depth:1,learning_rate:2e-4},{width:17,depth:2,congruence:1.0,veil_symbol:0.5},"
    "{width:17,depth:3,encoding:one_hot,dropout:0.0},{width:24,depth:2,activation:tanh,l2:0.001}]",
    *("measurement.null_seeds=0", "measurement.boards=64", "measurement.rescue_boards=32"),
    *("measurement.test_rows=1000", "measurement.validation_rows=1000", "measurement.causes_seeds=1"),
    *("measurement.units_at=[0.1]", "tracker=off", "report=false", "runtime.checkpoint_seconds=null"),
]
ELSEWHERE = 1e-3  # of numbers of order 1, after 1,229 steps


@pytest.fixture(scope="module")
def golden() -> Population:
    (population,) = Results.open(GOLDEN / "finished" / "smoke-e061c6a9").populations
    return population


def _folder(kind: str, into: Path) -> Path:
    shutil.copytree(GOLDEN / kind, into)
    (sweep,) = into.iterdir()
    return sweep


def _assert_same(found: pa.Table, known: pa.Table, bits: bool) -> None:
    """The same columns, and no column less; exactly, or as far as another machine computes them."""
    assert set(known.column_names) <= set(found.column_names)
    found = found.sort_by("member_id")
    known = known.sort_by("member_id")
    for name in known.column_names:
        own, before = found[name].combine_chunks(), known[name].combine_chunks()
        if bits or not pa.types.is_floating(before.type):
            assert own.equals(before), name
        elif name in ("val_loss", "val_mse", "penalty", "epoch", "learning_rate", "cmni"):  # that are smooth
            np.testing.assert_allclose(own.to_numpy(False), before.to_numpy(False), atol=ELSEWHERE, err_msg=name)


def test_a_stopped_population_is_gone_on_with(golden: Population, tmp_path: Path):
    sweep = _folder("halfway", tmp_path / "results")
    assert main(["sweep", *SETTINGS, "population.seeds=2", f"results_dir={tmp_path / 'results'}"]) == 0
    (population,) = Results.open(sweep).populations
    assert population.done and population.manifest["pieces"] == 2
    devices = configure("cpu", None, "highest", None)
    made_by = golden.manifest
    bits = made_by["device"] == device_facts(devices) and made_by["versions"]["jax"] == jax.__version__
    members = population.members().select(golden.members().column_names)  # there may be further settings by now
    assert members.sort_by("member_id").equals(golden.members().sort_by("member_id"))
    for checkpoint in (0, 1, 2):
        of_both = (each.records().filter(pc.field("checkpoint") == checkpoint) for each in (population, golden))
        _assert_same(*of_both, bits=bits)
    before = dict(golden.weights_of_all())
    for member_id, weights in population.weights_of_all():
        for name, values in weights.items():
            np.testing.assert_allclose(values, before[member_id][name], atol=0 if bits else ELSEWHERE)


def test_a_finished_population_is_reported_on(tmp_path: Path):
    page = write_report(_folder("finished", tmp_path / "results"))
    assert re.search("None of the 8 networks learnt", page.read_text(encoding="utf-8")) is not None
    assert load(page.parent).problems == []


def test_a_finished_population_is_extended(golden: Population, tmp_path: Path):
    sweep = _folder("finished", tmp_path / "results")
    assert main(["sweep", *SETTINGS, "population.seeds=3", f"extend={sweep}"]) == 0
    results = Results.open(sweep)
    (new,) = [each for each in results.populations if each.name != golden.name]
    assert new.done and new.manifest["extends"] == [golden.name]
    seeds = results.query("SELECT seed, count(*) AS networks FROM members GROUP BY seed ORDER BY seed").to_pydict()
    assert seeds == {"seed": [0, 1, 2], "networks": [4, 4, 4]}
