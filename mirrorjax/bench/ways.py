"""Training by every way to learn, the paper's network; beside the factor that the passes of a step predict."""

from dataclasses import replace

from mirrorjax.bench.timing import Figure
from mirrorjax.bench.training import block_for, compared
from mirrorjax.bench.workload import HEADLINE, Workload, reference_dataset, seeds
from mirrorjax.machine.runtime import Device
from mirrorjax.population.members import Member
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of

WAYS = {  # `next` differs from `auto` in its rows alone
    "supervised": HEADLINE,
    "contrastive": replace(HEADLINE, regime="contrastive", alignment=0.01),
    "overlap": replace(HEADLINE, regime="overlap", overlap=0.01, pair="distress"),
    "imitation": replace(HEADLINE, regime="imitation"),
    "predictive, auto": replace(HEADLINE, regime="predictive", objective="auto"),
}


def ways(devices: list[Device], members: int = 512, kinds: dict[str, Member] = WAYS) -> list[Figure]:
    """Model-steps a second of each, in turns, and the passes of a batch through its network in a step."""
    train, block = reference_dataset().train, block_for(members, devices)
    trained = {name: Workload(seeds(members, like), train, devices, block) for name, like in kinds.items()}
    passes = {name: regime_of(program_of(like)).passes for name, like in kinds.items()}
    found = compared(trained, block=block)
    return [replace(each, parameters={**(each.parameters or {}), "passes": passes[each.name]}) for each in found]
