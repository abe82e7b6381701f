"""What is the CMNI of networks that nobody has trained, and what does a rescaling that changes nothing do to it?

    python analysis/untrained_cmni.py [OUT] [--readme PAGE]

256 untrained networks of 2×17, seeds 0 to 255, on the reference dataset; then the same networks with the first layer
times α and the second divided by it, which leaves every output as it is.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv
from rich.console import Console
from rich.table import Table

from mirrorjax.dataset.build import DatasetSpec
from mirrorjax.dataset.cache import default_folder, load_or_build
from mirrorjax.errors import InputError
from mirrorjax.machine.runtime import configure, device_facts, versions
from mirrorjax.measurement.battery.boards import boards_of
from mirrorjax.measurement.battery.nulls import SCALE_FREE
from mirrorjax.measurement.cmni import ROBUST_CMNI
from mirrorjax.models.base import Params
from mirrorjax.population.members import Member
from mirrorjax.report.chart.chart import Plot, Scale, one
from mirrorjax.report.chart.marks import GREEN, GREY, RED, Line, Look, Rule
from mirrorjax.report.chart.matplotlib import save
from mirrorjax.report.page.marks import put_cell
from mirrorjax.report.page.readme import measured_on
from mirrorjax.report.words.numbers import short_number, tidy_exponent
from mirrorjax.training.data import Data
from mirrorjax.training.memory import Layout
from mirrorjax.training.untrained import untrained_records

SEEDS = 256
FACTORS = (0.1, 1.0, 10.0)


def rescaled(factor: float):
    """The same function of the input: the first layer times `factor`, what reads it divided by it."""

    def change(params: Params) -> Params:
        return params | {
            "hidden_1_kernel": params["hidden_1_kernel"] * factor,
            "hidden_1_bias": params["hidden_1_bias"] * factor,
            "hidden_2_kernel": params["hidden_2_kernel"] / factor,
        }

    return change


def main(out: Path, spec: DatasetSpec | None = None, seeds: int = SEEDS, readme: Path | None = None) -> pa.Table:
    """Prints a table, and writes it with a figure into `out`; gives one row a network and factor.

    With `readme` it replaces its row of that page's table too.
    """
    devices = configure("cpu", None, "highest", default_folder() / "programs")
    dataset = load_or_build(spec or DatasetSpec(), default_folder() / "datasets")
    data, layout = Data.of(dataset, boards=boards_of(dataset, 1024, 256)), Layout(devices, 16)
    members = [Member(seed=seed) for seed in range(seeds)]
    found = {factor: untrained_records(members, data, layout, change=rescaled(factor)) for factor in FACTORS}
    names = ("cmni", "cmni_hidden", *SCALE_FREE)
    rows = {"seed": np.tile(np.arange(seeds), len(FACTORS)), "alpha": np.repeat(FACTORS, seeds)}
    rows |= {name: np.concatenate([found[factor][name] for factor in FACTORS]) for name in names}
    table = pa.table(rows)
    out.mkdir(parents=True, exist_ok=True)
    csv.write_csv(table, out / "untrained_cmni.csv")
    draw(found, out)
    show(found)
    if readme is not None:
        about = {"device": device_facts(devices), "versions": versions(), "finished": datetime.now(UTC).isoformat()}
        cell = f"{in_a_sentence(found)} {measured_on(about)}"
        put_cell(readme, "units", "`python analysis/untrained_cmni.py`", cell)
    return table


def in_a_sentence(found: dict[float, dict[str, np.ndarray]]) -> str:
    """What was found, as the README has it."""
    plain, ratio = found[1.0]["cmni"], {factor: each["cmni"] / found[1.0]["cmni"] for factor, each in found.items()}
    more, less = (f"{short_number(ratio[f].min())} to {short_number(ratio[f].max())}" for f in (10.0, 0.1))
    change = max(largest_change(found, factor) for factor in FACTORS)
    return (
        f"{len(plain)} untrained 2×17 score {short_number(plain.mean())} ± {short_number(plain.std())}, "
        f"{int(np.sum(plain >= ROBUST_CMNI))} of them at least the “robust” {short_number(ROBUST_CMNI)}. Layer 1 × 10 "
        f"and layer 2 / 10, which leaves the network what it is, multiplies CMNI by {more}; × .1 by {less}. Scale-free "
        f"measures change by at most {tidy_exponent(f'{change:.0e}')}."
    )


def show(found: dict[float, dict[str, np.ndarray]]) -> None:
    """The numbers that the calibrated measures are there for."""
    plain = found[1.0]["cmni"]
    printed = Table("untrained 2×17", *(f"α = {factor:g}" for factor in FACTORS), title=f"seeds 0 to {len(plain) - 1}")
    ratio = {factor: found[factor]["cmni"] / plain for factor in FACTORS}
    rows = {
        "CMNI, mean ± sd": [f"{f['cmni'].mean():.4f} ± {f['cmni'].std():.4f}" for f in found.values()],
        "CMNI, smallest": [f"{f['cmni'].min():.4f}" for f in found.values()],
        f"share with CMNI ≥ {ROBUST_CMNI}": [f"{np.mean(f['cmni'] >= ROBUST_CMNI):.3f}" for f in found.values()],
        "CMNI / CMNI(α = 1), least": [f"{ratio[factor].min():.2f}" for factor in FACTORS],
        "CMNI / CMNI(α = 1), most": [f"{ratio[factor].max():.2f}" for factor in FACTORS],
        "largest relative change of a scale-free measure": [f"{largest_change(found, f):.1e}" for f in FACTORS],
    }
    for name, values in rows.items():
        printed.add_row(name, *values)
    Console().print(printed)


def largest_change(found: dict[float, dict[str, np.ndarray]], factor: float) -> float:
    """Over networks and scale-free measures, relative to a measure's root mean square over networks.

    A difference of two accuracies, which may be close to zero everywhere, is held against the first of them.
    """
    changes = []
    for name in SCALE_FREE:
        size = np.sqrt(np.mean(found[1.0][name.removesuffix("_social")] ** 2))
        changes.append(np.max(np.abs(found[factor][name] - found[1.0][name])) / size)
    return float(max(changes))


def draw(found: dict[float, dict[str, np.ndarray]], out: Path) -> None:
    """Histograms of CMNI on a logarithmic axis, with the paper's threshold."""
    values = np.concatenate([each["cmni"] for each in found.values()])
    bins = np.geomspace(0.8 * values.min(), 1.2 * values.max(), 60)
    middle = np.sqrt(bins[1:] * bins[:-1])
    marks = [
        Line(middle, np.histogram(found[factor]["cmni"], bins)[0], Look(colour, f"α = {factor:g}"))
        for factor, colour in zip(FACTORS, (RED, GREY, GREEN), strict=True)
    ]
    robust = Rule(ROBUST_CMNI, "x", label=f"“robust”: CMNI ≥ {ROBUST_CMNI}")
    along = Scale("CMNI of untrained networks of 2×17, first layer × α, second / α", log=True)
    save(one(Plot([*marks, robust], along, Scale("networks")), 320), out / "untrained_cmni")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What is the CMNI of networks that nobody has trained?")
    parser.add_argument("out", type=Path, nargs="?", default=Path("results/untrained_cmni"))
    parser.add_argument("--readme", type=Path, metavar="PAGE")
    given = parser.parse_args()
    try:
        main(given.out, readme=given.readme)
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
