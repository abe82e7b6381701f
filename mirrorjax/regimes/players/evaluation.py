"""What a learner does in its own game, from the start of fresh games: acts drawn as in training, and its best ones.

Beside it who always hops plays the same games: the best constant answer, as rows have one.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Int32

from mirrorjax.game.players import Tally, play_games, play_round
from mirrorjax.game.rollout import game_streams
from mirrorjax.game.state import Action, Number
from mirrorjax.regimes.players.ppo import sampled
from mirrorjax.regimes.players.rollouts import Answers, GameTable

GAMES, ROUNDS = 48, 768
DRAWN, BEST, HOPS = range(3)  # how acts are chosen of logits
MODES = {"": DRAWN, "_greedy": BEST}  # by the ending of their columns
_SEED = 2**32 - 2  # of nobody's games


def evaluated(
    answers: Answers,
    table: GameTable,
    sharing: Float32[Array, ""],
    others: Answers | None = None,
    games: int = GAMES,
    rounds: int = ROUNDS,
) -> dict[str, Array]:
    """What is done, see `figures`, twice: endings of MODES; and how far what is paid is from all that there is.

    Args:
        answers: of the learner.
        table: where it learns.
        sharing: D.
        others: of who learns Toad's seat, if that is another.
        games, rounds: static numbers.

    Returns:
        `excess_error` too: (1 − paid) / (1 − paid to who always hops), of points shared by D, `sharing`, at most 1.
    """
    streams = game_streams(jax.random.key(np.uint32(_SEED)), games)

    def of_game(state, chance, mode: Array):
        def act(logits: Array, drawn: Array) -> Number:
            best = jnp.argmax(logits).astype(jnp.int32)
            return jnp.stack([sampled(logits, drawn), best, jnp.int32(Action.HOP)])[mode]

        players = table.players(*(table.policy(each, act) for each in (answers, others) if each))
        return play_round(state, chance, players, table.params)

    of_modes = jax.vmap(jax.vmap(of_game, (0, 0, None)), (0, None, 0))
    modes = jnp.asarray([DRAWN, BEST, HOPS])
    counts = play_games(streams, rounds, lambda state, chance: of_modes(state, chance, modes), table.params, (3,))
    found = figures(*counts, rounds)
    lacking = 1 - (1 - sharing / 2) * found["return_own"] - sharing / 2 * found["return_partner"]
    excess = {"excess_error": lacking[DRAWN] / jnp.maximum(lacking[HOPS], 1e-6)}
    return excess | {f"{name}{ending}": each[place] for ending, place in MODES.items() for name, each in found.items()}


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
