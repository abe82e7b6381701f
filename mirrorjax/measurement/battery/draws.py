"""Random numbers that are the same for every network: drawn once a process, then constants of the compiled programs.

Drawn inside, they would be a third of what there is to compile. A draw of more numbers begins with those of fewer, so
that networks of all sizes share one.
"""

import functools
import threading
from collections.abc import Callable

import jax
import numpy as np

_LEAST = 4096  # numbers of a draw
_ONE_AT_A_TIME = threading.RLock()  # programs are traced in several threads: the second one finds what the first drew


def _each(kind: Callable[[jax.Array], jax.Array], count: int) -> np.ndarray:
    """What `kind` draws of so many keys: by one program, which is run at once though another one is being traced."""
    draw = jax.jit(lambda seed: jax.vmap(kind)(jax.random.split(jax.random.key(seed), count)))
    seed = np.int32(0)
    return np.asarray(draw.lower(seed).compile()(seed))


@functools.cache
def _drawn(kind: Callable[..., jax.Array], count: int, size: int) -> np.ndarray:
    return _each(lambda key: kind(key, (size,)), count)


def _several(kind: Callable[..., jax.Array], count: int, *shape: int) -> np.ndarray:
    wanted = int(np.prod(shape))
    size = max(_LEAST, 1 << (wanted - 1).bit_length())
    with _ONE_AT_A_TIME:
        return _drawn(kind, count, size)[:, :wanted].reshape(count, *shape)


def normal(count: int, *shape: int) -> np.ndarray:
    """Standard normal numbers [count, *shape]."""
    return _several(jax.random.normal, count, *shape)


def uniform(count: int, *shape: int) -> np.ndarray:
    """Numbers in [0, 1) [count, *shape]."""
    return _several(jax.random.uniform, count, *shape)


@functools.cache
def _chosen(count: int, number: int) -> np.ndarray:
    return _each(lambda key: jax.random.randint(key, (number,), 0, number), count)


def choices(count: int, number: int) -> np.ndarray:
    """As many indices below a number [count, number], with replacement: bootstraps."""
    with _ONE_AT_A_TIME:
        return _chosen(count, number)
