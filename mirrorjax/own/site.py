"""The second pass: everything that is measured of a site, part by part of its units."""

from dataclasses import dataclass, field
from functools import cached_property

import jax
import numpy as np

from mirrorjax.measurement.battery.overlap import of_apart
from mirrorjax.own.crossfit import CrossFit, Means, Resamples, rectified, summed_up
from mirrorjax.own.decoding import Decoded, Halves, Kernel, decoded, joined, kernel
from mirrorjax.own.given import CONTRASTS, Given
from mirrorjax.own.joined import C2, Changes, c4, simes, tipping
from mirrorjax.own.options import Options
from mirrorjax.own.patterns import THERE, Patterns, Products, patterns
from mirrorjax.own.population import of_units
from mirrorjax.own.roles import p_roles
from mirrorjax.own.sizes import Sized

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


@dataclass
class _Parts:
    columns: list[dict[str, np.ndarray]] = field(default_factory=list)
    changes: list[Changes] = field(default_factory=list)
    products: list[Products] = field(default_factory=list)
    kernels: list[Kernel] = field(default_factory=list)
    apart: list = field(default_factory=list)
    means: list[dict[str, Means]] = field(default_factory=list)
    halves: list[np.ndarray] = field(default_factory=list)
    in_order: list[float] = field(default_factory=list)


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
    parts = _Parts()
    for part in plan.given.parts(name):
        _add(parts, plan, plan.given.read(name, part), _of(sized, part))
    columns = {key: np.concatenate([each[key] for each in parts.columns]) for key in parts.columns[0]}
    changes, found = Changes.joined(parts.changes), Products.joined(parts.products)
    summed = patterns(found)
    means = {key: summed_up(Means.joined([each[key] for each in parts.means])) for key in (parts.means or [{}])[0]}
    overlap: dict[str, float] = {}
    if parts.apart:
        whole = jax.tree.map(lambda *each: np.asarray(sum(map(np.asarray, each)), np.float32), *parts.apart)
        overlap = {key: float(value) for key, value in _of_apart(whole).items()}
    options, roles = plan.options, float("nan")
    if parts.halves and summed.ssi.value == summed.ssi.value:
        one, other = np.concatenate(parts.halves, axis=-1)
        roles = p_roles(one, other, sized.weight, options.draws, options.seed)
    return SiteFound(
        name, sized, columns, changes, summed, means, overlap,
        decoded(joined(parts.kernels), options.draws, options.seed) if parts.kernels else None, roles,
        max(parts.in_order, default=np.inf),
    )  # fmt: skip


def _of(sized: Sized, part: slice) -> Sized:
    return Sized(sized.alive[part], sized.rms[part], sized.weight[part], sized.kind, sized.projected)


def _in_order(one: np.ndarray, other: np.ndarray, sized: Sized) -> float:
    """t of rows [rows, U] being more like the same row of the other condition than like one far off."""
    one, other = ((each - each.mean(0)) / sized.rms.astype(np.float32) for each in (one, other))
    more = np.einsum("ru,ru->r", one, other) - np.einsum("ru,ru->r", one, np.roll(other, len(other) // 2, axis=0))
    spread = float(more.std())
    return float(more.mean()) / spread * len(more) ** 0.5 if spread > 0 else np.inf


def _add(parts: _Parts, plan: Plan, read: dict[str, np.ndarray], sized: Sized) -> None:
    """Measures a part of a site's units from its activations [rows, U] by condition."""
    given, names = plan.given, plan.given.contrasts
    rms = sized.rms if plan.options.scale == "rms" else np.ones_like(sized.rms)
    columns, sums = of_units(read, sized.rms, rms, sized.alive, sized.weight)
    parts.columns.append(columns)
    if sums is not None:
        parts.apart.append(sums)
    alike = [read[name] for name in ("none", "self", "other") if name in read]
    if not parts.in_order and len(alike) > 1:
        parts.in_order.append(_in_order(alike[0], alike[1], sized))
    summed = {name: given.per_group(values) for name, values in read.items()}
    change = {name: summed[after] - summed[before] for name, (after, before) in CONTRASTS.items() if name in names}
    units, count = len(rms), given.group_count
    grouped = np.stack([*change.values()]) if change else np.zeros((0, count, units), np.float32)
    grouped[:, :, ~sized.alive] = 0.0
    parts.changes.append(Changes.of(names, grouped))
    factor, weight = np.sqrt(sized.weight) / rms, float(sized.weight.sum())
    parts.products.append(Products.of(names, grouped, factor, weight, given.sizes))
    if plan.halves is not None:
        sizes = np.asarray(given.sizes, np.float32)[:, None]
        shown = {name: values / sizes for name, values in summed.items() if name != "both"}
        parts.kernels.append(kernel(shown, plan.halves, factor, weight))
    if plan.draws is not None:
        squared = {f"{name}_squared": given.per_group(read[name] ** 2) for name in ("none", "self", "other")}
        of_groups = {name: summed[name] for name in ("none", "self", "other")} | squared
        of_groups |= {f"change_{name}": values for name, values in change.items() if name != "both"}
        parts.means.append(rectified(plan.draws, of_groups, given.sizes, rms, sized.weight))
        if "object" in change:
            trio = np.stack([change[name] for name in ("self", "other", "object")]) / rms
            half = plan.draws.half
            parts.halves.append(np.stack([trio[:, half].sum(1), trio[:, ~half].sum(1)]))
