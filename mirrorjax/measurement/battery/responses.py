"""What a network's units do on matched boards, and which of them count."""

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float32, Int8, Int32

from mirrorjax.dataset.matched import CONDITIONS
from mirrorjax.measurement.probe import Probe
from mirrorjax.models.base import Shown

SEEN = ("x0", "xF", "xT")  # the boards that say whether a unit is alive, how large it is, and which are alike
ALIVE = 0.001  # share of these boards on which a unit must be above zero
ALIKE = 0.99  # units with a correlation beyond it are one unit

Pictures = Int8[Array, "conditions 100 boards"]
Activations = dict[str, Float32[Array, "U boards"]]  # by condition


@struct.dataclass
class Responses:
    """One member's. U units: those of all sites, padding included, which is never alive.

    A weighted mean over units with `weight` is a mean over *unique* alive units: each of k units that are alike counts
    1/k, so that duplicating a unit changes nothing.
    """

    hidden: Activations  # as the network has them
    outputs: dict[str, Float32[Array, "4 boards"]]
    rms: Float32[Array, " U"]  # root mean square over SEEN; 1 where a unit is not alive
    alive: Bool[Array, " U"]
    weight: Float32[Array, " U"]
    layer: Int32[Array, " U"]  # the number of its site, from 1

    def scaled(self, condition: str) -> Float32[Array, "U boards"]:
        """Activations divided by rms: blind to a positive rescaling of a unit; zero for those that are not alive."""
        inverse = jax.lax.optimization_barrier(1 / self.rms)  # a division each XLA rounds otherwise for several devices
        return jnp.where(self.alive[:, None], self.hidden[condition] * inverse[:, None], 0.0)

    def change(self, condition: str, before: str = "x0") -> Float32[Array, " U"]:
        """δ: the mean change between two conditions of the same boards, in units of rms."""
        return jnp.mean(self.scaled(condition) - self.scaled(before), axis=-1)

    def mean(self, values: Float32[Array, " U"]) -> Float32[Array, ""]:
        """The mean over unique alive units; 0 if there is none."""
        return jnp.sum(jnp.where(self.alive, values, 0.0) * self.weight) / jnp.maximum(jnp.sum(self.weight), 1.0)


def shown_each(probe: Probe, pictures: Pictures, conditions: tuple[str, ...]) -> dict[str, Shown]:
    """What a member makes of the boards by condition, in one pass over all of them."""
    together = jnp.concatenate([pictures[list(CONDITIONS).index(name)] for name in conditions], axis=-1)
    shown, boards = probe.show(together.astype(jnp.float32)), pictures.shape[-1]

    def part(number: int) -> Shown:
        return jax.tree.map(lambda found: found[..., number * boards : (number + 1) * boards], shown)

    return {name: part(number) for number, name in enumerate(conditions)}


def responses(probe: Probe, pictures: Pictures, conditions: tuple[str, ...]) -> Responses:
    """Runs one member over the boards under some conditions, SEEN among them."""
    found = shown_each(probe, pictures, conditions)
    hidden = {name: probe.row(shown) for name, shown in found.items()}
    return of_activations(hidden, {name: shown.outputs for name, shown in found.items()}, jnp.asarray(probe.site))


def of_activations(hidden: Activations, outputs: dict[str, Array], layer: Int32[Array, " U"]) -> Responses:
    """Responses from activations, and outputs [4, boards], by condition, SEEN among them."""
    alive, rms, standard = standardised(jnp.concatenate([hidden[name] for name in SEEN], axis=-1))
    return Responses(hidden, outputs, rms=rms, alive=alive, weight=unique_weight(alive, standard), layer=layer)


def standardised(
    seen: Float32[Array, "U pictures"],
) -> tuple[Bool[Array, " U"], Float32[Array, " U"], Float32[Array, "U pictures"]]:
    """Which units are alive, their root mean square (1 where they are not), and each with mean 0 and deviation 1."""
    mean, square = seen.mean(-1), jnp.mean(seen * seen, axis=-1)
    alive = jnp.mean((jnp.abs(seen) > 0).astype(jnp.float32), axis=-1) > ALIVE
    deviation = jnp.sqrt(jnp.maximum(square - mean * mean, 0.0))
    alive &= deviation > 1e-6 * jnp.sqrt(square)
    standard = (seen - mean[:, None]) / jnp.where(alive, deviation, 1.0)[:, None]
    return alive, jnp.where(alive, jnp.sqrt(square), 1.0), standard


def unique_weight(alive: Bool[Array, " U"], standard: Float32[Array, "U pictures"]) -> Float32[Array, " U"]:
    """1/k for each of k units that are alike, 0 for one that is not alive; from their standardised activations."""
    return weight_of_alike(alive, jnp.abs(standard @ standard.T) / standard.shape[-1] > ALIKE)


def weight_of_alike(alive: Bool[Array, " U"], alike: Bool[Array, "U U"]) -> Float32[Array, " U"]:
    """1/k for each of k units that are alike, 0 for one that is not alive; from which pairs are."""
    alike = (alike & alive[:, None] & alive[None, :]) | jnp.eye(len(alive), dtype=bool)
    return jnp.where(alive, 1 / jnp.sum(alike, axis=-1).astype(jnp.float32), 0.0)
