"""A network's training as loops that Numba compiles: regimes/supervised.py and regimes/descent.py on one CPU core.

One network at a time, so that all of it stays in the core's caches; the units of a layer are the lanes of a vector. A
row has few rough tiles and one of six skies, so that layer 1 is a sum of some ten of the kernel's hundred rows: the
ground is 1 everywhere and 1 more where it is rough, each sky is summed once a step. Gradients of that kernel likewise.
Parameters lie by input, [inputs + 1, width] with the bias last, rows of all layers one after the other without gaps;
the output layer as [4, width] and its bias. Whatever else is a row takes all lanes, of which the padding's are zero.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import carray, njit

from mirrorjax.dataset.knobs import FREQUENCIES, SOMEBODY
from mirrorjax.dataset.row import BOARD_BITS, ENERGIES, SKIES
from mirrorjax.game.observation import FLY, OBSERVATION_SIZE, OWN_COLUMN, OWN_ENERGY, OWN_SYMBOL
from mirrorjax.models.encoding import _CODES, _PERMUTED
from mirrorjax.regimes.descent import BETA_1, BETA_2, DIVERGED, EPSILON
from mirrorjax.training.engines.fused import Arguments
from mirrorjax.training.engines.vector import at_least, bits, flush_denormals, load, number, pointer, prefetch
from mirrorjax.training.engines.vector import root, store, total, zeros

f32, u32 = np.float32, np.uint32
CELLS, OUTPUTS, BATCH = 32, 4, 32  # the last: the most rows of an update
GOLDEN, MULTIPLIER_1, MULTIPLIER_2 = u32(0x9E3779B9), u32(0x21F0AAAD), u32(0xD35A2D97)  # as in randomness.py
_ENERGY = np.array([*ENERGIES, *(16 - len(ENERGIES)) * [0]], np.float32)
_SKY_FROM = np.cumsum([0, *map(len, SKIES)])
_SKY_CELLS = np.array([2 * CELLS + column for sky in SKIES for column in sky])
_LIMITS = np.cumsum(np.array(FREQUENCIES[:-1], np.float32))
_CODE = np.array([[*range(10)], np.interp(range(10), [0, *_CODES], [0, *_PERMUTED])], np.float32)
_SOMEBODY = np.array([SOMEBODY, np.interp(SOMEBODY, [0, *_CODES], [0, *_PERMUTED])], np.float32)
_BYTE = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]  # its set bits
_BITS = np.array([sum(bit << 8 * place for place, bit in enumerate(found)) for found in _BYTE], np.uint64)
_COUNT = np.array([len(found) for found in _BYTE])
# where they are in the array of words and in that of bytes
LANE, AHEAD, NOW, PIVOT, SALT, FROG, TOAD, SKY, WORDS = 0, 64, 96, 128, 136, 144, 176, 208, 240
CELL, OWNER, BYTES = 0, 1064, 2128
(CONGRUENCE, DEPENDENCY, EDGE, VEIL_SYMBOL, VEIL_ROLE, MASK, SKY_NUMBER, SHUFFLED) = range(8)
_PLACE = {name: getattr(Arguments, name).offset // 8 for name, *_ in Arguments._fields_}
AT_COUNT, AT_ALIVE, AT_ORDER, AT_STREAM = (_PLACE[name] for name in ("count", "alive", "order", "dropout_stream"))
AT_RATE, AT_DROPOUT, AT_L2, AT_SIZE = (_PLACE[name] for name in ("learning_rate", "dropout", "l2", "batch_size"))
AT_FIRST, AT_TRAIN, AT_KNOBS, AT_START = (_PLACE[name] for name in ("first_row", "train_rows", "knobs", "start"))
AT_STOP, AT_ROWS, AT_MEMBERS = (_PLACE[name] for name in ("stop", "rows", "members"))
_TENSORS = 8  # of a tree, at the most


class Layout(NamedTuple):
    """Where things are in the array of float32 numbers, for a width and a depth; and what members have in common."""

    width: int
    depth: int
    lanes: int
    activation: int
    knobs: int
    permuted: int
    rows: int  # of parameters
    numbers: int  # parameters, in whole vectors
    moment: int  # from one of parameters, mean and square to the next
    gradient: int
    turned: int  # kernels of later layers by unit, [width, lanes] each, and the output's by input [width, 4]
    units: int  # [depth, batch, lanes], as are the next
    slopes: int
    errors: int  # [batch, 4], as are the next
    answers: int
    skies: int  # [6, lanes], what they add to layer 1, and its slopes by sky
    shown: int  # [5, batch]: energy, both players' codes, own symbol, own column
    size: int

    @classmethod
    def of(cls, width: int, depth: int, activation: int, knobs: bool, permuted: bool) -> "Layout":
        """Of networks of a width and a depth."""
        lanes = next(each for each in (16, 32, 64) if width <= each)
        rows, high = OBSERVATION_SIZE + 1 + (depth - 1) * (width + 1) + OUTPUTS + 1, BATCH + 4
        numbers = -(-rows * width // lanes) * lanes
        moment = numbers + lanes
        sizes = ((rows + 1) * lanes, depth * width * lanes, *2 * (depth * high * lanes,), *2 * (high * 4,))
        places = np.cumsum([3 * moment, *sizes, 2 * len(SKIES) * lanes, 5 * BATCH]).tolist()
        return cls(width, depth, lanes, activation, int(knobs), int(permuted), rows, numbers, moment, *places)


@njit
def mix(x):
    """As in randomness.py; of one word, which Numba would make a longer one."""
    x = u32(u32(x ^ (x >> u32(16))) * MULTIPLIER_1)
    x = u32(u32(x ^ (x >> u32(15))) * MULTIPLIER_2)
    return u32(x ^ (x >> u32(15)))


@njit
def word(first, second, counter):
    """As in randomness.py."""
    x = u32(first + counter * GOLDEN)
    x = u32(u32(u32(x ^ (x >> u32(16))) * MULTIPLIER_1) ^ second)
    x = u32(u32(x ^ (x >> u32(15))) * MULTIPLIER_2)
    return u32(x ^ (x >> u32(15)))


@njit
def substream(first, second, counter):
    """As in randomness.py."""
    x = mix(u32(first + counter * GOLDEN))
    return mix(u32(x ^ second)), mix(u32(x + (second ^ u32(0x5851F42D))))


@njit
def draw(first, second, purpose):
    """As `row.row_draw`."""
    return f32(word(first, second, u32(purpose)) >> u32(8)) * f32(2**-24)


@njit
def look_ahead(words, rows, first, position, size, train_rows):
    """The numbers of the rows of the step after the one at hand, which become those at hand; begins to fetch them."""
    like = zeros(32)
    store(words, NOW, load(words, AHEAD, like))
    lane, last = load(words, LANE, like), u32(size - 1)
    index = at_least(lane, last, load(words, LANE, like) * u32(0) + last, lane) + u32(position)
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
def begin_pass(words, order_1, order_2, number_of_pass, train_rows):
    """The pivots and salts of a pass over the rows."""
    first, second = substream(order_1, order_2, u32(number_of_pass))
    for turn in range(8):
        words[PIVOT + turn] = word(first, second, u32(2 * turn)) % u32(train_rows)
        words[SALT + turn] = word(first, second, u32(2 * turn + 1))


@njit
def right(energy, column, frog, toad, next_rough, congruent, edge):
    """As `oracle.label`: hop, jump, leap or help."""
    helps = (edge and column == 31) or (column >= 26 and toad and not frog) or (congruent and (frog or toad))
    return 1 if energy == 0 else 3 if helps else 2 if next_rough and column + 5 < 31 else 0


@njit
def expand(w, words, cells, rows, knobs, size, at):
    """What is shown and what is right on the rows at hand; returns how many tiles are rough, with all rows together."""
    rough = 0
    for row in range(size):
        place = number(words, NOW + row)
        ground, rest = rows[place, 0], rows[place, 1]
        frog, toad = rest & u32(31), (rest >> u32(5)) & u32(31)
        frog_rough, toad_rough = (ground >> frog) & u32(1) != 0, (ground >> toad) & u32(1) != 0
        symbol = u32(9) if toad_rough else ((rest >> u32(10)) & u32(7)) + u32(5)
        energy, sky = _ENERGY[(rest >> u32(13)) & u32(15)], (rest >> u32(17)) & u32(7)
        frog_code = _CODE[at.permuted, 9 if frog_rough else 4]
        toad_code = _CODE[at.permuted, symbol]
        distress = symbol == 9
        mine, other, mine_rough, other_distress = frog, toad, frog_rough, distress
        own_symbol, own_column, congruent, edge = f32(0), f32(0), False, True
        if at.knobs:
            sky = sky % u32(knobs[SKY_NUMBER])
            shown_frog, shown_toad = f32(9 if frog_rough else 4), f32(symbol)
            if draw(ground, rest, 3) < knobs[VEIL_SYMBOL]:
                if not frog_rough:
                    shown_frog, frog_code = f32(SOMEBODY), _SOMEBODY[at.permuted]
                if not distress:
                    shown_toad, toad_code = f32(SOMEBODY), _SOMEBODY[at.permuted]
            seat = draw(ground, rest, 4) < knobs[VEIL_ROLE] / f32(2)
            if draw(ground, rest, 5) >= knobs[MASK]:
                own_symbol, own_column = (shown_toad, f32(toad)) if seat else (shown_frog, f32(frog))
            if seat:
                mine, other, mine_rough, other_distress = toad, frog, toad_rough, frog_rough
            congruent = draw(ground, rest & u32(BOARD_BITS), 0) < knobs[CONGRUENCE]
            edge = knobs[EDGE] > 0
        if mine == other:
            mine_rough = other_distress
        next_rough = (ground >> min(mine + u32(1), u32(31))) & u32(1) != 0
        label = right(energy, mine, mine_rough, other_distress, next_rough, congruent, edge)
        alone = label
        if at.knobs:
            alone = right(energy, mine, mine_rough, False, next_rough, congruent, edge)
            if draw(ground, rest, 1) < knobs[SHUFFLED]:
                which = draw(ground, rest, 2)
                label = alone = int(which >= _LIMITS[0]) + int(which >= _LIMITS[1]) + int(which >= _LIMITS[2])
        store(w, at.answers + 4 * row, zeros(4))
        w[at.answers + 4 * row + label] = knobs[DEPENDENCY]
        w[at.answers + 4 * row + alone] += f32(1) - knobs[DEPENDENCY]
        words[FROG + row], words[TOAD + row], words[SKY + row] = CELLS + frog, CELLS + toad, sky
        shown = at.shown + row
        w[shown], w[shown + BATCH] = energy, f32(0) if frog == toad else frog_code
        w[shown + 2 * BATCH], w[shown + 3 * BATCH], w[shown + 4 * BATCH] = toad_code, own_symbol, own_column
        for byte in range(4):
            set_bits = (ground >> u32(8 * byte)) & u32(255)
            store(cells, CELL + rough, _BITS[set_bits] + np.uint64(0x0808080808080808 * byte))
            store(cells, OWNER + rough, np.uint64(0x0101010101010101) * np.uint64(row))
            rough += _COUNT[set_bits]
    return rough


@njit
def tanh(x):
    """The quotient of polynomials that XLA takes too."""
    limit = f32(7.99881172180175781)
    x = at_least(x, limit, x * f32(0) + limit, at_least(-limit, x, x * f32(0) - limit, x))
    y = x * x
    p = y * f32(-2.76076847742355e-16) + f32(2.00018790482477e-13)
    p = (p * y + f32(-8.60467152213735e-11)) * y + f32(5.12229709037114e-08)
    p = ((p * y + f32(1.48572235717979e-05)) * y + f32(6.37261928875436e-04)) * y + f32(4.89352455891786e-03)
    q = (y * f32(1.19825839466702e-06) + f32(1.18534705686654e-04)) * y + f32(2.26843463243900e-03)
    return x * p / (q * y + f32(4.89352518554385e-03))


@njit
def activated(kind, z):
    """An activation and its slope, by its number in engines/shape.py."""
    one = z * f32(0) + f32(1)
    if kind == 0:
        return at_least(f32(0), z, one * f32(0), z), at_least(f32(0), z, one * f32(0), one)
    if kind == 1:
        y = tanh(z)
        return y, one - y * y
    if kind == 2:
        factor = f32(0.7978845608028654)
        y = tanh((z * z * z * f32(0.044715) + z) * factor)
        slope = (z * z * f32(3 * 0.044715) + f32(1)) * factor * (one - y * y)
        return z * (y + f32(1)) * f32(0.5), (y + f32(1) + z * slope) * f32(0.5)
    return z, one


@njit
def unit_layer(w, layer, row, drive, gates, at):
    """Units of a row and their slopes, dropout in both."""
    lane, first, second, threshold, scale = gates
    x = lane + (first + ((u32(layer) << u32(26)) + u32(row)) * GOLDEN)
    x = (x ^ (x >> u32(16))) * MULTIPLIER_1 ^ second
    x = (x ^ (x >> u32(15))) * MULTIPLIER_2
    gate = at_least(x ^ (x >> u32(15)), threshold, scale, f32(0))
    unit, slope = activated(at.activation, drive)
    place = (layer * (BATCH + 4) + row) * at.lanes
    store(w, at.units + place, unit * gate)
    store(w, at.slopes + place, slope * gate)


@njit
def four_sums(w, vectors, stride, factors, step, apart, count, begin):
    """Sums of `count` vectors times a factor each, for four sets of factors at once: all products of matrices."""
    a = b = c = d = begin
    for term in range(count):
        vector, factor = load(w, vectors + term * stride, begin), factors + term * step
        a += vector * number(w, factor)
        b += vector * number(w, factor + apart)
        c += vector * number(w, factor + 2 * apart)
        d += vector * number(w, factor + 3 * apart)
    return a, b, c, d


@njit
def summed(w, vectors, stride, count, begin):
    """The sum of some vectors."""
    for term in range(count):
        begin += load(w, vectors + term * stride, begin)
    return begin


@njit
def first_row(at, layer):
    """Of a layer's parameters; layers count from 0."""
    return 0 if layer == 0 else OBSERVATION_SIZE + 1 + (layer - 1) * (at.width + 1)


@njit
def first_layer(w, words, cells, rough, size, gates, at, zero):
    """Forwards, up to the units."""
    width, units, shown = at.width, at.units, at.shown
    base = summed(w, 0, width, CELLS, load(w, OBSERVATION_SIZE * width, zero))
    for sky in range(len(SKIES)):
        flies = zero
        for i in range(_SKY_FROM[sky], _SKY_FROM[sky + 1]):
            flies += load(w, _SKY_CELLS[i] * width, zero)
        store(w, at.skies + sky * at.lanes, flies * f32(FLY) + base)
    for row in range(size):
        z = load(w, at.skies + number(words, SKY + row) * at.lanes, zero)
        z += load(w, OWN_ENERGY * width, zero) * number(w, shown + row)
        z += load(w, number(words, FROG + row) * width, zero) * number(w, shown + BATCH + row)
        z += load(w, number(words, TOAD + row) * width, zero) * number(w, shown + 2 * BATCH + row)
        if at.knobs:
            z += load(w, OWN_SYMBOL * width, zero) * number(w, shown + 3 * BATCH + row)
            z += load(w, OWN_COLUMN * width, zero) * number(w, shown + 4 * BATCH + row)
        store(w, units + row * at.lanes, z)
    for tile in range(rough):
        place = units + np.int64(number(cells, OWNER + tile)) * at.lanes
        store(w, place, load(w, place, zero) + load(w, np.int64(number(cells, CELL + tile)) * width, zero))
    for row in range(size):
        unit_layer(w, 0, row, load(w, units + row * at.lanes, zero), gates, at)


@njit
def later_layer(w, layer, size, gates, at, zero):
    """Forwards, from the units of the layer before."""
    kernel, units = first_row(at, layer) * at.width, at.units + (layer - 1) * (BATCH + 4) * at.lanes
    bias = load(w, kernel + at.width * at.width, zero)
    for row in range(0, size, 4):
        a, b, c, d = four_sums(w, kernel, at.width, units + row * at.lanes, 1, at.lanes, at.width, bias)
        unit_layer(w, layer, row, a, gates, at)
        unit_layer(w, layer, row + 1, b, gates, at)
        unit_layer(w, layer, row + 2, c, gates, at)
        unit_layer(w, layer, row + 3, d, gates, at)


@njit
def outputs(w, size, at, zero):
    """The outputs' slopes, the gradient of their layer and the slopes of the last units; the mean squared error."""
    four, weight, last, kernel = zeros(4), f32(1) / f32(size), at.depth - 1, first_row(at, at.depth) * at.width
    units, slopes = at.units + last * (BATCH + 4) * at.lanes, at.slopes + last * (BATCH + 4) * at.lanes
    bias, loss, turned = load(w, kernel + OUTPUTS * at.width, four), four, at.turned + last * at.width * at.lanes
    for row in range(0, size, 4):
        sums = four_sums(w, turned, 4, units + row * at.lanes, 1, at.lanes, at.width, bias)
        for i in range(4):
            if row + i < size:
                place = 4 * (row + i)
                error = sums[i] - load(w, at.answers + place, four)
                loss += error * error
                store(w, at.errors + place, error * (f32(0.5) * weight))
        sums = four_sums(w, kernel, at.width, at.errors + 4 * row, 1, 4, OUTPUTS, zero)
        for i in range(4):
            place = slopes + (row + i) * at.lanes
            store(w, place, load(w, place, zero) * sums[i])
    sums, into = four_sums(w, units, at.lanes, at.errors, 4, 1, size, zero), first_row(at, at.depth) * at.lanes
    for i in range(4):
        store(w, at.gradient + into + i * at.lanes, sums[i])
    store(w, at.gradient + into + OUTPUTS * at.lanes, summed(w, at.errors, 4, size, four))
    return total(loss) * f32(0.25) * weight


@njit
def later_gradient(w, layer, size, at, zero):
    """The gradient of a layer's parameters, and the slopes of the units before it."""
    lanes, width, apart = at.lanes, at.width, (BATCH + 4) * at.lanes
    before, slopes, into = at.units + (layer - 1) * apart, at.slopes + layer * apart, first_row(at, layer)
    for unit in range(0, width, 4):
        sums = four_sums(w, slopes, lanes, before + unit, lanes, 1, size, zero)
        for i in range(4):
            if unit + i < width:
                store(w, at.gradient + (into + unit + i) * lanes, sums[i])
    store(w, at.gradient + (into + width) * lanes, summed(w, slopes, lanes, size, zero))
    turned = at.turned + (layer - 1) * width * lanes
    for row in range(0, size, 4):
        sums = four_sums(w, turned, lanes, slopes + row * lanes, 1, lanes, width, zero)
        for i in range(4):
            place = slopes - apart + (row + i) * lanes
            store(w, place, load(w, place, zero) * sums[i])


@njit
def add(w, place, what):
    """Adds a vector to what is at a place."""
    store(w, place, load(w, place, what) + what)


@njit
def first_gradient(w, words, cells, rough, size, at, zero):
    """The gradient of layer 1."""
    lanes, into, by_sky, shown = at.lanes, at.gradient, at.skies + len(SKIES) * at.lanes, at.shown
    for row in range(OBSERVATION_SIZE + 1):
        store(w, into + row * lanes, zero)
    for sky in range(len(SKIES)):
        store(w, by_sky + sky * lanes, zero)
    energy = symbol = column = zero
    for row in range(size):
        slope = load(w, at.slopes + row * lanes, zero)
        energy += slope * number(w, shown + row)
        add(w, by_sky + number(words, SKY + row) * lanes, slope)
        add(w, into + number(words, FROG + row) * lanes, slope * number(w, shown + BATCH + row))
        add(w, into + number(words, TOAD + row) * lanes, slope * number(w, shown + 2 * BATCH + row))
        if at.knobs:
            symbol += slope * number(w, shown + 3 * BATCH + row)
            column += slope * number(w, shown + 4 * BATCH + row)
    for tile in range(rough):
        slope = load(w, at.slopes + np.int64(number(cells, OWNER + tile)) * lanes, zero)
        add(w, into + np.int64(number(cells, CELL + tile)) * lanes, slope)
    everywhere = zero
    for sky in range(len(SKIES)):
        slope = load(w, by_sky + sky * lanes, zero)
        everywhere += slope
        for i in range(_SKY_FROM[sky], _SKY_FROM[sky + 1]):
            add(w, into + _SKY_CELLS[i] * lanes, slope * f32(FLY))
    for cell in range(CELLS):
        add(w, into + cell * lanes, everywhere)
    store(w, into + OWN_SYMBOL * lanes, symbol)
    store(w, into + OWN_ENERGY * lanes, energy)
    store(w, into + OWN_COLUMN * lanes, column)
    store(w, into + OBSERVATION_SIZE * lanes, everywhere)


@njit
def pack(w, first, count, decay, own, at, zero):
    """Puts gradients of some rows side by side, as parameters are, with those of a penalty; the sum of its squares."""
    squares = zero  # the lanes of the padding are overwritten by the next row
    for row in range(first, first + count):
        kernel = load(w, row * at.width, zero)
        store(w, at.gradient + row * at.width, load(w, at.gradient + row * at.lanes, zero) + kernel * decay)
        squares += kernel * kernel * own
    return total(squares)


@njit
def penalised(w, l2, own, at, zero):
    """All gradients side by side; the penalty."""
    penalty = f32(0)
    for layer in range(at.depth):
        first, inputs = first_row(at, layer), at.width if layer else OBSERVATION_SIZE
        penalty += pack(w, first, inputs, f32(2) * l2, own, at, zero)
        pack(w, first + inputs, 1, f32(0), own, at, zero)
    pack(w, first_row(at, at.depth), OUTPUTS + 1, f32(0), own, at, zero)
    return l2 * penalty


@njit
def adam(w, rate, at, zero):
    """As `descent.adam`; the quotient by Newton's steps, which the divider, busy with the root, would take longer for."""
    for i in range(0, at.numbers, at.lanes):
        gradient = load(w, at.gradient + i, zero)
        mean = load(w, at.moment + i, zero) * f32(BETA_1) + gradient * f32(1 - BETA_1)
        square = load(w, 2 * at.moment + i, zero) * f32(BETA_2) + gradient * gradient * f32(1 - BETA_2)
        store(w, at.moment + i, mean)
        store(w, 2 * at.moment + i, square)
        divisor = root(square) + f32(EPSILON)
        inverse = bits(u32(0x7EF311C7) - bits(divisor))
        for _ in range(3):
            inverse = inverse * (f32(2) - divisor * inverse)
        store(w, i, load(w, i, zero) - mean * inverse * rate)


@njit
def turn(w, at):
    """Later kernels by unit and the output's by input."""
    width, lanes = at.width, at.lanes
    for layer in range(1, at.depth):
        kernel, turned = first_row(at, layer) * width, at.turned + (layer - 1) * width * lanes
        for i in range(width):
            for k in range(width):
                w[turned + k * lanes + i] = number(w, kernel + i * width + k)
    kernel, turned = first_row(at, at.depth) * width, at.turned + (at.depth - 1) * width * lanes
    for i in range(width):
        for k in range(OUTPUTS):
            w[turned + 4 * i + k] = number(w, kernel + k * width + i)


@njit
def carry(w, given, member, back, at):
    """A member's parameters and moments into the array, or back to where they were."""
    for tree in range(3):
        for layer in range(at.depth + 1):
            inputs = at.width if layer else OBSERVATION_SIZE
            units, across, along = (OUTPUTS, at.width, 1) if layer == at.depth else (at.width, 1, at.width)
            rows = OUTPUTS if layer == at.depth else inputs
            here, place = tree * at.moment + first_row(at, layer) * at.width, tree * _TENSORS + 2 * layer
            kernels = carray(pointer(given[place]), ((member + 1) * units * inputs,), f32)
            biases = carray(pointer(given[place + 1]), ((member + 1) * units,), f32)
            for unit in range(units):
                for i in range(inputs):
                    there = (member * units + unit) * inputs + i
                    if back:
                        kernels[there] = w[here + unit * across + i * along]
                    else:
                        w[here + unit * across + i * along] = kernels[there]
                if back:
                    biases[member * units + unit] = w[here + rows * at.width + unit]
                else:
                    w[here + rows * at.width + unit] = biases[member * units + unit]


@njit
def member_steps(w, words, cells, rows, knobs, of, whole, at, zero):
    """Steps of one member, the first to the last but one; how many it took, and whether it goes on."""
    order_1, order_2, dropout_1, dropout_2 = of
    size, first, train_rows, start, stop, count, learning_rate, dropout, l2 = whole
    lanes, a_pass = load(words, LANE, zero), train_rows // size
    scale = at_least(lanes, u32(at.width), zero, f32(1) / (f32(1) - dropout))
    own = at_least(lanes, u32(at.width), zero, f32(1))
    lane, threshold = lanes * u32(1 << 14) * GOLDEN, u32(dropout * f32(2.0**32))
    turn(w, at)
    begin_pass(words, order_1, order_2, start // a_pass, train_rows)
    look_ahead(words, rows, first, start % a_pass * size, size, train_rows)
    for step in range(start, stop):
        if (step + 1) % a_pass == 0:
            begin_pass(words, order_1, order_2, (step + 1) // a_pass, train_rows)
        look_ahead(words, rows, first, (step + 1) % a_pass * size, size, train_rows)
        rough = expand(w, words, cells, rows, knobs, size, at)
        gate_1, gate_2 = substream(dropout_1, dropout_2, u32(step))
        gates = lane, gate_1, gate_2, threshold, scale
        first_layer(w, words, cells, rough, size, gates, at, zero)
        for layer in range(1, at.depth):
            later_layer(w, layer, size, gates, at, zero)
        loss = outputs(w, size, at, zero)
        for layer in range(at.depth - 1, 0, -1):
            later_gradient(w, layer, size, at, zero)
        first_gradient(w, words, cells, rough, size, at, zero)
        if not loss + penalised(w, l2, own, at, zero) < f32(DIVERGED):
            return step - start, False
        done = f32(count + step - start + 1)
        rate = learning_rate * f32(math.sqrt(f32(1) - f32(BETA_2) ** done)) / (f32(1) - f32(BETA_1) ** done)
        adam(w, rate, at, zero)
        turn(w, at)
    return stop - start, True


@njit
def at_place(given, name, place, kind):
    """A number of an array whose address is given."""
    return carray(pointer(given[name]), (place + 1,), kind)[place]


@njit
def all_members(given, w, words, cells, at, zero):
    """Trains the members that `given` has the addresses of, one after the other."""
    knobs, mode = np.empty(8, np.float32), flush_denormals(u32(0x9FC0))
    members = np.int64(given[AT_MEMBERS] & np.uint64(0xFFFFFFFF))
    rows = carray(pointer(given[AT_ROWS]), (1 << 40, 2), u32)
    for member in range(members):
        start, stop = at_place(given, AT_START, member, u32), at_place(given, AT_STOP, member, u32)
        alive = carray(pointer(given[AT_ALIVE]), (members,), np.uint8)
        if stop <= start or not alive[member]:
            continue
        for knob in range(8):
            knobs[knob] = at_place(given, AT_KNOBS + knob, member, f32)
        count = carray(pointer(given[AT_COUNT]), (members,), np.int32)
        of = (
            at_place(given, AT_ORDER, 2 * member, u32), at_place(given, AT_ORDER, 2 * member + 1, u32),
            at_place(given, AT_STREAM, 2 * member, u32), at_place(given, AT_STREAM, 2 * member + 1, u32),
        )
        whole = (
            np.int64(at_place(given, AT_SIZE, member, np.int32)), at_place(given, AT_FIRST, member, u32),
            np.int64(at_place(given, AT_TRAIN, member, u32)), np.int64(start), np.int64(stop), np.int64(count[member]),
            at_place(given, AT_RATE, member, f32), at_place(given, AT_DROPOUT, member, f32), at_place(given, AT_L2, member, f32),
        )
        carry(w, given, member, False, at)
        done, well = member_steps(w, words, cells, rows, knobs, of, whole, at, zero)
        count[member] += done
        alive[member] = well
        carry(w, given, member, True, at)
    flush_denormals(mode)


@njit(nogil=True, cache=True)
def train_16(given, w, words, cells, at):
    """All members, of up to 16 units a layer."""
    all_members(given, w, words, cells, at, zeros(16))


@njit(nogil=True, cache=True)
def train_32(given, w, words, cells, at):
    """All members, of up to 32 units a layer."""
    all_members(given, w, words, cells, at, zeros(32))


@njit(nogil=True, cache=True)
def train_64(given, w, words, cells, at):
    """All members, of up to 64 units a layer."""
    all_members(given, w, words, cells, at, zeros(64))
