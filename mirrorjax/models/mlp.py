"""The paper's network: dense layers with relu and dropout, and a linear layer of four outputs."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32

from mirrorjax.game.observation import OBSERVATION_SIZE
from mirrorjax.models.base import Affine, Edit, Params, Shown, Site, Units, along_batch, keep
from mirrorjax.randomness import stream_from_key, uniform, word

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "gelu": jax.nn.gelu,
    "identity": lambda x: x,
}


def glorot_rows(key: jax.Array, rows: int, columns: int, limit: jax.Array) -> Float32[Array, "rows columns"]:
    """Uniform in ±limit; entry (i, j) depends on the key, i and j only, so that padding changes no weight."""
    row, column = jnp.arange(rows, dtype=jnp.uint32)[:, None], jnp.arange(columns, dtype=jnp.uint32)[None, :]
    return limit * (2 * uniform(word(stream_from_key(key), row << 16 | column)) - 1)


def parameter_key(key: jax.Array, number: int) -> jax.Array:
    """The key of a network's parameter by its number, from 1: what Flax's modules make of theirs, as this one was."""
    digest = hashlib.sha1(bytes([number]), usedforsecurity=False).digest()
    return jax.random.fold_in(key, jnp.uint32(int.from_bytes(digest[:4], "big")))


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


@dataclass(frozen=True)
class MLP:
    """Dense(n) → activation → the site's edit, `depth` times, then Dense(outputs), linear (the published code).

    Features come first, in kernels [out, in] and in activations [units, batch]: a layer is one product W @ X whose
    long axis is contiguous (1.5 times faster than batch first). One example is a vector; batch axes trail.
    """

    settings: ClassVar[tuple[str, ...]] = ("width", "depth", "activation")
    input_kernel: ClassVar[str] = "hidden_1_kernel"  # all that is done to the inputs first is one product by it
    output_kernel: ClassVar[str] = "output_kernel"

    width: int = 17  # units of each hidden layer as compiled, the true ones and the padding
    depth: int = 2  # hidden layers
    activation: str = "relu"  # a name in ACTIVATIONS
    inputs: int = OBSERVATION_SIZE  # numbers that it is given
    outputs: int = 4  # of the linear head

    def __str__(self) -> str:
        return f"mlp, depth {self.depth}, width {self.width}, {self.activation}"

    @property
    def sites(self) -> tuple[Site, ...]:
        """The hidden layers; each one's kernel, bias and part of a profile have its name."""
        return tuple(Site(f"hidden_{number}", self.width) for number in range(1, self.depth + 1))

    @property
    def homogeneous(self) -> bool:
        """Relu networks are, as long as their biases are zero, as they are before training."""
        return self.activation == "relu"

    def init(self, key: jax.Array, width: Int32[Array, ""]) -> Params:
        """Glorot-uniform kernels of the true fans and zero biases; padded rows and columns are zero."""
        params: Params = {}
        columns, fan_in = self.inputs, jnp.int32(self.inputs)
        for number, (name, rows) in enumerate(self._layers()):
            fan_out = jnp.int32(self.outputs) if name == "output" else jnp.int32(width)
            limit = jnp.sqrt(6.0 / (fan_in + fan_out).astype(jnp.float32))
            kernel = glorot_rows(parameter_key(key, 2 * number + 1), rows, columns, limit)
            true_row, true_column = jnp.arange(rows)[:, None] < fan_out, jnp.arange(columns)[None, :] < fan_in
            params[f"{name}_kernel"] = jnp.where(true_row & true_column, kernel, 0.0)
            params[f"{name}_bias"] = jnp.zeros(rows, jnp.float32)
            columns, fan_in = rows, fan_out
        return params

    def run(self, params: Params, inputs: Float32[Array, "inputs ..."], edit: Edit = keep) -> Shown:
        """One example [inputs] or a batch [inputs, batch]."""
        h, units = inputs, {}
        for site in self.sites:
            h = edit(site, self.activate(_affine(params, site.name, h)))
            units[site.name] = h
        return Shown(outputs=_affine(params, "output", h), units=units)

    def activate(self, drive: Units) -> Units:
        """The activation, unit by unit."""
        return ACTIVATIONS[self.activation](drive)

    def layers(self, params: Params) -> list[Affine]:
        """Kernel and bias of each hidden layer, and of the outputs."""
        return [Affine(params[f"{name}_kernel"], params[f"{name}_bias"]) for name, _ in self._layers()]

    def decayed(self, params: Params) -> list[jax.Array]:
        """The hidden kernels: no biases, not the output kernel."""
        return [layer.kernel for layer in self.layers(params)[:-1]]

    def norms(self, params: Params) -> dict[str, Float32[Array, ""]]:
        """Frobenius norms of the kernels."""
        names = [*(f"layer_{number}" for number in range(1, self.depth + 1)), "output"]
        kernels = [layer.kernel for layer in self.layers(params)]
        return {name: jnp.sqrt(jnp.sum(kernel**2)) for name, kernel in zip(names, kernels, strict=True)}

    def _layers(self) -> Iterator[tuple[str, int]]:
        yield from ((site.name, site.size) for site in self.sites)
        yield "output", self.outputs


def _affine(params: Params, name: str, h: Units) -> Units:
    with jax.named_scope(name):  # the names are for profiles
        drive = product(params[f"{name}_kernel"], h)
        return drive + along_batch(params[f"{name}_bias"], drive)
