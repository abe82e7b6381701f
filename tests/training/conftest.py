"""What the tests of training share: the small dataset and one mixed population, trained once a session."""

from typing import NamedTuple

import pytest

from mirrorjax.dataset.build import Dataset
from mirrorjax.population.members import Member
from mirrorjax.training.loop import Checkpoint, Schedule, Trainer
from tests.training.cases import Weights, epochs, mixed_members, population_of, small_dataset, weights_of

STEPS = 200  # of the members at RATE; twice as many at RATE / 2


class Trained(NamedTuple):
    """A population after its run."""

    members: list[Member]
    population: Trainer
    checkpoints: list[Checkpoint]
    before: list[Weights]
    after: list[Weights]


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return small_dataset()


@pytest.fixture(scope="session")
def mixed() -> Trained:
    """The forty mixed members on one device, measured at 0, 80 and 200 steps."""
    members = mixed_members()
    population = population_of(members)
    before = weights_of(population)
    checkpoints = list(population.run(Schedule((0.0, *epochs(80, STEPS)))))
    return Trained(members, population, checkpoints, before, weights_of(population))
