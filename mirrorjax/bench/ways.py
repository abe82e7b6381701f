"""Training by every way to learn, the paper's network; beside the factor that the passes of a step predict."""

from dataclasses import replace
from functools import partial

from mirrorjax.bench.timing import Figure, rate, side_by_side
from mirrorjax.bench.training import SECONDS, block_for
from mirrorjax.bench.workload import HEADLINE, Workload, flops_a_step, reference_dataset, seeds
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
    """Model-steps a second of each, in turns; the work counted is that of `supervised` times the passes."""
    train, block = reference_dataset().train, block_for(members, devices)
    trained = {name: Workload(seeds(members, like), train, devices, block) for name, like in kinds.items()}
    steps = {name: each.steps_for(SECONDS) for name, each in trained.items()}
    runs = {name: partial(each.train, steps[name]) for name, each in trained.items()}
    found = []
    for name, spent in side_by_side(runs).items():
        passes = getattr(regime_of(program_of(kinds[name])), "passes", 1)
        flops = passes * flops_a_step(HEADLINE)
        found.append(rate(name, members * steps[name], spent, "model-steps/s", flops, members=members, passes=passes))
    return found
