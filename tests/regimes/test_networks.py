"""Regimes with heads and read-outs of their own teach a network that is no MLP, and read it out where it says."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.sources import Sources
from mirrorjax.measurement.probe import pictures_of
from mirrorjax.population.members import Member, stack_values
from mirrorjax.regimes import own_regime
from mirrorjax.regimes.base import World
from mirrorjax.training.data import Data

pytestmark = [pytest.mark.usefixtures("compiled_quickly"), pytest.mark.slow]
SHAPE: dict[str, Any] = {"model": "transformer", "width": 5, "depth": 1, "d_model": 4}
TAUGHT = {"contrastive": {"alignment": 0.1}, "predictive": {"objective": "auto"}}  # of all what asks most of a network


@pytest.mark.parametrize("name", TAUGHT)
def test_a_transformer_is_taught(name: str, dataset: Dataset):
    member = Member(regime=name, learning_rate=1e-2, batch_size=8, **SHAPE, **TAUGHT[name])
    regime = own_regime(member)
    values = jax.tree.map(lambda each: each[0], stack_values([member], "", Sources.only(dataset)))
    world = regime.world(World(jnp.asarray(dataset.train), None, None, Data.of(dataset).sample))

    @jax.jit
    def lesson() -> tuple[Any, ...]:
        start, step = regime.init(values), jnp.uint32(0)
        taught, well = regime.update(start, values, step, regime.draw(values, step), world.train)
        before, after = (regime.policy(each, values, world.train) for each in (start, taught))
        shown = regime.show(after, values, pictures_of(jnp.asarray(dataset.test[:8])))
        return before, after, well, shown.outputs

    before, after, well, outputs = lesson()
    assert well and np.isfinite(outputs).all()
    moved = {key for key in after if not np.array_equal(before[key], after[key])}
    assert {"embed.W_E", "pos_embed.W_pos", "blocks.0.attn.W_Q", "blocks.0.attn.W_O", "blocks.0.mlp.W_in"} <= moved
    assert "unembed.W_U" in moved and np.abs(after["unembed.W_U"]).max() > 0, "the read-out is learnt, or solved"
    assert not np.any(after["blocks.0.attn.b_K"]), "softmax does not see it"
