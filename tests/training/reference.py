"""One network trained the plain way: [batch, features], Flax's own Dense, Keras' Adam by its formula, no padding.

Nothing here comes from `mirrorjax.models`, `mirrorjax.regimes` or `mirrorjax.training`.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn


class PlainNetwork(nn.Module):
    """Dense, activation, dropout mask, `depth` times; a linear layer of four outputs."""

    width: int
    depth: int
    activation: str = "relu"

    @nn.compact
    def __call__(self, x: jax.Array, masks: jax.Array) -> jax.Array:
        """`x` [batch, 100], `masks` [depth, batch, width] (0 or 1/(1 - rate)); outputs [batch, 4]."""
        for layer in range(self.depth):
            x = getattr(nn, self.activation)(nn.Dense(self.width, name=f"hidden_{layer + 1}")(x)) * masks[layer]
        return nn.Dense(4, name="output")(x)


def plain_weights(weights: dict[str, np.ndarray]) -> dict:
    """Weights by flat names with kernels [out, in], as Flax has them: kernels [in, out]."""
    layers = sorted({name.rsplit("_", 1)[0] for name in weights})
    return {
        layer: {"kernel": jnp.asarray(weights[f"{layer}_kernel"].T), "bias": jnp.asarray(weights[f"{layer}_bias"])}
        for layer in layers
    }


def flat_weights(params: dict) -> dict[str, np.ndarray]:
    """The inverse of `plain_weights`."""
    return {
        f"{layer}_{name}": np.asarray(value).T if name == "kernel" else np.asarray(value)
        for layer, leaves in params.items()
        for name, value in leaves.items()
    }


BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


def keras_adam(params, gradient, moments, rate: float, number: int):
    """Update number `number`, from 1: α_t = α √(1 - β₂ᵗ)/(1 - β₁ᵗ); p - α_t m/(√v + ε). α_t in float64."""
    return _moved(params, gradient, moments, np.float32(rate * np.sqrt(1 - BETA_2**number) / (1 - BETA_1**number)))


@jax.jit
def _moved(params, gradient, moments, alpha):
    mean = jax.tree.map(lambda m, g: m + (g - m) * (1 - BETA_1), moments[0], gradient)
    square = jax.tree.map(lambda v, g: v + (g * g - v) * (1 - BETA_2), moments[1], gradient)
    params = jax.tree.map(lambda p, m, v: p - alpha * m / (jnp.sqrt(v) + EPSILON), params, mean, square)
    return params, (mean, square)


def train(
    weights: dict[str, np.ndarray],
    batches: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
    *,
    width: int,
    depth: int,
    activation: str,
    learning_rate: float,
    l2: float,
) -> dict[str, np.ndarray]:
    """Trains on batches of inputs [batch, 100], one-hot labels [batch, 4] and masks [depth, batch, width]."""
    network = PlainNetwork(width, depth, activation)

    @jax.jit
    def gradient_of(params, inputs, labels, masks):
        def loss(params):
            error = jnp.mean((network.apply({"params": params}, inputs, masks) - labels) ** 2)
            return error + l2 * sum(jnp.sum(params[f"hidden_{i + 1}"]["kernel"] ** 2) for i in range(depth))

        return jax.grad(loss)(params)

    params = plain_weights(weights)
    zero = jax.tree.map(np.zeros_like, params)
    moments = (zero, zero)
    for number, (inputs, labels, masks) in enumerate(batches, start=1):
        params, moments = keras_adam(params, gradient_of(params, inputs, labels, masks), moments, learning_rate, number)
    return flat_weights(params)


def gradient_by_hand(
    weights: dict[str, np.ndarray], inputs: np.ndarray, labels: np.ndarray, masks: np.ndarray, l2: float
) -> dict[str, np.ndarray]:
    """The gradient of a relu network's loss by the chain rule, in float64; kernels [out, in] as in `weights`."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}
    depth = len(masks)
    seen, slopes = [inputs.astype(np.float64)], []
    for layer in range(depth):
        before = seen[-1] @ w[f"hidden_{layer + 1}_kernel"].T + w[f"hidden_{layer + 1}_bias"]
        slopes.append((before > 0) * masks[layer].astype(np.float64))
        seen.append(before * slopes[-1])
    outputs = seen[-1] @ w["output_kernel"].T + w["output_bias"]
    back = 2 * (outputs - labels) / labels.size
    gradient = {"output_kernel": back.T @ seen[-1], "output_bias": back.sum(0)}
    back = back @ w["output_kernel"]
    for layer in reversed(range(depth)):
        name = f"hidden_{layer + 1}"
        back = back * slopes[layer]
        gradient[f"{name}_kernel"] = back.T @ seen[layer] + 2 * l2 * w[f"{name}_kernel"]
        gradient[f"{name}_bias"] = back.sum(0)
        back = back @ w[f"{name}_kernel"]
    return gradient
