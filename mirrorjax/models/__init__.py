"""Networks: Flax modules that return their outputs and their hidden activations, and the registry of them."""

from collections.abc import Callable

from flax import linen as nn

from mirrorjax.models.mlp import MLP

MODELS: dict[str, Callable[..., nn.Module]] = {"mlp": MLP}
