"""The members of a population: every combination of the configured axes, with every seed."""

import itertools
from dataclasses import fields

from mirrorjax.config import Config
from mirrorjax.population.members import Member


def members(config: Config) -> list[Member]:
    """Expands the axes; the last axis and then the seed change fastest."""
    model, optimizer, population = config.model, config.optimizer, config.population
    settings = {
        "width": model.width,
        "depth": model.depth,
        "activation": model.activation,
        "learning_rate": optimizer.learning_rate,
        "dropout": model.dropout,
        "l2": config.regime.l2,
        "batch_size": optimizer.batch_size,
    }
    axes = {axis.name: getattr(population.axes, axis.name) for axis in fields(population.axes)}
    values = [list(axes[name]) if axes[name] is not None else [default] for name, default in settings.items()]
    seeds = range(population.first_seed, population.first_seed + population.seeds)
    return [
        Member(
            seed=seed,
            regime=config.regime.name,
            model=model.name,
            data_order=population.data_order,
            **dict(zip(settings, chosen, strict=True)),
        )
        for chosen in itertools.product(*values)
        for seed in seeds
    ]
