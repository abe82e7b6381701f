"""What do mirror units cause? Ablation and patching over seeds, beside what a pilot study of eight networks found.

    python analysis/what_units_cause.py [RESULTS]

Without RESULTS it first runs `mirrorjax sweep experiment=paper_fast`: 32 seeds of the published network, 50 paper
epochs. The pilot took the four units of highest MNS in the first layer for mirror units; here classes are of the
calibrated battery, and both are shown.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv
from rich.console import Console
from rich.table import Table

from mirrorjax.cli import main as mirrorjax
from mirrorjax.errors import InputError
from mirrorjax.phases.intervals import mean_interval
from mirrorjax.report.figure import BLUE, GREEN, GREY, ORANGE, RED, save, static_figure, static_style
from mirrorjax.tracking.results import Results

SETS = {
    "mirror": "mirror units",
    "largest_mns": "four largest MNS",
    "toad_only": "Toad-only units",
    "frog_only": "Frog-only units",
    "random_mirror": "random, as many as mirror",
    "random_toad_only": "random, as many as Toad-only",
}
KINDS = {"help_rescue": "rescue help", "help_edge": "edge help", "leap": "leap"}
PILOT = {  # mean ablation: the largest loss of help, the least loss of leap, about the loss of help
    ("largest_mns", "help_rescue"): "loses at most .05",
    ("largest_mns", "leap"): "loses at least .3",
    ("toad_only", "help_rescue"): "loses about .8",
}
LAST = """
SELECT * FROM records WHERE units_mirror_1 IS NOT NULL AND status <> 'diverged'
QUALIFY checkpoint = max(checkpoint) OVER (PARTITION BY population)
"""


def main(results: Path) -> pa.Table:
    """Prints the effects, and writes them with a figure beside the results; gives one row a set and answer."""
    opened = Results.open(results)
    found = opened.query(LAST)
    if not found.num_rows:
        raise InputError(f"{results}: no network was ablated; train with measurement.causes_seeds above 0")
    rows = [_effect(found, name, kind) for name in SETS for kind in KINDS]
    table = pa.Table.from_pylist(rows)
    csv.write_csv(table, opened.folder / "what_units_cause.csv")
    draw(table, opened.folder)
    show(table, found)
    return table


def _values(found: pa.Table, name: str) -> np.ndarray:
    values = found[name].to_numpy(zero_copy_only=False).astype(float)
    return values[np.isfinite(values)]


def _effect(found: pa.Table, name: str, kind: str) -> dict[str, object]:
    values = _values(found, f"ablate_{name}_mean_{kind}")
    low, mean, high = mean_interval(values)
    return {"set": name, "answer": kind, "networks": len(values), "mean": mean, "low": low, "high": high}


def show(table: pa.Table, found: pa.Table) -> None:
    """Means over networks with 95 % intervals, and the pilot's beside them."""
    printed = Table("mean ablation of", "networks", *KINDS.values(), title=f"{found.num_rows} networks: recall changes")
    rows = {(row["set"], row["answer"]): row for row in table.to_pylist()}
    for name, label in SETS.items():
        cells = []
        for kind in KINDS:
            row, pilot = rows[name, kind], PILOT.get((name, kind))
            value = "n/a" if not row["networks"] else f"{row['mean']:+.3f}"
            if np.isfinite(row["low"]):
                value += f"\n[{row['low']:+.3f}, {row['high']:+.3f}]"
            cells.append(value + (f"\n(pilot: {pilot})" if pilot else ""))
        printed.add_row(label, str(rows[name, "leap"]["networks"]), *cells)
    console = Console()
    console.print(printed)
    intact = ", ".join(f"{label} {_values(found, f'intact_{kind}').mean():.3f}" for kind, label in KINDS.items())
    console.print(f"Intact, means: {intact}.")
    tr, units = _values(found, "tr"), _values(found, "units_mirror_1")
    above = int((_values(found, "tr_low") > 0).sum())
    console.print(
        f"TR on mirror units: undefined in {found.num_rows - len(tr)} of {found.num_rows} networks; "
        + (f"median of the others {np.median(tr):.3f}, interval above zero in {above}. " if len(tr) else "")
        + f"Mirror units in the first layer: median {np.median(units):g}, none in {int((units == 0).sum())} networks."
    )


def draw(table: pa.Table, folder: Path) -> None:
    """A forest plot: one panel an answer, one line a set."""
    rows = {(row["set"], row["answer"]): row for row in table.to_pylist()}
    colours = dict(zip(SETS, (GREEN, ORANGE, RED, BLUE, GREY, GREY), strict=True))
    with static_style():
        made = static_figure(9.0, 2.8)
        for axes, (kind, title) in zip(made.subplots(1, len(KINDS), sharey=True), KINDS.items(), strict=True):
            for place, name in enumerate(SETS):
                row = rows[name, kind]
                if row["networks"]:
                    axes.plot([row["low"], row["high"]], [-place, -place], color=colours[name], linewidth=2)
                    axes.plot([row["mean"]], [-place], "o", color=colours[name], markersize=5)
            axes.axvline(0, color="black", linewidth=0.8)
            axes.set_yticks([-place for place in range(len(SETS))], list(SETS.values()))
            axes.set_title(title, loc="left")
            axes.set_xlabel("change of recall")
        save(made, folder / "what_units_cause")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        raise SystemExit("usage: python analysis/what_units_cause.py [RESULTS]")
    try:
        if len(sys.argv) < 2 and mirrorjax(["sweep", "experiment=paper_fast"]):
            raise SystemExit(1)
        newest = max(Path("results").glob("paper_fast-*"), key=lambda folder: folder.stat().st_mtime, default=Path())
        main(Path(sys.argv[1]) if len(sys.argv) == 2 else newest)
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
