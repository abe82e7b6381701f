"""Does the battery call a mirror code by its name, and nothing else?

    python analysis/positive_control.py [RESULTS] [--readme PAGE]

Without RESULTS it first runs `mirrorjax sweep experiment=positive_control`: the paper's task and one in which anybody's
distress asks for help (C = 1), 32 seeds each. Beside them stand 1,000 untrained networks that no null was made of, with
their layers rescaled to the norms of the trained ones.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv
from rich.console import Console
from rich.table import Table

from mirrorjax.dataset.cache import load_or_build
from mirrorjax.dataset.configured import dataset_folder, dataset_spec
from mirrorjax.errors import InputError
from mirrorjax.job.folders import compile_cache, null_folder, null_settings
from mirrorjax.launch.cli import main as mirrorjax
from mirrorjax.machine.runtime import configure
from mirrorjax.measurement.battery.boards import boards_of
from mirrorjax.measurement.battery.nulls import SCALE_FREE, Nulls, architecture_of, null_members
from mirrorjax.measures import label
from mirrorjax.models.base import Params
from mirrorjax.population.members import Member
from mirrorjax.report.chart.chart import Plot, Scale, one
from mirrorjax.report.chart.marks import BLUE, GREEN, GREY, Look, Points
from mirrorjax.report.chart.matplotlib import save
from mirrorjax.report.page.marks import put_cell
from mirrorjax.report.page.readme import measured_on
from mirrorjax.report.words.numbers import short_number
from mirrorjax.results.read import Population, Results
from mirrorjax.statistics.intervals import wilson
from mirrorjax.training.data import Data
from mirrorjax.training.memory import Layout
from mirrorjax.training.untrained import nulls_of, untrained_records

HELD_OUT = 1000
Columns = dict[str, np.ndarray]
LAST = """
SELECT records.* EXCLUDE (confusion), seed, congruence FROM records JOIN members USING (population, member_id)
QUALIFY checkpoint = max(checkpoint) OVER (PARTITION BY population) ORDER BY congruence, seed
"""


def main(results: Path, held_out: int = HELD_OUT, readme: Path | None = None) -> pa.Table:
    """Prints the table of all three kinds, and writes it with a figure beside the results; gives one row a network.

    With `readme` it replaces its row of that page's table too.
    """
    opened = Results.open(results)
    rows = opened.query(LAST)
    trained = {name: np.asarray(rows[name].to_numpy(zero_copy_only=False)) for name in rows.column_names}
    kinds: dict[str, Columns] = {}
    for congruence, name in ((0.0, "paper (C = 0)"), (1.0, "control (C = 1)")):
        own = trained["congruence"] == congruence
        kinds[name] = {column: values[own] for column, values in trained.items()}
    kinds["untrained"] = untrained(opened.populations[0], trained, held_out)
    table = pa.concat_tables([_table(name, columns) for name, columns in kinds.items()])
    csv.write_csv(table, opened.folder / "positive_control.csv")
    draw(kinds, opened.folder)
    show(kinds)
    if readme is not None:
        put_cell(
            readme,
            "units",
            "`python analysis/positive_control.py`",
            f"{in_a_sentence(kinds)} {measured_on(opened.populations[0].manifest)}",
        )
    return table


def in_a_sentence(kinds: dict[str, Columns]) -> str:
    """What was found, as the README has it."""

    def called(columns: Columns) -> str:
        number, of = int(np.nansum(columns["mirror"])), len(columns["mirror"])
        low, high = wilson(number, of)
        return f"{number:,} of {of:,} networks [{short_number(float(low))}, {short_number(float(high))}]"

    paper, control, untrained = kinds.values()
    z = max(float(np.nanmean(untrained[f"{name}_z"])) for name in SCALE_FREE)
    return (
        f"At C = 1, where anybody's distress asks for help: {called(control)}. The paper's task: {called(paper)}. "
        f"Untrained networks that no null was made of: {called(untrained)}, mean z at most {short_number(z)}."
    )


def untrained(population: Population, trained: Columns, count: int) -> Columns:
    """Networks that are not in the null, measured and judged like the trained ones."""
    config = population.stored_config()
    devices = configure("cpu", None, config.runtime.precision, compile_cache(config))
    dataset = load_or_build(dataset_spec(config), dataset_folder(config))
    boards = boards_of(dataset, config.measurement.boards, config.measurement.rescue_boards)
    settings = null_settings(config)
    if settings is None:
        raise InputError("measurement.null_seeds is 0 in these results; allowed: at least 1, for there are no nulls")
    architecture = architecture_of(Member(width=config.model.width, depth=config.model.depth))
    members = null_members(architecture, settings.seeds + count)[settings.seeds :]
    kernels = {f"hidden_{layer}_kernel": f"norm_layer_{layer}" for layer in range(1, architecture.depth + 1)}
    norms = {
        name: float(np.median(trained[norm])) for name, norm in (kernels | {"output_kernel": "norm_output"}).items()
    }

    def as_large(params: Params) -> Params:
        return params | {
            name: params[name] * (norm / ((params[name] ** 2).sum() ** 0.5)) for name, norm in norms.items()
        }

    data, layout = Data.of(dataset, boards=boards, test_rows=settings.test_rows), Layout(devices, 16)
    records = untrained_records(members, data, layout, change=as_large, causes=True)
    nulls = nulls_of([architecture], settings, null_folder(config), data, layout)
    return records | Nulls(members, nulls.by_architecture).calibrated(records)


def _table(kind: str, columns: Columns) -> pa.Table:
    names = (*SCALE_FREE, *(f"{name}_z" for name in ("cmni", *SCALE_FREE)), "cmni", "tr", "tr_low", "tr_high", "mirror")
    found = {name: pa.array(np.asarray(columns[name], float), from_pandas=True) for name in names}
    return pa.table({"kind": [kind] * len(columns["cmni"]), **found})


def show(kinds: dict[str, Columns]) -> None:
    """Medians with 90 % bands, mean z, TR and verdicts."""
    printed = Table("", *(f"{name}, {len(columns['cmni']):,}" for name, columns in kinds.items()))
    for name in ("d_prime_mni", "mni_star", "ssi", "ssi_last", "cross_decoding", "rescue_accuracy"):
        printed.add_row(label(name), *(_band(columns[name]) for columns in kinds.values()))
    for name in ("cmni", "d_prime_mni", "mni_star", "ssi", "ssi_last", "cross_decoding"):
        printed.add_row(
            f"mean {label(f'{name}_z')}", *(f"{np.nanmean(columns[f'{name}_z']):+.2f}" for columns in kinds.values())
        )
    printed.add_row(label("tr"), *(_band(columns["tr"]) for columns in kinds.values()))
    printed.add_row("TR undefined", *(f"{np.isnan(np.asarray(c['tr'], float)).sum():,}" for c in kinds.values()))
    verdicts = []
    for columns in kinds.values():
        called, number = int(np.nansum(columns["mirror"])), len(columns["mirror"])
        low, high = wilson(called, number)
        verdicts.append(f"{called}/{number:,} = {called / number:.3f} [{float(low):.3f}, {float(high):.3f}]")
    printed.add_row("called mirror", *verdicts)
    Console().print(printed)


def _band(values: np.ndarray) -> str:
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if not len(values):
        return "–"
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]"


def draw(kinds: dict[str, Columns], folder: Path) -> None:
    """SSI against MNI*, each network a point."""
    looks = zip(kinds.items(), (BLUE, GREEN, GREY), ("circle", "square", "x"), strict=True)
    marks = [
        Points(columns["ssi"], columns["mni_star"], Look(colour, name, symbol=symbol, opacity=0.6))
        for (name, columns), colour, symbol in looks
    ]
    save(one(Plot(marks, Scale(label("ssi")), Scale(label("mni_star"))), 420), folder / "positive_control")


def newest(experiment: str) -> Path:
    """Runs an experiment of which nothing is there yet, or goes on with it; gives its folder."""
    code = mirrorjax(["sweep", f"experiment={experiment}"])
    if code:
        raise SystemExit(code)
    return max(Path("results").glob(f"{experiment}-*"), key=lambda folder: folder.stat().st_mtime)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Does the battery call a mirror code by its name, and nothing else?")
    parser.add_argument("results", type=Path, nargs="?")
    parser.add_argument("--readme", type=Path, metavar="PAGE")
    given = parser.parse_args()
    try:
        main(given.results or newest("positive_control"), readme=given.readme)
    except InputError as error:
        raise SystemExit(f"error: {error}") from error
