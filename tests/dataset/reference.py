"""Pictures, scenarios and right answers a second time, in plain Python, from the text of the paper and its code."""

ENERGIES = (0, 1, 2, 4, 6, 8, 10, 12, 14, 16, 18)
ENERGY_PROBABILITIES = (0.5, 0.0625, 0.0625, 0.0625, 0.0625, 0.05, 0.05, 0.05, 0.1 / 3, 0.1 / 3, 0.1 / 3)
SKIES = (
    (0, 1, 10, 15, 16, 21, 26),
    (0, 3, 5, 8, 13, 18, 19, 24, 28),
    (1, 3, 13, 19, 23, 27, 28, 31),
    (1, 4, 12, 19, 26),
    (1, 5, 12, 14, 18, 29),
    (1, 6, 12, 14, 17, 23, 24, 28),
)
HOP, JUMP, LEAP, HELP = 0, 1, 2, 3


def picture(ground: list[bool], frog: int, toad: int, toad_symbol: int, energy: int, flies) -> list[int]:
    """The hundred numbers, the three that are not shown zeroed; a player on a rough tile is shown as 9."""
    players = [0] * 32
    players[frog] = 9 if ground[frog] else 4
    players[toad] = 9 if ground[toad] else toad_symbol
    tiles = [2 if rough else 1 for rough in ground]
    return tiles + players + [3 if column in flies else 0 for column in range(32)] + [0, energy, 0, 0]


def who_shows(view: list[int], frog: int) -> tuple[int, int]:
    """Frog's and Toad's symbol: Toad is the last other player seen, or both are in Frog's cell."""
    players = view[32:64]
    others = [column for column in range(32) if players[column] and column != frog]
    return players[frog], players[others[-1] if others else frog]


def scenario(view: list[int], frog: int) -> int:
    """Frog's distress + 2 * Toad's."""
    shown = who_shows(view, frog)
    return (shown[0] == 9) + 2 * (shown[1] == 9)


def label(view: list[int], frog: int) -> int:
    """The right answer for Frog in column `frog`."""
    frog_shows, toad_shows = who_shows(view, frog)
    if view[97] <= 0:
        return JUMP
    if frog == 31:
        return HELP
    if frog >= 26 and frog_shows != 9 and toad_shows == 9:
        return HELP
    if view[frog + 1] == 1:
        return HOP
    return LEAP if frog + 5 < 31 else HOP


def help_kind(view: list[int], frog: int) -> int:
    """1 edge, 2 rescue, 0 where help is not the answer."""
    if label(view, frog) != HELP:
        return 0
    return 1 if frog == 31 else 2
