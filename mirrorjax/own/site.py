"""The second pass: everything that is measured of a site, part by part of its units."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import jax
import numpy as np

from mirrorjax.measurement.battery.overlap import Apart, of_apart
from mirrorjax.own.crossfit import CrossFit, Means, Resamples, rectified, summed_up
from mirrorjax.own.decoding import Decoded, Halves, Kernel, decoded, kernel
from mirrorjax.own.given import CONTRASTS, Given
from mirrorjax.own.joined import C2, Changes, c4, simes, tipping
from mirrorjax.own.options import Options
from mirrorjax.own.patterns import THERE, Patterns, Products, patterns
from mirrorjax.own.population import of_units
from mirrorjax.own.roles import p_roles
from mirrorjax.own.sizes import Sized
from mirrorjax.own.turns import in_turns

_of_apart = jax.jit(of_apart)


@dataclass(frozen=True)
class SiteFound:
    """What was measured of a site; what could not be is nan, None or not there.

    Attributes:
        sized: its units.
        columns: of its units, by name [U].
        changes: what tests need.
        means: of rectified responses.
        overlap: of the two patterns, the population's.
        in_order: t of rows being more like their own under another condition than like other rows.
    """

    name: str
    sized: Sized
    columns: dict[str, np.ndarray]
    changes: Changes
    patterns: Patterns
    means: dict[str, CrossFit] = field(default_factory=dict)
    overlap: dict[str, float] = field(default_factory=dict)
    decoded: Decoded | None = None
    p_roles: float = np.nan
    in_order: float = np.inf

    def has(self, *names: str) -> bool:
        """Whether changes can be measured."""
        return {*names} <= {*self.changes.names}

    @cached_property
    def p_mirror(self) -> np.ndarray:
        """That a unit answers to self and other, and to the object less [U]; only with an object."""
        return self._p(self.changes.p(c4()))

    @cached_property
    def p_shared(self) -> np.ndarray:
        """That a unit answers to self and other [U]."""
        return self._p(self.changes.p(C2))

    @cached_property
    def p_matched(self) -> np.ndarray:
        """As `p_mirror`, the object as strong as self and as other."""
        return self._p(self.changes.p(c4(*self.factors)))

    @property
    def factors(self) -> tuple[float, float]:
        """κ_S and κ_T: how much stronger self's and other's changes are than the object's; 1 where weaker."""
        found = self.patterns.strength_self, self.patterns.strength_other
        return tuple(max(1.0, each) if each == each else 1.0 for each in found)  # pyright: ignore[reportReturnType]

    @property
    def object_is_inert(self) -> bool:
        """Whether the object changes nothing that can be told from noise."""
        return self.has("object") and not (self.patterns.there["object"].p < THERE)

    @cached_property
    def tipping(self) -> float:
        """See `joined.tipping`."""
        return tipping(self.changes, self.sized.weight)

    def simes(self, p: np.ndarray) -> float:
        """That some unit of the site is one."""
        return simes(p, self.sized.weight)

    def mean(self, name: str) -> float:
        """A column's mean over unique alive units."""
        weight = self.sized.weight
        return float(self.columns[name].astype(np.float64) @ weight / max(weight.sum(), 1e-300))

    def _p(self, p: np.ndarray) -> np.ndarray:
        return np.where(self.sized.alive, p, 1.0)


@dataclass(frozen=True)
class _Part:
    """What a part of a site's units adds to it; sums are None where nothing social can be measured."""

    columns: dict[str, np.ndarray]
    changes: Changes
    products: Products
    apart: Apart | None
    kernel: Kernel | None
    means: dict[str, Means]
    halves: np.ndarray | None  # changes by self, other and object over each half of the groups [2, 3, U]
    in_order: float


@dataclass(frozen=True)
class Plan:
    """What all sites of a network have in common: who is in which half, and what is drawn again."""

    given: Given
    options: Options
    draws: Resamples | None  # None: no intervals of means
    halves: Halves | None  # None: no decoders

    @classmethod
    def of(cls, given: Given, options: Options, quick: bool = False) -> "Plan":
        """With everything that can be measured; `quick` leaves out what only an interval or a test needs."""
        social = {"self", "other"} <= {*given.contrasts}
        draws = Resamples.drawn(given.group_count, 1 if quick else options.draws, options.seed) if social else None
        halves = Halves.drawn(given.group_count, options.seed) if social and options.decoding else None
        return cls(given, options, draws, halves)


def measure_site(plan: Plan, name: str, sized: Sized) -> SiteFound:
    """Measures one site of a network."""
    given, options = plan.given, plan.options
    parts, told = [], None
    for part in in_turns(lambda part: _measured(plan, name, part, _of(sized, part)), given.parts(name)):
        if part.kernel is not None:  # a sum that is kept, not its parts: each is large
            told = part.kernel if told is None else told.and_of(part.kernel)
        parts.append(replace(part, kernel=None))
    given.forget(name)
    columns = {key: np.concatenate([each.columns[key] for each in parts]) for key in parts[0].columns}
    changes = Changes.joined([each.changes for each in parts])
    summed = patterns(Products.joined([each.products for each in parts]))
    means = {key: summed_up(Means.joined([each.means[key] for each in parts])) for key in parts[0].means}
    overlap: dict[str, float] = {}
    if parts[0].apart is not None:
        sums = [each.apart for each in parts]
        whole = jax.tree.map(lambda *each: np.asarray(sum(map(np.asarray, each)), np.float32), *sums)
        overlap = {key: float(value) for key, value in _of_apart(whole).items()}
    roles = float("nan")
    if parts[0].halves is not None and summed.ssi.value == summed.ssi.value:
        one, other = np.concatenate([each.halves for each in parts], axis=-1)
        roles = p_roles(one, other, sized.weight, options.draws, options.seed)
    return SiteFound(
        name, sized, columns, changes, summed, means, overlap,
        None if told is None else decoded(told, options.draws, options.seed), roles, parts[0].in_order,
    )  # fmt: skip


def _of(sized: Sized, part: slice) -> Sized:
    return Sized(sized.alive[part], sized.rms[part], sized.weight[part], sized.kind, sized.projected)


def _in_order(one: np.ndarray, other: np.ndarray, sized: Sized) -> float:
    """t of rows [rows, U] being more like the same row of the other condition than like one far off."""
    one, other = ((each - each.mean(0)) / sized.rms.astype(np.float32) for each in (one, other))
    more = np.einsum("ru,ru->r", one, other) - np.einsum("ru,ru->r", one, np.roll(other, len(other) // 2, axis=0))
    spread = float(more.std())
    return float(more.mean()) / spread * len(more) ** 0.5 if spread > 0 else np.inf


def _measured(plan: Plan, site: str, part: slice, sized: Sized) -> _Part:
    """Measures a part of a site's units."""
    given, names = plan.given, plan.given.contrasts
    read = given.read(site, part)  # [rows, U] by condition
    rms = sized.rms if plan.options.scale == "rms" else np.ones_like(sized.rms)
    columns, apart = of_units(read, sized.rms, rms, sized.alive, sized.weight)
    alike, in_order = [read[name] for name in ("none", "self", "other") if name in read], np.inf
    if part.start == 0 and len(alike) > 1:
        in_order = _in_order(alike[0], alike[1], sized)
    summed = {name: given.per_group(values) for name, values in read.items()}
    grouped = np.empty((len(names), given.group_count, len(rms)), np.float32)
    for changed, name in zip(grouped, names, strict=True):
        np.subtract(*(summed[each] for each in CONTRASTS[name]), out=changed)
    grouped[:, :, ~sized.alive] = 0.0
    change = dict(zip(names, grouped, strict=True))
    factor, weight = np.sqrt(sized.weight) / rms, float(sized.weight.sum())
    told, means, halves = None, {}, None
    if plan.halves is not None:
        told = kernel(summed, given.sizes, plan.halves, factor, weight)
    if plan.draws is not None:
        of_groups = {f"{name}_squared": given.per_group(read[name] ** 2) for name in ("none", "self", "other")}
        of_groups |= {name: summed[name] for name in ("none", "self", "other")}
        of_groups |= {f"change_{name}": values for name, values in change.items() if name != "both"}
        means = rectified(plan.draws, of_groups, given.sizes, rms, sized.weight)
        if "object" in change:
            halves = np.stack([[change[name][half].sum(0) / rms for name in ("self", "other", "object")]
                               for half in (plan.draws.half, ~plan.draws.half)])  # fmt: skip
    products = Products.of(names, grouped, factor, weight, given.sizes)
    return _Part(columns, Changes.of(names, grouped), products, apart, told, means, halves, in_order)
