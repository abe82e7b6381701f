"""A transformer learns the game as well as an MLP of as many parameters: 8 seeds of each, 1.02 million samples."""

import numpy as np
import pytest

from tests.regimes.acceptance import Records, records_of

pytestmark = [pytest.mark.slow, pytest.mark.acceptance]
SAME = {"learning_rate": 2e-3, "batch_size": 256, "dropout": 0.0, "l2": 0.0}
KINDS = {"tf_small": {"model": "transformer", "width": 73, "depth": 1, **SAME}, "2×32": {"width": 32, **SAME}}
EPOCHS = 13.02  # 4,000 steps


@pytest.fixture(scope="module")
def records() -> Records:
    return records_of(KINDS, seeds=8, epochs=EPOCHS)


def test_most_learn_the_oracle(records: Records):
    own = records["tf_small"]
    met = (own["val_mse"] <= 0.036) & (own["accuracy"] >= 0.89)
    met &= (own["recall_help_rescue"] >= 0.8) & (own["recall_leap"] >= 0.6)
    assert met.sum() >= 6


def test_it_is_about_as_good_as_an_mlp_of_as_many_parameters(records: Records):
    own, mlp = (np.median(records[kind]["val_mse"]) for kind in KINDS)
    assert own <= mlp + 0.002
