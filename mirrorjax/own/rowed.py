"""What was found in a network, as data: rows, units, and a comparison with others."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property

import jax
import numpy as np
from scipy.special import ndtr

from mirrorjax.errors import InputError
from mirrorjax.measurement.battery.classes import CLASSES, EFFECT, kinds
from mirrorjax.measures import label
from mirrorjax.own.given import Given
from mirrorjax.own.joined import discovered
from mirrorjax.own.listing import Listing, Value
from mirrorjax.own.options import Options
from mirrorjax.own.rows import COLUMNS, MeasureRow, against, rows_of
from mirrorjax.own.site import SiteFound
from mirrorjax.report.words.numbers import listed

_OURS = {"frog only": "self only", "toad only": "other only", "mirror": "shared"}  # the population's classes, here
_SIDE = 1.645
_ORDERED = 3.0  # t below which rows may be out of order
_kinds = jax.jit(kinds)


@dataclass(frozen=True)
class FindingsData:
    """What was found, as data.

    Attributes:
        given: what was measured.
        options: how.
        sites: everything of each site, by name.
        copies: values of each untrained copy, by site and measure.
        caused: rows of interventions.
        missing: what could not be measured, and why, a sentence each.
    """

    given: Given
    options: Options
    sites: Mapping[str, SiteFound]
    copies: Sequence[dict[tuple[str, str], float]] = ()
    caused: Sequence[MeasureRow] = ()
    missing: Sequence[str] = field(default_factory=tuple)

    @cached_property
    def rows(self) -> list[MeasureRow]:
        """Of all measures."""
        return [*against(rows_of(self.sites, self.counts), list(self.copies)), *self.caused]

    def table(self) -> Listing:
        """A row for each measure of each site; `print` shows it, iterating gives rows as dictionaries."""
        shown = [{**asdict(row), "measure": label(row.measure)} for row in self.rows]
        used = [name for name in COLUMNS if any(row[name] == row[name] and row[name] != "" for row in shown)]
        return Listing(tuple(used), [{name: row[name] for name in used} for row in shown])

    def value(self, site: str, measure: str) -> MeasureRow:
        """The row of a measure by its column's name, as `mni_star`.

        Raises:
            InputError: there is none.
        """
        for row in self.rows:
            if (row.site, row.measure) == (site, measure):
                return row
        raise InputError(f"no measure {measure!r} of site {site!r} here; table() has what there is")

    @cached_property
    def classes(self) -> dict[str, np.ndarray]:
        """The class of each unit [U], by site; of all sites together one share of false discoveries."""
        if not self._is_social:
            return {name: np.full(len(site.sized.alive), "none", object) for name, site in self.sites.items()}
        each, bounds = [*self.sites.values()], np.cumsum([0, *(len(s.sized.alive) for s in self.sites.values())])
        effects = [np.concatenate([site.columns[name] for site in each]) for name in ("d_self", "d_other")]
        z = [np.concatenate([site.changes.z({name: 1.0}) for site in each]) for name in ("self", "other")]
        p = [np.float32(_two_sided(values)) for values in z]
        alive = np.concatenate([site.sized.alive for site in each])
        kind = np.asarray(_kinds(*effects, *p, alive))
        names = np.array([_OURS.get(name, name) for name in CLASSES], object)[kind]
        if self.mirrors is not None:
            strong = (np.asarray(effects) > EFFECT).all(0)
            names[self.mirrors & strong] = "mirror"
        names[~alive] = "dead"
        return {name: names[bounds[i] : bounds[i + 1]] for i, name in enumerate(self.sites)}

    @property
    def _is_social(self) -> bool:
        return {"self", "other"} <= {*self.given.contrasts}

    @cached_property
    def mirrors(self) -> np.ndarray | None:
        """Which units of all sites, one after the other, are mirror units; None without an object."""
        if not self._is_social or "object" not in self.given.contrasts:
            return None
        return self._discovered("p_mirror")

    def _discovered(self, name: str) -> np.ndarray:
        p = np.concatenate([getattr(site, name) for site in self.sites.values()])
        return discovered(p, np.concatenate([site.sized.weight for site in self.sites.values()]))

    @cached_property
    def counts(self) -> dict[str, tuple[int, int]]:
        """How many mirror and how many shared units were found at each site."""
        if not self._is_social:
            return dict.fromkeys(self.sites, (0, 0))
        shared = self._discovered("p_shared")
        mirrors = np.zeros_like(shared) if self.mirrors is None else self.mirrors
        ends = np.cumsum([0, *(len(site.sized.alive) for site in self.sites.values())])
        parts = {name: slice(*ends[place : place + 2]) for place, name in enumerate(self.sites)}
        return {name: (int(mirrors[part].sum()), int(shared[part].sum())) for name, part in parts.items()}

    def units(self) -> Listing:
        """A row for each unit: its class, effects in d′, changes in rms, and p that it is a mirror or shared unit."""
        rows: list[dict[str, Value]] = []
        for name, site in self.sites.items():
            changed = [each for each in ("self", "other", "object", "both") if f"d_{each}" in site.columns]
            p = {"p_mirror": site.p_mirror} if site.has("self", "other", "object") else {}
            p |= {"p_shared": site.p_shared} if site.has("self", "other") else {}
            for unit in range(len(site.sized.alive)):
                row: dict[str, Value] = {"site": name, "unit": unit, "class": str(self.classes[name][unit])}
                for kind in ("d", "delta"):
                    row |= {f"{kind}_{each}": float(site.columns[f"{kind}_{each}"][unit]) for each in changed}
                if "kl_none_both" in site.columns:
                    row["kl_none_both"] = float(site.columns["kl_none_both"][unit])
                row |= {key: float(values[unit]) for key, values in p.items()}
                row |= {"rms": float(site.sized.rms[unit]), "weight": float(site.sized.weight[unit])}
                rows.append(row)
        return Listing(tuple(rows[0]), rows)

    def compare(self, others: "FindingsData | Mapping[str, FindingsData] | Sequence[FindingsData]") -> Listing:
        """This network beside others: values, and each other's difference from this one.

        A difference has an interval where both values have one, as if the networks had been shown other rows; of the
        same rows it is too wide rather than too narrow.

        Args:
            others: one, several, or several by name; sites are matched by name, a single one with a single one.

        Raises:
            InputError: no site is in both.
        """
        named = _named(others)
        rows: list[dict[str, Value]] = []
        for name, other in named.items():
            single = len(self.sites) == len(other.sites) == 1
            for row in self.rows:
                theirs = next((each for each in other.rows if each.measure == row.measure
                               and (single or each.site == row.site)), None)  # fmt: skip
                if theirs is not None and not (math.isnan(row.value) or math.isnan(theirs.value)):
                    difference = theirs.value - row.value
                    reach = _SIDE * math.hypot(*((each.high - each.low) / 2 / _SIDE for each in (row, theirs)))
                    rows.append({
                        "site": row.site, "measure": label(row.measure), "other": name, "value": row.value,
                        "other_value": theirs.value, "difference": difference, "low": difference - reach,
                        "high": difference + reach,
                    })  # fmt: skip
        if not rows:
            theirs = ", ".join(sorted({site for other in named.values() for site in other.sites}))
            raise InputError(f"compare: sites {', '.join(self.sites)} here, {theirs} there: none is in both")
        return Listing(tuple(rows[0]), rows)


def _two_sided(z: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(z), 2 * ndtr(-np.abs(z)), 1.0)


def _named(others: "FindingsData | Mapping[str, FindingsData] | Sequence[FindingsData]") -> "dict[str, FindingsData]":
    if isinstance(others, FindingsData):
        return {"other": others}
    if isinstance(others, Mapping):
        return dict(others)
    return {f"other {place}": each for place, each in enumerate(others, 1)}


def missing_of(given: Given) -> list[str]:
    """What cannot be measured under these conditions, a sentence each."""
    has = {*given.conditions}
    if "none" not in has:
        return ["Condition none is missing: no change can be measured, only how far self and other are apart."]
    found = []
    if lost := [name for name in ("self", "other") if name not in has]:
        found.append(
            f"Condition {' and '.join(lost)} is missing: nothing social can be measured, only single responses."
        )
    elif "object" not in has:
        found.append(
            f"Condition object is missing: no {label('mni_star')}, {label('ssi_unbiased')}, overlap or decoding beyond "
            "an object, and no class mirror. A response to any change would look the same."
        )
    elif all(each["object_baseline"] is each["none"] for each in given.sites.values()):
        found.append(
            "The object is held against none: it shares none's noise with self and other, and its mere presence counts "
            "as its distress."
        )
    if "both" not in has:
        found.append("Condition both is missing: whether responses add up is not measured.")
    return found


def disorder(sites: Mapping[str, SiteFound]) -> list[str]:
    """Sentences on sites whose rows do not seem to be in the same order under all conditions."""
    odd = [name for name, site in sites.items() if site.in_order < _ORDERED]
    if not odd:
        return []
    return [
        f"{listed(odd)}: rows are no more like themselves under another condition than like other rows. Is row i the "
        "same scene everywhere? Out of order, means stay and nothing is found."
    ]
