"""How throughput and time grow with members, steps and rows."""

import numpy as np

from mirrorjax.bench.timing import Figure, figure, seconds
from mirrorjax.bench.training import block_for, measured
from mirrorjax.bench.workload import HEADLINE, Workload, flops_a_step, reference_dataset, seeds
from mirrorjax.machine.runtime import Device
from mirrorjax.measurement.battery.boards import boards_of
from mirrorjax.measurement.stream import measured_rows, piece_on


def scaling(devices: list[Device]) -> list[Figure]:
    """Model-steps a second by population size, in the default blocks."""
    train, flops = reference_dataset().train, flops_a_step(HEADLINE)
    cpu = devices[0].platform == "cpu"
    sizes = [4**power for power in range(8)] if cpu else [1, *(4**power for power in range(4, 9))]
    figures = []
    for members in sizes:
        block = 16 if cpu else block_for(members, devices)
        figures.append(measured(f"{members:,} members", seeds(members), train, devices, block, flops))
    return figures


def cost(devices: list[Device]) -> list[Figure]:
    """Seconds against steps, members and measured rows, each alone."""
    dataset, figures = reference_dataset(), []
    trainer = Workload(seeds(512), dataset.train, devices, block_for(512, devices))
    for steps in (64, 128, 256, 512):
        spent = seconds(lambda steps=steps: trainer.train(steps), repeats=3)
        figures.append(figure(f"{steps} steps", spent, "s", axis="steps", at=steps))
    for members in (256, 512, 1024, 2048):
        trainer = Workload(seeds(members), dataset.train, devices, block_for(members, devices))
        spent = seconds(lambda trainer=trainer: trainer.train(64), repeats=3)
        figures.append(figure(f"{members:,} members", spent, "s", axis="members", at=members))
    trainer = Workload(seeds(64), dataset.train, devices, block_for(64, devices))
    (runner,), piece = trainer.runners, piece_on(devices[0].platform)
    for rows in (12_500, 25_000, 50_000, 100_000):
        measured_on, _ = measured_rows(dataset.test[:rows], dataset.validation[:rows], piece=piece)
        spent = seconds(lambda on=measured_on: runner.measured(runner.params(), on), repeats=3)
        figures.append(figure(f"{rows:,} rows", spent, "s", axis="rows", at=rows))
    return figures


def measuring(devices: list[Device]) -> list[Figure]:
    """A checkpoint's measurement of 64 members: 100,000 test and 100,000 validation rows; the calibrated measures."""
    dataset, members = reference_dataset(), seeds(64)
    (runner,) = Workload(members, dataset.train, devices, block_for(64, devices)).runners
    held = dataset.validation[: len(dataset.test)]
    rows, _ = measured_rows(dataset.test, held, piece=piece_on(devices[0].platform))
    spent = seconds(lambda: runner.measured(runner.params(), rows))
    each = [s / len(members) for s in spent]
    figures = [figure("a member and checkpoint", each, "s", members=len(members), rows=len(dataset.test))]
    for count in (1024, 4096):
        boards = boards_of(dataset, count, 256)
        each = [s / len(members) for s in seconds(lambda boards=boards: runner.battery(runner.params(), boards))]
        figures.append(figure(f"calibrated, {count:,} boards", each, "s", members=len(members), boards=count))
    boards, everyone = boards_of(dataset, 1024, 256), np.ones(len(members), bool)
    scores = np.zeros((len(members), 2 * HEADLINE.width), np.float32)
    spent = seconds(lambda: runner.causes(runner.params(), boards, scores, everyone), repeats=3)
    each = [s / len(members) for s in spent]
    return [*figures, figure("caused", each, "s", members=len(members), boards=1024)]
