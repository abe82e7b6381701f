"""Networks as measures see them, without a population."""

import functools
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.measurement.probe import Probe
from mirrorjax.models.mlp import MLP
from mirrorjax.population.members import Member, MemberValues, stack_values
from mirrorjax.regimes.supervised import Supervised


@functools.cache
def values_of(member: Member, dataset_hash: str = "0123456789abcdef") -> MemberValues:
    """The values of one member, scalars."""
    return jax.tree.map(lambda x: jnp.asarray(np.asarray(x)[0]), stack_values([member], dataset_hash))


def probe_of(params: Mapping[str, jax.Array | np.ndarray], network: MLP, width: int | None = None) -> Probe:
    """A network with these weights, all of whose units are its own unless it has another width."""
    weights = {name: jnp.asarray(value) for name, value in params.items()}
    return Probe(Supervised(network), weights, values_of(Member(width=width or network.width)))
