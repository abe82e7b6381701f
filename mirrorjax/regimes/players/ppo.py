"""Proximal policy optimisation of one learner, whatever it plays (Schulman et al. 2017, arXiv 1707.06347).

As PureJaxRL and CleanRL have it: a clipped ratio, a clipped value, advantages normalised by minibatch, and a limit on
the gradient's norm. With one epoch of one minibatch it is the advantage actor-critic (A2C): no ratio differs from 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jaxtyping import Array, Float32, Int32

from mirrorjax.randomness import Stream, permute, substream
from mirrorjax.regimes.descent import Learner, adam

CLIP, VALUE_WEIGHT, MOST_NORM = 0.2, 0.5, 0.5  # of ratios and values; of the loss of values; of the gradient
EPSILON = 1e-5  # of Adam
_TINY = 1e-8

Params = Any  # of actor and critic together
# parameters and what was seen [batch, ...] -> a logit for each act [acts, batch], the value [batch]; a batch of games
# [games, time] is a batch of all their decisions, game by game
Evaluate = Callable[[Params, Array], tuple[Float32[Array, "acts batch"], Float32[Array, " batch"]]]


@struct.dataclass
class Decisions:
    """Decisions that are learnt from, in no order; or games of decisions in turn, [games, time]."""

    seen: Any  # [batch, ...], as `Evaluate` takes it
    action: Int32[Array, " batch"]
    log_prob: Float32[Array, " batch"]  # of the act, when it was done
    value: Float32[Array, " batch"]  # as it was then
    advantage: Float32[Array, " batch"]
    weight: Float32[Array, " batch"]  # 1, or 0 for one that nothing is known of


@struct.dataclass
class Told:
    """What an update says of itself: means over its last epoch."""

    entropy: Float32[Array, ""]  # nats, of the policy
    kl: Float32[Array, ""]  # nats, of the policy from the one that played (Schulman's estimate (r − 1) − log r)


@dataclass(frozen=True)
class Passes:
    """How often and in what pieces decisions are learnt from."""

    epochs: int = 4
    minibatches: int = 4


def log_probs(logits: Float32[Array, "acts batch"], action: Int32[Array, " batch"]) -> Float32[Array, " batch"]:
    """Of acts that were done."""
    return jnp.take_along_axis(jax.nn.log_softmax(logits, axis=0), action[None, :], axis=0)[0]


def sampled(logits: Float32[Array, " acts"], uniform: Float32[Array, ""]) -> Int32[Array, ""]:
    """An act, by its probability and a number in [0, 1)."""
    below = jnp.cumsum(jax.nn.softmax(logits))[:-1]
    return jnp.sum(uniform >= below, dtype=jnp.int32)


def loss(
    params: Params, evaluate: Evaluate, batch: Decisions, entropy_bonus: Float32[Array, ""] | float
) -> tuple[Float32[Array, ""], Told]:
    """Of policy and value, less the bonus of entropy."""
    logits, value = evaluate(params, batch.seen)
    batch = jax.tree.map(jnp.ravel, replace(batch, seen=()))
    weight = batch.weight / jnp.maximum(jnp.sum(batch.weight), 1.0)
    log_ratio = log_probs(logits, batch.action) - batch.log_prob
    ratio = jnp.exp(log_ratio)
    centred = batch.advantage - batch.advantage @ weight
    advantage = centred / (jnp.sqrt(centred**2 @ weight) + _TINY)
    of_policy = -jnp.minimum(ratio * advantage, jnp.clip(ratio, 1 - CLIP, 1 + CLIP) * advantage) @ weight
    target = batch.value + batch.advantage
    near = batch.value + jnp.clip(value - batch.value, -CLIP, CLIP)
    of_value = 0.5 * jnp.maximum((value - target) ** 2, (near - target) ** 2) @ weight
    told = Told(-jnp.sum(jax.nn.softmax(logits, axis=0) * jax.nn.log_softmax(logits, axis=0), axis=0) @ weight,
                jax.lax.stop_gradient((ratio - 1 - log_ratio) @ weight))  # fmt: skip
    return of_policy + VALUE_WEIGHT * of_value - entropy_bonus * told.entropy, told


def improved(
    evaluate: Evaluate,
    learner: Learner,
    decisions: Decisions,
    passes: Passes,
    order: Stream,
    learning_rate: Float32[Array, ""] | float,
    entropy_bonus: Float32[Array, ""] | float,
) -> tuple[Learner, Told]:
    """A learner after its passes over decisions, in a fresh order each; those that fill no minibatch wait out an epoch.

    Args:
        evaluate: what parameters make of what was seen.
        learner: before.
        decisions: of the policy that it has.
        passes: static.
        order: of the update, which no other has.
        learning_rate: of Adam.
        entropy_bonus: nats are worth so much.
    """
    count = jnp.uint32(len(decisions.action))
    size = len(decisions.action) // passes.minibatches

    def minibatch(learner: Learner, numbers: Array) -> tuple[Learner, Told]:
        batch = jax.tree.map(lambda values: values[numbers], decisions)
        slope, told = jax.grad(loss, has_aux=True)(learner.params, evaluate, batch, entropy_bonus)
        return _descended(learner, slope, learning_rate), told

    def epoch(learner: Learner, number: Array) -> tuple[Learner, Told]:
        shuffled = permute(jnp.arange(passes.minibatches * size, dtype=jnp.uint32), count, substream(order, number))
        return jax.lax.scan(minibatch, learner, shuffled.reshape(passes.minibatches, size))

    learner, told = jax.lax.scan(epoch, learner, jnp.arange(passes.epochs, dtype=jnp.uint32))
    return learner, jax.tree.map(lambda values: jnp.mean(values[-1]), told)


def _descended(learner: Learner, slope: Params, learning_rate: Float32[Array, ""] | float) -> Learner:
    """One update by Adam, of a gradient of limited norm."""
    limit = jnp.minimum(1.0, MOST_NORM / (optax.tree.norm(slope) + _TINY))
    limited = jax.tree.map(lambda each: each * limit, slope)
    params, moments = adam(learner.params, limited, learner.moments, jnp.float32(learning_rate), EPSILON)
    return Learner(params=params, moments=moments)
