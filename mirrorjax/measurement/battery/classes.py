"""Unit classes: who answers to one's own distress, to the partner's, to both, or to neither.

A two-sided sign-flip test over boards for each toggle: under the null each board's change h(xX) - h(x0) is as likely
to have the other sign. For the hundreds of boards that there are, the test's distribution is normal: z = Σd/√Σd².
Over a member's units the false discovery rate is held at .05 (Benjamini & Hochberg 1995), and the effect must be
beyond .3 in d′. Classes as single-cell work has them (Livi et al., PNAS 2019: self-type, other-type,
self-and-other-type).
"""

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.measurement.battery.discriminability import d_prime
from mirrorjax.measurement.battery.responses import Responses

CLASSES = ("none", "mirror", "suppressed", "frog only", "toad only", "opposed")
EFFECT = 0.3  # in d′
FALSE_DISCOVERIES = 0.05


@struct.dataclass
class UnitClasses:
    """Per unit; a unit that is not alive is of class none."""

    kind: Int32[Array, " U"]  # into CLASSES
    d_frog: Float32[Array, " U"]
    d_toad: Float32[Array, " U"]
    p_frog: Float32[Array, " U"]
    p_toad: Float32[Array, " U"]

    def are(self, name: str) -> Bool[Array, " U"]:
        """Which units are of a class."""
        return self.kind == CLASSES.index(name)


def sign_flip_p(changes: Float32[Array, "U boards"]) -> Float32[Array, " U"]:
    """Two-sided p of a mean change of zero, by flips of each board's sign."""
    size = jnp.sqrt(jnp.sum(changes**2, axis=-1))
    z = jnp.abs(jnp.sum(changes, axis=-1)) / jnp.where(size > 0, size, 1.0)
    return jax.scipy.special.erfc(z / jnp.sqrt(jnp.float32(2)))


def discovered(p: Float32[Array, " U"], tested: Bool[Array, " U"]) -> Bool[Array, " U"]:
    """Benjamini and Hochberg's choice among the tested."""
    number = jnp.sum(tested).astype(jnp.float32)
    sorted_p = jnp.sort(jnp.where(tested, p, 2.0))
    rank = jnp.arange(1, len(p) + 1, dtype=jnp.float32)
    passes = sorted_p * number <= rank * FALSE_DISCOVERIES
    limit = jnp.max(jnp.where(passes, sorted_p, -1.0))
    return tested & (p <= limit)


def classes(found: Responses) -> UnitClasses:
    """The classes of one member's units. Both: p = max(p_F, p_T); one only: its own p, and no effect of the other."""
    d_frog, d_toad = d_prime(found, "xF"), d_prime(found, "xT")
    p_frog, p_toad = (sign_flip_p(found.hidden[name] - found.hidden["x0"]) for name in ("xF", "xT"))
    kind = kinds(d_frog, d_toad, p_frog, p_toad, found.alive)
    return UnitClasses(kind=kind, d_frog=d_frog, d_toad=d_toad, p_frog=p_frog, p_toad=p_toad)


def kinds(
    d_frog: Float32[Array, " U"],
    d_toad: Float32[Array, " U"],
    p_frog: Float32[Array, " U"],
    p_toad: Float32[Array, " U"],
    alive: Bool[Array, " U"],
) -> Int32[Array, " U"]:
    """The class of each unit, into CLASSES, from its effects and the two-sided p of each."""
    by_both = discovered(jnp.maximum(p_frog, p_toad), alive)
    by_frog, by_toad = discovered(p_frog, alive), discovered(p_toad, alive)
    frog, toad = jnp.abs(d_frog) > EFFECT, jnp.abs(d_toad) > EFFECT
    both = by_both & frog & toad
    return jnp.select(
        [
            both & (d_frog > 0) & (d_toad > 0),
            both & (d_frog < 0) & (d_toad < 0),
            both,
            by_frog & frog & ~toad,
            by_toad & toad & ~frog,
        ],
        [jnp.int32(CLASSES.index(name)) for name in ("mirror", "suppressed", "opposed", "frog only", "toad only")],
        jnp.int32(0),
    )
