"""The rules of the game a second time, in plain Python on lists of cells: what the fast rules are compared with.

Written from the text of the rules, not from `mirrorjax.game`, and shares no code with it. Cells are lists of 32
booleans, players are index 0 (Frog) and 1 (Toad).
"""

from dataclasses import dataclass, field

WIDTH = 32
FROG, TOAD = 0, 1
HOP, JUMP, LEAP, HELP = 0, 1, 2, 3
LETTERS = (4, 5)
JUMPED, LEAPT, HELPED, DISTRESS = 6, 7, 8, 9


@dataclass
class Board:
    """One game between two turns."""

    ground: list[bool]  # True is rough
    flies: list[bool]
    queue: list[bool]  # upcoming tiles from the left, True is rough
    rate_steps: int
    columns: list[int]
    energy: list[int]
    score: list[int]
    symbol: list[int]
    actor: int


@dataclass
class Chance:
    """What happens by chance in one turn."""

    placed: list[bool]  # a fly appears in the cell
    moves: list[int]  # where a fly in the cell goes: -1, 0, 1
    helped_leap: bool
    obstacle: list[int] = field(default_factory=list)  # per new tile: an obstacle starts if value / 65536 < rate
    width: list[int] = field(default_factory=list)  # per new tile: its rough tiles


def play(board: Board, action: int, chance: Chance) -> Board:
    """The board after one turn of `board.actor`."""
    after = Board(
        list(board.ground),
        list(board.flies),
        list(board.queue),
        board.rate_steps,
        list(board.columns),
        list(board.energy),
        list(board.score),
        list(board.symbol),
        board.actor,
    )
    _act(after, action, chance)
    _move_flies(after, chance)
    for player in (FROG, TOAD):
        if after.ground[after.columns[player]]:
            after.symbol[player] = DISTRESS
    if action != JUMP:
        _scroll(after, chance)
    partner = 1 - board.actor
    after.symbol[partner] = LETTERS[partner]
    after.actor = partner
    return after


def _land(board: Board, player: int) -> None:
    if board.ground[board.columns[player]]:
        board.energy[player] -= 1
        board.symbol[player] = DISTRESS


def _leap(board: Board, player: int) -> None:
    if board.energy[player] > 0 and board.columns[player] + 5 < WIDTH:
        board.symbol[player] = LEAPT
        board.energy[player] -= 1
        board.columns[player] += 5
        _land(board, player)


def _act(board: Board, action: int, chance: Chance) -> None:
    me, you = board.actor, 1 - board.actor
    if action == HOP:
        board.symbol[me] = LETTERS[me]
        if board.energy[me] > 0 and board.columns[me] + 1 < WIDTH:
            board.score[me] += 1
            board.columns[me] += 1
            _land(board, me)
    elif action == JUMP:
        board.symbol[me] = JUMPED
        if board.flies[board.columns[me]]:
            board.flies[board.columns[me]] = False
            board.energy[me] = min(20, board.energy[me] + 4)
    elif action == LEAP:
        _leap(board, me)
    elif board.energy[me] > 0:
        board.symbol[me] = HELPED
        if board.columns[you] + 5 < WIDTH:
            if board.energy[you] < 20:
                board.energy[you] = min(20, board.energy[you] + 2)
                board.energy[me] -= 1
            if chance.helped_leap:
                _leap(board, you)


def _move_flies(board: Board, chance: Chance) -> None:
    after = [False] * WIDTH
    for column in range(WIDTH):
        if board.flies[column] or chance.placed[column]:
            after[min(31, max(0, column + chance.moves[column]))] = True
    board.flies = after


def _scroll(board: Board, chance: Chance) -> None:
    board.rate_steps = min(15, board.rate_steps + 1)
    rate = board.rate_steps * 0.005
    shift = (board.columns[FROG] + board.columns[TOAD]) // 2 - 16
    for tile in range(shift):
        if not board.queue and chance.obstacle[tile] / 65536 < rate:
            board.queue = [True] * chance.width[tile] + [False]
        board.ground = [*board.ground[1:], board.queue.pop(0) if board.queue else False]
    for _ in range(-shift):
        board.ground = [False, *board.ground[:-1]]
    board.columns = [min(31, max(0, column - shift)) for column in board.columns]


def observe(board: Board, who: int) -> list[int]:
    """The hundred numbers that a player sees."""
    players = [0] * WIDTH
    players[board.columns[FROG]] = board.symbol[FROG]
    players[board.columns[TOAD]] = board.symbol[TOAD]
    own = [board.symbol[who], board.energy[who], board.score[who], board.columns[who]]
    return [2 if rough else 1 for rough in board.ground] + players + [3 if fly else 0 for fly in board.flies] + own
