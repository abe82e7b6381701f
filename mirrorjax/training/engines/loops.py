"""A network's training as loops that Numba compiles: regimes/supervised.py and regimes/descent.py on one CPU core.

One network at a time, so that all of it stays in the core's caches; the units of a layer are the lanes of a vector. A
row has few rough tiles and one of six skies, so that layer 1 is a sum of some ten of the kernel's hundred rows: the
ground is 1 everywhere and 1 more where it is rough, each sky is summed once a step. Gradients of that kernel likewise.
Parameters lie by input, [inputs + 1, width] with the bias last, rows of all layers one after the other without gaps;
the output layer as [4, width] and its bias. Whatever else is a row takes all lanes, of which the padding's are zero.
`w` holds all numbers of the member at hand, `at` (see cpu.py) where in it they are, `zero` has the lanes.
"""

import math

import numpy as np
from numba import njit
from numba.np.unsafe.ndarray import to_fixed_tuple

from mirrorjax.dataset.row import SKIES
from mirrorjax.game.observation import FLY, OBSERVATION_SIZE, OWN_COLUMN, OWN_ENERGY, OWN_SYMBOL
from mirrorjax.regimes.descent import BETA_1, BETA_2, DIVERGED, EPSILON
from mirrorjax.training.engines.shown import (
    BATCH,
    CELL,
    CELLS,
    FROG,
    GOLDEN,
    LANE,
    MULTIPLIER_1,
    MULTIPLIER_2,
    OWNER,
    SKY,
    TOAD,
    begin_pass,
    expand,
    f32,
    look_ahead,
    substream,
    u32,
)
from mirrorjax.training.engines.vector import at_least, bits, flush_denormals, load, number, root, store, total, zeros

OUTPUTS = 4
_SKY_FROM = np.cumsum([0, *map(len, SKIES)])
_SKY_CELLS = np.array([2 * CELLS + column for sky in SKIES for column in sky])


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
def add(w, place, what):
    """Adds a vector to what is at a place."""
    store(w, place, load(w, place, what) + what)


@njit
def first_row(at, layer):
    """Of a layer's parameters; layers count from 0."""
    return 0 if layer == 0 else OBSERVATION_SIZE + 1 + (layer - 1) * (at.width + 1)


@njit
def first_layer(w, words, cells, rough, size, gates, at, zero):
    """Forwards, up to the units."""
    width, units, shown = at.width, at.units, at.shown
    base, odd, tiles = load(w, OBSERVATION_SIZE * width, zero), zero, at.gradient  # which is not in use yet
    for cell in range(0, CELLS, 2):  # a copy in cache lines of their own is faster to look up
        one, other = load(w, cell * width, zero), load(w, (cell + 1) * width, zero)
        store(w, tiles + cell * at.lanes, one)
        store(w, tiles + (cell + 1) * at.lanes, other)
        base, odd = base + one, odd + other
    base += odd
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
        add(w, place, load(w, tiles + np.int64(number(cells, CELL + tile)) * at.lanes, zero))
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
    """As `descent.adam`; Newton finds the quotient, since the divider is busy with the root."""
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
                store(w, turned + k * lanes + i, number(w, kernel + i * width + k))
    kernel, turned = first_row(at, at.depth) * width, at.turned + (at.depth - 1) * width * lanes
    for i in range(width):
        for k in range(OUTPUTS):
            store(w, turned + 4 * i + k, number(w, kernel + k * width + i))


@njit
def carry(w, of, member, back, at):
    """A member's parameters and moments into `w`, or back to where they were."""
    for tree in range(3):
        for layer in range(at.depth + 1):
            inputs = at.width if layer else OBSERVATION_SIZE
            units, across, along = (OUTPUTS, at.width, 1) if layer == at.depth else (at.width, 1, at.width)
            here = tree * at.moment + first_row(at, layer) * at.width
            bias = here + (OUTPUTS if layer == at.depth else inputs) * at.width
            kernels, biases = of.state[tree * at.tensors + 2 * layer], of.state[tree * at.tensors + 2 * layer + 1]
            for unit in range(units):
                there = (member * units + unit) * inputs
                for i in range(inputs):
                    if back:
                        kernels[there + i] = w[here + unit * across + i * along]
                    else:
                        w[here + unit * across + i * along] = kernels[there + i]
                if back:
                    biases[member * units + unit] = w[bias + unit]
                else:
                    w[bias + unit] = biases[member * units + unit]


@njit
def train_member(w, words, cells, of, member, at, zero):
    """A member's steps from its start to its stop."""
    order, stream, start, l2 = of.order[member], of.dropout_stream[member], np.int64(of.start[member]), of.l2[member]
    size, first, train_rows = np.int64(of.batch_size[member]), of.first_row[member], np.int64(of.train_rows[member])
    knobs, lanes, a_pass = to_fixed_tuple(of.knobs[member], 8), load(words, LANE, zero), train_rows // size
    scale = at_least(lanes, u32(at.width), zero, f32(1) / (f32(1) - of.dropout[member]))
    own = at_least(lanes, u32(at.width), zero, f32(1))
    lane, threshold = lanes * u32(1 << 14) * GOLDEN, u32(of.dropout[member] * f32(2.0**32))
    turn(w, at)
    begin_pass(words, order, start // a_pass, train_rows)
    look_ahead(words, of.rows, first, start % a_pass * size, size, train_rows)
    for step in range(start, np.int64(of.stop[member])):
        if (step + 1) % a_pass == 0:
            begin_pass(words, order, (step + 1) // a_pass, train_rows)
        look_ahead(words, of.rows, first, (step + 1) % a_pass * size, size, train_rows)
        rough = expand(w, words, cells, of.rows, knobs, size, at)
        gates = lane, *substream(stream[0], stream[1], u32(step)), threshold, scale
        first_layer(w, words, cells, rough, size, gates, at, zero)
        for layer in range(1, at.depth):
            later_layer(w, layer, size, gates, at, zero)
        loss = outputs(w, size, at, zero)
        for layer in range(at.depth - 1, 0, -1):
            later_gradient(w, layer, size, at, zero)
        first_gradient(w, words, cells, rough, size, at, zero)
        if not loss + penalised(w, l2, own, at, zero) < f32(DIVERGED):
            of.alive[member] = False
            return
        of.count[member] += 1
        done = f32(of.count[member])
        rate = f32(math.sqrt(f32(1) - f32(BETA_2) ** done)) / (f32(1) - f32(BETA_1) ** done)
        adam(w, of.learning_rate[member] * rate, at, zero)
        turn(w, at)


@njit
def train_all(w, words, cells, of, at, zero):
    """Trains members one after the other."""
    before = flush_denormals(u32(0x9FC0))
    for member in range(len(of.alive)):
        if of.alive[member] and of.start[member] < of.stop[member]:
            carry(w, of, member, False, at)
            train_member(w, words, cells, of, member, at, zero)
            carry(w, of, member, True, at)
    flush_denormals(before)


@njit(nogil=True, cache=True)
def train_16(w, words, cells, of, at):
    """`train_all` of networks of up to 16 units a layer."""
    train_all(w, words, cells, of, at, zeros(16))


@njit(nogil=True, cache=True)
def train_32(w, words, cells, of, at):
    """`train_all` of networks of up to 32 units a layer."""
    train_all(w, words, cells, of, at, zeros(32))


@njit(nogil=True, cache=True)
def train_64(w, words, cells, of, at):
    """`train_all` of networks of up to 64 units a layer."""
    train_all(w, words, cells, of, at, zeros(64))
