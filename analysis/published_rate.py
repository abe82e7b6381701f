"""Are networks at the published rate those of an earlier run of 256 seeds, and where among them is the published one?

    python analysis/published_rate.py results/paper-…

published_rate.npz has that run: 2×17, learning rate 4e-6, 150 epochs on one H100, by an earlier version of this
project. Medians are compared at each of its epochs: two agree where the bootstrap 99 % interval of their difference has
zero in it; some of many differ by chance.
"""

import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from mirrorjax.errors import InputError
from mirrorjax.report.read.published import paper_curve
from mirrorjax.results.read import Results

MEASURES = ("val_loss", "cmni", "cmni_hidden", "accuracy")
RESAMPLES, LEVEL = 2000, 0.99


def difference(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """The bootstrap interval of the difference of two medians, seeds drawn anew in both."""
    random = np.random.default_rng(0)
    drawn = [random.integers(0, len(values), (RESAMPLES, len(values))) for values in (ours, theirs)]
    medians = [np.median(values[chosen], axis=1) for values, chosen in zip((ours, theirs), drawn, strict=True)]
    low, high = np.quantile(medians[0] - medians[1], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def main(folder: str) -> bool:
    """Prints the table; whether all medians agree."""
    reference = np.load(Path(__file__).with_name("published_rate.npz"))
    query = f"SELECT round(epoch) AS whole, {', '.join(MEASURES)} FROM records WHERE abs(epoch - round(epoch)) < .01"
    found = Results.open(folder).query(query)
    epochs = found["whole"].to_numpy()
    table = Table("epoch", "measure", "networks", "median", "of 256", "difference", "agrees", "published is at")
    agreed, published = [], paper_curve()
    for number, epoch in enumerate(reference["epoch"]):
        for measure in MEASURES if (epochs == epoch).any() else ():
            ours, theirs = found[measure].to_numpy()[epochs == epoch], reference[measure][number].astype(float)
            low, high = difference(ours, theirs)
            agreed.append(low <= 0 <= high)
            medians = (f"{np.median(values):.4g}" for values in (ours, theirs))
            interval = f"[{low:.2g}, {high:.2g}]"
            known = epoch > 0 and hasattr(published, measure)
            place = f"{np.mean(ours < published.at(measure, epoch)):.2f}" if known else ""
            table.add_row(str(epoch), measure, str(len(ours)), *medians, interval, "yes" if agreed[-1] else "no", place)
    Console().print(table)
    print(f"{sum(agreed)} of {len(agreed)} medians agree; {len(MEASURES) * len(reference['epoch'])} could be compared")
    return bool(agreed) and all(agreed)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python analysis/published_rate.py RESULTS")
    try:
        raise SystemExit(0 if main(sys.argv[1]) else 1)
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
