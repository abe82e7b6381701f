"""A network of another population as the partner of agents: found, and its weights loaded, before any work."""

from pathlib import Path

import jax.numpy as jnp
from jaxtyping import Array, Float32

from mirrorjax.errors import InputError
from mirrorjax.game.players import looking
from mirrorjax.measurement.probe import Probe
from mirrorjax.regimes.players.frozen import FROZEN, freeze
from mirrorjax.results.find import find_network
from mirrorjax.settings.schema import Config


def load_partner(config: Config) -> None:
    """Loads the partner of a configuration's agents, where it is a frozen one; it does what it answers most.

    Raises:
        InputError: there are no such results, no such member in them, no weights of it, or it sees no pictures.
    """
    asked = config.regime
    if asked.name != "reinforcement" or asked.partner != FROZEN:
        return
    name = f"regime.partner_results is {asked.partner_results}, regime.partner_member {asked.partner_member}"
    try:
        _, network = find_network(Path(str(asked.partner_results)), asked.partner_member)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    freeze(network.member_id, looking(_answers(network.probe)))


def _answers(probe: Probe):
    def answer(seen: Array) -> Float32[Array, "4"]:
        return probe.answer(probe.show(seen.astype(jnp.float32)[:, None]))[:, 0]

    return answer
