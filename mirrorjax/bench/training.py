"""Model-steps a second: the headline network by population size, data order, block and cores; and mixed widths."""

from dataclasses import replace

from mirrorjax.bench.timing import Figure, rate, side_by_side
from mirrorjax.bench.workload import HEADLINE, Workload, flops_a_step, reference_dataset, seeds
from mirrorjax.machine.runtime import Device, block_size
from mirrorjax.population.members import Member

SECONDS = 1.0  # of a repetition
BLOCK = 64  # on a CPU the fastest for thousands of members; the default is a quarter of it, for tens of members


def block_for(members: int, devices: list[Device]) -> int:
    """Members side by side: on an accelerator all of a device's."""
    share = -(-members // len(devices))
    if devices[0].platform == "cpu":
        return min(BLOCK, share)
    return block_size(None, devices[0].platform, share)


def measured(
    name: str,
    members: list[Member],
    train,
    devices: list[Device],
    block: int,
    flops: float | None = None,
    seconds: float = SECONDS,
) -> Figure:
    """Model-steps a second of a population in training."""
    (figure,) = compared({name: Workload(members, train, devices, block)}, flops, seconds, block=block)
    return figure


def compared(
    trainers: dict[str, Workload], flops: float | None = None, seconds: float = SECONDS, **parameters: int
) -> list[Figure]:
    """Model-steps a second of several populations, in turns: their ratios bear a busy machine."""
    steps = {name: trainer.steps_for(seconds) for name, trainer in trainers.items()}
    runs = {name: lambda name=name, trainer=trainer: trainer.train(steps[name]) for name, trainer in trainers.items()}
    figures = []
    for name, spent in side_by_side(runs).items():
        members = trainers[name].members
        figures.append(rate(name, members * steps[name], spent, "model-steps/s", flops, members=members, **parameters))
    return figures


def training(devices: list[Device]) -> list[Figure]:
    """The headline network, own and shared data order."""
    train, flops = reference_dataset().train, flops_a_step(HEADLINE)
    cpu = devices[0].platform == "cpu"
    figures = []
    for order in ("own", "shared"):
        for members in (1, 128, 4096) if cpu else (1, 1024, 16384, 65536):
            block = block_for(members, devices)
            population = seeds(members, data_order=order)
            figures.append(measured(f"{order} order, {members:,}", population, train, devices, block, flops))
    if cpu:
        default = block_size(None, "cpu", 4096)
        figures.append(measured(f"own order, 4,096, block {default}", seeds(4096), train, devices, default, flops))
    return figures


def training_all_cores(devices: list[Device]) -> list[Figure]:
    """The headline network on every device of the machine."""
    train, flops = reference_dataset().train, flops_a_step(HEADLINE)
    return [
        measured(f"{order} order, 4,096", seeds(4096, data_order=order), train, devices, BLOCK, flops)
        for order in ("own", "shared")
    ]


def widths(devices: list[Device]) -> list[Figure]:
    """Every width from 5 to 50 at once, by the ladder of compiled widths and all padded to 50."""
    train = reference_dataset().train
    mixed = [replace(HEADLINE, width=width, seed=seed) for width in range(5, 51) for seed in range(16)]
    padded = [replace(member, width=50, seed=number) for number, member in enumerate(mixed)]
    block = block_size(None, devices[0].platform, len(mixed))
    ladder = [
        measured(f"width {width}", seeds(512, replace(HEADLINE, width=width)), train, devices, block)
        for width in (8, 16, 17, 24, 32, 40, 50)
    ]
    both = {
        "widths 5…50 by the ladder": Workload(mixed, train, devices, block),
        "widths 5…50 padded to 50": Workload(padded, train, devices, block),
    }
    return [*compared(both, block=block), *ladder]
