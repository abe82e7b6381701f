"""Networks that go on from a finished sweep's: as those ended, and it is known before any work from which."""

import numpy as np
import pytest

from mirrorjax.job.parents import stored_members
from mirrorjax.population.members import identity
from mirrorjax.results.read import Results
from tests.sweep.cases import QUICKLY, Run, Sweep

OWN = ["regime=overlap", "regime.pair=distress", "regime.overlap=0.01", *QUICKLY]


@pytest.mark.slow
@pytest.mark.nightly
def test_they_start_with_the_weights_that_their_parents_ended_with(finished: Sweep, sweep: Run):
    at_once = ("regime.epochs=0", "measurement.at=[]", "optimizer.learning_rate=5e-5")  # another rate than the parents'
    children = sweep(*OWN, *at_once, f"regime.finetunes={finished.folder}").population
    before, (parents,) = finished.population, Results.open(finished.folder).populations
    known = {row["member_id"]: row for row in before.members().to_pylist()}
    found = children.members().to_pylist()
    assert {row["parent"] for row in found} == known.keys()
    for row in found:
        parent = known[row["parent"]]
        assert [row[name] for name in ("seed", "width", "dropout")] == [
            parent[name] for name in ("seed", "width", "dropout")
        ]
        own, theirs = children.weights(row["member_id"]), parents.weights(row["parent"])
        assert all(np.array_equal(own[name], weight) for name, weight in theirs.items())
    config, dataset = children.stored_config(), children.manifest["dataset"]["hash"]
    ids = [identity(member.resolved(), dataset) for member in stored_members(children, config)]
    assert ids == children.member_ids, "read back without the parents"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["population.first_seed=1"], "it has no finished supervised networks with seed 3, width 5, depth 2 "),
        (["regime.congruence=1"], "with seed 0, width 5, depth 2, congruence 1.0 that learnt from this dataset; "),
        (["dataset.seed=1"], "it has no finished supervised networks with seed 0, "),
    ],
)
@pytest.mark.slow
@pytest.mark.nightly
def test_who_has_no_parent_is_named_before_any_work(finished: Sweep, sweep: Run, settings: list[str], words: str):
    refused = sweep(*OWN, *settings, f"regime.finetunes={finished.folder}", code=2)
    assert refused.err.startswith(f"error: regime.finetunes is {finished.folder}: ") and words in refused.err
    assert "allowed: results with one for each member" in refused.err


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ([*OWN, "regime.finetunes=nowhere"], "regime.finetunes: nowhere: no such folder"),
        (QUICKLY, "regime.finetunes is x: only regime=overlap looks at it; allowed here: None"),
    ],
)
def test_where_there_are_no_networks(sweep: Run, settings: list[str], words: str):
    more = [] if settings[0] == OWN[0] else ["regime.finetunes=x"]
    assert sweep(*settings, *more, code=2).err == f"error: {words}\n"
