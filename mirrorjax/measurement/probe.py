"""One member as measures see it: its regime, weights and settings bound once, and its units in one row."""

from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float32, UInt32

from mirrorjax.dataset.row import features
from mirrorjax.models.base import Edit, Network, Params, Shown, Site, Units, keep
from mirrorjax.population.members import MemberValues
from mirrorjax.regimes.base import Regime


def site_numbers(sites: tuple[Site, ...]) -> np.ndarray:
    """The number of the site of each unit [U], from 1."""
    return np.repeat(np.arange(1, len(sites) + 1, dtype=np.int32), [site.size for site in sites])


def site_places(sites: tuple[Site, ...]) -> np.ndarray:
    """The place of each unit in its site [U], from 0."""
    return np.concatenate([np.arange(site.size) for site in sites])


def pictures_of(words: UInt32[Array, "batch 2"]) -> Float32[Array, "100 batch"]:
    """Packed rows as the paper shows them."""
    with jax.named_scope("inputs"):
        return jax.vmap(features, out_axes=-1)(words)


@struct.dataclass
class Probe:
    """One member, dropout off. U units: all sites', one after the other, padding included, which is always zero."""

    regime: Regime = struct.field(pytree_node=False)  # the program's static part
    params: Params  # what `policy` of the regime gives
    values: MemberValues  # the member's settings

    @property
    def network(self) -> Network:
        """What is looked into."""
        return self.regime.network

    @property
    def sites(self) -> tuple[Site, ...]:
        """Where its units are."""
        return self.regime.sites

    @property
    def count(self) -> int:
        """U."""
        return sum(site.size for site in self.sites)

    @cached_property
    def site(self) -> np.ndarray:
        """The number of each unit's site [U], from 1."""
        return site_numbers(self.sites)

    @property
    def own(self) -> Bool[Array, " U"]:
        """Which units are the member's own, not padding."""
        return jnp.concatenate([site.own(self.values.width) for site in self.sites])

    def show(self, pictures: Float32[Array, "100 batch"], edit: Edit = keep) -> Shown:
        """What the member makes of pictures."""
        return self.regime.show(self.params, self.values, pictures, edit)

    def answer(self, shown: Shown) -> Float32[Array, "4 batch"]:
        """How much each act is chosen."""
        return self.regime.answer(shown.outputs)

    def score(self, held: Any) -> dict[str, Float32[Array, ""]]:
        """The regime's own numbers, on what is held out."""
        return self.regime.score(self.params, self.values, held)

    def row(self, shown: Shown) -> Float32[Array, "U batch"]:
        """The units of all sites."""
        return jnp.concatenate([shown.units[site.name] for site in self.sites])

    def everything(self, shown: Shown) -> Float32[Array, "all batch"]:
        """The units of all sites, and the outputs behind them."""
        return jnp.concatenate([self.row(shown), shown.outputs])

    def replacing(self, chosen: Bool[Array, " U"], instead: Float32[Array, "U batch"]) -> Edit:
        """The edit that gives chosen units other activations; those `instead` of other units are not looked at."""
        bounds = np.cumsum([0, *(site.size for site in self.sites)])
        own = {site.name: slice(*bounds[number : number + 2]) for number, site in enumerate(self.sites)}

        def edit(site: Site, units: Units) -> Units:
            return jnp.where(chosen[own[site.name], None], instead[own[site.name]], units)

        return edit
