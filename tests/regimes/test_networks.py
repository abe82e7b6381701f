"""Every regime that shows pictures teaches a network that is no MLP, and reads it out where it says."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.sources import Sources
from mirrorjax.measurement.probe import pictures_of
from mirrorjax.population.members import Member, stack_values
from mirrorjax.regimes import REGIMES, own_regime
from mirrorjax.regimes.base import World
from mirrorjax.training.data import Data
from mirrorjax.training.step import init_state, train

pytestmark = [pytest.mark.usefixtures("compiled_quickly"), pytest.mark.slow]
SHAPE: dict[str, Any] = {"model": "transformer", "width": 5, "depth": 1, "d_model": 4}
OWN = {"contrastive": {"alignment": 0.1}, "overlap": {"overlap": 0.1}, "predictive": {"objective": "auto"}}
TAUGHT = [name for name, regime in REGIMES.items() if "rows" in regime.needs]


@pytest.mark.parametrize("name", TAUGHT)
def test_a_transformer_is_taught(name: str, dataset: Dataset):
    member = Member(regime=name, learning_rate=1e-2, batch_size=8, **SHAPE, **OWN.get(name, {}))
    regime = own_regime(member)
    values = jax.tree.map(lambda each: each[0], stack_values([member], "", Sources.only(dataset)))
    world = regime.world(World(jnp.asarray(dataset.train), None, None, Data.of(dataset).sample))

    @jax.jit
    def lesson(steps: jax.Array) -> tuple[Any, ...]:
        start = init_state(regime, values)
        state = train(regime, start, values, jnp.uint32(0), steps, world.train)
        params = regime.policy(state.own, values, world.train)
        shown = regime.show(
            params, values, pictures_of(world.train.rows[:50] if name == "predictive" else world.train[:50])
        )
        return regime.network.init(jax.random.key(0), values.width), params, state.alive, shown.outputs

    born, before, _, _ = lesson(jnp.uint32(0))
    _, after, alive, outputs = lesson(jnp.uint32(3))
    assert alive and np.isfinite(outputs).all() and before.keys() == after.keys() == born.keys()
    moved = {key for key in after if not np.array_equal(before[key], after[key])}
    assert {"embed.W_E", "pos_embed.W_pos", "blocks.0.attn.W_Q", "blocks.0.attn.W_O", "blocks.0.mlp.W_in"} <= moved
    assert "unembed.W_U" in moved and np.abs(after["unembed.W_U"]).max() > 0, "the read-out is learnt, or solved"
    assert not any(np.any(after[key]) for key in after if key.endswith("b_K")), "softmax does not see it"
