"""Game turns a second, on one core."""

import jax
import jax.numpy as jnp

from mirrorjax.bench.timing import Figure, rate, seconds
from mirrorjax.game.rollout import PLAYERS, game_streams, new_game, rollout
from mirrorjax.game.state import GameParams
from mirrorjax.machine.runtime import Device

ROUNDS = 128


def simulator(devices: list[Device]) -> list[Figure]:
    """Games side by side, by number and players."""
    games = (256, 1024, 4096) if devices[0].platform == "cpu" else (1 << 14, 1 << 17, 1 << 20)
    return [_turns(count, "frog_hops") for count in games] + [_turns(games[1], "both_random")]


def _turns(games: int, players: str) -> Figure:
    params = GameParams()
    streams = game_streams(jax.random.key(1), games)
    states = jax.jit(jax.vmap(lambda stream: new_game(stream, params)))(streams)

    @jax.jit
    def play(states):
        def one(state, stream):
            return rollout(state, stream, jnp.uint32(0), ROUNDS, PLAYERS[players], params)[0]

        return jax.vmap(one)(states, streams)

    spent = seconds(lambda: jax.block_until_ready(play(states)))
    return rate(f"{games:,} games, {players}", 2.0 * games * ROUNDS, spent, "turns/s", games=games)
