"""The world around the players: flies, the camera that follows both, and the ground that it brings in."""

from dataclasses import replace

import jax.numpy as jnp

from mirrorjax.game.state import CENTRE, WIDTH, Draws, GameParams, GameState, Mask, Number


def move_flies(flies: Mask, draws: Draws) -> Mask:
    """New flies appear, then each moves left, right or not at all; the edges hold them, flies that meet are one."""
    flies = flies | draws.fly_placed
    left, right = flies & draws.fly_left, flies & draws.fly_right
    edge_left, edge_right = jnp.uint32(1), jnp.uint32(1 << (WIDTH - 1))
    stay = flies & ~(left | right)
    return stay | (left >> 1) | (left & edge_left) | (right << 1) | (right & edge_right)


def camera_shift(frog_column: Number, toad_column: Number, dependency: float = 1.0) -> Number:
    """Columns that the camera is behind: ⌊(1 - D/2)·Frog + (D/2)·Toad⌋ - CENTRE.

    At D = 1, the paper's, it keeps to the players' midpoint, and the world scrolls only if both move; at D = 0 it
    follows Frog alone.
    """
    if dependency == 1:
        return ((frog_column + toad_column) >> 1) - CENTRE
    anchor = (1 - dependency / 2) * frog_column.astype(jnp.float32) + dependency / 2 * toad_column.astype(jnp.float32)
    return jnp.floor(anchor).astype(jnp.int32) - CENTRE


def scroll(state: GameState, draws: Draws, params: GameParams) -> GameState:
    """Brings the camera back to the players: new tiles on the right, or flat ones on the left.

    The obstacle rate grows first. A new tile is the queue's front if there is one; else an obstacle may start:
    its rough tiles and one flat tile join the queue. Flies do not scroll. A shift is at most len(obstacle_chance).
    """
    rate_steps_max = jnp.round(params.obstacle_rate_max / params.obstacle_rate_step).astype(jnp.int32)
    rate_steps = jnp.minimum(rate_steps_max, state.rate_steps + 1)
    rate = rate_steps.astype(jnp.float32) * params.obstacle_rate_step
    threshold = jnp.ceil(rate * 65536).astype(jnp.uint32)  # chance / 65536 < rate

    shift = camera_shift(state.frog.column, state.toad.column, params.scroll)
    ahead = jnp.maximum(shift, 0).astype(jnp.uint32)
    back = jnp.maximum(-shift, 0).astype(jnp.uint32)
    ground = (state.ground >> ahead) << back
    first_new = WIDTH - ahead
    queue = state.queue
    for i in range(len(draws.obstacle_chance)):
        is_new = i < shift
        starts = (queue == 0) & (draws.obstacle_chance[i] < threshold)
        upcoming = jnp.where(starts, draws.obstacle_width[i] + 1, queue)
        rough = is_new & (upcoming > 1)
        tile = jnp.uint32(1) << jnp.minimum(first_new + i, jnp.uint32(WIDTH - 1))
        ground = ground | jnp.where(rough, tile, jnp.uint32(0))
        queue = jnp.where(is_new, jnp.maximum(upcoming - 1, 0), queue)

    def follow(player):
        return replace(player, column=jnp.clip(player.column - shift, 0, WIDTH - 1))

    state = replace(state, ground=ground, queue=queue, rate_steps=rate_steps)
    return replace(state, frog=follow(state.frog), toad=follow(state.toad))
