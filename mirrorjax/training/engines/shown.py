"""What is shown and what is right on the rows of a step, of a network that Numba's loops train.

The same hashes, order, knobs and answers as in randomness.py, regimes/descent.py, dataset/knobs.py
and dataset/oracle.py.
"""

import numpy as np
from numba import njit

from mirrorjax.dataset.knobs import FREQUENCIES, SOMEBODY
from mirrorjax.dataset.oracle import EDGE_COLUMN, RESCUE_COLUMN
from mirrorjax.dataset.row import BOARD_BITS, ENERGIES
from mirrorjax.game.state import LEAP
from mirrorjax.models.encoding import CODES, PERMUTED
from mirrorjax.training.engines.vector import at_least, load, number, prefetch, store, zeros

f32, u32, u64 = np.float32, np.uint32, np.uint64
CELLS, BATCH = 32, 32  # the latter: the most rows of an update
GOLDEN, MULTIPLIER_1, MULTIPLIER_2 = u32(0x9E3779B9), u32(0x21F0AAAD), u32(0xD35A2D97)
_ENERGY = np.array([*ENERGIES, *(16 - len(ENERGIES)) * [0]], np.float32)
_LIMITS = np.cumsum(np.array(FREQUENCIES[:-1], np.float32))
_SEEN = [*range(10), SOMEBODY]
_CODE = np.array([_SEEN, np.interp(_SEEN, [0, *CODES], [0, *PERMUTED])], np.float32)  # as it is, and permuted
_VEILED = 10  # where in it somebody's is
_SET = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]  # the bits of a byte
_BITS = np.array([sum(bit << 8 * place for place, bit in enumerate(found)) for found in _SET], np.uint64)
_COUNT = np.array([len(found) for found in _SET])
_EACH = u64(0x0101010101010101)
# where they are among the words: lane numbers, rows of the next step and of this one, of a pass, of each row; the bytes
LANE, AHEAD, NOW, PIVOT, SALT, FROG, TOAD, SKY, GROUND, WORDS = 0, 64, 96, 128, 136, 144, 176, 208, 240, 272
CELL, OWNER, BYTES = 0, 1064, 2128


@njit
def mix(x):
    """As in randomness.py, of one word, which Numba would make a longer one; so are the next three."""
    x = u32(u32(x ^ (x >> u32(16))) * MULTIPLIER_1)
    x = u32(u32(x ^ (x >> u32(15))) * MULTIPLIER_2)
    return u32(x ^ (x >> u32(15)))


@njit
def word(first, second, counter):
    """Word number `counter` of a stream."""
    x = u32(first + counter * GOLDEN)
    x = u32(u32(u32(x ^ (x >> u32(16))) * MULTIPLIER_1) ^ second)
    x = u32(u32(x ^ (x >> u32(15))) * MULTIPLIER_2)
    return u32(x ^ (x >> u32(15)))


@njit
def substream(first, second, counter):
    """An independent stream."""
    x = mix(u32(first + counter * GOLDEN))
    return mix(u32(x ^ second)), mix(u32(x + (second ^ u32(0x5851F42D))))


@njit
def draw(first, second, purpose):
    """A row's own number in [0, 1), for a purpose."""
    return f32(word(first, second, u32(purpose)) >> u32(8)) * f32(2**-24)


@njit
def begin_pass(words, order, passes, train_rows):
    """The pivots and salts of a member's order in a pass over its rows."""
    first, second = substream(order[0], order[1], u32(passes))
    for turn in range(8):
        words[PIVOT + turn] = word(first, second, u32(2 * turn)) % u32(train_rows)
        words[SALT + turn] = word(first, second, u32(2 * turn + 1))


@njit
def look_ahead(words, rows, first, position, size, train_rows):
    """The numbers of the next step's rows, which begin to be fetched; those that were next are now."""
    like = zeros(BATCH)
    store(words, NOW, load(words, AHEAD, like))
    lane, last = load(words, LANE, like), u32(size - 1)
    index = at_least(lane, last, lane * u32(0) + last, lane) + u32(position)
    for turn in range(8):
        pivot, salt = number(words, PIVOT + turn), number(words, SALT + turn)
        partner = at_least(pivot, index, pivot - index, pivot + (u32(train_rows) - index))
        x = at_least(index, partner, index, partner) ^ salt
        x = (x ^ (x >> u32(16))) * MULTIPLIER_1
        x = (x ^ (x >> u32(15))) * MULTIPLIER_2
        index = at_least(x ^ (x >> u32(15)), u32(1 << 31), partner, index)
    store(words, AHEAD, index + first)
    for row in range(size):
        prefetch(rows, 2 * np.int64(number(words, AHEAD + row)))


@njit
def right(energy, column, frog, toad, next_rough, congruent, edge):
    """The right answer, hop, jump, leap or help, without branches, which nobody could predict."""
    helps = (
        (edge & (column == EDGE_COLUMN)) | ((column >= RESCUE_COLUMN) & toad & (not frog)) | (congruent & (frog | toad))
    )
    answer = 2 if next_rough & (column + LEAP < EDGE_COLUMN) else 0
    answer = 3 if helps else answer
    return 1 if energy == 0 else answer


@njit
def expand(w, words, cells, rows, knobs, size, at):
    """Pictures and right answers of this step's rows; returns how many tiles are rough, of all rows together."""
    rough, (congruence, dependency, edges, veil_symbol, veil_role, mask, skies, shuffled) = 0, knobs
    for row in range(size):
        place = number(words, NOW + row)
        ground, rest = rows[place, 0], rows[place, 1]
        frog, toad, sky = rest & u32(31), (rest >> u32(5)) & u32(31), (rest >> u32(17)) & u32(7)
        energy = _ENERGY[(rest >> u32(13)) & u32(15)]
        frog_rough, toad_rough = (ground >> frog) & u32(1) != 0, (ground >> toad) & u32(1) != 0
        frog_seen = 9 if frog_rough else 4
        toad_seen = 9 if toad_rough else np.int64((rest >> u32(10)) & u32(7)) + 5
        mine, distress, rescue = frog, frog_rough, toad_seen == 9
        own_symbol, own_column, congruent, edge = f32(0), f32(0), False, True
        if at.knobs:
            sky, edge, seat = sky % u32(skies), edges > 0, draw(ground, rest, 4) < veil_role / f32(2)
            congruent = draw(ground, rest & u32(BOARD_BITS), 0) < congruence
            if seat:
                mine, distress, rescue = toad, toad_rough, frog_rough
            if draw(ground, rest, 3) < veil_symbol:
                frog_seen, toad_seen = 9 if frog_seen == 9 else _VEILED, 9 if toad_seen == 9 else _VEILED
            if draw(ground, rest, 5) >= mask:
                own_symbol, own_column = _CODE[0, toad_seen if seat else frog_seen], f32(mine)
        if frog == toad:
            distress = rescue
        next_rough = (ground >> min(mine + u32(1), u32(31))) & u32(1) != 0
        answer = alone = right(energy, mine, distress, rescue, next_rough, congruent, edge)
        if at.knobs:
            alone = right(energy, mine, distress, False, next_rough, congruent, edge)
            if draw(ground, rest, 1) < shuffled:
                which = draw(ground, rest, 2)
                answer = alone = int(which >= _LIMITS[0]) + int(which >= _LIMITS[1]) + int(which >= _LIMITS[2])
        answers, apart = at.answers + 4 * row, at.shown + row
        store(w, answers, zeros(4))
        w[answers + answer] = dependency
        w[answers + alone] += f32(1) - dependency
        words[FROG + row], words[TOAD + row], words[SKY + row] = CELLS + frog, CELLS + toad, sky
        w[apart], w[apart + BATCH] = energy, f32(0) if frog == toad else _CODE[at.permuted, frog_seen]
        w[apart + 2 * BATCH], w[apart + 3 * BATCH] = _CODE[at.permuted, toad_seen], own_symbol
        w[apart + 4 * BATCH] = own_column
        words[GROUND + row] = ground
    for byte in range(4):  # sums of one row are far apart then, and need not wait for each other
        for row in range(size):
            found = (number(words, GROUND + row) >> u32(8 * byte)) & u32(255)
            store(cells, CELL + rough, _BITS[found] + _EACH * u64(8 * byte))
            store(cells, OWNER + rough, _EACH * u64(row))
            rough += _COUNT[found]
    return rough
