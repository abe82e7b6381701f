"""What a map says about the theory, P(mirror) ∝ f(S/M, E)·g(D, I): whether it factors, and how sharp its step is."""

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.report.map.axes import Axis
from mirrorjax.report.map.cells import Cells, networks_of
from mirrorjax.report.map.orders import MEAN, SUSCEPTIBILITY, Order
from mirrorjax.report.read.configurations import BY_NAME, CAPACITY
from mirrorjax.report.read.populations import ReportedPopulation
from mirrorjax.report.words.numbers import counted, plain_number
from mirrorjax.statistics import separability
from mirrorjax.statistics.collapse import collapse

OF_G = tuple(name for name, each in BY_NAME.items() if each.knob in ("D", "I"))  # settings that g is of
_OF_SIZE = set(CAPACITY)
_SIGNAL = {name for name, each in BY_NAME.items() if each.knob in ("S", "data")}  # what there is to tell apart
_OF_F = _OF_SIZE | _SIGNAL
_ALONG = (*OF_G, "congruence")  # along others a size changes what is varied
_FEWEST_SIZES = 3
_DRAWS = 40  # of the bootstrap: a fit near P = 0 may take a tenth of a second
_MAIN = "mirror"  # the share that the theory is about
_SIGNIFICANT = 0.05


def separability_words(found: Cells, order: Order, number: int) -> str:
    """Whether one slice of a share is a product of a function of each axis; empty for one axis."""
    values = found.at(order.name)
    if found.y is None or values is None or order.name != _MAIN:
        return ""
    own = found.slice_number == number
    shape = (len(found.y.values), len(found.x.values))
    successes, trials = np.zeros(shape), np.zeros(shape)
    x, y = found.place[own, 0], found.place[own, 1]
    trials[y, x] = values.count[own]
    successes[y, x] = np.round(np.nan_to_num(values.value[own]) * values.count[own])
    start = f"Separability into a function of {found.y.letters} times one of {found.x.letters}"
    if not trials.all():
        empty = counted(int((trials == 0).sum()), "cell")
        return f"{start} was not tested: no networks were asked in {empty} of the grid."
    names = separability.default_names(found.y.letters, found.x.letters)
    tested = separability.of_counts(successes, trials, names, _DRAWS)
    rejected = tested.interaction_p < _SIGNIFICANT
    share, product = tested.rank_one_share, tested.share_if_product
    words = (
        f"{start} is {'rejected' if rejected else 'not rejected'} (parametric bootstrap against the full map, "
        f"p = {plain_number(tested.interaction_p, 2)}); rank-one share {plain_number(share.value)}, without its noise "
        f"{plain_number(share.low)} to {plain_number(share.high)} (a product with this noise would show "
        f"{plain_number(product.low)} to {plain_number(product.high)}); by AIC the best form is “{tested.best}”."
    )
    sides = [_side(axis) for axis in (found.y, found.x)]
    if "" in sides:
        words += f" {(found.y, found.x)[sides.index('')].letters} belongs neither to f(S/M, E) nor to g(D, I)."
    elif sides[0] == sides[1]:
        words += f" Both axes belong to {sides[0]}, so that this says nothing about f times g."
    return words


def collapse_words(found: Cells, population: ReportedPopulation) -> list[str]:
    """Whether networks of several sizes change along a knob as at a transition; empty without such axes.

    Further axes are held at the paper's value, or their first.
    """
    sizes = next((a for a in found.axes if set(a.names) <= _OF_SIZE and len(a.values) >= _FEWEST_SIZES), None)
    along = next((a for a in found.axes if any(name in _ALONG for name in a.names)), None)
    if sizes is None or along is None:
        return []
    own = np.ones(len(found.place), bool)
    for at, axis in enumerate(found.axes):
        if axis not in (sizes, along):
            own &= found.place[:, at] == int(axis.paper or 0)
    x = found.coordinates_of(along)[found.place[own, found.axes.index(along)]]
    signed = {order.measure for order in found.orders if order.kind == SUSCEPTIBILITY}
    words = []
    for order in found.orders:
        last = found.last(order.name)
        if order.measure not in signed or order.kind != MEAN or last is None:
            continue
        values, units, _ = networks_of(population, order.measure, int(found.checkpoint[last]), len(found.place))
        try:
            said = collapse(x, units[own], values[own], along.letters).why
        except InputError as error:
            said = f"not tested: {error}"
        words.append(f"Sizes ({', '.join(sizes.ticks)}), {order.label}: {said}.")
    return words


def _side(axis: Axis) -> str:
    """Which of the theory's two functions an axis belongs to; neither for C, rates and the like."""
    if any(name in OF_G for name in axis.names):
        return "g(D, I)"
    return "f(S/M, E)" if any(name in _OF_F for name in axis.names) else ""
