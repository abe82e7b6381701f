"""Cooperative inverse reinforcement learning in general: beliefs over what another is after, and what knowing is worth.

D. Hadfield-Menell, A. Dragan, P. Abbeel, S. Russell, *Cooperative Inverse Reinforcement Learning*, NeurIPS 2016, arXiv
1606.03137: two players have one reward, of which one alone knows the parameter θ. Here: its game of one act each, for
any grid of θ, acts and payoffs; and for players in any game the value of information, from a matrix of what each policy
is worth under each θ.
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Int

Values = Float32[Array, "policies thetas"]  # what each policy is worth under each θ
Prior = Float32[Array, " thetas"]
Number = Float32[Array, ""]


def told(values: Values, prior: Prior) -> Number:
    """The worth of one who knows θ: Σ_θ p(θ) max_π V(π, θ)."""
    return jnp.sum(prior * jnp.max(values, axis=0))


def untold(values: Values, prior: Prior) -> Number:
    """The worth of one who knows the prior alone: max_π Σ_θ p(θ) V(π, θ)."""
    return jnp.max(values @ prior)


def value_of_information(values: Values, prior: Prior) -> Number:
    """`told` less `untold`: what it is worth to know θ, never below 0."""
    return told(values, prior) - untold(values, prior)


def regret(own: Float32[Array, " thetas"], values: Values, prior: Prior) -> Number:
    """How much a player that is worth `own` under each θ falls short of one who knows θ and has these policies."""
    return told(values, prior) - jnp.sum(prior * own)


@dataclass(frozen=True)
class OneActEach:
    """A person, who knows θ, acts; then a robot, who saw it. Both get the sum of what their acts are worth.

    Attributes:
        prior: p(θ) on a grid.
        person, robot: worth of each act under each θ.
    """

    prior: Float[np.ndarray, " thetas"]
    person: Float[np.ndarray, "thetas acts"]
    robot: Float[np.ndarray, "thetas answers"]

    def alone(self) -> Int[np.ndarray, " thetas"]:
        """What a person does under each θ who looks at the own act only."""
        return np.argmax(self.person, axis=1)

    def belief(self, policy: Int[np.ndarray, " thetas"], act: int) -> Float[np.ndarray, " thetas"]:
        """p(θ | act) where persons act by a policy; the prior after an act that nobody does."""
        weight = self.prior * (policy == act)
        total = weight.sum()
        return weight / total if total > 0 else self.prior / self.prior.sum()

    def answers(self, policy: Int[np.ndarray, " thetas"]) -> Int[np.ndarray, " acts"]:
        """The robot's best answer to each act of persons who act by a policy."""
        acts = range(self.person.shape[1])
        return np.array([np.argmax(self.belief(policy, act) @ self.robot) for act in acts])

    def teaching(self, answers: Int[np.ndarray, " acts"]) -> Int[np.ndarray, " thetas"]:
        """The person's best acts under each θ, where the robot will answer so."""
        return np.argmax(self.person + self.robot[:, answers], axis=1)

    def value(self, policy: Int[np.ndarray, " thetas"], answers: Int[np.ndarray, " acts"]) -> float:
        """What both get on average."""
        place = np.arange(len(self.prior))
        gained = self.person[place, policy] + self.robot[place, answers[policy]]
        return float(self.prior @ gained / self.prior.sum())
