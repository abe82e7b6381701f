"""What trains on a GPU: the fused kernel beside the compiled step, by population, shape, knobs and steps a call."""

from dataclasses import replace

from mirrorjax.bench.timing import Figure
from mirrorjax.bench.training import block_for, compared, measured
from mirrorjax.bench.workload import HEADLINE, Workload, flops_a_step, reference_dataset, seeds
from mirrorjax.dataset.knobs import PAPER
from mirrorjax.machine.runtime import Device
from mirrorjax.settings.schema import MEMBER

POPULATIONS = (32, 128, 528, 4096, 16384, 65536)
SHAPES = ((1, 17), (3, 17), (2, 8), (2, 24), (1, 32), (2, 40), (2, 50))
TURNED = {name: 0.5 for name in PAPER if MEMBER[name].knob in ("C", "D", "I")}  # of the theory's maps
MANY = 4096
SECONDS = 0.4  # of a repetition: a card's time is short, and nobody else is on it


def engines(devices: list[Device], populations: tuple[int, ...] = POPULATIONS, many: int = MANY) -> list[Figure]:
    """Both engines in turns; nothing on a device that has but one.

    Args:
        devices: that train.
        populations: members of 2×17.
        many: members of the other shapes.
    """
    if devices[0].platform != "gpu":
        return []
    train, found = reference_dataset().train, []
    for number in populations:
        members, block = seeds(number), block_for(number, devices)
        both = {
            f"{engine}, {number:,}": Workload(members, train, devices, block, engine) for engine in ("fused", "xla")
        }
        found += compared(both, flops_a_step(HEADLINE), SECONDS, block=block)
    block = block_for(many, devices)
    for depth, width in SHAPES:
        like = replace(HEADLINE, depth=depth, width=width)
        name, flops = f"{depth}×{width}, {many:,}", flops_a_step(like)
        found.append(measured(name, seeds(many, like), train, devices, block, flops, SECONDS))
    turned = seeds(many, replace(HEADLINE, **TURNED))
    return [*found, measured(f"knobs, {many:,}", turned, train, devices, block, flops_a_step(HEADLINE), SECONDS)]
