"""Training by every way to learn, the paper's network; beside the factor that the passes of a step predict. Brains."""

from dataclasses import replace

import jax
import jax.numpy as jnp

from mirrorjax.bench.timing import Figure, rate, seconds
from mirrorjax.bench.training import block_for, compared
from mirrorjax.bench.workload import HEADLINE, Workload, reference_dataset, seeds
from mirrorjax.machine.runtime import Device
from mirrorjax.population.members import Member, MemberValues, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.training.step import init_state, train

WAYS = {  # `next` differs from `auto` in its rows alone
    "supervised": HEADLINE,
    "contrastive": replace(HEADLINE, regime="contrastive", alignment=0.01),
    "overlap": replace(HEADLINE, regime="overlap", overlap=0.01, pair="distress"),
    "imitation": replace(HEADLINE, regime="imitation"),
    "predictive, auto": replace(HEADLINE, regime="predictive", objective="auto"),
}
BRAIN = Member(regime="assembly")
LIFE = 6.0  # episodes, as of `experiment=phase_assembly`


def ways(devices: list[Device], members: int = 512, kinds: dict[str, Member] = WAYS) -> list[Figure]:
    """Model-steps a second of each, in turns, and the passes of a batch through its network in a step; brains."""
    rows, block = reference_dataset().train, block_for(members, devices)
    trained = {name: Workload(seeds(members, like), rows, devices, block) for name, like in kinds.items()}
    passes = {name: regime_of(program_of(like)).passes for name, like in kinds.items()}
    found = compared(trained, block=block)
    told = [replace(each, parameters={**(each.parameters or {}), "passes": passes[each.name]}) for each in found]
    return [*told, brains()]


def brains(number: int = 16, like: Member = BRAIN) -> Figure:
    """Whole lives of brains a second, side by side, and their reading."""
    regime = regime_of(program_of(like))
    moments = jnp.uint32(regime.clock.step(like, LIFE))

    @jax.jit
    @jax.vmap
    def life(values: MemberValues) -> dict[str, jax.Array]:
        brain = train(regime, init_state(regime, values), values, jnp.uint32(0), moments, ())
        return regime.policy(brain.own, values, ())

    values = stack_values(seeds(number, like), "bench")
    spent = seconds(lambda: jax.block_until_ready(life(values)))
    return rate(f"assembly, {like.neurons:,} neurons an area", number, spent, "brains/s", members=number)
