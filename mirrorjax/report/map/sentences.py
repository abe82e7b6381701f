"""What a map does and does not support, in sentences whose every number is computed.

And what it says about the theory, P(mirror) ∝ f(S/M, E)·g(D, I): whether it factors, and how sharp its step is.
"""

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.report.map.axes import Axis
from mirrorjax.report.map.boundary import boundary_of
from mirrorjax.report.map.cells import Cells, Values, networks_of
from mirrorjax.report.map.orders import MEAN, SUSCEPTIBILITY, Order
from mirrorjax.report.map.paper_point import paper_point
from mirrorjax.report.read.caused import verdict
from mirrorjax.report.read.configurations import BY_NAME, CAPACITY
from mirrorjax.report.read.populations import ReportedPopulation
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted, percent, plain_number
from mirrorjax.statistics import separability
from mirrorjax.statistics.collapse import collapse
from mirrorjax.statistics.intervals import share

_MOST_SLICES = 6  # each with a sentence
OF_G = tuple(name for name, each in BY_NAME.items() if each.knob in ("D", "I"))  # settings that g is of
_OF_SIZE = set(CAPACITY)
_SIGNAL = {name for name, each in BY_NAME.items() if each.knob in ("S", "data")}  # what there is to tell apart
_OF_F = _OF_SIZE | _SIGNAL
_ALONG = (*OF_G, "congruence")  # along others a size changes what is varied
_FEWEST_SIZES = 3
_DRAWS = 40  # of the bootstrap: a fit near P = 0 may take a tenth of a second
_MAIN = "mirror"  # the share that the theory is about
_SIGNIFICANT = 0.05


def map_sentences(found: Cells, view: View) -> list[str]:
    """Plain-text sentences about a population's map."""
    given = verdict(view)
    shares = [order for order in found.orders if order.is_verdict and found.last(order.name) is not None]
    along = " × ".join(axis.letters for axis in found.axes)
    start = f"Map of {along}: {counted(len(found.place), 'cell')}, {found.networks_words(False)}."
    verdicts = f"{given.learnt_words}; verdicts are of these." if shares else f"{given.words}."
    told = [words for order in shares for words in _share_words(found, order)]
    return [start, verdicts[0].upper() + verdicts[1:], *told, *collapse_words(found, view.population)]


def _share_words(found: Cells, order: Order) -> list[str]:
    values, last = found.at(order.name), found.last(order.name)
    assert values is not None and last is not None
    at = f"{order.label} at {found.time.at(found.epoch[last])}"
    asked = values.count > 0
    hits, trials = (int(np.round(each[asked]).sum()) for each in (values.value * values.count, values.count))
    if not hits:
        return [
            f"{at}: no mirror networks anywhere on this map, {hits} of {trials:,} learnt networks: at most "
            f"{percent(share(hits, trials).high)} by Wilson's 95 % interval if cells are taken as alike, at most "
            f"{percent(np.max(values.high[asked]))} in a single cell."
        ]
    words = [
        f"{at}: {hits:,} of {trials:,} learnt networks; from {percent(np.nanmin(values.value))} to "
        f"{percent(np.nanmax(values.value))} in single cells.",
        *_boundary_words(found, order, last),
        *_paper_words(found, order, values, last),
        separability_words(found, order, paper_point(found).slice_number),
    ]
    return list(filter(None, words))


def _boundary_words(found: Cells, order: Order, last: int) -> list[str]:
    words = []
    slices = np.unique(found.slice_number)
    for number in slices[:_MOST_SLICES]:
        fit = boundary_of(found, order.name, last, int(number))
        name = found.slice_words[number]
        sentence = f"{f'At {name}' if name else 'There'}: {fit.why}"
        if fit.centre is not None and fit.fit is not None:
            centre = fit.fit.centre
            low, high = (plain_number(each) if np.isfinite(each) else "unbounded" for each in (centre.low, centre.high))
            sentence += f"; at {found.x.scale} = {plain_number(centre.value)} ({low} to {high})"
        if fit.exists and fit.is_poor:
            sentence += "; but the fitted surface is too plain for the map (lack of fit), so do not trust where it is"
        words.append(sentence + ".")
    if len(slices) > _MOST_SLICES:
        words.append(f"{len(slices) - _MOST_SLICES} further slices are in the figure.")
    return words


def _paper_words(found: Cells, order: Order, values: Values, last: int) -> list[str]:
    point = paper_point(found)
    if point.place is None:
        return point.words[:1]
    words = []
    if point.cell is not None and values.count[point.cell]:
        value, low, high, trials = (float(each[point.cell]) for each in values)
        hits = round(value * trials)
        words.append(
            f"At the paper's point {hits} of {trials:.0f} networks ({percent(hits / trials)} "
            f"[{percent(low)}, {percent(high)}])"
        )
    fit = boundary_of(found, order.name, last, point.slice_number)
    if fit.fit is not None and fit.exists:
        scales = [found.coordinates_of(axis) for axis in found.along]
        own = [np.interp(at, np.arange(len(scale)), scale) for at, scale in zip(point.place, scales, strict=True)]
        band = fit.fit.probability(np.array(own))
        low, middle, high = (float(np.squeeze(each)) for each in band)
        side = "outside of it" if high < 0.5 else "inside it" if low > 0.5 else "too near to it to say on which side"
        words.append(
            f"the paper's point is {side} (where P > ½): the fit has P = {plain_number(middle)} there "
            f"({plain_number(low)} to {plain_number(high)})"
        )
    return ["; ".join(words)[0].upper() + "; ".join(words)[1:] + "."] if words else []


def separability_words(found: Cells, order: Order, number: int) -> str:
    """Whether one slice of a share is a product of a function of each axis; empty for one axis."""
    values = found.at(order.name)
    if found.y is None or values is None or order.name != _MAIN:
        return ""
    own = found.slice_number == number
    x, y = found.place[own, :2].T
    successes, trials = np.zeros((2, len(found.y.values), len(found.x.values)))
    trials[y, x] = values.count[own]
    successes[y, x] = np.round(np.nan_to_num(values.value[own]) * values.count[own])
    start = f"Separability into a function of {found.y.letters} times one of {found.x.letters}"
    if not trials.all():
        empty = counted(int((trials == 0).sum()), "cell")
        return f"{start} was not tested: no networks were asked in {empty} of the grid."
    names = separability.default_names(found.y.letters, found.x.letters)
    tested = separability.of_counts(successes, trials, names, _DRAWS)
    rejected = tested.interaction_p < _SIGNIFICANT
    whole, product = tested.rank_one_share, tested.share_if_product
    words = (
        f"{start} is {'rejected' if rejected else 'not rejected'} (parametric bootstrap against the full map, "
        f"p = {plain_number(tested.interaction_p, 2)}); rank-one share {plain_number(whole.value)}, without its noise "
        f"{plain_number(whole.low)} to {plain_number(whole.high)} (a product with this noise would show "
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
    held = [at for at, axis in enumerate(found.axes) if axis not in (sizes, along)]
    own = (found.place[:, held] == [int(found.axes[at].paper or 0) for at in held]).all(axis=1)
    x = found.coordinates_of(along)[found.place[own, found.axes.index(along)]]
    signed = {order.measure for order in found.orders if order.kind == SUSCEPTIBILITY}
    words = []
    for order in (order for order in found.orders if order.measure in signed and order.kind == MEAN):
        last = found.last(order.name)
        if last is None:
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
