"""The small dataset, and a few networks measured on it."""

import pytest

from mirrorjax.dataset.build import Dataset
from mirrorjax.measurement.records import Measured
from tests.measurement.cases import Plain, Weights, measured, plain, some_weights
from tests.training.cases import small_dataset

WIDTHS = (17, 12, 24)  # compiled as 24


@pytest.fixture(autouse=True)
def quickly(compiled_quickly: None) -> None:
    """Nothing here compares bits."""


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return small_dataset()


@pytest.fixture(scope="session")
def networks() -> list[Weights]:
    """Three of two layers; in the first one, unit 3 of layer 1 is dead and unit 4 constant."""
    found = [some_weights(width, 2, 24, seed) for seed, width in enumerate(WIDTHS)]
    found[0]["hidden_1_kernel"][2:4] = 0
    found[0]["hidden_1_bias"][2:4] = (-1.0, 0.3)
    return found


@pytest.fixture(scope="session")
def found(networks, dataset) -> Measured:
    """On 2,000 test rows and 1,300 validation rows: no whole number of pieces of either."""
    return measured(networks, list(WIDTHS), dataset.test, dataset.validation[:1300], l2=(0.01, 0.0, 0.5))


@pytest.fixture(scope="session")
def on_test(networks, dataset) -> list[Plain]:
    """The same networks' activations on the test rows, in float64."""
    return [plain(weights, width, dataset.test) for weights, width in zip(networks, WIDTHS, strict=True)]


@pytest.fixture(scope="session")
def on_validation(networks, dataset) -> list[Plain]:
    """And on the validation rows."""
    return [plain(weights, width, dataset.validation[:1300]) for weights, width in zip(networks, WIDTHS, strict=True)]
