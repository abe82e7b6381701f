"""What mirror units cause: ablated, or given the activations that they have under another condition.

Which units these are is found on one half of the groups, and what they cause is measured on the other. y is the
behaviour; sufficiency, necessity and TR are populations' (`battery/patching.py`), TR near 1 where own distress takes
the same way as the other's. Bounds are the 5 and 95 % quantiles of a bootstrap over groups; where that of a denominator
holds 0 a ratio is undefined. Random sets are of as many other alive units, of the same deciles of rms.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.measurement.battery.patching import shares_of
from mirrorjax.own.joined import Changes, c4, discovered
from mirrorjax.own.rowed import FindingsData
from mirrorjax.own.rows import MeasureRow
from mirrorjax.report.words.numbers import listed

_NEEDED = ("none", "self", "other")
_SIDES = (0.05, 0.95)


@dataclass(frozen=True)
class Replacing:
    """An edit: chosen units of a site get other activations.

    Attributes:
        site: its name.
        chosen: which units, their numbers.
        instead: their activations [rows, chosen], or [1, chosen] for all rows.
    """

    site: str
    chosen: np.ndarray
    instead: np.ndarray

    def __call__(self, site: str, units: Any) -> Any:
        """Units [rows, units] of NumPy, JAX or PyTorch."""
        if site != self.site:
            return units
        if hasattr(units, "detach"):
            import torch  # pyright: ignore[reportMissingImports]

            values = torch.as_tensor(self.instead, dtype=units.dtype, device=units.device)
            changed = units.clone()
            changed[:, torch.as_tensor(self.chosen, device=units.device)] = values.expand(len(units), -1)
            return changed
        if hasattr(units, "at"):
            return units.at[:, self.chosen].set(self.instead.astype(units.dtype))
        changed = np.array(units)
        changed[:, self.chosen] = self.instead
        return changed

    def of_rows(self, rows: slice) -> "Replacing":
        """The same for some of the rows, where a network takes them in batches."""
        return self if len(self.instead) == 1 else replace(self, instead=self.instead[rows])


@dataclass(frozen=True)
class Runner:
    """A network with its stimuli and behaviour: y [rows] under a condition and an edit."""

    run: Callable[[Any, Any], Any]
    stimuli: Mapping[str, Any]
    behaviour: Callable[[Any], Any]
    rows: int

    def y(self, condition: str, edit: Callable[[str, Any], Any] | None = None) -> np.ndarray:
        """Behaviour of every row.

        Raises:
            InputError: it is not one finite number a row.
        """
        found = self.behaviour(self.run(self.stimuli[condition], edit or _unchanged))
        values = np.asarray(found.detach().cpu().float() if hasattr(found, "detach") else found, np.float64)
        if values.shape != (self.rows,) or not np.isfinite(values).all():
            raise InputError(
                f"behaviour: an array of shape {values.shape} under {condition}"
                f"{'' if np.isfinite(values).all() else ' with values that are not finite'}; expected a finite number "
                f"for each of {self.rows:,} rows"
            )
        return values


def _unchanged(site: str, units: Any) -> Any:
    return units


def caused(found: FindingsData, network: Any, stimuli: Any, behaviour: Any) -> tuple[list[MeasureRow], list[str]]:
    """Rows of every site with mirror units, and sentences on those without.

    Raises:
        InputError: stimuli lack a condition, or the behaviour is not a number a row.
    """
    given = found.given
    if lost := [name for name in _NEEDED if name not in stimuli]:
        raise InputError(f"stimuli: no condition {lost[0]}; interventions need {', '.join(_NEEDED)}")
    if "object" not in given.contrasts:
        return [], ["No object was shown, so that there are no mirror units to ablate or to patch."]
    run = network.run if hasattr(network, "run") else network
    runner = Runner(run, stimuli, behaviour, given.rows)
    plain = {name: runner.y(name) for name in _NEEDED}
    even = np.arange(given.group_count) % 2 == 0
    rows, without = [], []
    for site in found.sites:
        units = mirror_units(found, site, even)
        if len(units):
            rows += _of_site(found, runner, plain, site, units)
        else:
            without.append(site)
    said = "no mirror units on half of the rows, so that there are none to ablate or to patch."
    return rows, [f"{listed(without)}: {said}"] if without else []


def mirror_units(found: FindingsData, site: str, groups: np.ndarray) -> np.ndarray:
    """The numbers of a site's mirror units, as found on some of the groups alone [G]."""
    given, sized = found.given, found.sites[site].sized
    p = []
    for part in given.parts(site):
        read = {name: given.per_group(values)[groups] for name, values in given.read(site, part).items()}
        changes = [read["self"] - read["none"], read["other"] - read["none"], read["object"] - read["object_baseline"]]
        p.append(Changes.of(("self", "other", "object"), np.stack(changes)).p(c4()))
    return np.flatnonzero(discovered(np.concatenate(p), sized.weight))


def _of_site(
    found: FindingsData, runner: Runner, plain: dict[str, np.ndarray], site: str, units: np.ndarray
) -> Iterator[MeasureRow]:
    given, odd = found.given, np.arange(found.given.group_count) % 2 == 1
    random = np.random.default_rng([found.options.seed, 6])

    def summed(rows: np.ndarray) -> np.ndarray:
        return np.bincount(given.groups, rows, given.group_count)[odd]

    def activations(condition: str, chosen: np.ndarray) -> np.ndarray:
        return np.asarray(given.sites[site][condition][:, chosen], np.float32)

    def y(onto: str, source: str, chosen: np.ndarray, mean: bool = False) -> np.ndarray:
        instead = activations(source, chosen)
        return runner.y(onto, Replacing(site, chosen, instead.mean(0, keepdims=True) if mean else instead))

    def ablated(chosen: np.ndarray) -> np.ndarray:
        return summed(y("other", "none", chosen, mean=True) - plain["other"])

    seen, by_other = ablated(units), y("none", "other", units)
    by_self, without = y("none", "self", units), y("other", "none", units)
    shares = shares_of(plain["none"], plain["other"], by_other, by_self, without)
    patched = {name: (summed(above), summed(below)) for name, (above, below) in shares.items()}
    sets = list(random_sets(found, site, units, random))
    chance = [(ablated(each).sum(), summed(y("none", "other", each) - plain["none"]).sum()) for each in sets]
    size = given.sizes[odd].astype(float)
    draws = random.multinomial(len(size), np.full(len(size), 1 / len(size)), size=max(found.options.draws, 199))
    note = f"{len(units):,} mirror units, {len(sets)} random sets"
    p_ablated, p_patched = (
        _beyond(abs(own.sum()), [abs(each[place]) for each in chance])
        for place, own in enumerate((seen, patched["sufficiency"][0]))
    )
    p = {"ablated": p_ablated, "sufficiency": p_patched}
    for measure, (above, below) in {"ablated": (seen, size), **patched}.items():
        row = MeasureRow(site, measure, float("nan"), p_random=p.get(measure, float("nan")), note=note)
        yield _ratio(row, above, below, draws)


def _beyond(seen: float, chance: list[float]) -> float:
    return (1 + sum(each >= seen for each in chance)) / (1 + len(chance)) if chance else float("nan")


def _ratio(row: MeasureRow, above: np.ndarray, below: np.ndarray, draws: np.ndarray) -> MeasureRow:
    low, high = np.quantile(draws @ below, _SIDES)
    if low <= 0 <= high:
        return replace(row, note=f"undefined: what it is a share of may be nothing; {row.note}")
    bounds = np.quantile((draws @ above) / (draws @ below), _SIDES)
    return replace(row, value=float(above.sum() / below.sum()), low=float(bounds[0]), high=float(bounds[1]))


def random_sets(found: FindingsData, site: str, units: np.ndarray, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Sets of as many other alive units, of each decile of rms as many; none where a decile has too few others."""
    sized = found.sites[site].sized
    alive = np.flatnonzero(sized.alive)
    edges = np.quantile(sized.rms[alive], np.linspace(0, 1, 11)[1:-1])
    decile = np.searchsorted(edges, sized.rms)
    wanted = np.bincount(decile[units], minlength=10)
    others = [np.setdiff1d(alive[decile[alive] == place], units) for place in range(10)]
    if any(len(pool) < count for pool, count in zip(others, wanted, strict=True)):  # then of any size
        others, wanted = [np.setdiff1d(alive, units)], np.array([len(units)])
        if len(others[0]) < len(units):
            return
    for _ in range(found.options.random_sets):
        drawn = [random.choice(pool, count, replace=False) for pool, count in zip(others, wanted, strict=True)]
        yield np.sort(np.concatenate(drawn))
