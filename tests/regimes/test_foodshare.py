"""FoodShare (Yoshida & Man 2024, arXiv 2412.12103): solved exactly, and learnt.

One of two owns all food: it *eats*, or *passes*. Who is fed is high; the other, if it was, falls to low now and then.
Both are paid by the fall of hunger, the other's by weight w. Who is low for ten steps running dies, and all is over.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from mirrorjax.models.mlp import MLP
from mirrorjax.randomness import stream_from_key, substream, uniform, word
from mirrorjax.regimes.descent import Learner, begin
from mirrorjax.regimes.players.ppo import Decisions, Passes, improved, log_probs, sampled
from mirrorjax.regimes.players.returns import advantages

pytestmark = pytest.mark.usefixtures("compiled_quickly")
DEAD, FALLS, DISCOUNT, CAP = 10, 0.1, 0.99, 200
DRIVE = -np.log([0.05, 0.95])  # low, and high
GAMES, TIME, UPDATES = 32, 64, 120
NETWORK = MLP(width=16, depth=1, activation="tanh", inputs=2, outputs=3)  # two logits and a value


def by_value_iteration(w: float) -> tuple[np.ndarray, np.ndarray]:
    """Values of *eat* and *pass*, by how long the owner and the other have been low [11, 11]: 0 is high, 10 dead."""
    own, other = np.indices((DEAD + 1, DEAD + 1))
    value = np.zeros(own.shape)

    def hunger(own: np.ndarray, other: np.ndarray) -> np.ndarray:
        return DRIVE[(own == 0).astype(int)] + w * DRIVE[(other == 0).astype(int)]

    def worth(unfed: np.ndarray, eats: bool) -> np.ndarray:
        """Of feeding one, and not the other, which has been low so long."""
        total, worse = np.zeros(own.shape), np.minimum(unfed + 1, DEAD)
        for share, lower in ((FALLS, worse), (1 - FALLS, np.where(unfed == 0, 0, worse))):
            then = (0 * lower, lower) if eats else (lower, 0 * lower)
            total += share * (hunger(own, other) - hunger(*then) + DISCOUNT * value[then])
        return np.where((own == DEAD) | (other == DEAD), 0.0, total)

    for _ in range(1200):
        value = np.maximum(worth(other, True), worth(own, False))
    return worth(other, True), worth(own, False)


def test_passing_pays_from_one_per_cent_of_empathy_on():
    """Below w* = .0109 the owner eats while the other dies; and without empathy, in every state."""
    for w, passes in ((0.0105, False), (0.0113, True)):
        eat, give = by_value_iteration(w)
        assert all((give[0, 1:DEAD] > eat[0, 1:DEAD]) == passes), w
    eat, give = by_value_iteration(0.0)
    assert (give < eat)[:DEAD, :DEAD].all()


@struct.dataclass
class Pair:
    """An episode of two, the owner first."""

    high: Any  # bool [2]
    low_for: Any  # steps [2]
    age: Any


NEW = Pair(np.ones(2, bool), np.zeros(2, np.int32), np.int32(0))


def after(pair: Pair, passes: jax.Array, drawn: jax.Array) -> Pair:
    fed = jnp.stack([passes == 0, passes == 1])
    high = fed | (pair.high & (drawn >= FALLS))
    return Pair(high, jnp.where(high, 0, pair.low_for + 1), pair.age + 1)


def evaluate(params: dict, seen: jax.Array) -> tuple[jax.Array, jax.Array]:
    found = NETWORK.run(params, seen.astype(jnp.float32).T).outputs
    return found[:2], found[2]


def played(params: dict, pair: Pair, drawn: jax.Array, w: float):
    """Steps of one pair; dead or at the cap it is another."""
    drive = jnp.asarray(DRIVE, jnp.float32)

    def hunger(pair: Pair) -> jax.Array:
        own = drive[pair.high.astype(jnp.int32)]
        return own[0] + w * own[1]

    def one(pair: Pair, drawn: jax.Array):
        act = sampled(evaluate(params, pair.high[None])[0][:, 0], drawn[0])
        then = after(pair, act, drawn[1])
        dies, ends = (then.low_for >= DEAD).any(), (then.low_for >= DEAD).any() | (then.age >= CAP)
        kept = pair.high, act, hunger(pair) - hunger(then), then.high, dies, ends, then.age
        return jax.tree.map(lambda new, old: jnp.where(ends, new, old), NEW, then), kept

    return jax.lax.scan(one, pair, drawn)


def update(carried: tuple[Learner, Pair], number: jax.Array, w: float):
    (learner, pairs), own = carried, substream(stream_from_key(jax.random.key(0)), number)
    words = jax.vmap(lambda each: word(own, each))(jnp.arange(2 * GAMES * TIME, dtype=jnp.uint32))
    drawn = uniform(words).reshape(GAMES, TIME, 2)
    pairs, kept = jax.vmap(lambda pair, drawn: played(learner.params, pair, drawn, w))(pairs, drawn)
    seen, act, reward, behind, dies, ends, age = jax.tree.map(lambda x: jnp.swapaxes(x, 0, 1), kept)
    logits, value = evaluate(learner.params, seen.reshape(-1, 2))
    led_to = evaluate(learner.params, behind.reshape(-1, 2))[1].reshape(TIME, GAMES)
    led_to, goes_on = jnp.where(dies, 0.0, led_to), 1.0 - ends.astype(jnp.float32)
    better = advantages(reward, value.reshape(TIME, GAMES), led_to, goes_on, DISCOUNT, 0.95).ravel()
    log_prob, every = log_probs(logits, act.ravel()), jnp.ones_like(better)
    decisions = Decisions(seen.reshape(-1, 2), act.ravel(), log_prob, value, better, every)
    learner, _ = improved(evaluate, learner, decisions, Passes(), own, 3e-3, 0.001)
    needed = seen[..., 0] & ~seen[..., 1]
    passed = jnp.sum((act == 1) & needed) / jnp.maximum(needed.sum(), 1)
    return (learner, pairs), (passed, jnp.sum(jnp.where(ends, age, 0)), ends.sum())


@pytest.mark.slow
@pytest.mark.parametrize("w", [0.0, 0.5])
def test_it_is_learnt(w: float):
    """Without empathy the other starves within twenty steps; with it both live on, to the cap."""
    learner = begin(NETWORK.init(jax.random.key(4), jnp.int32(16)))
    pairs = jax.tree.map(lambda x: jnp.broadcast_to(x, (GAMES, *np.shape(x))), NEW)
    numbers = jnp.arange(UPDATES, dtype=jnp.uint32)
    learnt = jax.jit(lambda start: jax.lax.scan(lambda each, number: update(each, number, w), start, numbers)[1])
    passed, ages, episodes = (np.asarray(each, float)[-10:].mean() for each in learnt((learner, pairs)))
    length = ages / episodes
    if w == 0:
        assert passed < 0.05 and length < 20
    else:
        assert passed > 0.95 and length > 0.98 * CAP
