"""What a faster precision of matrix products gains, and what it does to CMNI."""

import jax
import numpy as np

from mirrorjax.bench.timing import Figure, once
from mirrorjax.bench.workload import HEADLINE, measured_population, seeds
from mirrorjax.machine.runtime import Device, block_size
from mirrorjax.population.members import Member
from mirrorjax.training.loop import Schedule

PRECISIONS = ("highest", "high", "default")
EPOCHS = 1.0
MEMBERS = 32


def precision(devices: list[Device]) -> list[Figure]:
    """Thirty-two seeds for a paper epoch at each precision: steps a second, and how far CMNI moves from `highest`."""
    members = seeds(MEMBERS, Member(**{**vars(HEADLINE), "learning_rate": 1e-4}))
    figures, exact = [], np.zeros(MEMBERS)
    before = jax.config.values["jax_default_matmul_precision"]
    try:
        for name in PRECISIONS:
            jax.config.update("jax_default_matmul_precision", name)
            block = block_size(None, devices[0].platform, MEMBERS)
            population = measured_population(members, devices, block, 20_000)
            last = list(population.run(Schedule((0.0, EPOCHS))))[-1]
            cmni = last.records["cmni"].astype(float)
            speed = population.model_steps / population.seconds["training"]
            figures.append(once(f"{name}: speed", speed, "model-steps/s"))
            if name == PRECISIONS[0]:
                exact = cmni
                spread = float(np.std(cmni, ddof=1) / np.mean(cmni))
                figures.append(once("CMNI: spread over seeds, relative", spread, "1"))
            else:
                moved = float(np.median(np.abs(cmni - exact) / exact))
                figures.append(once(f"{name}: CMNI moved by, relative median", moved, "1"))
    finally:
        jax.config.update("jax_default_matmul_precision", before)
    return figures
