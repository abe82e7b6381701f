"""d′ and AUC: how well a unit tells distress from none, one's own and the partner's.

d′_X = (μ_X - μ_0) / √(½(σ²_X + σ²_0)) over the boards (Green & Swets 1966, *Signal Detection Theory*); d′-MNI is the
mean over unique alive units of max(0, min(d′_F, d′_T)). Its twin with ranks: AUC_X = P(h(xX) > h(x0)) + ½P(=) of two
boards, AUC-MNI the mean of 2·max(0, min(AUC_F, AUC_T) - ½). Both are blind to a positive rescaling of a unit.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float32

from mirrorjax.measurement.battery.responses import Responses

_TIE = 1e-4  # of rms: boards that are nearer than that are tied in part, so that no rounding turns a pair round
_GROUP = 16  # boards that are compared with each other for AUC: all pairs would take longer than all other measures


def d_prime(found: Responses, condition: str, before: str = "x0") -> Float32[Array, " U"]:
    """d′ per unit; 0 for one that is not alive or never varies."""
    one, other = found.hidden[condition], found.hidden[before]
    spread = jnp.sqrt((one.var(-1) + other.var(-1)) / 2)
    tells = found.alive & (spread > 0)
    return jnp.where(tells, (one.mean(-1) - other.mean(-1)) / jnp.where(tells, spread, 1.0), 0.0)


def auc(found: Responses, condition: str, before: str = "x0") -> Float32[Array, " U"]:
    """P(h(condition) > h(before)), ties half, over pairs of boards in groups; ½ for a unit that is not alive."""
    one, other = found.hidden[condition], found.hidden[before]
    group = min(_GROUP, one.shape[-1])
    whole = one.shape[-1] // group * group
    one, other = (h[:, :whole].reshape(len(h), group, -1) for h in (one, other))
    difference = (one[:, :, None] - other[:, None]) / (_TIE * found.rms)[:, None, None, None]
    ahead = jnp.mean(jnp.clip(difference, -1.0, 1.0), axis=(1, 2, 3))
    return jnp.where(found.alive, (1 + ahead) / 2, 0.5)


def told_apart(found: Responses) -> dict[str, Float32[Array, " U"]]:
    """What each unit adds to `d_prime_mni` and to `auc_mni`."""
    d_both = jnp.minimum(d_prime(found, "xF"), d_prime(found, "xT"))
    auc_both = jnp.minimum(auc(found, "xF"), auc(found, "xT"))
    return {"d_prime_mni": jnp.maximum(d_both, 0.0), "auc_mni": 2 * jnp.maximum(auc_both - 0.5, 0.0)}


def discriminability(found: Responses) -> dict[str, Float32[Array, ""]]:
    """`d_prime_mni`, `auc_mni`."""
    return {name: found.mean(values) for name, values in told_apart(found).items()}
