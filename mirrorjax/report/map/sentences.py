"""What a map does and does not support, in sentences whose every number is computed."""

import numpy as np

from mirrorjax.report.map.boundary import boundary_of
from mirrorjax.report.map.cells import Cells, Values
from mirrorjax.report.map.orders import Order
from mirrorjax.report.map.paper_point import paper_point
from mirrorjax.report.map.theory import collapse_words, separability_words
from mirrorjax.report.read.verdict import verdict
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted, epoch_words, percent, plain_number
from mirrorjax.statistics.intervals import share

_MOST_SLICES = 6  # each with a sentence


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
    at = f"{order.label} at epoch {epoch_words(found.epoch[last])}"
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
        axes = [axis for axis in (found.x, found.y) if axis is not None]
        scales = [found.coordinates_of(axis) for axis in axes]
        own = [np.interp(at, np.arange(len(scale)), scale) for at, scale in zip(point.place, scales, strict=True)]
        band = fit.fit.probability(np.array(own))
        low, middle, high = (float(np.squeeze(each)) for each in band)
        side = "outside of it" if high < 0.5 else "inside it" if low > 0.5 else "too near to it to say on which side"
        words.append(
            f"the paper's point is {side} (where P > ½): the fit has P = {plain_number(middle)} there "
            f"({plain_number(low)} to {plain_number(high)})"
        )
    return ["; ".join(words)[0].upper() + "; ".join(words)[1:] + "."] if words else []
