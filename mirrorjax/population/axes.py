"""The members of a population: every combination of the configured axes, with every seed."""

import gc

from mirrorjax.population.members import Member
from mirrorjax.settings.grid import each_combination
from mirrorjax.settings.schema import MEMBER, Config, value_of


def members(config: Config) -> list[Member]:
    """Expands the axes; the seed changes fastest."""
    population = config.population
    seeds = range(population.first_seed, population.first_seed + population.seeds)
    same = Member(**{name: value_of(config, each.key) for name, each in MEMBER.items()})
    collecting = gc.isenabled()
    gc.disable()  # it would walk through all members again and again, and find nothing
    try:
        return [
            member
            for each in each_combination(population, population.union)
            for member in same.with_seeds(seeds, **each)
        ]
    finally:
        if collecting:
            gc.enable()
