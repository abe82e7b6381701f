"""What each way to learn was asked, as a figure: of results folders, in the order and kinds that they hold.

    python analysis/headlines.py RESULTS [RESULTS ...] [--out docs/figures]

Of `experiment=contrastive`, rescues against λ, by encoding; of `imitation`, transfer against the share of hidden
letters under one_hot; of `overlap`, rescues and SSI against λ at each C; of `phase_assembly`, empathy and the object's
overlap over dose and veil; of `regimes`, or of `predictive` and `paper_fast`, what networks that never learnt to act
have of MNI*, d′-MNI and social cross-decoding beside supervised ones of the paper's size, network by network; of
`rl_edge`, help and verdicts against D for each camera, as in its report. Means over networks at their last records,
with 95 % intervals; numbers go to headlines_NAME.csv beside headlines_NAME.png. Which experiment a folder is of is told
by its regime and settings, not by its name; `--only` draws that of one regime.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from mirrorjax.errors import InputError
from mirrorjax.measures import label
from mirrorjax.report.chart.chart import Chart, Plot, Scale, around, at_places
from mirrorjax.report.chart.marks import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, AnyMark, HeatMap, Look, Points
from mirrorjax.report.chart.matplotlib import save_image
from mirrorjax.report.figures import helping
from mirrorjax.report.read.populations import ReportedPopulation, load
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import tidy_number
from mirrorjax.results.read import LAST_RECORDS, Results
from mirrorjax.settings.schema import MEMBER
from mirrorjax.statistics.intervals import mean_interval

COLOURS = (BLUE, RED, GREEN, PURPLE, ORANGE, GREY)
HEIGHT = 320
Network = Mapping[str, object]  # its settings and its last record, by column


@dataclass(frozen=True)
class Curves:
    """A measure against a setting, a line for each combination of others.

    `only` says which networks are looked at; `beside` is a setting of which each value has plots of its own.
    """

    measures: tuple[str, ...]
    x: str
    lines: tuple[str, ...]
    only: Mapping[str, object]
    words: Callable[[Mapping[str, object]], str]
    beside: str | None = None


def _of_contrastive(values: Mapping[str, object]) -> str:
    return f"{values['positives']} positives"


def _of_imitation(values: Mapping[str, object]) -> str:
    return str(values["watch"]).replace("_", " ")


def _of_overlap(values: Mapping[str, object]) -> str:
    return f"C {tidy_number(float(str(values['congruence'])))}"


HEADLINES = {
    "contrastive": Curves(("recall_help_rescue",), "alignment", ("positives",), {}, _of_contrastive, beside="encoding"),
    "imitation": Curves(
        ("transfer", "recall_help", "recall_help_watched"),
        "veil_symbol",
        ("watch",),
        {"encoding": "one_hot"},
        _of_imitation,
    ),
    "overlap": Curves(
        ("recall_help_rescue", "ssi"), "overlap", ("congruence",), {"pair": "distress", "distance": "nmse"}, _of_overlap
    ),
}


def networks_of(folders: Iterable[Path]) -> dict[str, list[Network]]:
    """All networks that have not diverged, by regime; one that several folders have counts once."""
    found: dict[str, dict[str, Network]] = {}
    for folder in folders:
        sql = f"SELECT * FROM ({LAST_RECORDS}) JOIN members USING (population, member_id) WHERE status <> 'diverged'"
        for row in Results.open(folder).query(sql).to_pylist():
            found.setdefault(str(row["regime"]), {})[str(row["member_id"])] = row
    return {regime: list(own.values()) for regime, own in found.items()}


def setting(network: Network, name: str) -> object:
    """What a network has for a setting; its default where the results are from before it."""
    value = network.get(name)
    return MEMBER[name].default if value is None else value


def cells(networks: Sequence[Network], names: Sequence[str]) -> dict[tuple[object, ...], list[Network]]:
    """Networks by their values of some settings, in rising order."""
    found: dict[tuple[object, ...], list[Network]] = {}
    for network in networks:
        found.setdefault(tuple(setting(network, name) for name in names), []).append(network)
    return dict(sorted(found.items(), key=lambda each: tuple(map(_rank, each[0]))))


def _rank(value: object) -> tuple[bool, float, str]:
    return isinstance(value, str), 0.0 if isinstance(value, str) else float(str(value)), str(value)


def _measured(networks: Sequence[Network], name: str) -> np.ndarray:
    return np.array([np.nan if network.get(name) is None else network[name] for network in networks], np.float64)


def curves(asked: Curves, networks: Sequence[Network]) -> tuple[Chart, pa.Table]:
    """The figure of some networks, a plot a measure and value of `beside`, and its numbers."""
    chosen = [each for each in networks if all(setting(each, name) == value for name, value in asked.only.items())]
    if not chosen:
        raise InputError(f"no networks with {', '.join(f'{name} {value}' for name, value in asked.only.items())}")
    groups = cells(chosen, (asked.beside,)) if asked.beside else {("",): chosen}
    levels = sorted({float(str(setting(each, asked.x))) for each in chosen})
    across = at_places(MEMBER[asked.x].label, [tidy_number(level) for level in levels])
    plots, rows = [], []
    for measure in asked.measures:
        every = [(str(name), _lines(asked, own, levels, measure)) for (name,), own in groups.items()]
        ends = (end for _, (marks, _) in every for each in marks for end in (each.y, each.low, each.high))
        up = Scale(label(measure), around(*ends))
        for name, (marks, told) in every:
            plots.append(Plot(list[AnyMark](marks), across, up, title=name.replace("_", "-")))
            rows += [[", ".join(filter(None, (line, name))), *numbers] for line, *numbers in told]
    return Chart((tuple(plots),), HEIGHT), _table(rows, ("line", asked.x))


def _lines(
    asked: Curves, networks: Sequence[Network], levels: Sequence[float], measure: str
) -> tuple[list[Points], list[list[object]]]:
    """A line for each combination of settings, and its numbers."""
    found = cells(networks, (*asked.lines, asked.x))
    lines = list(dict.fromkeys(key[:-1] for key in found))
    marks, rows = [], []
    for number, line in enumerate(lines):
        own = {float(str(key[-1])): each for key, each in found.items() if key[:-1] == line}
        name = asked.words(dict(zip(asked.lines, line, strict=True)))
        low, mean, high = np.array([mean_interval(_measured(each, measure)) for each in own.values()]).T
        shift = 0.06 * (number - (len(lines) - 1) / 2)
        places = np.array([levels.index(level) + shift for level in own])
        look = Look(COLOURS[number % len(COLOURS)], name, symbol="circle")
        marks.append(Points(places, mean, look, low, high, joined=True))
        several = zip(own, own.values(), low, mean, high, strict=True)
        rows += [[name, level, measure, len(each), a, b, c] for level, each, a, b, c in several]
    return marks, rows


def prediction(known: Mapping[str, Sequence[Network]]) -> tuple[Chart, pa.Table]:
    """Networks that never learnt to act beside supervised ones of the paper's size and knobs, a dot a network."""
    usual = ("width", "depth", "congruence", "dependency", "encoding")
    kinds: dict[str, list[Network]] = {}
    for each in (*known.get("supervised", ()), *known["predictive"]):
        if all(setting(each, name) == MEMBER[name].default for name in usual):
            acts = each["regime"] == "supervised"
            kinds.setdefault("supervised" if acts else f"predictive {setting(each, 'objective')}", []).append(each)
    across, plots, rows = at_places("", list(kinds)), [], []
    dot = Look(BLUE, symbol="circle", size=4, opacity=0.6)
    for measure in ("mni_star", "d_prime_mni", "cross_decoding_social"):
        every = [np.sort(_measured(own, measure)) for own in kinds.values()]
        low, mean, high = np.array([mean_interval(values) for values in every]).T
        marks: list[AnyMark] = [
            Points(place + np.linspace(-0.3, 0.3, len(values)), values, dot) for place, values in enumerate(every)
        ]
        look = Look("black", "mean and 95 % interval", symbol="diamond", size=7)
        marks.append(Points(np.arange(len(every)) + 0.0, mean, look, low, high))
        plots.append(Plot(marks, across, Scale(label(measure), around(*every, low, high))))
        told = zip(kinds.items(), low, mean, high, strict=True)
        rows += [[name, measure, len(own), a, b, c] for (name, own), a, b, c in told]
    return Chart((tuple(plots),), HEIGHT), _table(rows, ("kind",))


def assemblies(networks: Sequence[Network]) -> tuple[Chart, pa.Table]:
    """Empathy and the object's overlap over dose and veil."""
    found, rows, plots = cells(networks, ("dose", "veil_neurons")), [], []
    doses, veils = (sorted({float(str(key[place])) for key in found}) for place in (0, 1))
    for measure in ("empathy", "overlap_frog_object"):
        grid = np.full((len(veils), len(doses)), np.nan)
        for (dose, veil), own in found.items():
            low, mean, high = mean_interval(_measured(own, measure))
            grid[veils.index(float(str(veil))), doses.index(float(str(dose)))] = mean
            rows.append([tidy_number(float(str(veil))), dose, measure, len(own), low, mean, high])
        limits = (0.0, 1.0) if measure != "empathy" else (min(0.0, float(np.nanmin(grid))), float(np.nanmax(grid)))
        words = "empathy" if measure == "empathy" else label(measure)
        scales = (
            at_places(MEMBER[name].label, [tidy_number(each) for each in values])
            for name, values in (("dose", doses), ("veil_neurons", veils))
        )
        plots.append(Plot([HeatMap(grid, limits, written=".2f")], *scales, title=words))
    return Chart(tuple((plot,) for plot in plots), 2 * (120 + 28 * len(veils))), _table(rows, ("veil_neurons", "dose"))


def agents(population: ReportedPopulation) -> tuple[Chart, pa.Table] | None:
    """The report's figure of help, and its numbers; None of a population without it."""
    view = View(population)
    made, numbers = (helping.panel(view), helping.table(view)) if helping.FIGURE.is_of(view) else (None, None)
    if made is None or made.printed is None or numbers is None:
        return None
    columns = map(list, zip(*numbers.rows, strict=True))
    return made.printed, pa.table(dict(zip(numbers.head, columns, strict=True)))


def _table(rows: Sequence[Sequence[object]], first: tuple[str, ...]) -> pa.Table:
    names = (*first, "measure", "networks", "low_95", "mean", "high_95")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def main() -> None:
    """Reads the command line, draws, and prints where."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path("docs/figures"))
    parser.add_argument("--only", choices=("assembly", "predictive", "reinforcement", *HEADLINES))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    known = networks_of(options.results)
    drawn = {}
    for regime, networks in known.items():
        if options.only not in (None, regime):
            continue
        if regime == "assembly":
            drawn[regime] = assemblies(networks)
        elif regime == "predictive":
            drawn[regime] = prediction(known)
        elif regime in HEADLINES:
            drawn[regime] = curves(HEADLINES[regime], networks)
    for folder in options.results if "reinforcement" in known and options.only in (None, "reinforcement") else ():
        for found in filter(None, map(agents, load(folder).populations)):
            drawn["reinforcement"] = found
    for regime, (chart, table) in drawn.items():
        stem = options.out / f"headlines_{regime}"
        save_image(chart, stem.with_suffix(".png"))
        csv.write_csv(table, stem.with_suffix(".csv"))
        print(f"{stem}.png, {stem}.csv: {len(known[regime]):,} networks")


if __name__ == "__main__":
    main()
