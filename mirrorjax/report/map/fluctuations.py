"""Networks of every cell side by side, and what a cell has as a whole: susceptibility and Binder cumulant."""

import numpy as np

from mirrorjax.report.read.populations import ReportedPopulation
from mirrorjax.results.later import quoted
from mirrorjax.statistics.fluctuations import Fluctuations, fluctuations


def at_checkpoint(population: ReportedPopulation, measure: str, checkpoint: int, cells: int) -> Fluctuations:
    """The fluctuations of every cell at one checkpoint; arguments as of `networks_of`."""
    return fluctuations(*networks_of(population, measure, checkpoint, cells))


def networks_of(
    population: ReportedPopulation, measure: str, checkpoint: int, cells: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One measure of the networks of every cell at a checkpoint.

    Args:
        population: with a table `map_cells`.
        measure: a column of the records.
        checkpoint: its number.
        cells: how many.

    Returns:
        Values [cells, networks], nan where a cell has no more; units [cells]; data seeds [cells, networks].
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
    return values, units, seeds
