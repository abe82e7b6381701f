"""Tables 3 to 10 of the paper for one member, in the paper's rows and columns."""

import csv
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from mirrorjax.dataset.oracle import LABELS, SCENARIOS
from mirrorjax.game.state import Action
from mirrorjax.member.paper.analysis import Analysis
from mirrorjax.member.paper.hubs import Hub
from mirrorjax.results.store import replacing

Cell = str | int | float
MIRROR_ROLES = ("mirror", "mirror and differentiating")
DIFFERENTIATING_ROLES = ("differentiating", "mirror and differentiating")
_OF_OTHERS = (("mean", np.mean), ("min", np.min), ("max", np.max))


@dataclass(frozen=True)
class PaperTable:
    """A table of the paper."""

    number: int  # the paper's
    title: str  # what it shows
    columns: tuple[str, ...]  # headings
    rows: list[tuple[Cell, ...]]  # as many cells each; not rounded, NaN where undefined
    note: str = ""  # what is to be known to read it

    def write(self, folder: Path) -> Path:
        """Writes table_N.csv.

        Raises:
            InputError: it cannot be written.
        """
        path = folder / f"table_{self.number}.csv"
        with replacing(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(self.columns)
            writer.writerows(self.rows)
        return path


def member_tables(analysis: Analysis) -> list[PaperTable]:
    """Tables 3 to 10; 6 takes two hidden layers, 7 to 10 exactly two and a hub."""
    tables = [confusion(analysis), first_layer_means(analysis), mirror_moments(analysis)]
    if analysis.depth >= 2:
        tables.append(second_layer_means(analysis))
    if analysis.hubs:
        own, tactical, empathy = analysis.hubs
        tables += [
            self_preservation_sources(analysis, own),
            self_preservation_outputs(analysis, own),
            help_sources(analysis, tactical, 9, mirror=False),
            help_sources(analysis, empathy, 10, mirror=True),
        ]
    return tables


def confusion(analysis: Analysis) -> PaperTable:
    """Table 3: counts of test rows, true answers down, the network's across."""
    counts = np.asarray(analysis.record["confusion"]).reshape(len(LABELS), len(LABELS))
    rows: list[tuple[Cell, ...]] = [(name, *row.tolist()) for name, row in zip(LABELS, counts, strict=True)]
    note = f"Test rows; rows are the true labels. Accuracy {analysis.record['accuracy']:.4f}."
    return PaperTable(3, "Confusion matrix", ("true label", *LABELS), rows, note)


def first_layer_means(analysis: Analysis) -> PaperTable:
    """Table 4: mean activation of the first layer's units in the four scenarios, unfiltered."""
    rows = _means(analysis, 1, analysis.number[analysis.layer == 1])
    columns = ("unit", *SCENARIOS)
    return PaperTable(4, "First layer: mean activation by scenario", columns, rows, _roles_note(analysis, 1))


def mirror_moments(analysis: Analysis) -> PaperTable:
    """Table 5: moments of the first layer's mirror units; Frog's scenario holds only rows that show a 5."""
    moments = [analysis.scenarios[union] for union in ("none", "frog_filtered", "toad", "both")]
    rows: list[tuple[Cell, ...]] = []
    for unit, name in product(analysis.of_layer(1, *MIRROR_ROLES), ("mean", "variance", "kurtosis", "skewness")):
        rows.append((f"N{unit}", name, *(float(getattr(each, name)[unit - 1]) for each in moments)))
    note = (
        "Frog's scenario: only rows that show a 5, as the paper filters them. Variance over all rows (ddof 0), "
        "Fisher's kurtosis (0 for a normal distribution)."
    )
    if not rows:
        note = f"This network's first layer has no mirror unit. {note}"
    title = "Mirror units of the first layer: moments by scenario"
    return PaperTable(5, title, ("unit", "moment", *SCENARIOS), rows, note)


def second_layer_means(analysis: Analysis) -> PaperTable:
    """Table 6: the same as Table 4 for the second layer's hubs, mirror and differentiating units."""
    chosen = {int(unit) for unit in analysis.of_layer(2, *MIRROR_ROLES, *DIFFERENTIATING_ROLES)}
    chosen |= {hub.unit for hub in analysis.hubs}
    rows = _means(analysis, 2, np.array(sorted(chosen), int))
    note = "Units that are mirror or differentiating, and those of Tables 7 to 10. " if analysis.hubs else ""
    title = "Second layer: mean activation of chosen units by scenario"
    return PaperTable(6, title, ("unit", *SCENARIOS), rows, note + _roles_note(analysis, 2))


def _means(analysis: Analysis, layer: int, units: np.ndarray) -> list[tuple[Cell, ...]]:
    first = int(np.flatnonzero(analysis.layer == layer)[0])
    return [
        (f"N{unit}", *(float(analysis.scenarios[name].mean[first + unit - 1]) for name in SCENARIOS)) for unit in units
    ]


def _roles_note(analysis: Analysis, layer: int) -> str:
    parts = ["All rows of each scenario."]
    for name, role in (
        ("Mirror units", "mirror"),
        ("Differentiating", "differentiating"),
        ("Both", "mirror and differentiating"),
        ("Another response (suppressed, Frog only or opposed)", "other response"),
    ):
        parts.append(f"{name}: {', '.join(f'N{unit}' for unit in analysis.of_layer(layer, role)) or 'none'}.")
    return " ".join(parts)


@dataclass(frozen=True)
class Weights:
    """A layer pair's kernel [to, from] and its z-scores over the whole matrix (ddof 0)."""

    kernel: np.ndarray

    def z(self, weight: float) -> float:
        """(weight - mean)/sd of all weights of the matrix; NaN where they are all the same."""
        spread = float(self.kernel.std())
        return (weight - float(self.kernel.mean())) / spread if spread > 0 else float("nan")

    def note(self) -> str:
        """Mean and deviation."""
        return f"z over the whole matrix: mean {self.kernel.mean():.4f}, standard deviation {self.kernel.std():.4f}."


def self_preservation_sources(analysis: Analysis, hub: Hub) -> PaperTable:
    """Table 7: weights into the self-preservation hub, beside those into the other units of the second layer."""
    weights = Weights(analysis.kernels[1].astype(np.float64))
    into, others = weights.kernel[hub.unit - 1], np.delete(weights.kernel, hub.unit - 1, axis=0)
    elsewhere = others.mean(axis=0) if len(others) else np.full(len(into), np.nan)
    named, rest = _sources(analysis, mirror=True)
    rows = [_source_row(weights, f"N{unit + 1}", into[unit], elsewhere[unit]) for unit in named]
    for name, function in _OF_OTHERS if len(rest) else ():
        rows.append(_source_row(weights, f"others: {name}", function(into[rest]), function(elsewhere[rest])))
    columns = ("source unit", f"weight to L2N{hub.unit}", "z", "mean weight to the other units of layer 2", "z of it")
    return PaperTable(7, "Weights into the self-preservation hub", columns, rows, f"{hub.note()} {weights.note()}")


def _source_row(weights: Weights, name: str, *values: float | np.floating) -> tuple[Cell, ...]:
    return (name, *(cell for value in values for cell in (float(value), weights.z(float(value)))))


def self_preservation_outputs(analysis: Analysis, hub: Hub) -> PaperTable:
    """Table 8: the hub's weight to leap, beside those to the other outputs."""
    weights = Weights(analysis.kernels[-1].astype(np.float64))
    outgoing = weights.kernel[:, hub.unit - 1]
    others = np.delete(outgoing, int(Action.LEAP))
    rows = [_source_row(weights, "leap", outgoing[Action.LEAP])]
    rows += [_source_row(weights, f"others: {name}", function(others)) for name, function in _OF_OTHERS]
    columns, title = ("output", f"weight from L2N{hub.unit}", "z"), "The self-preservation hub's outgoing weights"
    return PaperTable(8, title, columns, rows, f"{hub.note()} {weights.note()}")


def help_sources(analysis: Analysis, hub: Hub, number: int, *, mirror: bool) -> PaperTable:
    """Tables 9 and 10: weights into a help hub from differentiating units, and mirror units too, beside all others."""
    weights = Weights(analysis.kernels[1].astype(np.float64))
    into, (named, rest) = weights.kernel[hub.unit - 1], _sources(analysis, mirror)
    rows = [_source_row(weights, f"N{unit + 1}", into[unit]) for unit in named]
    if len(rest):
        rows.append(_source_row(weights, "mean of all others", into[rest].mean()))
    columns = ("source unit", f"weight to L2N{hub.unit}", "z")
    title = f"Weights into the hub of {hub.circuit.name}"
    return PaperTable(number, title, columns, rows, f"{hub.note()} {weights.note()}")


def _sources(analysis: Analysis, mirror: bool) -> tuple[list[int], np.ndarray]:
    """The first layer's mirror units, if they are asked for, and differentiating ones, each once; and all others."""
    first = analysis.of_layer(1, *MIRROR_ROLES) if mirror else []
    named = list(dict.fromkeys(int(unit) - 1 for unit in [*first, *analysis.of_layer(1, *DIFFERENTIATING_ROLES)]))
    return named, np.delete(np.arange((analysis.layer == 1).sum()), named)
