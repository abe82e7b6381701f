"""The machine's own limits: how many operations a second, and how many bytes."""

import jax
import jax.numpy as jnp

from mirrorjax.bench.timing import Figure, figure, seconds
from mirrorjax.machine.runtime import Device


def peak(device: Device, repeats: int = 10) -> Figure:
    """The most float32 operations a second that a large matrix product reaches: the best of all repetitions counts."""
    size = 1024 if device.platform == "cpu" else 8192
    x = jax.device_put(jnp.full((size, size), 1.0 / size, jnp.float32), device)
    product = jax.jit(lambda x: jnp.matmul(x, x, precision="highest"))
    spent = seconds(lambda: jax.block_until_ready(product(x)), repeats)
    rates = [2.0 * size**3 / s for s in spent]
    return Figure("peak of float32 products", max(rates), min(rates), max(rates), "FLOP/s")


def bandwidth(device: Device) -> Figure:
    """Bytes a second, read and written, of a copy that fits in no cache."""
    length = 1 << 26 if device.platform == "cpu" else 1 << 28
    x = jax.device_put(jnp.zeros(length, jnp.float32), device)
    copy = jax.jit(lambda x: x + 1.0)
    spent = seconds(lambda: jax.block_until_ready(copy(x)))
    return figure("memory bandwidth", [8.0 * length / s for s in spent], "B/s")
