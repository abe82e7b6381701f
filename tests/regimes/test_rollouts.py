"""What players remember begins anew with each episode: before its first turn, and not a turn later or earlier."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game.env import EPISODE, begin
from mirrorjax.game.minds import Mind
from mirrorjax.game.rollout import game_streams
from mirrorjax.game.state import Action, GameParams
from mirrorjax.regimes.players.rollouts import played_on, unrolled

pytestmark = pytest.mark.usefixtures("compiled_quickly")
TIME, PARAMS = 6, GameParams()
STARTS = jnp.asarray([EPISODE - 2, EPISODE - TIME, 3], jnp.uint32)  # cut off within the rollout, at its end, not at all


def counting(act: Action) -> Mind:
    """Remembers how many turns it had, and the other's last act (-1: none yet)."""
    return Mind(
        start=lambda stream: (jnp.int32(0), jnp.int32(-1)),
        acts=lambda memory, state, bits: (jnp.int32(act), (memory[0] + 1, memory[1])),
        watches=lambda memory, state, action: (memory[0], jnp.asarray(action, jnp.int32)),
        sees=lambda memory, state: jnp.stack(memory),
    )


MINDS = counting(Action.JUMP), counting(Action.HELP)


@pytest.fixture(scope="module")
def rollouts() -> list:
    """Two in a row of three games."""

    @jax.jit
    def both(streams):
        games = replace(jax.vmap(lambda stream: begin(stream, PARAMS))(streams), round=STARTS)
        turns, nobody = STARTS.astype(jnp.int32), jnp.full(3, -1)
        memories, found = ((turns, nobody), (turns, nobody)), []
        for _ in range(2):
            games, memories, rollout = played_on(MINDS, PARAMS, games, memories, TIME)
            found.append(rollout)
        return found

    return jax.device_get(both(game_streams(jax.random.key(0), 3)))


def test_a_memory_begins_with_its_episode(rollouts):
    """How many turns were had is the number of the round, in either seat, whoever was cut off where."""
    rounds = (np.asarray(STARTS)[None, :] + np.arange(2 * TIME)[:, None]) % EPISODE
    for which, rollout in enumerate(rollouts):
        now = rounds[which * TIME : (which + 1) * TIME]
        assert np.array_equal(rollout.frog.seen[..., 0], now) and np.array_equal(rollout.toad.seen[..., 0], now)
        assert np.array_equal(rollout.fresh, now == 0) and np.array_equal(rollout.truncated, now == EPISODE - 1)
        assert np.array_equal(rollout.now[:, 0], (now[-1] + 1) % EPISODE), "what is seen next is of the next episode"
    assert rollouts[0].last[:2, 0].tolist() == [EPISODE] * 2, "what was seen last is of the one that was cut off"
    assert rollouts[1].memories[0][0].tolist() == [TIME - 2, EPISODE, TIME + 3], "reset by the round, not ahead of it"


def test_the_other_is_heard_in_turn(rollouts):
    """Frog hears nothing at its first turn; Toad has heard Frog's act of the same round at its own first one."""
    frog, toad = (np.concatenate([getattr(each, seat).seen[..., 1] for each in rollouts]) for seat in ("frog", "toad"))
    fresh = np.concatenate([each.fresh for each in rollouts])
    assert (toad == Action.JUMP).all()
    assert (frog[1:] == np.where(fresh[1:], -1, Action.HELP)).all() and fresh[1:].sum() == 2


def test_what_is_learnt_from_is_answered_as_it_was_played():
    """A running sum that is reset where an episode begins; and what its slope reaches back to."""
    seen, fresh = jnp.arange(1.0, 7.0), jnp.asarray([False, False, True, False, False, True])

    def answered(weight):
        def add(memory, seen):
            return 2 * (memory + weight * seen), memory + weight * seen

        return unrolled(add, jnp.float32(0), jnp.float32(10), seen, fresh)

    found, slope = jax.jit(lambda weight: (answered(weight), jax.jacobian(answered)(weight)))(jnp.float32(1))
    assert found.tolist() == [22, 26, 6, 14, 24, 12]
    assert slope.tolist() == [2, 6, 6, 14, 24, 12], "what was remembered before is a number, and passes no slope"
