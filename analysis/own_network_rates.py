"""How often do the tests of `mirrorjax.measure` find what is not there, and what is?

    python analysis/own_network_rates.py [--sets 2000] [--rows 64] [--units 32] [--readme docs/measures.md]

Data sets are made up in which a claim is false: noise of five kinds; one pattern for self, other and object (`b`);
units that answer to one of them alone (`c`); both together (`bc`); and rows that repeat a template eight times, told
so (`templates`). Counted is how often each test rejects at 5 %, and whether so many are more than 5 % (one-sided
binomial test at .01). Then power: mirror units of d′ 1 among a tenth of 64 units, at 256 rows.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

from mirrorjax.measures import label
from mirrorjax.own.decoding import Halves, decoded, kernel
from mirrorjax.own.joined import C2, LEVEL, Changes, c4, simes
from mirrorjax.own.patterns import Products, patterns
from mirrorjax.report.page.marks import put
from mirrorjax.statistics.intervals import wilson

NOISES = ("gaussian", "correlated", "heavy tails", "relu", "sparse")
KINDS = (*NOISES, "b", "c", "bc", "templates")
SCENE, SPREAD = 1.5, np.sqrt(1.5**2 + 1)  # of a row's scene; of all that a unit does, so that d′ 1 is so much
REPEATED = 8  # rows of a template
DRAWS = 39  # exchanges: the fewest with p ≤ .05 in 5 % of cases
TRUE = {"shared_units": ("b", "bc")}  # kinds in which a test's claim is true
CONDITIONS = ("none", "self", "other", "object", "object_baseline")
Pictures = dict[str, np.ndarray]


def noise(kind: str, rows: int, units: int, random: np.random.Generator) -> Callable[[np.ndarray, str], np.ndarray]:
    """Activations [rows, units] under effects [units] of a condition, with a scene that all conditions share."""
    scene = SCENE * random.normal(size=(rows, units))
    scale = np.exp(random.normal(size=units))
    loadings = random.normal(size=(4, units)) / 2
    gain = np.exp(0.5 * random.normal(size=(rows, 1)))
    spread = dict(zip(CONDITIONS, random.uniform(0.5, 2.0, len(CONDITIONS)), strict=True))

    def shown(effect: np.ndarray, condition: str) -> np.ndarray:
        own = random.normal(size=(rows, units))
        if kind == "correlated":
            own = random.normal(size=(rows, 4)) @ loadings + own / np.sqrt(2)
        elif kind == "heavy tails":
            own = spread[condition] * (random.standard_t(3, (rows, 4)) @ loadings + random.standard_t(3, own.shape)) / 2
        drive = scene + own + effect
        if kind == "relu":
            drive = np.maximum(gain * drive, 0.0)
        elif kind == "sparse":
            drive = np.maximum(gain * (drive - 0.84 * SPREAD), 0.0)
        return np.asarray(drive * scale, np.float32)

    return shown


def simulated(kind: str, rows: int, units: int, random: np.random.Generator) -> tuple[Pictures, np.ndarray]:
    """One data set of a kind: activations by condition, and the group of each row."""
    like = kind if kind in NOISES else random.choice(NOISES)
    effects = {name: np.zeros(units) for name in CONDITIONS}
    if kind in ("b", "bc"):  # units of a triple have the same pattern, so that what is alike by accident is so for all
        common = random.normal(size=units) if kind == "b" else np.repeat(random.normal(size=units), 3)[:units]
        effects |= dict.fromkeys(("self", "other", "object"), common)
    if kind in ("c", "bc"):
        for place, name in enumerate(("self", "other", "object")):
            equal = np.arange(units) < units // 3 * 3
            only = SPREAD * (
                (np.arange(units) % 4 == place) if kind == "c" else equal * (np.arange(units) % 3 == place)
            )
            effects[name] = effects[name] + only
    if kind == "templates":
        few, _ = simulated(str(like), rows // REPEATED, units, random)
        repeated = {name: np.repeat(values, REPEATED, axis=0) for name, values in few.items()}
        return repeated, np.repeat(np.arange(rows // REPEATED), REPEATED)
    shown = noise(str(like), rows, units, random)
    return {name: shown(effects[name], name) for name in CONDITIONS}, np.arange(rows)


def planted(like: str, rows: int, units: int, random: np.random.Generator) -> tuple[Pictures, np.ndarray]:
    """A tenth of mirror units of d′ 1; of the others half answer to the object, a quarter each to self and other."""
    place = np.arange(units) / units
    of = {
        "self": (place < 0.1) | (place >= 0.55) & (place < 0.775),
        "other": (place < 0.1) | (place >= 0.775),
        "object": (place >= 0.1) & (place < 0.55),
    }
    shown = noise(like, rows, units, random)
    return {name: shown(SPREAD * of.get(name, np.zeros(units)), name) for name in CONDITIONS}, np.arange(rows)


def judged(pictures: Pictures, groups: np.ndarray, seed: int = 0) -> dict[str, float]:
    """p of each claim about one data set, by the functions that `measure` calls; 1 where it is undefined."""
    starts, sizes = np.flatnonzero(np.diff(groups, prepend=-1)), np.bincount(groups)
    summed = {name: np.add.reduceat(values, starts, axis=0) for name, values in pictures.items()}
    pairs = {"self": "none", "other": "none", "object": "object_baseline"}
    grouped = np.stack([summed[name] - summed[before] for name, before in pairs.items()])
    rms = np.sqrt(np.mean([np.mean(values**2, axis=0) for values in pictures.values()], axis=0))
    weight, factor = np.ones(len(rms)), 1 / np.maximum(rms, 1e-9)
    changes = Changes.of((*pairs,), grouped)
    found = patterns(Products.of((*pairs,), grouped, factor, len(rms), sizes))
    factors = (max(1.0, np.nan_to_num(each, nan=1.0)) for each in (found.strength_self, found.strength_other))
    told = decoded(kernel(summed, sizes, Halves.drawn(len(sizes), seed), factor, len(rms)), DRAWS, seed)
    return {
        "mirror_units": simes(changes.p(c4()), weight),
        "mirror_units_matched": simes(changes.p(c4(*factors)), weight),
        "shared_units": simes(changes.p(C2), weight),
        "ssi_unbiased": float(np.nan_to_num(found.ssi.p, nan=1.0)),
        "overlap_beyond_object": found.overlap.p,
        "decoding_beyond_object": told.beyond_object.p,
    }


def rates(kind: str, sets: int, rows: int, units: int, seed: int = 0) -> dict[str, int]:
    """Of so many data sets, how many each test rejects."""
    random = np.random.default_rng([seed, *kind.encode()])
    count: dict[str, int] = {}
    for number in range(sets):
        if kind.startswith("planted "):
            made = planted(kind.removeprefix("planted "), rows, units, random)
        else:
            made = simulated(kind, rows, units, random)
        for name, p in judged(*made, seed=number).items():
            count[name] = count.get(name, 0) + (p <= LEVEL)
    return count


def is_too_often(count: int, sets: int) -> bool:
    """Whether a test that rejects in at most 5 % of cases would hardly reject so often (p < .01)."""
    return binomtest(count, sets, LEVEL, alternative="greater").pvalue < 0.01


def in_words(kind: str, name: str, count: int, sets: int) -> str:
    """Percent rejected; in brackets where the claim is true, and marked where it is too often."""
    if kind in TRUE.get(name, ()):
        return f"({100 * count / sets:.1f})"
    return f"{100 * count / sets:.1f}" + (" too often" if is_too_often(count, sets) else "")


def main() -> None:
    """Prints the tables, and puts them into a page if asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--units", type=int, default=32)
    parser.add_argument("--readme", type=Path)
    options = parser.parse_args()
    began = time.monotonic()
    found = {}
    for kind in KINDS:  # 160 rows of templates are 20 groups, the fewest that are allowed
        rows = 3 * options.rows if kind == "templates" else options.rows
        found[kind] = rates(kind, options.sets, rows, options.units)
    power = {like: rates(f"planted {like}", 200, 256, 64) for like in ("correlated", "relu")}
    names = [*found[KINDS[0]]]
    table = [["test", *KINDS, "planted, correlated", "planted, relu"]]
    for name in names:
        cells = [in_words(kind, name, found[kind][name], options.sets) for kind in KINDS]
        table.append([label(name), *cells, *(f"{power[like][name] / 2:.0f}" for like in power)])
    shown = Table(*table[0])
    for row in table[1:]:
        shown.add_row(*row)
    Console().print(shown)
    high = 100 * float(wilson(0, options.sets)[1])
    seconds = time.monotonic() - began
    text = "\n".join([f"| {' | '.join(row)} |" for row in [table[0], ["---"] * len(table[0]), *table[1:]]])
    text += f"\n\n{options.sets:,} data sets a column ({options.rows} rows, {options.units} units; templates: "
    text += (
        f"{3 * options.rows // REPEATED} groups of {REPEATED} rows; 0.0 is at most {high:.1f}, 95 %), 200 of planted"
    )
    text += f" ones (256 rows, 64 units). {time.strftime('%-d %B %Y')}, {seconds:.0f} s.\n"
    print(text)
    if options.readme:
        put(options.readme, "rates", text)


if __name__ == "__main__":
    main()
