"""Random numbers that are the same for every network: drawn once a process, then constants of the compiled programs.

Drawn inside, they would be a third of what there is to compile. A draw of more numbers begins with those of fewer, so
that networks of all sizes share one.
"""

import functools
from collections.abc import Callable

import jax
import numpy as np

_LEAST = 4096  # numbers of a draw


@functools.cache
def _drawn(kind: Callable[..., jax.Array], count: int, size: int) -> np.ndarray:
    with jax.ensure_compile_time_eval():
        keys = jax.random.split(jax.random.key(0), count)
        return np.asarray(jax.jit(jax.vmap(lambda key: kind(key, (size,))))(keys))


def _several(kind: Callable[..., jax.Array], count: int, *shape: int) -> np.ndarray:
    wanted = int(np.prod(shape))
    size = max(_LEAST, 1 << (wanted - 1).bit_length())
    return _drawn(kind, count, size)[:, :wanted].reshape(count, *shape)


def normal(count: int, *shape: int) -> np.ndarray:
    """Standard normal numbers [count, *shape]."""
    return _several(jax.random.normal, count, *shape)


def uniform(count: int, *shape: int) -> np.ndarray:
    """Numbers in [0, 1) [count, *shape]."""
    return _several(jax.random.uniform, count, *shape)


@functools.cache
def choices(count: int, number: int) -> np.ndarray:
    """As many indices below a number [count, number], with replacement: bootstraps."""
    with jax.ensure_compile_time_eval():
        keys = jax.random.split(jax.random.key(0), count)
        return np.asarray(jax.jit(jax.vmap(lambda key: jax.random.randint(key, (number,), 0, number)))(keys))
