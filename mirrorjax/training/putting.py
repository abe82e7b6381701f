"""Gives the networks of a population weights that are there already."""

from collections.abc import Mapping, Sequence

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.training.loop import Trainer
from mirrorjax.training.memory import parameter_shapes


def put_weights(
    trainer: Trainer, weights: Mapping[str, Mapping[str, np.ndarray]], whose: Sequence[str], where: str
) -> np.ndarray:
    """Gives every network weights by name; whether they are all finite [members].

    Args:
        trainer: of the networks.
        weights: by id, and there by name.
        whose: the id of each network's [members].
        where: they are from, for messages.

    Raises:
        InputError: of some network there are none, or others than it has.
    """
    finite = np.zeros(len(trainer.ids), bool)
    for runner in trainer.runners:
        shape, shapes = runner.part.slots.shape, parameter_shapes(runner.part.program)
        params = {name: np.zeros((*shape, *each.shape), each.dtype) for name, each in shapes.items()}
        for block, place in np.argwhere(runner.part.slots >= 0):
            member = int(runner.part.slots[block, place])
            own = weights.get(whose[member], {})
            if {name: weight.ndim for name, weight in own.items()} != {name: p.ndim - 2 for name, p in params.items()}:
                raise InputError(f"{where} has no weights of member {whose[member]}")
            for name, weight in own.items():  # beyond a narrower network's own is padding, which nothing is read of
                params[name][(block, place, *map(slice, weight.shape))] = weight
            finite[member] = all(np.isfinite(weight).all() for weight in own.values())
        runner.put(params)
    return finite
