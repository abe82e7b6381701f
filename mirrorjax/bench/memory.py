"""What a member of a population takes, from its start to a measured checkpoint, beside what was planned."""

from mirrorjax.bench.data import peak_memory
from mirrorjax.bench.timing import Figure, once
from mirrorjax.bench.training import block_for
from mirrorjax.bench.workload import HEADLINE, measured_population, seeds
from mirrorjax.machine.runtime import Device
from mirrorjax.population.plan import program_of
from mirrorjax.training.loop import Schedule
from mirrorjax.training.memory import need

FEW, MANY = 2_048, 8_192
_SCHEDULE = Schedule((0.0, HEADLINE.epoch(2)))
_ROWS = 1_000


def memory(devices: list[Device]) -> list[Figure]:
    """Peak memory of two sizes of population; their difference is what a member takes."""
    host = devices[0].platform == "cpu"
    peaks = []
    for members in (FEW, MANY):
        population = measured_population(seeds(members), devices, block_for(members, devices), _ROWS)
        list(population.run(_SCHEDULE))
        on_devices = sum(0 if host else device.memory_stats()["peak_bytes_in_use"] for device in devices)
        peaks.append(peak_memory() if host else on_devices)
        del population
    planned = need(program_of(HEADLINE), host)
    return [
        once("a member, measured", (peaks[1] - peaks[0]) / (MANY - FEW), "B", few=FEW, many=MANY),
        once("a member, planned", planned.resident + planned.running, "B"),
        once("… of it as long as it trains", planned.resident, "B"),
    ]
