"""A map as compact JSON, for the page to draw: aggregates a cell and checkpoint, networks at their end alone."""

import base64
from typing import Any

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.map.boundary import as_json, boundary_of
from mirrorjax.report.map.cells import Cells, Values
from mirrorjax.report.map.orders import OF_CELLS, SHARE, Order
from mirrorjax.report.map.paper_point import paper_point
from mirrorjax.report.read.over_seeds import settled
from mirrorjax.report.read.populations import ReportedPopulation
from mirrorjax.results.later import quoted
from mirrorjax.settings.columns import COORDINATES

_COLOURS_END = (0.01, 0.99)  # quantiles of all cells' values: one wild ratio would leave one colour for the rest
MOST_FITS = 200  # of boundaries: each takes milliseconds; beyond, the last checkpoint of each slice has one


def map_data(cells: Cells, population: ReportedPopulation) -> dict[str, Any]:
    """All that the page needs of a map."""
    point = paper_point(cells)
    return {
        "axes": [{"label": a.label, "letters": a.letters, "ticks": a.ticks, "marks": a.marks()} for a in cells.axes],
        "up": cells.y is not None,
        "place": cells.place.T.tolist(),
        "slice": cells.slice_number.tolist(),
        "slices": cells.slice_words,
        "networksWords": cells.networks_words(bool(population.extensions)),
        "checkpoint": cells.checkpoint.tolist(),
        "epoch": [float(f"{epoch:.4g}") for epoch in cells.epoch],
        "clock": cells.time.unit,
        "networks": packed(cells.networks),
        "diverged": packed(cells.diverged),
        "orders": [order_data(order, cells.values[order.name], cells.epoch) for order in cells.orders],
        "coordinates": [
            {"label": words, "value": packed(cells.coordinates[name])}
            for name, words in COORDINATES.items()
            if name in cells.coordinates and np.unique(cells.coordinates[name]).size > 1
        ],
        "boundaries": _boundaries(cells),
        "paper": {"place": point.place, "slice": point.slice_number},
        "members": members_data(cells, population),
    }


def order_data(order: Order, values: Values, epoch: np.ndarray) -> dict[str, Any]:
    """One order parameter, at the checkpoints that have it."""
    rows = values.measured
    with_interval = rows[-1:] if order.kind in OF_CELLS else rows
    about = {"name": order.name, "kind": order.kind, "verdict": order.is_verdict, "label": order.label}
    about |= {"note": order.note, "range": colour_range(order, values, epoch), "rows": rows.tolist()}
    about |= {"value": packed(values.value[rows])}
    about |= {name: packed(getattr(values, name)[with_interval]) for name in ("low", "high")}
    return about | {"count": packed(values.count[rows])}


def colour_range(order: Order, values: Values, epoch: np.ndarray) -> tuple[float, float]:
    """Where the colours begin and end, for all checkpoints and slices: 0 to 1 for a share."""
    if order.kind == SHARE:
        return 0.0, 1.0
    known = values.value[settled(epoch)]
    known = known if np.isfinite(known).any() else values.value
    known = known[np.isfinite(known)]
    if not len(known):
        return 0.0, 1.0
    low, high = (float(f"{each:.4g}") for each in np.quantile(known, _COLOURS_END))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def packed(values: np.ndarray) -> dict[str, str]:
    """An array for JavaScript: whole numbers above zero as 16 or 32 bits, others as single precision."""
    values = np.asarray(values)
    whole = bool(np.isfinite(values).all()) and bool(np.all((values >= 0) & (values == np.round(values))))
    kind = "f4" if not whole or values.max(initial=0) >= 2**32 else "u2" if values.max(initial=0) < 2**16 else "u4"
    return {"kind": kind, "data": base64.b64encode(values.astype(f"<{kind}").tobytes()).decode()}


def _boundaries(cells: Cells) -> dict[str, dict[str, Any]]:
    """By share, then by slice and checkpoint."""
    shares = [order.name for order in cells.orders if order.is_verdict]
    slices = np.unique(cells.slice_number)
    found: dict[str, dict[str, Any]] = {}
    for name in shares:
        rows = cells.values[name].measured
        rows = rows[-1:] if len(rows) * len(slices) * len(shares) > MOST_FITS else rows
        places = [(int(number), int(row)) for number in slices for row in rows]
        found[name] = {f"{number},{row}": as_json(boundary_of(cells, name, row, number)) for number, row in places}
    return found


def members_data(cells: Cells, population: ReportedPopulation) -> dict[str, Any]:
    """The networks of each cell with what was measured of them last: mirror networks first, then by SSI."""
    orders = [order for order in cells.orders if order.kind not in OF_CELLS]
    # a diverged network keeps its last finite values, which are no results
    values = "".join(
        f", CASE WHEN arg_max(alive, checkpoint) THEN arg_max({quoted(order.measure)}, checkpoint) END AS "
        f"{quoted(order.name)}"
        for order in orders
    )
    by_rank = "".join(f", {name} DESC NULLS LAST" for name in ("mirror", "ssi_last") if name in population.measures)
    columns = population.query(
        "SELECT cell, member_id, any_value(observations.seed) AS seed, any_value(data_seed) AS data_seed, "
        f"arg_max(status, checkpoint) AS status{values} FROM observations JOIN map_cells USING (group_index) "
        "JOIN (SELECT member_id, data_seed FROM members) USING (member_id) "
        f"GROUP BY cell, member_id ORDER BY cell{by_rank}, seed, member_id"
    )
    status = columns["status"].astype(str)
    names = sorted(set(status))
    own = {"seed": columns["seed"]} | ({"data seed": columns["data_seed"]} if cells.data_seeds > 1 else {})
    return {
        "start": np.searchsorted(columns["cell"], np.arange(len(cells.place) + 1)).tolist(),
        "ids": " ".join(columns["member_id"].astype(str)),
        "statuses": names,
        "status": packed(np.searchsorted(names, status)),
        "numbers": [{"label": words, "value": packed(values)} for words, values in own.items()],
        "values": [
            {"label": label(order.measure), "value": packed(columns[order.name].astype(np.float64))} for order in orders
        ],
    }
