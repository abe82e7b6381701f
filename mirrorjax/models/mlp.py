"""The paper's network: dense layers with relu and dropout, and a linear layer of four outputs."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.randomness import stream_from_key, uniform, word

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": nn.relu,
    "tanh": jnp.tanh,
    "gelu": nn.gelu,
    "identity": lambda x: x,
}


def glorot_rows(key: jax.Array, rows: int, columns: int, limit: jax.Array) -> Float32[Array, "rows columns"]:
    """Uniform in ±limit; entry (i, j) depends on the key, i and j only, so that padding changes no weight."""
    row, column = jnp.arange(rows, dtype=jnp.uint32)[:, None], jnp.arange(columns, dtype=jnp.uint32)[None, :]
    return limit * (2 * uniform(word(stream_from_key(key), row << 16 | column)) - 1)


@jax.custom_vjp
def product(kernel: Float32[Array, "units inputs"], h: Float32[Array, "inputs ..."]) -> Float32[Array, "units ..."]:
    """kernel @ h, for one example or a batch; `kernel.T` of the backward pass is laid out before it is multiplied.

    Left to itself the compiler multiplies by the transposed kernel in place, which on a CPU takes three times as long.
    """
    return kernel @ h


def _product_forward(kernel: jax.Array, h: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return kernel @ h, (kernel, h)


def _product_backward(residuals: tuple[jax.Array, jax.Array], slope: jax.Array) -> tuple[jax.Array, jax.Array]:
    kernel, h = residuals
    batch_axes = tuple(range(1, h.ndim))
    return jnp.tensordot(slope, h, axes=(batch_axes, batch_axes)), jax.lax.optimization_barrier(kernel.T) @ slope


product.defvjp(_product_forward, _product_backward)


class MLP(nn.Module):
    """Dense(n) → activation → dropout, `depth` times, then Dense(outputs), linear (the published code).

    Features come first, in kernels [out, in] and in activations [units, batch]: a layer is one product W @ X whose
    long axis is contiguous (1.5 times faster than batch first). One example is a vector; batch axes trail.

    Attributes:
        width: units of each hidden layer as compiled, the true ones and the padding.
        depth: hidden layers.
        outputs: of the linear head.
        activation: a name in ACTIVATIONS.
    """

    width: int
    depth: int
    outputs: int = 4
    activation: str = "relu"

    @nn.compact
    def __call__(
        self,
        x: Float32[Array, "inputs ..."],
        gates: Float32[Array, "depth width ..."],
        replaced: tuple[Bool[Array, "depth width ..."], Float32[Array, "depth width ..."]] | None = None,
    ) -> tuple[Float32[Array, "outputs ..."], tuple[Float32[Array, "width ..."], ...]]:
        """One example, or a batch.

        Args:
            x: the input.
            gates: what each hidden unit's activation is multiplied by: 1 for a unit, 0 for padding, and in training
                0 or 1/(1 - rate) by dropout. At `init` it tells the true width, hence fan-in and fan-out.
            replaced: which units' activations are others than the network's own, and what they are instead.

        Returns:
            The outputs, and the hidden activations layer by layer (gated, as the next layer sees them).
        """
        hidden = []
        true_width = jnp.sum(gates[0].reshape(self.width, -1)[:, 0] > 0, dtype=jnp.int32)  # read by `init` only
        fan_in = jnp.int32(x.shape[0])
        h = x
        for layer in range(self.depth):
            h = ACTIVATIONS[self.activation](self._dense(f"hidden_{layer + 1}", h, self.width, fan_in, true_width))
            h = h * gates[layer]
            if replaced is not None:
                h = jnp.where(replaced[0][layer], replaced[1][layer], h)
            hidden.append(h)
            fan_in = true_width
        return self._dense("output", h, self.outputs, fan_in, jnp.int32(self.outputs)), tuple(hidden)

    def _dense(
        self, name: str, h: jax.Array, units: int, fan_in: Int32[Array, ""], fan_out: Int32[Array, ""]
    ) -> jax.Array:
        """An affine map with Glorot-uniform kernel and zero bias; padded rows and columns start at zero."""

        def initial_kernel(key: jax.Array) -> Float32[Array, "units inputs"]:
            limit = jnp.sqrt(6.0 / (fan_in + fan_out).astype(jnp.float32))
            kernel = glorot_rows(key, units, h.shape[0], limit)
            true_row = jnp.arange(units)[:, None] < fan_out
            true_column = jnp.arange(h.shape[0])[None, :] < fan_in
            return jnp.where(true_row & true_column, kernel, 0.0)

        kernel = self.param(f"{name}_kernel", initial_kernel)
        bias = self.param(f"{name}_bias", nn.initializers.zeros_init(), (units,), jnp.float32)
        with jax.named_scope(name):
            return product(kernel, h) + jnp.expand_dims(bias, tuple(range(1, h.ndim)))
