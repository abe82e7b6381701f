"""What a member of a population takes, from its start to a measured checkpoint, beside what was planned.

`python -m mirrorjax.bench.memory PLATFORM ENGINE` prints both for an engine, as JSON: a device's peak is that of a
whole process.
"""

import json
import sys
from collections.abc import Sequence

from mirrorjax.bench.data import peak_memory
from mirrorjax.bench.timing import Figure, once
from mirrorjax.bench.training import block_for
from mirrorjax.bench.workload import HEADLINE, measured_population, seeds
from mirrorjax.machine.runtime import Device, configure
from mirrorjax.population.plan import program_of
from mirrorjax.training.loop import Schedule
from mirrorjax.training.memory import need

FEW, MANY = 2_048, 8_192
_SCHEDULE = Schedule((0.0, HEADLINE.epoch(2)))
_ROWS = 1_000
_FEWEST, _BOARDS = 64, 1_024  # members, few enough for boards to take most; the usual number of these


def memory(devices: list[Device], engine: str = "auto", sizes: Sequence[int] = (FEW, MANY)) -> list[Figure]:
    """Peak memory of two sizes of population; their difference is what a member takes.

    Args:
        devices: that train it; on an accelerator all of a device's members are one block.
        engine: that is asked for, see `engines.choice`.
        sizes: members of the smaller population, and of the larger one.
    """
    host = devices[0].platform == "cpu"
    shown = [] if host else _shown_boards(devices)  # before there is more: a peak never falls
    peaks = []
    for members in sizes:
        population = measured_population(seeds(members), devices, block_for(members, devices), _ROWS, engine)
        list(population.run(_SCHEDULE))
        peaks.append(peak_memory() if host else _peak(devices))
        del population
    few, many = sizes
    each = need(program_of(HEADLINE), host)
    return [
        *shown,
        once("a member, measured", (peaks[1] - peaks[0]) / (many - few), "B", few=few, many=many),
        once("a member, planned", each.resident + each.running + (0 if host else each.block), "B"),
        once("… of it as long as it trains", each.resident, "B"),
    ]


def _shown_boards(devices: list[Device]) -> list[Figure]:
    """Peak of a block with a battery and what units cause: nearly all of it is of members that are shown boards."""
    block = block_for(_FEWEST, devices)
    population = measured_population(seeds(block * len(devices)), devices, block, _ROWS, boards=_BOARDS)
    list(population.run(Schedule((0.0,), units_at=(0.0,))))
    each = need(program_of(HEADLINE), False, _BOARDS)
    planned = population.measuring.data.bytes + block * (each.resident + each.running) + each.temporaries(block)
    return [
        once("a block and its boards, measured", _peak(devices), "B", block=block, boards=_BOARDS),
        once("a block and its boards, planned", len(devices) * planned, "B"),
    ]


def _peak(devices: list[Device]) -> float:
    return sum(device.memory_stats()["peak_bytes_in_use"] for device in devices)


if __name__ == "__main__":
    asked, by = sys.argv[1:]
    print(json.dumps({each.name: each.median for each in memory(configure(asked, None, "highest", None), by)}))
