"""A network that remembers: a gated recurrent unit, and a linear layer of four outputs behind it.

K. Cho et al., arXiv 1406.1078; the equations are those of Flax's `nn.GRUCell`, tested against it. Shown one picture, as
the battery does, it is at the start of an episode and remembers nothing.
"""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32

from mirrorjax.game.observation import OBSERVATION_SIZE
from mirrorjax.models.base import Edit, Params, Shown, Site, Units, along_batch, keep
from mirrorjax.models.mlp import glorot_rows, parameter_key, product

GATES = ("reset", "update", "new")
Drive = Float32[Array, "3 units ..."]  # what each gate gets of the inputs


@dataclass(frozen=True)
class GRU:
    """h' = (1 − z) · n + z · h, features first: r and z gate, n = tanh(W x + b + r · (U h + c)) is new."""

    settings: ClassVar[tuple[str, ...]] = ("width",)
    input_kernel: ClassVar[str] = "input_kernel"
    output_kernel: ClassVar[str] = "output_kernel"
    homogeneous: ClassVar[bool] = False

    width: int = 8  # units as compiled, the true ones and the padding
    inputs: int = OBSERVATION_SIZE
    outputs: int = 4

    def __str__(self) -> str:
        return f"gru, width {self.width}"

    @property
    def sites(self) -> tuple[Site, ...]:
        """What is remembered, of either sign."""
        return (Site("memory", self.width, kind="signed"),)

    def init(self, key: jax.Array, width: Int32[Array, ""]) -> Params:
        """Glorot-uniform kernels of the true fans and zero biases; padded rows and columns are zero."""
        true = jnp.arange(self.width) < width

        def kernel(number: int, rows: int, columns: int, fan: Array) -> jax.Array:
            limit = jnp.sqrt(6.0 / fan.astype(jnp.float32))
            return glorot_rows(parameter_key(key, number), rows, columns, limit)

        fan = jnp.int32(width)
        given = [kernel(1 + gate, self.width, self.inputs, fan + self.inputs) for gate in range(len(GATES))]
        kept = [kernel(4 + gate, self.width, self.width, 2 * fan) for gate in range(len(GATES))]
        answers = kernel(7, self.outputs, self.width, fan + self.outputs)
        return {
            "input_kernel": jnp.where(true[None, :, None], jnp.stack(given), 0.0),
            "input_bias": jnp.zeros((len(GATES), self.width), jnp.float32),
            "memory_kernel": jnp.where(true[None, :, None] & true[None, None, :], jnp.stack(kept), 0.0),
            "memory_bias": jnp.zeros(self.width, jnp.float32),
            "output_kernel": jnp.where(true[None, :], answers, 0.0),
            "output_bias": jnp.zeros(self.outputs, jnp.float32),
        }

    def run(self, params: Params, inputs: Float32[Array, "inputs ..."], edit: Edit = keep) -> Shown:
        """One example [inputs] or a batch [inputs, batch], each the first of its episode."""
        memory = self.remember(params, self.nothing(inputs.shape[1:]), self.drive(params, inputs), edit)
        return Shown(outputs=self.read(params, memory), units={"memory": memory})

    def nothing(self, batch: tuple[int, ...] = ()) -> Units:
        """The memory at the start of an episode."""
        return jnp.zeros((self.width, *batch), jnp.float32)

    def drive(self, params: Params, inputs: Float32[Array, "inputs ..."]) -> Drive:
        """What the gates get of inputs: of no memory, so that it is one product for all times together."""
        found = _thrice(params["input_kernel"], inputs)
        return found + jnp.expand_dims(params["input_bias"], tuple(range(2, found.ndim)))

    def remember(self, params: Params, memory: Units, drive: Drive, edit: Edit = keep) -> Units:
        """What is remembered then, as edited."""
        recalled = _thrice(params["memory_kernel"], memory)
        reset, update = jax.nn.sigmoid(drive[0] + recalled[0]), jax.nn.sigmoid(drive[1] + recalled[1])
        new = jnp.tanh(drive[2] + reset * (recalled[2] + along_batch(params["memory_bias"], memory)))
        return edit(self.sites[0], (1 - update) * new + update * memory)

    def read(self, params: Params, memory: Units) -> Float32[Array, "outputs ..."]:
        """The outputs of what is remembered."""
        found = product(params["output_kernel"], memory)
        return found + along_batch(params["output_bias"], found)

    def decayed(self, params: Params) -> list[jax.Array]:
        """All kernels but the last."""
        return [params["input_kernel"], params["memory_kernel"]]

    def norms(self, params: Params) -> dict[str, Float32[Array, ""]]:
        """Frobenius norms of the kernels of inputs and of outputs."""
        kernels = {"layer_1": params["input_kernel"], "output": params["output_kernel"]}
        return {name: jnp.sqrt(jnp.sum(kernel**2)) for name, kernel in kernels.items()}


def _thrice(kernel: Float32[Array, "3 units inputs"], h: Units) -> Drive:
    """One product for the three gates."""
    gates, units, inputs = kernel.shape
    return product(kernel.reshape(gates * units, inputs), h).reshape(gates, units, *h.shape[1:])
