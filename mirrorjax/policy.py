"""A trained member as a player: its network, loaded from a results folder."""

from dataclasses import dataclass
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from mirrorjax.errors import InputError
from mirrorjax.models import MODELS
from mirrorjax.tracking.results import Results


@dataclass(frozen=True)
class MemberPolicy:
    """One trained network.

    Attributes:
        member_id: its identity.
        network: the Flax module, as wide as the member.
        params: its final weights.
        settings: its row of members.parquet.
    """

    member_id: str
    network: nn.Module
    params: dict[str, np.ndarray]
    settings: dict

    def describe(self) -> str:
        """What is playing, in a line."""
        own = self.settings
        return f"{self.member_id}: {own['depth']}×{own['width']}, rate {own['learning_rate']:g}, seed {own['seed']}"

    def run(self, observation: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Outputs [4] and hidden activations, [width] a layer, on a view of 100 numbers."""
        gates = jnp.ones((self.settings["depth"], self.settings["width"]), jnp.float32)
        outputs, hidden = self.network.apply({"params": self.params}, jnp.asarray(observation, jnp.float32), gates)
        return np.asarray(outputs), [np.asarray(layer) for layer in hidden]


def member_policy(results: Path, member: str | None = None) -> MemberPolicy:
    """Loads a member's final network.

    Args:
        results: a sweep's folder, or one population's.
        member: its id, or the beginning of it; None takes the member with the highest CMNI at the end.

    Raises:
        InputError: no results there, no such member, or no weights stored.
    """
    opened = Results.open(results)
    if member is None:
        member = _highest_cmni(opened, results)
    population, member_id = opened.find_member(member)
    settings = next(row for row in population.members().to_pylist() if row["member_id"] == member_id)
    network = MODELS[settings["model"]](
        width=settings["width"], depth=settings["depth"], activation=settings["activation"]
    )
    return MemberPolicy(member_id, network, population.weights(member_id), settings)


def _highest_cmni(opened: Results, results: Path) -> str:
    query = (
        "select arg_max(member_id, cmni) as best from records where checkpoint = (select max(checkpoint) from records)"
    )
    best = opened.query(query)["best"].to_pylist()[0]
    if best is None:
        raise InputError(f"{results}: no records yet, so there is no trained member to play")
    return best
