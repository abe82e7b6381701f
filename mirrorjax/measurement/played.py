"""What networks do in the game: each plays Frog beside scripted partners, and what is counted becomes columns."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, UInt32

from mirrorjax.game.players import SCRIPTED, Chance, Tally, looking, one_of, play_games, play_round
from mirrorjax.game.rollout import game_streams
from mirrorjax.game.state import GameParams, GameState, Number
from mirrorjax.measurement.needs import fits, needs
from mirrorjax.measurement.probe import Probe
from mirrorjax.measures import PARTS, PLAYED
from mirrorjax.population.members import Member
from mirrorjax.randomness import Stream
from mirrorjax.regimes import own_regime

PARTNERS = tuple(PARTS["PARTNER"])  # names in SCRIPTED: who plays Toad
ROUNDS = 512  # of a game, from its start; what not helping costs shows after a hundred or more
_SEED = 2**32 - 1  # of no dataset's games
COLUMNS = tuple(column.name for each in PLAYED for column in each.columns())
GAMES = "games"  # what all of them are called together


def played_names(member: Member) -> dict[str, frozenset[str]]:
    """The columns by the name of each, and all of them by GAMES; none of a member that does not act."""
    if not fits(played, own_regime(member).network):
        return {}
    return {**{name: frozenset({name}) for name in COLUMNS}, GAMES: frozenset(COLUMNS)}


def streams_of(games: int) -> tuple[np.ndarray, np.ndarray]:
    """The games that all networks play, two words of each [games]: of equal number always the same."""
    first, second = game_streams(jax.random.key(np.uint32(_SEED)), games)
    return np.asarray(first), np.asarray(second)


@needs("acts")
def played(probes: Probe, streams: Stream, rounds: int = ROUNDS) -> dict[str, Float32[Array, " members"]]:
    """What members, stacked on the leading axis, do as Frog in the paper's game beside each of PARTNERS.

    Each does what it answers most, on its view of the game as it is: the true energy, and the real flies.

    Returns:
        `play_PARTNER_WHAT`, see `shares`.
    """
    toads, params = tuple(SCRIPTED[name] for name in PARTNERS), GameParams()

    def of_game(probe: Probe, state: GameState, chance: Chance, toad: Number) -> tuple[GameState, tuple[Tally, Tally]]:
        def answer(seen: Array) -> Float32[Array, "4"]:
            return probe.answer(probe.show(seen.astype(jnp.float32)[:, None]))[:, 0]

        return play_round(state, chance, (looking(answer), one_of(toads, toad)), params)

    of_games = jax.vmap(of_game, (None, 0, 0, None))
    of_partners = jax.vmap(of_games, (None, 0, None, 0))
    of_members = jax.vmap(of_partners, (0, 0, None, None))

    def one_round(states: GameState, chance: Chance) -> tuple[GameState, tuple[Tally, Tally]]:
        return of_members(probes, states, chance, jnp.arange(len(PARTNERS)))

    lead = len(jax.tree.leaves(probes.params)[0]), len(PARTNERS)
    frog, toad = play_games(streams, rounds, one_round, params, lead)
    of_each = shares(frog, toad, rounds)
    return {
        f"play_{partner}_{name}": values[:, number]
        for number, partner in enumerate(PARTNERS)
        for name, values in of_each.items()
    }


def shares(frog: Tally, toad: Tally, rounds: int) -> dict[str, Float32[Array, " *players"]]:
    """What Frog did over its games, the last axis of the counts, as rates.

    Returns:
        Per round `own` points and the `partner`'s; of its turns the share with `help`, with help of those at which the
        partner has no energy (`help_starved`, NaN without any), and at the last column (`stalled`).
    """

    def total(counts: UInt32[Array, "*players games"]) -> Float32[Array, " *players"]:
        return jnp.sum(counts, axis=-1).astype(jnp.float32)

    turns, starved = frog.score.shape[-1] * rounds, total(frog.partner_starved)
    return {
        "own": total(frog.score) / turns,
        "partner": total(toad.score) / turns,
        "help": total(frog.helps) / turns,
        "help_starved": jnp.where(starved > 0, total(frog.helps_starved) / jnp.maximum(starved, 1), jnp.nan),
        "stalled": total(frog.stalled) / turns,
    }
