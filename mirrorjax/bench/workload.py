"""What the sections have in common: the headline network, its members and the reference dataset."""

import time

import jax
import numpy as np

from mirrorjax.dataset.build import Dataset, DatasetSpec
from mirrorjax.dataset.cache import default_folder, load_or_build
from mirrorjax.dataset.sources import Sources
from mirrorjax.game.observation import OBSERVATION_SIZE
from mirrorjax.machine.compiler import Compiler
from mirrorjax.machine.runtime import Device
from mirrorjax.measurement.battery.boards import boards_of
from mirrorjax.population.members import OUTPUTS, Member
from mirrorjax.population.plan import plan, population_mesh, replicated
from mirrorjax.regimes.base import World
from mirrorjax.training.data import SAMPLE, Data
from mirrorjax.training.loop import Trainer
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.memory import Layout
from mirrorjax.training.part import PartRunner

VISIT = 64  # steps that a block is trained at the least before the next; a run trains each to its checkpoint
HEADLINE = Member(width=17, depth=2, batch_size=25, learning_rate=4e-5)  # the paper's network


def flops_a_step(member: Member) -> float:
    """Multiplications and additions of the matrix products of one update, forwards and backwards, without padding."""
    first = 2 * OBSERVATION_SIZE * member.width  # forwards, and the kernel's slope; the input has none
    inner = 3 * member.width * member.width * (member.depth - 1)
    last = 3 * member.width * OUTPUTS
    return 2.0 * member.batch_size * (first + inner + last)


def seeds(count: int, like: Member = HEADLINE, data_order: str = "own") -> list[Member]:
    """`count` members that differ in their seed."""
    return [Member(**{**vars(like), "seed": seed, "data_order": data_order}) for seed in range(count)]


def reference_dataset() -> Dataset:
    """The default dataset, from the cache if it is there."""
    return load_or_build(DatasetSpec(), default_folder() / "datasets")


def measured_population(
    members: list[Member], devices: list[Device], block: int, rows: int, engine: str = "auto", boards: int = 0
) -> Trainer:
    """Members that are trained on the reference dataset and measured on so many of its test and validation rows.

    On so many matched boards too, and a fourth of them for rescue.
    """
    dataset = reference_dataset()
    shown = boards_of(dataset, boards, boards // 4) if boards else None
    data = Data.of(dataset, boards=shown, test_rows=rows, validation_rows=rows)
    return Trainer(Measuring(members, data, devices), Layout(devices, block, engine=engine), Compiler())


class Workload:
    """Members in training on some devices, without measuring, for timing."""

    def __init__(
        self, members: list[Member], train: np.ndarray, devices: list[Device], block: int, engine: str = "auto"
    ):
        self.compiler, mesh = Compiler(), population_mesh(devices)
        world = World(jax.device_put(train, replicated(mesh)), held=None, sample={"rows": train[:SAMPLE]})
        self.members = len(members)
        parts = plan(members, block, len(devices))
        of_all = members, "bench", Sources.of_rows(train), mesh, self.compiler
        self.runners = [PartRunner(part, *of_all, engine=engine) for part in parts]
        self.learnt_from = {
            runner.regime: jax.device_put(runner.regime.world(world).train, replicated(mesh)) for runner in self.runners
        }
        for runner in self.runners:
            runner.start()
        self.train(VISIT)

    def train(self, steps: int) -> int:
        """Trains every member `steps` more steps and waits; returns model-steps."""
        return sum(
            runner.train_to(runner.done.astype(np.int64) + steps, self.learnt_from[runner.regime])
            for runner in self.runners
        )

    def steps_for(self, seconds: float) -> int:
        """About how many steps take as long as that, in whole visits."""
        steps, spent = VISIT // 4, 0.0
        while spent < seconds / 4:  # a few steps take no longer on an accelerator than the call itself
            steps, start = 4 * steps, time.perf_counter()
            self.train(steps)
            spent = time.perf_counter() - start
        return VISIT * max(1, round(steps / VISIT * seconds / spent))
