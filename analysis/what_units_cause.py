"""What do mirror units cause? Ablation and patching over seeds, beside what a pilot study of eight networks found.

    python analysis/what_units_cause.py [RESULTS] [--readme PAGE]

Without RESULTS it first runs `mirrorjax sweep experiment=paper_fast`: 32 seeds of the published network, 50 paper
epochs. The pilot took the four units of highest MNS in the first layer for mirror units; here classes are of the
calibrated battery, and both are shown.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv
from rich.console import Console
from rich.table import Table

from mirrorjax.errors import InputError
from mirrorjax.launch.cli import main as mirrorjax
from mirrorjax.measures import PARTS
from mirrorjax.report.chart.chart import Chart, Plot, Scale
from mirrorjax.report.chart.marks import BLUE, GREEN, GREY, ORANGE, RED, AnyMark, Look, Points, Rule
from mirrorjax.report.chart.matplotlib import save
from mirrorjax.report.page.marks import put_cell
from mirrorjax.report.page.readme import measured_on
from mirrorjax.report.words.numbers import short_interval, short_number
from mirrorjax.results.read import Results
from mirrorjax.statistics.intervals import mean_interval

SETS = {name: PARTS["SET"][name] for name in ("mirror", "largest_mns", "toad_only", "frog_only")} | {
    f"random_{name}": f"random, as many as {PARTS['SET'][name]}" for name in ("mirror", "toad_only")
}
KINDS = {name: PARTS["KIND"][name] for name in ("help_rescue", "help_edge", "leap")}
PILOT = {  # mean ablation: the largest loss of help, the least loss of leap, about the loss of help
    ("largest_mns", "help_rescue"): "loses at most .05",
    ("largest_mns", "leap"): "loses at least .3",
    ("toad_only", "help_rescue"): "loses about .8",
}
LAST = """
SELECT * FROM records WHERE units_mirror_1 IS NOT NULL AND status <> 'diverged'
QUALIFY checkpoint = max(checkpoint) OVER (PARTITION BY population)
"""


def main(results: Path, readme: Path | None = None) -> pa.Table:
    """Prints the effects, and writes them with a figure beside the results; gives one row a set and answer.

    With `readme` it replaces its row of that page's table too.
    """
    opened = Results.open(results)
    found = opened.query(LAST)
    if not found.num_rows:
        raise InputError(f"{results}: no network was ablated; train with measurement.causes_seeds above 0")
    rows = [_effect(found, name, kind) for name in SETS for kind in KINDS]
    table = pa.Table.from_pylist(rows)
    csv.write_csv(table, opened.folder / "what_units_cause.csv")
    draw(table, opened.folder)
    show(table, found)
    if readme is not None:
        put_cell(
            readme,
            "units",
            "`python analysis/what_units_cause.py`",
            f"{in_a_sentence(table, found)} {measured_on(opened.populations[0].manifest)}",
        )
    return table


def in_a_sentence(table: pa.Table, found: pa.Table) -> str:
    """What was found, as the README has it: losses of recall."""
    rows = {(row["set"], row["answer"]): row for row in table.to_pylist()}

    def lost(name: str, *kinds: str) -> str:
        of_kinds = [(KINDS[kind], *(-rows[name, kind][each] for each in ("high", "mean", "low"))) for kind in kinds]
        return ", ".join(f"{label} {short_interval(low, mean, high)}" for label, low, mean, high in of_kinds)

    tr, above = _values(found, "tr"), int((_values(found, "tr_low") > 0).sum())
    others = f", in the others {short_number(np.median(tr))} (median), its interval above zero in {above}"
    return (
        f"{found.num_rows} networks. Ablating the mirror units costs {lost('mirror', 'leap', 'help_rescue')}. "
        f"The four units of highest MNS: {lost('largest_mns', 'leap', 'help_rescue')}. "
        f"Toad-only units: {lost('toad_only', 'help_edge', 'help_rescue')}. TR is undefined in "
        f"{found.num_rows - len(tr)} of them{others if len(tr) else ''}."
    )


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
    down = Scale(ticks=tuple((-float(place), words) for place, words in enumerate(SETS.values())))
    plots = []
    for kind, title in KINDS.items():
        marks: list[AnyMark] = [Rule(0.0, "x")]
        for place, name in enumerate(SETS):
            row = rows[name, kind]
            if row["networks"]:
                mean, low, high = (np.array([row[each]], float) for each in ("mean", "low", "high"))
                look = Look(colours[name], symbol="circle")
                marks.append(Points(mean, np.array([-place]), look, low, high, across=True))
        plots.append(Plot(marks, Scale("change of recall"), down, title))
    save(Chart((plots,), 280, legend=""), folder / "what_units_cause")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What do mirror units cause?")
    parser.add_argument("results", type=Path, nargs="?")
    parser.add_argument("--readme", type=Path, metavar="PAGE")
    given = parser.parse_args()
    try:
        if given.results is None and mirrorjax(["sweep", "experiment=paper_fast"]):
            raise SystemExit(1)
        newest = max(Path("results").glob("paper_fast-*"), key=lambda folder: folder.stat().st_mtime, default=Path())
        main(given.results or newest, given.readme)
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
