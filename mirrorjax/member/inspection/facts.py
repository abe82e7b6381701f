"""What is said of one network, as plain rows for the terminal and for the page."""

import math
from dataclasses import dataclass

import numpy as np

from mirrorjax.measurement.battery.caused import LARGEST
from mirrorjax.measurement.stream import TRUTHS
from mirrorjax.measures import PARTS, label
from mirrorjax.member.paper.analysis import ROLES, Analysis
from mirrorjax.report.words.numbers import NOT_MEASURED, tidy_exponent

_SMALLEST_P = 1e-9
_AT_THE_END = {  # columns of the records, of those that a regime and a network have, and how they are written
    "val_loss": ".4f", "accuracy": ".4f", "recall_help_rescue": ".3f", "recall_help_edge": ".3f", "cmni": ".5f",
    "cmni_hidden": ".5f",
}  # fmt: skip
# Columns of the records that are drawn over checkpoints, those that a results folder has.
CURVES = (
    "val_loss", "cmni", "cmni_hidden", "accuracy", "recall_help_rescue", "d_prime_mni", "mni_star", "ssi",
    "cross_decoding", "cross_decoding_social", "soo_nmse", "rescue_accuracy",
)  # fmt: skip
_OF_UNITS = ("d_prime_frog", "d_prime_toad", "p_frog", "p_toad", "delta_frog", "delta_toad", "rms")
EFFECTS = ("mns", *_OF_UNITS)  # columns of a unit


@dataclass(frozen=True)
class Ablated:
    """What mean ablation of a set changes in the share of right answers, by kind of right answer [truths]."""

    name: str
    size: int
    effect: np.ndarray
    at_random: np.ndarray  # mean over random sets of the same size


def unit_rows(analysis: Analysis) -> list[dict[str, str | int | float]]:
    """One row a hidden unit: class, role and effects."""
    rows, classes = [], analysis.classes
    for place, (layer, number, alive) in enumerate(zip(analysis.layer, analysis.number, analysis.alive, strict=True)):
        row: dict[str, str | int | float] = {
            "unit": f"L{layer}N{number}",
            "class": classes[place] if alive else "dead",
            "role": ROLES[int(analysis.role[place])] if alive else "dead",
            "mns": float(analysis.mns[place]),
        }
        rows.append(row | {name: float(analysis.units[name][place]) if alive else math.nan for name in _OF_UNITS})
    return rows


def ablations(analysis: Analysis) -> list[Ablated]:
    """The sets of the first layer that are not empty, with their random controls."""
    width = analysis.network.regime.sites[0].size
    kinds, alive = analysis.classes[:width], int(analysis.alive[:width].sum())
    sizes = {name: kinds.count(name.replace("_", " ")) for name in PARTS["SET"]} | {"largest_mns": min(LARGEST, alive)}
    found = []
    for name, words in PARTS["SET"].items():
        effect, control = (
            np.array([float(analysis.battery[f"ablate_{kind}{name}_mean_{truth}"]) for truth in TRUTHS])
            for kind in ("", "random_")
        )
        if np.isfinite(effect).any():
            found.append(Ablated(words, sizes[name], effect, control))
    return found


def end_lines(analysis: Analysis) -> list[tuple[str, str]]:
    """The most important numbers at the end, name and value."""
    record, battery = analysis.record, analysis.battery
    tr = float(battery["tr"])
    interval = f"{tr:.2f} [{float(battery['tr_low']):.2f}, {float(battery['tr_high']):.2f}]"
    return [
        *((label(name), f"{record[name]:{digits}}") for name, digits in _AT_THE_END.items() if name in record),
        (f"{label('tr')}, transfer ratio of mirror units", interval if np.isfinite(tr) else "undefined"),
    ]


def p_words(p: float) -> str:
    """A p value; n/a where there is none, and no more than is known of very small ones."""
    if math.isnan(p):
        return NOT_MEASURED
    return tidy_exponent(f"{p:.1e}") if p >= _SMALLEST_P else f"<{tidy_exponent(f'{_SMALLEST_P:.0e}')}"
