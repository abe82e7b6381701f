"""The boundary of a map, where half of the networks are mirror networks: fitted slice by slice, in the map's places."""

from dataclasses import dataclass
from typing import Any

import contourpy
import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.report.map.cells import Cells
from mirrorjax.statistics import boundary
from mirrorjax.statistics.intervals import Interval

POOR_FIT = 0.05  # p-value of the deviance below which a fit is too plain for the map
_STEPS = 8  # of a fitted surface between two values of an axis
_FINEST = 121  # places along an axis


@dataclass(frozen=True)
class Found:
    """A fit, or why there is none; of a boundary that exists, `why` says that it does.

    Of a map `lines` has `value`, and `low` and `high` of its band: lines of [x, y], in places of the axes. Of a diagram
    along one axis `curve` has places, and P with its band at them; `centre` the place of P = 1/2 with its interval, cut
    to the axis.
    """

    fit: boundary.Boundary | None
    why: str
    lines: dict[str, list[np.ndarray]]
    curve: tuple[np.ndarray, Interval[np.ndarray]] | None = None
    centre: Interval[float] | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a boundary."""
        return self.fit is not None and self.fit.exists

    @property
    def is_poor(self) -> bool:
        """Whether the surface is too plain for the map, so that line and band are not to be trusted."""
        return self.fit is not None and self.fit.lack_of_fit < POOR_FIT


def boundary_of(cells: Cells, name: str, checkpoint: int, number: int) -> Found:
    """Fits one slice of a share, by their numbers, at the checkpoint of a place."""
    values = cells.values[name]
    own = (cells.slice_number == number) & (values.count[checkpoint] > 0)
    along, scales = cells.along, [cells.coordinates_of(axis) for axis in cells.along]
    points = np.stack([scale[cells.place[own, at]] for at, scale in enumerate(scales)], axis=-1)
    trials = values.count[checkpoint, own]
    if not len(points):
        return Found(None, "no network of this slice was asked", {})
    if not np.isfinite(points).all():
        return Found(None, f"no boundary was fitted: it is not known how many {along[0].letters} “all” are", {})
    successes = np.round(values.value[checkpoint, own] * trials)
    try:
        fit = boundary.fit(points, successes, trials, names=[axis.scale for axis in along])
    except InputError as error:
        return Found(None, f"no boundary was fitted: {error}", {})
    if len(along) == 1:
        return _along_one(fit, scales[0])
    return Found(fit, fit.why, _lines(fit, scales) if fit.exists else {})


def _along_one(fit: boundary.Boundary, scale: np.ndarray) -> Found:
    places, own = _fine(scale)
    curve = places, fit.probability(own)
    if not fit.exists:
        return Found(fit, fit.why, {}, curve)
    known = np.arange(len(scale), dtype=np.float64)
    rising = (scale, known) if scale[0] <= scale[-1] else (scale[::-1], known[::-1])
    return Found(fit, fit.why, {}, curve, Interval(*sorted(map(float, np.interp([*fit.centre], *rising)))))


def _lines(fit: boundary.Boundary, scales: list[np.ndarray]) -> dict[str, list[np.ndarray]]:
    """The 50 % level of P and of both ends of its band, on a grid finer than the cells."""
    (across, x), (up, y) = map(_fine, scales)
    surface = fit.probability(np.stack(np.meshgrid(x, y), axis=-1))
    return {
        level: [np.asarray(line) for line in contourpy.contour_generator(across, up, values).lines(0.5)]
        for level, values in surface._asdict().items()
    }


def _fine(scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places finer than the cells, and the scale there."""
    last = len(scale) - 1
    places = np.linspace(0, last, min(last * _STEPS + 1, _FINEST))
    return places, np.interp(places, np.arange(len(scale)), scale)


def as_json(found: Found) -> dict[str, Any]:
    """What a page needs of it; places to a thousandth."""
    data: dict[str, Any] = {"why": found.why, "exists": found.exists, "poor": found.is_poor}
    for level, lines in found.lines.items():
        data[level] = [np.round(line, 3).T.tolist() for line in lines]
    if found.curve is not None:
        places, band = found.curve
        data["curve"] = [np.round(each, 4).tolist() for each in (places, *band)]
    if found.centre is not None:
        data["centre"] = [round(each, 3) for each in found.centre]
    return data
