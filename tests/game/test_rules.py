"""What must hold on any board: properties of a turn, and exact values of the rules that are easy to get wrong."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mirrorjax.game.state import Action, Actor
from tests.game.cases import board_of, cells, play_all
from tests.game.reference import Board, Chance

MASKS = st.integers(0, 2**32 - 1)
COLUMNS = st.integers(0, 31)
ENERGIES = st.integers(-1, 20)
# The first example compiles the turn, which takes longer than any deadline.
quick = settings(max_examples=120, deadline=None)


@st.composite
def boards(draw, actor=None) -> Board:
    """Any board, reachable or not."""
    length = draw(st.integers(0, 5))
    return Board(
        ground=cells(draw(MASKS)),
        flies=cells(draw(MASKS)),
        queue=[True] * (length - 1) + [False] * (length > 0),
        rate_steps=draw(st.integers(0, 15)),
        columns=[draw(COLUMNS), draw(COLUMNS)],
        energy=[draw(ENERGIES), draw(ENERGIES)],
        score=[draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6))],
        symbol=[draw(st.sampled_from((own, 6, 7, 8, 9))) for own in (4, 5)],
        actor=draw(st.sampled_from((0, 1))) if actor is None else actor,
    )


@st.composite
def chances(draw) -> Chance:
    """Any chance of a turn."""
    left, right, starts = cells(draw(MASKS)), cells(draw(MASKS)), draw(st.integers(0, 2**15 - 1))
    widths = draw(st.integers(0, 4**15 - 1))
    return Chance(
        placed=cells(draw(MASKS)),
        moves=[-1 if le else int(r) for le, r in zip(left, right, strict=True)],
        helped_leap=draw(st.booleans()),
        obstacle=[0 if starts >> tile & 1 else 65535 for tile in range(15)],
        width=[(widths >> 2 * tile & 3) + 1 for tile in range(15)],
    )


ACTIONS = st.sampled_from(list(Action))


def play(board: Board, action: int, chance: Chance) -> Board:
    """One turn of the game's own rules."""
    return board_of(play_all([board], [action], [chance]), 0)


def shift(columns: list[int]) -> int:
    """By how much the camera follows players in these columns."""
    return sum(columns) // 2 - 16


@quick
@given(boards(), ACTIONS, chances())
def test_numbers_stay_in_their_ranges(board, action, chance):
    after = play(board, action, chance)
    assert max(after.energy) <= 20
    assert all(0 <= column <= 31 for column in after.columns)
    assert 0 <= len(after.queue) <= 5 and 0 <= after.rate_steps <= 15
    assert after.actor == 1 - board.actor
    # A turn costs at most two (a leap onto rough ground, or a gift) and gives at most a fly or a gift.
    assert all(-2 <= a - b <= 4 for a, b in zip(after.energy, board.energy, strict=True))


@quick
@given(boards(), chances())
def test_hop_needs_energy_and_room(board, chance):
    me = board.actor
    after = play(board, Action.HOP, chance)
    can = board.energy[me] > 0 and board.columns[me] < 31
    assert after.score[me] - board.score[me] == can
    moved = list(board.columns)
    moved[me] += can
    assert after.energy[me] == board.energy[me] - (can and board.ground[moved[me]])
    assert after.columns == [min(31, max(0, c - shift(moved))) for c in moved]


@quick
@given(boards(), chances())
def test_jump_does_not_scroll(board, chance):
    after = play(board, Action.JUMP, chance)
    for name in ("ground", "queue", "rate_steps", "columns", "score"):
        assert getattr(after, name) == getattr(board, name), name


@quick
@given(boards(), chances())
def test_jump_eats_the_fly_in_the_own_column_only(board, chance):
    me = board.actor
    chance.placed, chance.moves = [False] * 32, [0] * 32
    after = play(board, Action.JUMP, chance)
    fly = board.flies[board.columns[me]]
    assert after.energy[me] == (min(20, board.energy[me] + 4) if fly else board.energy[me])
    assert after.energy[1 - me] == board.energy[1 - me]
    assert after.flies == [f and column != board.columns[me] for column, f in enumerate(board.flies)]


@quick
@given(boards(), chances())
def test_a_blocked_leap_changes_nothing_of_the_player(board, chance):
    me = board.actor
    assume(board.energy[me] <= 0 or board.columns[me] + 5 > 31)
    after = play(board, Action.LEAP, chance)
    assert (after.energy, after.score) == (board.energy, board.score)
    assert after.columns == [min(31, max(0, c - shift(board.columns))) for c in board.columns]
    assert after.symbol[me] == (9 if board.ground[board.columns[me]] else board.symbol[me])


@quick
@given(boards(), chances())
def test_help_gives_where_it_fits_and_may_make_the_partner_leap(board, chance):
    me, you = board.actor, 1 - board.actor
    after = play(board, Action.HELP, chance)
    assert after.score == board.score
    room = board.energy[me] > 0 and board.columns[you] + 5 < 32
    gift = room and board.energy[you] < 20
    assert after.energy[me] == board.energy[me] - gift
    energy = min(20, board.energy[you] + 2) if gift else board.energy[you]
    leaps = room and chance.helped_leap and energy > 0
    if leaps:
        energy -= 1 + board.ground[board.columns[you] + 5]
    assert after.energy[you] == energy
    moved = list(board.columns)
    moved[you] += 5 * leaps
    assert after.columns == [min(31, max(0, c - shift(moved))) for c in moved]


@quick
@given(boards(), ACTIONS, chances())
def test_the_partner_shows_its_letter_again(board, action, chance):
    after = play(board, action, chance)
    assert after.symbol[1 - board.actor] == (4, 5)[1 - board.actor]


@quick
@given(boards(), st.sampled_from((Action.HOP, Action.LEAP, Action.HELP)), chances())
def test_the_camera_brings_the_midpoint_back_to_the_centre(board, action, chance):
    after = play(board, action, chance)
    assume(0 not in after.columns and 31 not in after.columns)  # nobody was held by an edge
    assert sum(after.columns) // 2 == 16


@quick
@given(boards(), chances())
def test_scrolled_ground_keeps_its_tiles(board, chance):
    board.energy[board.actor] = 0  # a hop without energy moves nobody, and scrolls
    after = play(board, Action.HOP, chance)
    by = shift(board.columns)
    if by >= 0:
        assert after.ground[: 32 - by] == board.ground[by:]
        from_queue = min(by, len(board.queue))
        assert after.ground[32 - by :][:from_queue] == board.queue[:from_queue]
    else:
        assert after.ground == [False] * -by + board.ground[:by]
        assert after.queue == board.queue


@quick
@given(boards(), ACTIONS, chances())
def test_flies_increase_by_placement_only(board, action, chance):
    after = play(board, action, chance)
    alive = {c for c in range(32) if board.flies[c] or chance.placed[c]}
    assert sum(after.flies) <= len(alive)
    assert all(any(abs(column - c) <= 1 for c in alive) for column in range(32) if after.flies[column])
    still = play(board, action, Chance([False] * 32, chance.moves, False, chance.obstacle, chance.width))
    assert sum(still.flies) <= sum(board.flies)


@quick
@given(boards(), ACTIONS, chances())
def test_distress_is_shown_on_rough_ground(board, action, chance):
    """The actor's symbol after its turn is 9 on rough ground; the mark comes before the scroll takes the tile along."""
    me = board.actor
    after = play(board, action, chance)
    assume(0 < after.columns[me] < 31)
    assert (after.symbol[me] == 9) == (
        after.ground[after.columns[me]] or (board.symbol[me] == 9 and _kept(board, action))
    )


def _kept(board: Board, action: int) -> bool:
    """Whether the act leaves the actor's symbol as it was."""
    starved = board.energy[board.actor] <= 0
    return (action == Action.LEAP and (starved or board.columns[board.actor] > 26)) or (
        action == Action.HELP and starved
    )


FLAT, STILL = [False] * 32, Chance([False] * 32, [0] * 32, False, [65535] * 15, [1] * 15)
CALM = {"flies": FLAT, "queue": [], "rate_steps": 0, "score": [0, 0], "symbol": [4, 5]}


@pytest.mark.parametrize("actor", list(Actor))
@pytest.mark.parametrize(
    ("action", "energy", "expected"),
    [
        (Action.LEAP, (1, 20), (-1, 20)),  # one for the leap, one for the rough tile: below zero
        (Action.HOP, (1, 20), (0, 20)),
        (Action.HELP, (1, 20), (1, 20)),  # a full partner takes nothing
        (Action.HELP, (1, 19), (0, 20)),  # nobody holds more than twenty
        (Action.HELP, (5, -1), (4, 1)),
        (Action.HELP, (0, 5), (0, 5)),
        (Action.JUMP, (-1, 3), (-1, 3)),
    ],
)
def test_energy_on_rough_ground(actor, action, energy, expected):
    both = energy if actor == Actor.FROG else energy[::-1]
    board = Board(ground=[True] * 32, columns=[15, 16], energy=list(both), actor=actor, **CALM)
    after = play(board, action, STILL)
    assert tuple(after.energy) == (expected if actor == Actor.FROG else expected[::-1])


def test_a_gift_lets_a_starved_partner_leap():
    board = Board(ground=FLAT, columns=[15, 16], energy=[3, 0], actor=0, **CALM)
    chance = Chance(FLAT, [0] * 32, True, [65535] * 15, [1] * 15)
    after = play(board, Action.HELP, chance)
    assert (after.energy, after.columns, after.symbol) == ([2, 1], [13, 19], [8, 5])


def test_flies_at_the_edges_stay_and_flies_that_meet_are_one():
    flies = [column in (0, 10, 12, 31) for column in range(32)]
    moves = [{0: -1, 10: 1, 12: -1, 31: 1}.get(column, 0) for column in range(32)]
    board = Board(ground=FLAT, columns=[15, 16], energy=[20, 20], actor=0, **{**CALM, "flies": flies})
    after = play(board, Action.JUMP, Chance(FLAT, moves, False, [65535] * 15, [1] * 15))
    assert [column for column in range(32) if after.flies[column]] == [0, 11, 31]


def test_an_obstacle_comes_in_tile_by_tile():
    """Both at the right edge: fifteen new tiles; an obstacle of four, its flat tile, then another of one."""
    board = Board(ground=FLAT, columns=[31, 31], energy=[0, 0], actor=1, **CALM)
    starts = [0, *[65535] * 4, 0, *[65535] * 9]
    after = play(board, Action.HOP, Chance(FLAT, [0] * 32, False, starts, [4, *[1] * 14]))
    assert after.ground[17:] == [True] * 4 + [False] + [True] + [False] * 9
    assert (after.columns, after.rate_steps, after.queue) == ([16, 16], 1, [])
