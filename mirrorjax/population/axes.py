"""The members of a population: every combination of the configured axes, with every seed."""

from mirrorjax.config import Config, varied
from mirrorjax.population.members import Member


def members(config: Config) -> list[Member]:
    """Expands the axes; the seed changes fastest."""
    population = config.population
    seeds = range(population.first_seed, population.first_seed + population.seeds)
    return [
        Member(
            seed=seed,
            regime=config.regime.name,
            model=config.model.name,
            data_order=population.data_order,
            **settings,
        )
        for settings in varied(config)
        for seed in seeds
    ]
