"""One turn as a list of phases, and the chance that it needs."""

from dataclasses import replace

import jax
import jax.numpy as jnp
from jaxtyping import Array, UInt32

from mirrorjax.game import rules, terrain
from mirrorjax.game.state import LETTER, MAX_SCROLL, Action, Draws, GameParams, GameState, Number, Player, Symbol, bit
from mirrorjax.randomness import Stream, bernoulli_mask, stream_from_key, uniform, word

PLACE_BITS = 12  # 41/4096: the share of 16-bit draws below .01 in the recorded games, exactly
_LEFT_BITS = 16

# A turn's words in the stream of its game: turn number n has those from n * TURN_WORDS on (n < 2^26).
TURN_WORDS = 64
_PLACED, _LEFT, _RIGHT, _HELPED, _TILES, ACTION_WORD = 0, 12, 28, 29, 30, 45


def turn(state: GameState, action: Number, draws: Draws, params: GameParams) -> GameState:
    """One player's turn: act, flies, distress, scroll, reset (paper §4.1, as its code plays it).

    Args:
        state: one game; `state.actor` is the player whose turn it is.
        action: an `Action`, scalar int32.
        draws: the turn's chance (`sample_draws`, or recorded).
        params: the numbers of the game.

    Returns:
        The game after the turn, with the other player to act.
    """
    state = _act(state, action, draws)
    state = replace(state, flies=terrain.move_flies(state.flies, draws))
    state = _mark_distress(state)
    state = _scroll_unless_jumped(state, action, draws, params)
    state = _reset_partner(state)
    return replace(state, actor=state.actor.partner)


def _act(state: GameState, action: Number, draws: Draws) -> GameState:
    actor, partner = state.actor, state.actor.partner
    before = state.player(actor)
    eats = (action == Action.JUMP) & bit(state.flies, before.column)
    after, partner_after = rules.act(
        before, state.player(partner), action, LETTER[actor], draws.helped_leap, state.ground, state.flies
    )
    eaten = jnp.where(eats, jnp.uint32(1) << before.column.astype(jnp.uint32), jnp.uint32(0))
    state = replace(state, flies=state.flies & ~eaten)
    return state.with_player(actor, after).with_player(partner, partner_after)


def _mark_distress(state: GameState) -> GameState:
    def mark(player: Player) -> Player:
        rough = bit(state.ground, player.column)
        return replace(player, symbol=jnp.where(rough, jnp.int32(Symbol.DISTRESS), player.symbol))

    return replace(state, frog=mark(state.frog), toad=mark(state.toad))


def _scroll_unless_jumped(state: GameState, action: Number, draws: Draws, params: GameParams) -> GameState:
    scrolled = terrain.scroll(state, draws, params)
    return jax.tree.map(lambda new, old: jnp.where(action == Action.JUMP, old, new), scrolled, state)


def _reset_partner(state: GameState) -> GameState:
    partner = state.actor.partner
    reset = replace(state.player(partner), symbol=jnp.int32(LETTER[partner]))
    return state.with_player(partner, reset)


def sample_draws(
    stream: Stream | jax.Array, params: GameParams, *, turn: UInt32[Array, ""] | int = 0, tiles: int = MAX_SCROLL
) -> Draws:
    """The chance of one turn.

    Args:
        stream: two words, or a `jax.random.key`, of this game.
        params: gives the probabilities.
        turn: its number in the game; it uses the stream's words from `turn` * TURN_WORDS on.
        tiles: the most tiles the turn may scroll; a game played from its start never needs more than
            `state.PLAY_SCROLL`, any state at most `state.MAX_SCROLL`.
    """
    if not isinstance(stream, tuple):
        stream = stream_from_key(stream)
    first = jnp.asarray(turn, jnp.uint32) * jnp.uint32(TURN_WORDS)

    def drawn(number: int) -> UInt32[Array, ""]:
        return word(stream, first + jnp.uint32(number))

    tile_words = [drawn(_TILES + tile) for tile in range(tiles)]
    widths = [((w & 0xFFFF) * jnp.uint32(params.obstacle_width_max)) >> 16 for w in tile_words]
    left = bernoulli_mask(stream, first + _LEFT, 1 / 3, _LEFT_BITS)
    return Draws(
        fly_placed=bernoulli_mask(stream, first + _PLACED, params.fly_probability, PLACE_BITS),
        fly_left=left,
        fly_right=~left & drawn(_RIGHT),
        helped_leap=uniform(drawn(_HELPED)) < params.help_leap_probability,
        obstacle_chance=tuple(w >> 16 for w in tile_words),
        obstacle_width=tuple(width.astype(jnp.int32) + 1 for width in widths),
    )
