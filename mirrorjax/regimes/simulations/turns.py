"""Two systems in which turns can be taken and everything is known: two phases, and two who do one of two acts in turn.

After the idea of Barakova & Lourens (Neurocomputing 72:895, 2009) that synchronisation between parts of a mirror system
is what interaction and turn-taking rest on; the equations are the simplest ones of that idea, not theirs.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32, UInt32

from mirrorjax.randomness import uniform

SUBSTEPS = 32  # of Runge-Kutta, in a round

Number = Float32[Array, ""]
Gap = Float32[Array, " pairs"]


def turned(gap: Gap, detuning: Number, strength: Number) -> tuple[Gap, Float32[Array, "2 pairs"]]:
    """A round of ψ = φ₁ − φ₂ of φ̇_i = ω_i + κ sin(φ_j − φ_i − α), where ψ̇ = Δω − 2K sin ψ and K = κ cos α.

    Args:
        gap: ψ, not taken modulo 2π.
        detuning: Δω, radians a round.
        strength: K.

    Returns:
        ψ afterwards, and the mean of cos ψ and of sin ψ over the round.
    """

    def slope(psi: Gap) -> Gap:
        return detuning - 2 * strength * jnp.sin(psi)

    def one(number: Int32[Array, ""], state: tuple[Gap, Float32[Array, "2 pairs"]]) -> tuple:
        psi, sums = state
        h = 1 / SUBSTEPS
        k1 = slope(psi)
        k2 = slope(psi + h / 2 * k1)
        k3 = slope(psi + h / 2 * k2)
        k4 = slope(psi + h * k3)
        psi = psi + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return psi, sums + jnp.stack([jnp.cos(psi), jnp.sin(psi)]) * h

    return jax.lax.fori_loop(0, SUBSTEPS, one, (gap, jnp.zeros((2, *gap.shape))))


def locking_exact(detuning: Number, strength: Number) -> Number:
    """PLV of the two phases over all time: 1 if |Δω| ≤ 2|K|, else (|Δω| − √(Δω² − 4K²))/2|K|."""
    own, pull = jnp.abs(detuning), 2 * jnp.abs(strength)
    drifting = (own - slips_exact(detuning, strength) * 2 * jnp.pi) / jnp.maximum(pull, 1e-12)
    return jnp.where(own <= pull, 1.0, drifting)


def slips_exact(detuning: Number, strength: Number) -> Number:
    """How often a round one phase overtakes the other: √(Δω² − 4K²)/2π, and 0 where they are locked."""
    return jnp.sqrt(jnp.maximum(detuning**2 - 4 * strength**2, 0.0)) / (2 * jnp.pi)


def answered(other: Int32[Array, " pairs"], coupling: Number, words: UInt32[Array, " pairs"]) -> Int32[Array, " pairs"]:
    """The act, 0 or 1, of one who saw the other's: the opposite with probability σ(κ)."""
    return jnp.where(uniform(words) < jax.nn.sigmoid(coupling), 1 - other, other)


def information_exact(coupling: Number) -> Number:
    """Mutual information of an act and the other's last one, nats: ln 2 − H(σ(κ))."""
    p = jax.nn.sigmoid(coupling)
    return jnp.log(2.0) + jax.scipy.special.xlogy(p, p) + jax.scipy.special.xlogy(1 - p, 1 - p)


def echo_exact(coupling: Number, lag: int) -> Number:
    """Autocorrelation of the sequence of both players' acts: (−tanh(κ/2))^lag."""
    return (-jnp.tanh(coupling / 2)) ** lag
