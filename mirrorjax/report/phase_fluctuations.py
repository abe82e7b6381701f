"""Intervals of what a cell has as a whole: susceptibility and Binder cumulant, by a bootstrap over its networks."""

import numpy as np

from mirrorjax.phases.fluctuations import Fluctuations, fluctuations
from mirrorjax.report.load import Population
from mirrorjax.report.observations import quoted


def at_checkpoint(population: Population, measure: str, checkpoint: int, cells: int) -> Fluctuations:
    """The fluctuations of every cell at one checkpoint; the map's cells are in the database.

    Args:
        population: with a table `map_cells`.
        measure: a column of the records.
        checkpoint: its number.
        cells: how many.
    """
    found = population.query(
        f"SELECT cell, units, data_seed, {quoted(measure)} AS value, row_number() OVER (PARTITION BY cell ORDER BY "
        "member_id) - 1 AS place FROM observations JOIN map_cells USING (group_index) "
        "JOIN (SELECT member_id, data_seed FROM members) USING (member_id) "
        f"WHERE alive AND checkpoint = ? AND {quoted(measure)} IS NOT NULL ORDER BY cell, place",
        [checkpoint],
    )
    cell, place = found["cell"].astype(int), found["place"].astype(int)
    shape = (cells, int(place.max(initial=0)) + 1)
    values, seeds, units = np.full(shape, np.nan), np.zeros(shape), np.ones(cells)
    values[cell, place], seeds[cell, place], units[cell] = found["value"], found["data_seed"], found["units"]
    return fluctuations(values, units, seeds)
