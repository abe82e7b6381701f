"""Ways to learn: networks of all populations by regime, model, and the settings and knobs in which these differ."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mirrorjax.measures import PARTS, WITHOUT_ROWS
from mirrorjax.report.read.configurations import BY_NAME, SEEDS, distance_to_paper
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import tidy_number
from mirrorjax.results.later import quoted
from mirrorjax.statistics.line_to_beat import UNKNOWN, Excess, excess

PREDICTORS = ("random", "next")  # objectives of `predictive`: nobody learns to act, and both have to be beaten
MOST = 24  # ways that are told apart: more are a map of settings, which has figures of its own
OF_ACTS = (
    "accuracy_live", "recall_help_edge", "recall_help_rescue",
    *(f"play_{partner}_{what}" for partner in PARTS["PARTNER"] for what in ("own", "help")),
)  # fmt: skip
BEYOND_OBJECT = ("mni_star", "ssi", "cross_decoding_social")  # less what an object's distress does
SHARED_BY_OBJECT = ("d_prime_mni", "soo_cos", "seat_cka")  # a stone may have as much
OF_MIRRORS = (*BEYOND_OBJECT, *SHARED_BY_OBJECT)
_ASKED = "units_mirror_1"  # whoever was asked what its units cause has it; TR need not be defined then


@dataclass(frozen=True)
class Way:
    """Networks that learnt in one way, at their last records.

    Attributes:
        name: in words, `overlap λ .01`.
        regime: its name.
        own: the model, and settings of the regime itself, by name.
        knobs: of the theory, by name.
        group: its configuration, the one nearest the paper's.
        left_out: its other configurations.
        values: measures by column, [networks], nan where there is none; diverged networks are not among them.
        diverged: how many did.
        epoch: paper epochs of the last records, the median; nan where time is another.
        sources: the populations that they are of, with their configuration there.
    """

    name: str
    regime: str
    own: dict[str, Any]
    knobs: dict[str, Any]
    group: Group
    left_out: int
    values: dict[str, np.ndarray]
    diverged: int
    epoch: float
    sources: tuple[tuple[View, Group], ...] = field(default=(), repr=False, compare=False)

    @property
    def networks(self) -> int:
        """How many there are, less the diverged."""
        return len(next(iter(self.values.values())))

    @property
    def predictor(self) -> str:
        """`random` or `next`; empty for any other."""
        objective = self.own.get("objective", "") if self.regime == "predictive" else ""
        return objective if objective in PREDICTORS else ""

    @property
    def asked(self) -> int:
        """Networks that were asked what their units cause."""
        return int(np.isfinite(self.values[_ASKED]).sum())


def ways(views: Iterable[View], measures: Sequence[str] = ()) -> list[Way]:
    """All ways to learn of some populations, in the order of the registry and of their values.

    None where there are more than `MOST`. Of configurations of one way the one nearest the paper's is taken; a network
    that several populations have counts once; datasets are told apart. `measures` are columns to have beside those that
    a comparison shows. Brains and simulations, which do not act on rows, are not among them.
    """
    found: dict[tuple[Any, ...], list[tuple[View, Group]]] = {}
    for view in views:
        if view.regime not in WITHOUT_ROWS:
            for group in view.population.groups:
                found.setdefault((*_key(group), view.population.dataset_hash), []).append((view, group))
    places = {name: place for place, name in enumerate(BY_NAME["regime"].options)}
    keys = sorted(found, key=lambda key: (places.get(key[0], len(places)), key[0], str(key[1:])))
    if len(keys) > MOST:
        return []
    varying = _varying(keys)
    names = (*OF_ACTS, *OF_MIRRORS, *map(against_untrained, OF_MIRRORS), "tr", _ASKED, *measures)
    made = [_way(found[key], _words(key, varying), tuple(dict.fromkeys(names))) for key in keys]
    return [each for each in made if each.networks or each.diverged]


def _key(group: Group) -> tuple[str, tuple[tuple[str, Any], ...], tuple[tuple[str, Any], ...]]:
    """The regime, the model and its own settings, and the knobs."""
    regime = str(group.settings["regime"])
    own = tuple(
        (name, group.settings[name]) for name, each in BY_NAME.items() if name == "model" or regime in each.whose
    )
    knobs = tuple((name, group.settings[name]) for name, each in BY_NAME.items() if each.knob is not None)
    return regime, own, knobs


def _varying(keys: Sequence[tuple[Any, ...]]) -> set[str]:
    """Settings to be named: of a regime those in which its ways differ, and what tells it from doing nothing."""
    varying = {"data"} if len({key[3] for key in keys}) > 1 else set()
    for regime in {key[0] for key in keys}:
        own = [dict(key[1]) for key in keys if key[0] == regime]
        varying |= {name for name in own[0] if len({each[name] for each in own}) > 1}
        varying |= {name for name in own[0] if own[0][name] != BY_NAME[name].default}
    every = [dict(key[2]) for key in keys]
    return varying | {name for name in every[0] if len({each[name] for each in every}) > 1} if every else varying


def _words(key: tuple[Any, ...], varying: set[str]) -> str:
    regime, own, knobs, data = key
    words = [regime]
    for name, value in (*own, *knobs):
        is_off = (name == "model" or name in dict(knobs)) and value == BY_NAME[name].default
        if name == "objective" or (name in varying and not is_off):
            words.append(_setting_words(name, value))
    return " ".join(words) + (f" (data {data[:8]})" if "data" in varying else "")


def _setting_words(name: str, value: Any) -> str:
    """A choice by itself, a number behind its letter: `λ .01` of `overlap λ`."""
    if isinstance(value, str):
        return value
    label = BY_NAME[name].label.rpartition("(")[2].rstrip(")")  # what it is called in short, where that is said
    written = "all" if value is None else tidy_number(value)
    return f"{label[-1] if label[-2:-1] == ' ' else label} {written.removeprefix('0') or '0'}"


def _way(found: Sequence[tuple[View, Group]], name: str, columns: Sequence[str]) -> Way:
    nearest = min((group for _, group in found), key=lambda each: (*distance_to_paper(each.settings), each.series))
    rows: dict[str, dict[str, Any]] = {}
    sources = tuple((view, group) for view, group in found if _but_seeds(group) == _but_seeds(nearest))
    for view, group in sources:
        rows |= _last(view, group, columns)
    alive = [each for each in rows.values() if each["alive"]]
    left_out = len({str(_but_seeds(group)) for _, group in found}) - 1
    values = {each: np.array([row[each] for row in alive], np.float64) for each in columns}
    by_epochs = alive and all(view.population.clock == "epoch" for view, _ in found)
    epoch = float(np.median([row["epoch"] for row in alive])) if by_epochs else float("nan")
    regime, own, knobs = _key(nearest)
    diverged = len(rows) - len(alive)
    return Way(name, regime, dict(own), dict(knobs), nearest, left_out, values, diverged, epoch, sources)


def _but_seeds(group: Group) -> dict[str, Any]:
    """Its settings, less which draw of the data it is."""
    return {name: value for name, value in group.settings.items() if name not in SEEDS}


def _last(view: View, group: Group, columns: Sequence[str]) -> dict[str, dict[str, Any]]:
    """By network, its last record."""
    known = view.population.measures
    asked = ", ".join(quoted(name) if name in known else f"NULL::DOUBLE AS {quoted(name)}" for name in columns)
    table = view.population.query(
        f"SELECT member_id, alive, epoch, {asked} FROM observations WHERE group_index = ? "
        "QUALIFY row_number() OVER (PARTITION BY member_id ORDER BY checkpoint DESC) = 1 ORDER BY member_id",
        [group.index],
    )
    names = list(table)
    return {str(row[0]): dict(zip(names, row, strict=True)) for row in zip(*table.values(), strict=True)}


def against_untrained(name: str) -> str:
    """The column of a measure's z against untrained networks."""
    return f"{name}_z"


def differ(found: Sequence[Way]) -> bool:
    """Whether there are at least two, whatever they were trained on."""
    return len({str((each.regime, each.own, each.knobs)) for each in found}) > 1


def shown(found: Sequence[Way], measures: Sequence[str] = ()) -> list[str]:
    """The columns of which some network has a value, in the order in which they are shown."""
    names = dict.fromkeys((*OF_ACTS, *OF_MIRRORS, "tr", *measures))
    return [name for name in names if any(np.isfinite(each.values[name]).any() for each in found)]


def lines(found: Sequence[Way], way: Way) -> list[Way]:
    """What a way has to beat: of each kind of predictor of the same model those with the same knobs, or else all."""
    chosen = []
    for kind in PREDICTORS:
        of_kind = [each for each in found if each.predictor == kind and each.own["model"] == way.own["model"]]
        chosen += [each for each in of_kind if each.knobs == way.knobs] or of_kind
    return chosen


def lacking(found: Sequence[Way]) -> list[str]:
    """Which predictors there are not."""
    return [kind for kind in PREDICTORS if not any(each.predictor == kind for each in found)]


def beyond(found: Sequence[Way], way: Way, name: str) -> Excess:
    """How far a way is beyond the predictors in a measure; unknown of a predictor, or where its model lacks one.

    A measure that an object's distress is taken out of has to be above zero too: else an object has as much.
    """
    beaten = lines(found, way)
    if way.predictor or {each.predictor for each in beaten} != {*PREDICTORS}:
        return UNKNOWN
    floor = 0.0 if name in BEYOND_OBJECT else None
    return excess(way.values[name], [each.values[name] for each in beaten], floor)


def z_against(found: Sequence[Way], way: Way, name: str, kind: str) -> float:
    """How many deviations of a kind of predictor a way is beyond it: the least; nan of that kind itself."""
    if way.predictor == kind:
        return float("nan")
    return excess(way.values[name], [each.values[name] for each in lines(found, way) if each.predictor == kind]).z
