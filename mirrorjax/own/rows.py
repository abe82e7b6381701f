"""The table: a row for each measure of each site, with its interval, its tests and what else must be said."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from mirrorjax.measurement.cmni import (
    checkpoint_mirror_neuron_index,
    mirror_neuron_expression,
    mirror_neuron_score,
)
from mirrorjax.measures import label
from mirrorjax.own.joined import holm
from mirrorjax.own.patterns import Bounded
from mirrorjax.own.site import SiteFound
from mirrorjax.report.words.numbers import short_number

CLAIMS = ("mirror_units", "mirror_units_matched", "shared_units", "ssi_unbiased", "overlap_beyond_object",
          "decoding_beyond_object")  # fmt: skip
NAN = float("nan")


@dataclass(frozen=True)
class MeasureRow:
    """One measure of one site; nan where there is nothing.

    Attributes:
        site: its name.
        measure: its column's name in `mirrorjax.measures`.
        value: what was measured.
        low, high: one-sided 95 % bounds.
        p_rows: whether it is there in this network, whatever rows were drawn.
        p_sites: the same as if every site had been looked at for it.
        p_roles: whether the same units carry both beyond what their strengths give.
        p_untrained: whether it is more than untrained copies have.
        p_random: whether it is more than random sets of as many units do.
        z_untrained: in standard deviations of the copies'.
        note: what must be known to read it.
    """

    site: str
    measure: str
    value: float
    low: float = NAN
    high: float = NAN
    p_rows: float = NAN
    p_sites: float = NAN
    p_roles: float = NAN
    p_untrained: float = NAN
    p_random: float = NAN
    z_untrained: float = NAN
    note: str = ""


COLUMNS = tuple(each.name for each in fields(MeasureRow))
Sites = Mapping[str, SiteFound]


def rows_of(sites: Sites, counts: Mapping[str, tuple[int, int]]) -> list[MeasureRow]:
    """All rows; `counts` are the mirror and the shared units that were found at each site."""
    rows = [row for name, site in sites.items() for row in _of_site(site, *counts[name])]
    for measure in CLAIMS:
        places = [place for place, row in enumerate(rows) if row.measure == measure]
        for place, p in zip(places, holm(np.array([rows[place].p_rows for place in places])), strict=True):
            rows[place] = replace(rows[place], p_sites=float(p))
    return rows


def _of_site(site: SiteFound, mirrors: int, shared: int) -> Iterator[MeasureRow]:
    def row(measure: str, value: float, *interval: float, **more: float | str) -> MeasureRow:
        return MeasureRow(site.name, measure, value, *interval, **more)  # pyright: ignore[reportArgumentType]

    def of(measure: str, found: Bounded, **more: float | str) -> MeasureRow:
        return row(measure, found.value, found.low, found.high, p_rows=found.p, **more)

    alive = f"of {int(site.sized.alive.sum()):,} alive, {site.sized.unique:,.0f} unique"
    if site.has("self", "other", "object"):
        yield row("mirror_units", mirrors, p_rows=site.simes(site.p_mirror), note=alive)
        yield row("mirror_units_matched", NAN, p_rows=_matched(site), note=_factors(site))
        yield row("tipping", site.tipping, note=_tipping(site.tipping))
        for name in ("strength_self", "strength_other"):
            inert = "the object control is inert" if site.object_is_inert else ""
            yield row(name, getattr(site.patterns, name), note=inert)
        yield of("ssi_unbiased", site.patterns.ssi, p_roles=site.p_roles, note=_undefined(site))
        yield of("overlap_beyond_object", site.patterns.overlap)
    if site.has("self", "other"):
        yield row("shared_units", shared, p_rows=site.simes(site.p_shared), note=alive)
        yield from _means(site)
        yield from _decoded(site)
    if site.has("self", "other", "both"):
        yield of("additivity", replace(site.patterns.additivity, p=NAN))
    if "kl_none_both" in site.columns:
        yield row("kl_none_both", site.mean("kl_none_both"), note="mean over units; noise alone is above 0")
    for name, value in site.overlap.items():
        yield row(name, value, note="describes; has no test of its own")


def _matched(site: SiteFound) -> float:
    return NAN if site.object_is_inert else site.simes(site.p_matched)


def _factors(site: SiteFound) -> str:
    if site.object_is_inert:
        return "the object control is inert: nothing here can be called social"
    return f"object × {short_number(site.factors[0])} against self, × {short_number(site.factors[1])} against other"


def _tipping(factor: float) -> str:
    if math.isnan(factor):
        return "no units that answer to self and other, however weak the object"
    if math.isinf(factor):
        return "units that the object does not raise at all"
    return "" if factor >= 1 else "below 1: the object as it is explains them"


def _undefined(site: SiteFound) -> str:
    lost = [name for name in ("self", "other", "object") if not site.patterns.is_there(name)]
    return f"undefined: no change by {', '.join(lost)} beyond noise" if lost else ""


def _means(site: SiteFound) -> Iterator[MeasureRow]:
    shared = site.simes(site.p_shared)
    mirror = site.simes(site.p_mirror) if site.has("object") else NAN
    for name, found in site.means.items():
        if name == "mni_star" and site.sized.kind != "rate":
            continue
        note = f"noise alone gives {short_number(found.floor)}"
        p = mirror if name == "mni_star" else shared
        yield MeasureRow(site.name, name, found.value, found.low, found.high, p_rows=p, note=note)
    yield MeasureRow(site.name, "auc_mni", site.mean("auc_mni"), p_rows=shared)
    if site.sized.kind == "rate":
        means = (site.columns[f"mean_{name}"].astype(np.float64) for name in ("none", "self", "other"))
        expression = mirror_neuron_expression(mirror_neuron_score(*means))
        note = f"moves when a unit is rescaled; never read {label('cmni')} alone"
        value = checkpoint_mirror_neuron_index(expression, len(site.sized.alive))
        yield MeasureRow(site.name, "cmni_hidden", float(value), note=note)


def _decoded(site: SiteFound) -> Iterator[MeasureRow]:
    found = site.decoded
    if found is None:
        return
    if site.has("object"):
        each = found.beyond_object
        yield MeasureRow(site.name, "decoding_beyond_object", each.value, each.low, each.high, p_rows=each.p)
        yield MeasureRow(site.name, "decoding_accuracy_object", found.accuracy_object)
    note = "against chance, so any change will do"
    yield MeasureRow(site.name, "decoding_accuracy", found.accuracy, p_rows=found.p_any, note=note)


def against(rows: list[MeasureRow], copies: list[dict[tuple[str, str], float]]) -> list[MeasureRow]:
    """The rows with what untrained copies say: p = (1 + #{copy ≥ seen}) / (1 + n), and z."""
    found = []
    for row in rows:
        null = np.array([copy.get((row.site, row.measure), NAN) for copy in copies])
        if not len(null) or math.isnan(row.value):
            found.append(row)
            continue
        p = (1 + int(np.sum(null >= row.value))) / (1 + len(null))  # what is undefined is nothing beyond noise
        known = null[np.isfinite(null)]
        spread = float(np.std(known)) if len(known) == len(null) else 0.0
        z = (row.value - float(np.mean(known))) / spread if spread > 0 and math.isfinite(row.value) else NAN
        found.append(replace(row, p_untrained=p, z_untrained=z))
    return found
