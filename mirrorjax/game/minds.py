"""Players who remember their episode: policies with a memory. That of one who remembers nothing is empty."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool

from mirrorjax.game.rollout import Turn
from mirrorjax.game.state import Draws, GameParams, GameState, Number
from mirrorjax.game.turn import turn
from mirrorjax.randomness import Stream

Memory = Any  # a pytree: () of who remembers nothing
Memories = tuple[Memory, Memory]  # of Frog and of Toad
NOTHING: Memories = ((), ())
Kept = Callable[[Memory, GameState, Number, GameState], Any]  # of a turn: memory and state before it, act, state then


def _unmoved(memory: Memory, state: GameState, action: Number) -> Memory:
    return memory


@dataclass(frozen=True)
class Mind:
    """Who plays a seat.

    Attributes:
        start: of an episode's stream, what is known before its first turn.
        acts: of memory, state and a random word what it does, and what it remembers then.
        watches: of memory, the other's act and the state that it was done in, what it remembers then.
        sees: of memory and state, what it decides by.
    """

    start: Callable[[Stream], Memory]
    acts: Callable[[Memory, GameState, Turn], tuple[Number, Memory]]
    watches: Callable[[Memory, GameState, Number], Memory] = _unmoved
    sees: Callable[[Memory, GameState], Any] = lambda memory, state: ()


Minds = tuple[Mind, Mind]  # Frog's and Toad's


def memoryless(policy: Callable[[GameState, Turn], Number], sees: Callable[[GameState], Any] = lambda _: ()) -> Mind:
    """One who acts by a policy of the state alone."""
    return Mind(
        start=lambda stream: (),
        acts=lambda memory, state, bits: (policy(state, bits), memory),
        sees=lambda memory, state: sees(state),
    )


def begun(minds: Minds, stream: Stream) -> Memories:
    """What both know before the first turn of an episode."""
    frog, toad = minds
    return frog.start(stream), toad.start(stream)


def opened(minds: Minds, memories: Memories, fresh: Bool[Array, ""], stream: Stream) -> Memories:
    """Memories as a round finds them: where it is its episode's first, `fresh`, nothing is left of the one before.

    They are reset *before* the round, while an advantage is cut off *behind* the last one: the two are one step apart.
    """
    return jax.tree.map(lambda new, old: jnp.where(fresh, new, old), begun(minds, stream), memories)


def round_of(
    state: GameState,
    memories: Memories,
    chance: list[tuple[Turn, Draws]],
    minds: Minds,
    params: GameParams,
    keep: Kept,
) -> tuple[GameState, Memories, tuple[Any, Any]]:
    """Frog's turn, then Toad's, of one game; whoever does not act watches.

    Returns:
        The state and the memories afterwards, and what was kept of Frog's turn and of Toad's.
    """
    known, kept = list(memories), []
    for who, (bits, draws) in enumerate(chance):
        memory = known[who]
        action, known[who] = minds[who].acts(memory, state, bits)
        after = turn(state, action, draws, params)
        kept.append(keep(memory, state, action, after))
        known[1 - who] = minds[1 - who].watches(known[1 - who], state, action)
        state = after
    return state, (known[0], known[1]), (kept[0], kept[1])
