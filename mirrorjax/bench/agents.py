"""Turns learnt a second by agents that play, one core: in blocks, by a plain vmap of one's update, and only played."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from mirrorjax.bench.timing import Figure, rate, side_by_side
from mirrorjax.game.env import play, staggered
from mirrorjax.game.players import SCRIPTED
from mirrorjax.game.rollout import game_streams
from mirrorjax.game.state import GameParams
from mirrorjax.machine.runtime import Device
from mirrorjax.population.members import Member, MemberValues, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.training.engines import xla
from mirrorjax.training.step import init_state, train_step

AGENT = Member(regime="reinforcement", partner="hop", learning_rate=1e-3)
BLOCK = 16
_UNIT = "turns/s"


def agents(devices: list[Device], members: int = 64, like: Member = AGENT) -> list[Figure]:
    """Of as many members: by the blocks of training, by one vmap of all, and one alone; and games with no learner."""
    program, turns = program_of(like), 2 * like.parallel_games * like.horizon
    regime = regime_of(program)
    values = stack_values([Member(**{**vars(like), "seed": seed}) for seed in range(members)], "bench")
    state = jax.jit(jax.vmap(lambda values: init_state(regime, values)))(values)

    def step(state: Any, values: MemberValues) -> Any:
        return train_step(regime, state, values, jnp.uint32(0), (), ())

    def blocks(tree: Any) -> Any:
        return jax.tree.map(lambda x: x.reshape(-1, min(BLOCK, members), *x.shape[1:]), tree)

    start, first = jnp.zeros(members // min(BLOCK, members), jnp.uint32), jax.tree.map(lambda x: x[:1], (state, values))
    in_blocks = jax.jit(lambda state, values: xla.train(program, state, values, start, start + 1, ()))
    at_once = jax.jit(jax.vmap(step))
    runs: dict[str, tuple[int, Callable[[], Any]]] = {
        f"{members} in blocks of {BLOCK}": (members, lambda: in_blocks(blocks(state), blocks(values))),
        f"{members} by a plain vmap of one's update": (members, lambda: at_once(state, values)),
        "one": (1, lambda: at_once(*first)),
        "games alone, random acts": (members, _played(members * like.parallel_games, like.horizon)),
    }
    spent = side_by_side({name: lambda run=run: jax.block_until_ready(run()) for name, (_, run) in runs.items()})
    return [rate(name, turns * number, spent[name], _UNIT, members=number) for name, (number, _) in runs.items()]


def _played(games: int, rounds: int) -> Callable[[], Any]:
    params = GameParams()
    start = jax.jit(lambda: staggered(game_streams(jax.random.key(1), games), params))()
    policies = SCRIPTED["random"], SCRIPTED["hop"]

    @jax.jit
    def played(envs: Any) -> Any:
        return jax.lax.scan(lambda envs, _: (jax.vmap(lambda env: play(env, policies, params)[0])(envs), None),
                            envs, None, rounds)[0]  # fmt: skip

    return lambda: played(start)
