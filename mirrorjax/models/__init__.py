"""Networks: Flax modules that return their outputs and their hidden activations, and the registry of them."""

from collections.abc import Callable

from flax import linen as nn

from mirrorjax.models.mlp import ACTIVATIONS, MLP

MODELS: dict[str, Callable[..., nn.Module]] = {"mlp": MLP}

__all__ = ["ACTIVATIONS", "MLP", "MODELS"]
