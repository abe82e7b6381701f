"""Actor and critic: a network that acts and is measured, one that tells what that is worth, and what either is given.

In training inputs are scaled (`inputs.py`) where the network that acts says which kernel they go into.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32

from mirrorjax.game.state import GameParams
from mirrorjax.models.base import Edit, Network, Params, Shown, Site, besides, in_turn, keep, padding
from mirrorjax.models.beside import Beside
from mirrorjax.models.encoding import encoded
from mirrorjax.models.mlp import MLP
from mirrorjax.population.members import MemberValues
from mirrorjax.regimes.base import Usual
from mirrorjax.regimes.players.inputs import folded, input_scale, unfolded
from mirrorjax.regimes.players.rollouts import GameTable

HEAD = 0.01  # of the initial weights to the acts: each is as likely as another
UNKNOWN_ENERGY = 10  # of a partner, where a picture does not tell
CRITIC = MLP(width=64, depth=2, activation="tanh", outputs=1)
_CRITIC_KEY = 1  # of a member's keys

Both = Any  # the parameters of `actor` and `critic`, by these names


@dataclass(frozen=True)
class ActorCritic(Usual):
    """What a regime has of both, for one member; what is played, and how it is learnt, is the regime's to say."""

    network: Network  # as compiled
    encoding: str = "ordinal"
    table: GameTable = field(default_factory=lambda: GameTable(GameParams(), "random"))

    @property
    def sites(self) -> tuple[Site, ...]:
        """Of the network."""
        return self.network.sites

    def show(
        self, params: Params, values: MemberValues, pictures: Float32[Array, "100 batch"], edit: Edit = keep
    ) -> Shown:
        """The network over a batch of pictures; a partner's energy that they do not tell is UNKNOWN_ENERGY."""
        inputs = encoded(pictures, self.encoding)
        if self.table.sees_energy:
            inputs = jnp.concatenate([inputs, jnp.full_like(inputs[:1], UNKNOWN_ENERGY)])
        return self.network.run(params, inputs, in_turn(padding(values.width), edit))

    def answer(self, outputs: Float32[Array, "4 batch"]) -> Float32[Array, "4 batch"]:
        """The probability of each act: logits have no scale of their own."""
        return jax.nn.softmax(outputs, axis=0)

    def _newborn(self, key: jax.Array, values: MemberValues) -> Both:
        """Actor and critic that have learnt nothing."""
        actor = self._acting.init(key, values.width)
        if (head := besides(self._acting).output_kernel) is not None:
            actor[head] = HEAD * actor[head]
        critic = self._critic.init(jax.random.fold_in(key, _CRITIC_KEY), jnp.int32(self._critic.width))
        return {"actor": actor, "critic": critic}

    @property
    def _acting(self) -> Network:
        """The network by which one seat is played."""
        return self.network.first if isinstance(self.network, Beside) else self.network

    def _as_measured(self, actor: Params) -> Params:
        """On pictures as they are."""
        kernel = self._input_kernel
        return folded(actor, kernel, self._scale) if kernel else actor

    def _as_trained(self, params: Params) -> Params:
        """The inverse: of the network that acts, on scaled inputs."""
        kernel = self._input_kernel
        return unfolded(params, kernel, self._scale) if kernel else params

    @property
    def _critic(self) -> MLP:
        return replace(CRITIC, inputs=self._known)

    @property
    def _known(self) -> int:
        """Inputs of the critic."""
        return self.network.inputs

    @property
    def _input_kernel(self) -> str | None:
        """Of a network whose inputs can be scaled; others have them as they are."""
        return besides(self._acting).input_kernel

    @property
    def _scale(self) -> np.ndarray:
        return input_scale(self.encoding, int(self.table.sees_energy))

    def _as_told(self, seen: Array) -> Float32[Array, "inputs batch"]:
        """What was seen [batch, 100 or 101], encoded."""
        numbers = seen.astype(jnp.float32).T
        return jnp.concatenate([encoded(numbers[:100], self.encoding), numbers[100:]])

    def _scaled(self, seen: Array) -> Float32[Array, "inputs batch"]:
        return self._as_told(seen) * self._scale[:, None]

    def _run(self, actor: Params, values: MemberValues, inputs: Float32[Array, "inputs batch"]) -> Array:
        return self.network.run(actor, inputs, padding(values.width)).outputs

    def _logits_of(self, actor: Params, values: MemberValues, seen: Array) -> Float32[Array, "4 batch"]:
        """Of what was seen [batch, inputs], in training."""
        return self._run(actor, values, self._scaled(seen) if self._input_kernel else self._as_told(seen))

    def _logits(self, actor: Params, values: MemberValues, seen: Array) -> Float32[Array, "4"]:
        """Of what is seen at one decision."""
        return self._logits_of(actor, values, seen[None, :])[:, 0]

    def _evaluate(
        self, values: MemberValues, params: Both, seen: Array
    ) -> tuple[Float32[Array, "4 batch"], Float32[Array, " batch"]]:
        """Logits and values of what was seen [batch, inputs]."""
        value = self._critic.run(params["critic"], self._scaled(seen)).outputs[0]
        return self._logits_of(params["actor"], values, seen), value
