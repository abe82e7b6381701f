"""What a learner does in its own game, from the start of fresh games: acts drawn as in training, and its best ones."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int32

from mirrorjax.game.players import Tally, play_games, play_round
from mirrorjax.game.rollout import game_streams
from mirrorjax.game.state import Number
from mirrorjax.regimes.ppo import sampled
from mirrorjax.regimes.rollouts import Answers, Table

GAMES, ROUNDS = 48, 768
MODES = {"": False, "_greedy": True}  # endings of the columns, and whether the best act is done
_SEED = 2**32 - 2  # of nobody's games


def evaluated(answers: Answers, table: Table, games: int = GAMES, rounds: int = ROUNDS) -> dict[str, Array]:
    """Returns a round and what help is given, see `figures`, twice: endings of MODES."""
    streams = game_streams(jax.random.key(np.uint32(_SEED)), games)

    def of_game(state, chance, best: Array):
        def act(logits: Array, drawn: Array) -> Number:
            return jnp.where(best, jnp.argmax(logits).astype(jnp.int32), sampled(logits, drawn))

        return play_round(state, chance, table.players(table.policy(answers, act)), table.params)

    of_modes = jax.vmap(jax.vmap(of_game, (0, 0, None)), (0, None, 0))
    best = jnp.asarray(list(MODES.values()))
    counts = play_games(streams, rounds, lambda state, chance: of_modes(state, chance, best), table.params, (2,))
    found = figures(*counts, rounds)
    return {f"{name}{ending}": each[place] for place, ending in enumerate(MODES) for name, each in found.items()}


def figures(frog: Tally, toad: Tally, rounds: int) -> dict[str, Float32[Array, " modes"]]:
    """What Frog did over its games, the last axis of the counts, as rates.

    Returns:
        `return_own`, `return_partner`: points a round; of its turns the share with help, `help_share`, with help of
        those beside a partner without energy, `help_given_starved`, and of those at the last column,
        `help_given_stuck`, NaN without any; and of all at the last column, `stalls`.
    """

    def total(counts: Int32[Array, "modes games"]) -> Float32[Array, " modes"]:
        return jnp.sum(counts, axis=-1).astype(jnp.float32)

    def share(part: Int32[Array, "modes games"], whole: Int32[Array, "modes games"]) -> Float32[Array, " modes"]:
        return jnp.where(total(whole) > 0, total(part) / jnp.maximum(total(whole), 1), jnp.nan)

    turns = frog.score.shape[-1] * rounds
    return {
        "return_own": total(frog.score) / turns,
        "return_partner": total(toad.score) / turns,
        "help_share": total(frog.helps) / turns,
        "help_given_starved": share(frog.helps_starved, frog.partner_starved),
        "help_given_stuck": share(frog.helps_stalled, frog.stalled),
        "stalls": total(frog.stalled) / turns,
    }
