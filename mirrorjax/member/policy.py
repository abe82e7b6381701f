"""A trained member as a player: its network, loaded from a results folder."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mirrorjax.results.find import find_network
from mirrorjax.results.network import TrainedNetwork


@dataclass(frozen=True)
class MemberPolicy:
    """One trained network that plays Frog."""

    network: TrainedNetwork

    def describe(self) -> str:
        """What is playing, in a line."""
        return self.network.describe()

    def run(self, observation: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Outputs [4] and the activations of each site, on a view of 100 numbers."""
        outputs, units = self.network.run_with_activations(observation)
        ends = np.cumsum([site.size for site in self.network.regime.sites])
        return outputs, np.split(units, ends[:-1])


def member_policy(results: Path, member: str | None = None) -> MemberPolicy:
    """Loads the final network of a member, by the beginning of its id; None takes that of the highest CMNI at the end.

    Raises:
        InputError: no results there, no such member, or no weights stored.
    """
    return MemberPolicy(find_network(results, member)[1])
