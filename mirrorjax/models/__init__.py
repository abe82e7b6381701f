"""Networks, and the registry of them: each is one file, with the contract of `base.Network`, and one line here."""

from collections.abc import Mapping
from typing import Any

from mirrorjax.errors import InputError
from mirrorjax.models.base import Network
from mirrorjax.models.encoding import ENCODINGS
from mirrorjax.models.gru import GRU
from mirrorjax.models.mlp import MLP
from mirrorjax.models.transformer import Transformer

# classes whose `settings` name the fields that a member has a say in
MODELS: dict[str, Any] = {"mlp": MLP, "transformer": Transformer, "gru": GRU}


def network_of(member: Any) -> Network:
    """The network of a member, or of a program: of whatever has its settings by name.

    Raises:
        InputError: nobody has registered it.
    """
    if (model := MODELS.get(member.model)) is None:
        raise InputError(f"model {member.model!r} is not known; a module that registers it is named by --plugins")
    return model(inputs=ENCODINGS[member.encoding].size, **{name: getattr(member, name) for name in model.settings})


def layers_by_units(settings: Mapping[str, Any]) -> str:
    """Hidden layers × units a layer of a network, as the paper writes it; one whose model has no `depth` has one layer.

    Args:
        settings: of a member, or of a program, by name.
    """
    model = MODELS.get(settings.get("model", "mlp"))
    depth = settings["depth"] if model is None or "depth" in model.settings else 1
    return f"{depth}×{settings['width']}"
