"""The members of a population: every combination of the configured axes, with every seed."""

import gc

from mirrorjax.combinations import each_combination
from mirrorjax.config import Config, settings
from mirrorjax.population.members import Member


def members(config: Config) -> list[Member]:
    """Expands the axes; the seed changes fastest."""
    population = config.population
    seeds = range(population.first_seed, population.first_seed + population.seeds)
    same = Member(
        regime=config.regime.name, model=config.model.name, data_order=population.data_order, **settings(config)
    )
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
