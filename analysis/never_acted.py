"""Does the verdict call networks mirror networks that never learnt to act?

    python analysis/never_acted.py [--networks 256] [--epochs 20] [--rate 1e-4] [--kinds untrained random auto next]
        [--control RESULTS]

Of each kind as many networks, shared among widths 8, 17 and 50, none of which set a threshold: untrained ones with
their random outputs, and those of regime `predictive`, whose acts are read out. Beside them, of a results folder of
`experiment=positive_control`, what the verdict calls where it ought to. Written to never_acted.csv.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv
from rich.console import Console
from rich.table import Table

from mirrorjax.dataset.build import DatasetSpec
from mirrorjax.dataset.cache import default_folder, load_or_build
from mirrorjax.dataset.pairs import with_pairs
from mirrorjax.machine.compiler import Compiler
from mirrorjax.machine.runtime import configure
from mirrorjax.measurement.battery.boards import boards_of
from mirrorjax.measurement.battery.nulls import architecture_of, null_members
from mirrorjax.population.members import Member
from mirrorjax.results.read import Results
from mirrorjax.statistics.intervals import wilson
from mirrorjax.training.data import Data
from mirrorjax.training.loop import Schedule, Trainer
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.memory import Layout
from mirrorjax.training.untrained import NullSettings, nulls_of

WIDTHS = (8, 17, 50)
KINDS = ("untrained", "random", "auto", "next")
SETTINGS = NullSettings(seeds=1000, boards=1024, rescue_boards=256, test_rows=20_000)
COLUMNS = (
    "width", "mirror", "mirror_code", "ssi_last", "ssi_last_z", "tr", "tr_low", "rescue_accuracy", "help_unasked",
    "mni_star", "mni_star_z", "ssi", "ssi_z", "cross_decoding_social", "units_mirror_1", "learnt",
)  # fmt: skip
Columns = dict[str, np.ndarray]


def members_of(kind: str, networks: int, rate: float) -> list[Member]:
    """So many of a kind, shared among the widths."""
    found = []
    for place, width in enumerate(WIDTHS):
        number = networks // len(WIDTHS) + (place < networks % len(WIDTHS))
        if kind == "untrained":
            own = architecture_of(Member(width=width))
            found += [replace(each, l2=0.0) for each in null_members(own, SETTINGS.seeds + number)[SETTINGS.seeds :]]
        else:
            like = Member(regime="predictive", objective=kind, width=width, learning_rate=rate, l2=0.0)
            found += like.with_seeds(range(number))
    return found


def measured(kind: str, members: Sequence[Member], data: Data, epochs: float) -> Columns:
    """Their records at the end, with z and verdicts."""
    layout = Layout(configure("cpu", 1, "highest", default_folder() / "programs"), 16)
    trainer = Trainer(Measuring(members, data, layout.devices), layout, Compiler())
    end = 0.0 if kind == "untrained" else epochs
    *_, last = trainer.run(Schedule((end,), units_at=(end,)))
    nulls = nulls_of(members, SETTINGS, default_folder() / "nulls", data, layout, trainer=trainer)
    records = last.records | nulls.calibrated(last.records)
    return {name: np.asarray(records[name], float) for name in COLUMNS[1:]} | {
        "width": np.array([member.width for member in members], float)
    }


def of_results(folder: Path, congruence: float) -> Columns:
    """The same of trained networks that a sweep has recorded."""
    named = ", ".join(name for name in COLUMNS)
    rows = Results.open(folder).query(
        f"SELECT {named} FROM records JOIN members USING (population, member_id) WHERE congruence = {congruence} "
        "QUALIFY checkpoint = max(checkpoint) OVER (PARTITION BY population)"
    )
    return {name: np.asarray(rows[name].to_numpy(zero_copy_only=False), float) for name in COLUMNS}


def show(kinds: dict[str, Columns]) -> None:
    """How many are called mirror networks, of all and of each width, with Wilson's interval."""
    table = Table(
        "", "networks", "called", "95 %", *(f"{width} units" for width in WIDTHS), "by code", "SSI of last, .99"
    )
    for kind, own in kinds.items():
        called = own["mirror"] == 1
        low, high = wilson(int(called.sum()), len(called))
        by_width = (f"{int(called[own['width'] == width].sum())}" for width in WIDTHS)
        table.add_row(
            kind, f"{len(called)}", f"{int(called.sum())}", f"{float(low):.3f}–{float(high):.3f}", *by_width,
            f"{int((own['mirror_code'] == 1).sum())}", f"{np.nanquantile(own['ssi_last'], 0.99):.3f}",
        )  # fmt: skip
    Console(width=140).print(table)


def main() -> None:
    """Trains, measures, counts."""
    parser = argparse.ArgumentParser(description="Does the verdict call networks that never learnt to act?")
    parser.add_argument("--networks", type=int, default=256)
    parser.add_argument("--epochs", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--control", type=Path, metavar="RESULTS")
    parser.add_argument("--out", type=Path, default=Path("never_acted.csv"))
    given = parser.parse_args()
    spec, folder = DatasetSpec(), default_folder() / "datasets"
    dataset = load_or_build(spec, folder)
    dataset = with_pairs(dataset, spec, folder) if "next" in given.kinds else dataset
    data = Data.of(dataset, boards=boards_of(dataset, SETTINGS.boards, SETTINGS.rescue_boards), test_rows=20_000)
    data = replace(data, validation_rows=2_000)
    kinds = {} if given.control is None else {f"trained, C = {c}": of_results(given.control, c) for c in (0, 1)}
    for kind in given.kinds:
        kinds[kind] = measured(kind, members_of(kind, given.networks, given.rate), data, given.epochs)
        tables = [pa.table({"kind": [name] * len(own["width"]), **own}) for name, own in kinds.items()]
        csv.write_csv(pa.concat_tables([table.select(["kind", *COLUMNS]) for table in tables]), given.out)
        show(kinds)


if __name__ == "__main__":
    main()
