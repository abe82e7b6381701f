"""The phase diagram as a table: one row a cell, with what its networks are at the end."""

import numpy as np
import pyarrow as pa

from mirrorjax.measurement.learnt import LEARNT
from mirrorjax.results.later import quoted
from mirrorjax.results.read import LAST_RECORDS, Results
from mirrorjax.settings.columns import COORDINATES, SEEDS, SIZES
from mirrorjax.settings.map_axes import REPLICATES
from mirrorjax.statistics.intervals import share
from mirrorjax.tracking.keys import OF_SOME, QUANTITIES

_REPLICATES = ("population", "member_id", *SEEDS, REPLICATES)
_CAPACITY = ("depth", "width")  # named even where all networks have the same
_ABLE = f"alive AND {LEARNT.sql}"  # in DuckDB NaN is above any limit


def cells(results: Results) -> pa.Table:
    """Sums the last records of all networks up.

    Returns:
        One row a cell, sorted by its settings: depth, width and every other setting that varies; `parameters`; measured
        coordinates (means); `networks` and, of these, `diverged`; of each of `QUANTITIES` over networks that have not
        diverged `_median`, `_mean` and the t 95 % interval of the mean, `_mean_low` and `_mean_high` (null without any,
        the interval without two); where there is a loss `learnt`, how many have learnt their task, which a diverged one
        has not; verdicts of these as `mirror_successes`, `mirror_trials`, `mirror_share` and its Wilson 95 % interval,
        `mirror_low` and `mirror_high` (null without a trial). A measure that no network has is left out. Populations
        are pooled where the settings of their members agree.
    """
    settings = _settings(results)
    members, records = _columns(results, "members"), _columns(results, "records")
    measures = [name for name in (*QUANTITIES, *OF_SOME) if name in records]
    coordinates = [name for name in COORDINATES if name in members and name not in SIZES]
    can_learn = "excess_error" in records
    has_verdict = "mirror" in records and can_learn
    columns = [
        *settings,
        "max(parameters) AS parameters",
        *(f"avg({name}) AS {name}" for name in coordinates),
        "count(*) AS networks, count(*) FILTER (NOT alive) AS diverged",
        *([f"count(*) FILTER ({_ABLE}) AS learnt"] if can_learn else []),
        *(_moments(name) for name in measures),
    ]
    if has_verdict:
        columns += [f"count(*) FILTER (mirror = 1 AND {_ABLE}) AS mirror_successes"]
        columns += [f"count(*) FILTER (isfinite(mirror) AND {_ABLE}) AS mirror_trials"]
    by = ", ".join(settings)
    both = ", ".join(name for name in ("population", "member_id", "units") if name in records)
    networks = (
        f"SELECT members.*, last.* EXCLUDE ({both}), status <> 'diverged' AS alive "
        f"FROM ({LAST_RECORDS}) AS last JOIN members USING (population, member_id)"
    )
    table = results.query(f"SELECT {', '.join(columns)} FROM ({networks}) GROUP BY {by} ORDER BY {by}")
    for name in measures:
        table = _with_interval(table, name)
    if has_verdict:
        found = share(_floats(table, "mirror_successes"), _floats(table, "mirror_trials"))
        for name, values in (("mirror_share", found.value), ("mirror_low", found.low), ("mirror_high", found.high)):
            table = table.append_column(name, pa.array(values, pa.float64(), from_pandas=True))
    return table


def _settings(results: Results) -> list[str]:
    known = {*_REPLICATES, *COORDINATES, *_CAPACITY}
    others = [name for name in _columns(results, "members") if name not in known]
    # null is a value of its own: `boards` is null where all boards are trained on, and old files lack some columns
    counted = [f"count(DISTINCT {q}) + (count({q}) < count(*))::INTEGER AS {q}" for q in map(quoted, others)]
    values = results.query(f"SELECT {', '.join(counted)} FROM members").to_pylist()[0]
    return [*_CAPACITY, *(quoted(name) for name in others if values[name] > 1)]


def _columns(results: Results, view: str) -> list[str]:
    return results.query(f"SELECT * FROM {view} LIMIT 0").column_names


def _moments(name: str) -> str:
    finite = f"FILTER (alive AND isfinite({name}))"
    return (
        f"median({name}) {finite} AS {name}_median, avg({name}) {finite} AS {name}_mean, "
        f"stddev_samp({name}) {finite} AS {name}_sd, count(*) {finite} AS {name}_n"
    )


def _with_interval(table: pa.Table, name: str) -> pa.Table:
    """The interval of the mean in the place of the deviation and the number that it is made of."""
    from scipy.stats import t  # a second, which only the end of a population takes

    number = _floats(table, f"{name}_n")
    table = table.drop_columns([f"{name}_n"])
    if not number.any():
        return table.drop_columns([f"{name}_{each}" for each in ("median", "mean", "sd")])
    mean, deviation = _floats(table, f"{name}_mean"), _floats(table, f"{name}_sd")
    half = t.ppf(0.975, number - 1) * deviation / np.sqrt(number)  # NaN of one network, which has no deviation
    place = table.column_names.index(f"{name}_sd")
    table = table.set_column(place, f"{name}_mean_low", pa.array(mean - half, from_pandas=True))
    return table.add_column(place + 1, f"{name}_mean_high", pa.array(mean + half, from_pandas=True))


def _floats(table: pa.Table, name: str) -> np.ndarray:
    return table[name].cast(pa.float64()).to_numpy()
