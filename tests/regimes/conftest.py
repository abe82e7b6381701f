"""The small dataset."""

import pytest

from mirrorjax.dataset.build import Dataset
from tests.training.cases import small_dataset


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return small_dataset()
