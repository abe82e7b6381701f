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


def memory(devices: list[Device], engine: str = "auto", sizes: Sequence[int] = (FEW, MANY)) -> list[Figure]:
    """Peak memory of two sizes of population; their difference is what a member takes.

    Args:
        devices: that train it; on an accelerator all of a device's members are one block.
        engine: that is asked for, see `engines.choice`.
        sizes: members of the smaller population, and of the larger one.
    """
    host = devices[0].platform == "cpu"
    peaks = []
    for members in sizes:
        population = measured_population(seeds(members), devices, block_for(members, devices), _ROWS, engine)
        list(population.run(_SCHEDULE))
        on_devices = sum(0 if host else device.memory_stats()["peak_bytes_in_use"] for device in devices)
        peaks.append(peak_memory() if host else on_devices)
        del population
    few, many = sizes
    each = need(program_of(HEADLINE), host)
    return [
        once("a member, measured", (peaks[1] - peaks[0]) / (many - few), "B", few=few, many=many),
        once("a member, planned", each.resident + each.running + (0 if host else each.block), "B"),
        once("… of it as long as it trains", each.resident, "B"),
    ]


if __name__ == "__main__":
    asked, by = sys.argv[1:]
    print(json.dumps({each.name: each.median for each in memory(configure(asked, None, "highest", None), by)}))
