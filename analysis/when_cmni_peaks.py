"""When does CMNI peak, how high, and how does that compare with the untrained networks? By capacity and rate.

    python analysis/when_cmni_peaks.py results/quickstart-…

A peak is a network's maximum after epoch 1.5; at epoch 0 every network is untrained.
"""

import sys

from rich.console import Console
from rich.table import Table

from mirrorjax.errors import InputError
from mirrorjax.results.read import Results

QUESTION = """
with trained as (
    select population, member_id, max(cmni) as peak, arg_max(epoch, cmni) as peak_epoch, arg_max(cmni, epoch) as last
    from records where epoch > 1.5 and status <> 'diverged' group by population, member_id
), untrained as (select population, member_id, cmni as untrained from records where checkpoint = 0)
select depth, width, learning_rate, count(*) as networks,
       median(untrained) as untrained, median(peak) as peak,
       quantile_cont(peak, .05) as low, quantile_cont(peak, .95) as high,
       median(peak_epoch) as epoch, median(peak / last) as fall
from trained join untrained using (population, member_id) join members using (population, member_id)
group by all order by depth, width, learning_rate
"""


def main(folder: str) -> None:
    """Prints the table."""
    table = Table("network", "rate", "networks", "untrained", "peak", "5 %", "95 %", "at epoch", "peak / last")
    for row in Results.open(folder).query(QUESTION).to_pylist():
        values = (f"{row[name]:.4f}" for name in ("untrained", "peak", "low", "high"))
        network = f"{row['depth']}×{row['width']}"
        table.add_row(
            network,
            f"{row['learning_rate']:g}",
            str(row["networks"]),
            *values,
            f"{row['epoch']:g}",
            f"{row['fall']:.2f}",
        )
    Console().print(table)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python analysis/when_cmni_peaks.py RESULTS")
    try:
        main(sys.argv[1])
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
