"""What a map says about the theory, P(mirror) ∝ f(S/M, E)·g(D, I): whether it factors, in sentences."""

import numpy as np

from mirrorjax.phases import separability
from mirrorjax.report.phase_axes import Axis
from mirrorjax.report.phase_cells import Cells
from mirrorjax.report.phase_orders import Order
from mirrorjax.report.words import plain_number

OF_G = ("dependency", "scroll", "veil_symbol", "veil_role")  # settings that g is of; all others are of f
_FEW_CELLS, _FEWER_DRAWS = 150, 40  # a large map's fits take a second each
_MAIN = "mirror"  # alone is tested on a large map
_SIGNIFICANT = 0.05


def separability_words(found: Cells, order: Order, number: int) -> str:
    """Whether one slice of a share is a product of a function of each axis; empty for one axis."""
    values = found.at(order.name)
    if found.y is None or values is None:
        return ""
    if order.name != _MAIN and len(found.place) > _FEW_CELLS:
        return ""
    own = found.slice_number == number
    shape = (len(found.y.values), len(found.x.values))
    successes, trials = np.zeros(shape), np.zeros(shape)
    x, y = found.place[own, 0], found.place[own, 1]
    trials[y, x] = values.count[own]
    successes[y, x] = np.round(np.nan_to_num(values.value[own]) * values.count[own])
    start = f"Separability into a function of {found.y.letters} times one of {found.x.letters}"
    if not trials.all():
        return f"{start} was not tested: {int((trials == 0).sum())} cells of the grid have no networks that were asked."
    names = separability.default_names(found.y.letters, found.x.letters)
    draws = separability.DRAWS if trials.size <= _FEW_CELLS else _FEWER_DRAWS
    tested = separability.of_counts(successes, trials, names, draws)
    rejected = tested.interaction_p < _SIGNIFICANT
    share = tested.rank_one_share
    words = (
        f"{start} is {'rejected' if rejected else 'not rejected'} (parametric bootstrap against the full map, "
        f"p = {plain_number(tested.interaction_p, 2)}); rank-one share {plain_number(share.value)}, without its noise "
        f"{plain_number(share.low)} to {plain_number(share.high)}; by AIC the best form is “{tested.best}”."
    )
    if _is_of_g(found.y) == _is_of_g(found.x):
        side = "g(D, I)" if _is_of_g(found.x) else "f(S/M, E)"
        words += f" Both axes belong to {side}, so that this says nothing about f times g."
    return words


def _is_of_g(axis: Axis) -> bool:
    return any(name in OF_G for name in axis.names)
