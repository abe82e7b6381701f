"""One game as text: the same size at every turn, so that an animation stands still."""

from mirrorjax.game.observation import mask_cells
from mirrorjax.game.state import FLY_ENERGY, HELP_ENERGY, LEAP, MAX_ENERGY, WIDTH, Action, Actor, GameState, Player

FLY, FLAT, ROUGH, EMPTY = "* ", "__", "/\\", "  "  # two characters a column
LETTERS = {Actor.FROG: "F ", Actor.TOAD: "T "}
LEGEND = (  # of a frame
    f"F Frog, T Toad (drawn over Frog)   {FLY} a fly   {FLAT} flat ground   {ROUGH} rough: who is on it is in distress",
    f"[===] energy, {MAX_ENERGY} at most: a leap, landing on rough ground and a gift take 1, a fly gives {FLY_ENERGY}",
    f"score: a point a hop   acts: hop: one column   jump: eats a fly above   leap: {LEAP} columns   "
    f"help: gives {HELP_ENERGY} energy",
)
_EDGE = "+" + "-" * len(EMPTY) * WIDTH + "+"


def board(state: GameState) -> str:
    """The board alone: a row of flies, the players' row and the ground, between two edges; Toad is drawn over Frog."""
    flies, ground = mask_cells(state.flies).tolist(), mask_cells(state.ground).tolist()
    players = [EMPTY] * WIDTH
    for who in Actor:  # Toad last
        players[int(state.player(who).column)] = LETTERS[who]
    rows = [FLY if fly else EMPTY for fly in flies], players, [ROUGH if rough else FLAT for rough in ground]
    return "\n".join([_EDGE, *("|" + "".join(row) + "|" for row in rows), _EDGE])


def render(state: GameState, acts: tuple[Action | None, Action | None] = (None, None)) -> str:
    """A frame: a row of flies, the players' row, the ground, and a status line for Frog and for Toad.

    Toad is drawn over Frog when both are in one cell, as in the picture that players see. A player on rough ground is
    in distress whatever it did, as the dataset shows it.

    Args:
        state: one game, not batched.
        acts: the last act of Frog and of Toad; a state does not keep them (a symbol is reset in the partner's turn).

    Returns:
        Seven lines of the same length each, without a newline at the end.
    """
    ground = mask_cells(state.ground).tolist()
    return "\n".join([board(state), *(_status(state.player(who), who, acts[who], ground) for who in Actor)])


def _status(player: Player, who: Actor, act: Action | None, ground: list[int]) -> str:
    energy = int(player.energy)
    bar = "=" * energy  # none below zero
    done = "-" if act is None else act.name.lower()
    distress = "distress" if ground[int(player.column)] else ""
    line = f"{who.name.capitalize()} {energy:2} [{bar:{MAX_ENERGY}}] score {int(player.score):<6} {done:4} {distress}"
    return line.ljust(len(_EDGE))
