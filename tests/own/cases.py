"""Activations of made-up networks with known mirror units."""

from collections.abc import Sequence

import numpy as np

SOME = ("none", "self", "other", "object", "object_baseline")
Activations = dict[str, dict[str, np.ndarray]]


def planted(
    effects: dict[str, np.ndarray], rows: int = 128, sites: Sequence[str] = ("h1",), seed: int = 0, mean: float = 9.0
) -> Activations:
    """Units with noise of deviation one under each condition, a scene of 1.5 that all share, and effects [units]."""
    random = np.random.default_rng(seed)
    units = len(next(iter(effects.values())))
    found: Activations = {name: {} for name in effects}
    for site in sites:
        scene = mean + 1.5 * random.normal(size=(rows, units))
        for name, effect in effects.items():
            found[name][site] = np.asarray(scene + random.normal(size=scene.shape) + effect, np.float32)
    return found


def effects(
    units: int = 40, mirrors: int = 4, size: float = 1.8, conditions: Sequence[str] = SOME
) -> dict[str, np.ndarray]:
    """The first units answer to self and other, the last to the object."""
    social, thing = np.zeros(units), np.zeros(units)
    social[:mirrors], thing[-mirrors:] = size, size
    of = {"self": social, "other": social, "object": thing, "both": 2 * social}
    return {name: of.get(name, np.zeros(units)) for name in conditions}
