"""What somebody gives of a network of his own, checked before anything is computed."""

import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.own.options import Options, nearest

CONDITIONS = ("none", "self", "other", "both", "object", "object_baseline")
CONTRASTS = {  # by name: what changes, and from what
    "self": ("self", "none"),
    "other": ("other", "none"),
    "object": ("object", "object_baseline"),
    "both": ("both", "none"),
}
FEWEST_GROUPS = 20  # flips of fewer have too few outcomes: p is at least 2^-groups
_NUMBERS = 1 << 22  # of activations in a part, all conditions together: 16 MB, so that memory is used again, not got
_SLAB = 512  # rows of a large file that are read at a time: the system maps 64 KiB around a number that is read
# Of a site beyond 1 GiB half a page of each row is read at a time: with less most of what a disk gives is lost.
_LARGE, _NARROWEST = 1 << 28, 512
Kind = Literal["rate", "signed"]


@dataclass(frozen=True)
class Given:
    """Activations [rows, units] by site and condition, in the memory or on the disk; rows are matched.

    Attributes:
        sites: by name, and by condition.
        groups: the group of each row [rows], from 0: rows of one template, item or seed.
        kinds: of sites that were told.
    """

    sites: Mapping[str, Mapping[str, np.ndarray]]
    groups: np.ndarray
    kinds: Mapping[str, Kind]

    @property
    def conditions(self) -> tuple[str, ...]:
        """Those that are there."""
        return tuple(next(iter(self.sites.values())))

    @property
    def rows(self) -> int:
        """N."""
        return len(self.groups)

    @property
    def group_count(self) -> int:
        """G."""
        return int(self.groups[-1]) + 1 if self.is_sorted else int(self.groups.max()) + 1

    @property
    def is_sorted(self) -> bool:
        """Whether rows of a group stand together."""
        return bool(np.all(np.diff(self.groups) >= 0))

    @property
    def contrasts(self) -> tuple[str, ...]:
        """The changes that can be measured, names in CONTRASTS."""
        return tuple(name for name, pair in CONTRASTS.items() if {*pair} <= {*self.conditions})

    def units(self, site: str) -> int:
        """U of a site."""
        return next(iter(self.sites[site].values())).shape[1]

    def parts(self, site: str) -> Iterator[slice]:
        """Units of a site, as many at a time as there is room for."""
        units = self.units(site)
        least = _NARROWEST if self.is_large(site) else 1
        number = -(-units // max(least, _NUMBERS // (self.rows * len(self.conditions))))
        size = -(-units // number)
        yield from (slice(first, min(first + size, units)) for first in range(0, units, size))

    def read(self, site: str, part: slice) -> dict[str, np.ndarray]:
        """Activations float32 [rows, units of a part] by condition, rows of a group together."""
        order = slice(None) if self.is_sorted else np.argsort(self.groups, kind="stable")
        found = {}
        for name, array in self.sites[site].items():
            found[name] = np.ascontiguousarray(self._columns(array, part, self.is_large(site))[order])
        return found

    def _columns(self, array: Any, part: slice, is_large: bool) -> np.ndarray:
        """Some units; of a file that shall not stay in the memory a few rows at a time, for pages come whole."""
        if not is_large:
            return np.asarray(array[:, part], np.float32)
        found = np.empty((self.rows, part.stop - part.start), np.float32)
        for first in range(0, self.rows, _SLAB):
            found[first : first + _SLAB] = array[first : first + _SLAB, part]
            _forget(array)
        return found

    def is_large(self, site: str) -> bool:
        """Whether a site's files shall not be in the memory as a whole."""
        return self.rows * len(self.conditions) * self.units(site) > _LARGE

    def forget(self, site: str) -> None:
        """Gives back the memory of files that were read; the system keeps what it has room for."""
        for array in self.sites[site].values():
            _forget(array)

    @property
    def starts(self) -> np.ndarray:
        """Where each group begins among the rows as they are read [G]."""
        return np.flatnonzero(np.diff(np.sort(self.groups), prepend=-1))

    @property
    def sizes(self) -> np.ndarray:
        """Rows of each group [G]."""
        return np.bincount(self.groups)

    def per_group(self, rows: np.ndarray) -> np.ndarray:
        """Sums over the rows of each group, of rows as they are read [rows, ...] -> [G, ...]."""
        return rows if self.group_count == self.rows else np.add.reduceat(rows, self.starts, axis=0)


def _forget(array: Any) -> None:
    if isinstance(file := getattr(array, "_mmap", None), mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        file.madvise(mmap.MADV_DONTNEED)


def given(activations: Any, groups: Any, kinds: Mapping[str, Any] | None, options: Options) -> Given:
    """What was given, with all that is wrong with its form said.

    Args:
        activations: condition -> site -> array [rows, units], or condition -> array of one site.
        groups: a label for each row [rows]; None: each row its own.
        kinds: `rate` or `signed`, by site.

    Raises:
        InputError: names what was found, and what is allowed.
    """
    conditions = _conditions(activations, options)
    sites = {
        site: {name: as_array(of[site], site, name) for name, of in conditions.items()}
        for site in next(iter(conditions.values()))
    }
    _check_shapes(sites)
    rows = len(next(iter(next(iter(sites.values())).values())))
    for site in kinds or {}:
        if site not in sites:
            raise InputError(f"kinds: no site {site!r}{nearest(site, [*sites])}; allowed: {', '.join(sites)}")
        if (kinds or {})[site] not in ("rate", "signed"):
            raise InputError(f"kinds: site {site} is said to be {(kinds or {})[site]!r}; allowed: rate, signed")
    return Given(sites, group_numbers(groups, rows), dict(kinds or {}))


def _conditions(activations: Any, options: Options) -> dict[str, dict[str, Any]]:
    """Condition -> site -> array, conditions in their order."""
    if not isinstance(activations, Mapping) or not activations:
        kind = type(activations).__name__
        raise InputError(f"activations: {kind} given; expected a mapping condition -> site -> array [rows, units]")
    for name in activations:
        if name not in CONDITIONS:
            near = nearest(name, [*CONDITIONS])
            raise InputError(f"activations: unknown condition {name!r}{near}; allowed: {', '.join(CONDITIONS)}")
    found = {name: activations[name] for name in CONDITIONS if name in activations}
    found = {name: dict(of) if isinstance(of, Mapping) else {"units": of} for name, of in found.items()}
    if len(found) < 2:
        raise InputError(f"activations: only condition {next(iter(found))}; a change needs at least two conditions")
    first, *others = found
    if not found[first]:
        raise InputError(f"activations: condition {first} has no site")
    for name in others:
        if odd := sorted(found[first].keys() ^ found[name].keys(), key=str):
            who = first if odd[0] in found[first] else name
            raise InputError(f"activations: site {odd[0]!r} is in condition {who} only, of {first} and {name}; "
                             "every condition must have the same sites")  # fmt: skip
    if "object" in found and "object_baseline" not in found:
        if options.object_baseline != "none" or "none" not in found:
            raise InputError("activations: condition object without object_baseline, the same picture without the "
                             "object's distress; give it, or ask for object_baseline='none'")  # fmt: skip
        found["object_baseline"] = found["none"]
    return found


def as_array(value: Any, site: str, condition: str) -> np.ndarray:
    """An array of NumPy, without a copy where there need be none; of JAX, PyTorch, or anything with DLPack.

    Raises:
        InputError: not floating-point numbers [rows, units].
    """
    where = f"site {site}, condition {condition}"
    if hasattr(value, "detach"):  # PyTorch
        value = value.detach().cpu()
        value = (value.float() if "bfloat16" in str(value.dtype) else value).numpy()
    array = value if isinstance(value, np.ndarray) else np.asarray(value)
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.ndim != 2:
        hint = "; choose a position of a sequence first, as at=-1 does" if array.ndim == 3 else ""
        raise InputError(f"{where}: an array of shape {array.shape}; expected [rows, units]{hint}")
    if array.dtype.kind != "f":
        raise InputError(f"{where}: numbers of type {array.dtype}; expected floating-point activations")
    if not array.shape[1]:
        raise InputError(f"{where}: no units")
    return array


def _check_shapes(sites: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    of_rows, rows = "", 0
    for site, conditions in sites.items():
        first = next(iter(conditions))
        for name, array in conditions.items():
            if not of_rows:
                of_rows, rows = f"site {site}, condition {first}", len(array)
            if len(array) != rows:
                raise InputError(f"site {site}, condition {name}: {len(array):,} rows, but {rows:,} in {of_rows}; row "
                                 "i must be the same scene everywhere")  # fmt: skip
            if array.shape[1] != conditions[first].shape[1]:
                raise InputError(f"site {site}, condition {name}: {array.shape[1]:,} units, but "
                                 f"{conditions[first].shape[1]:,} in condition {first}")  # fmt: skip


def group_numbers(groups: Any, rows: int) -> np.ndarray:
    """The number of each row's group [rows], from 0.

    Raises:
        InputError: not a label a row, or too few groups.
    """
    labels = np.arange(rows) if groups is None else np.asarray(groups)
    if labels.shape != (rows,):
        raise InputError(f"groups: an array of shape {labels.shape}; expected a label for each of {rows:,} rows")
    _, numbers = np.unique(labels, return_inverse=True)
    if (count := int(numbers.max(initial=-1)) + 1) < FEWEST_GROUPS:
        what = "rows" if groups is None else "groups of rows"
        raise InputError(f"{count} {what}; at least {FEWEST_GROUPS} are needed: with fewer a p value cannot be small")
    return numbers


def say_what_is_wrong(site: str, condition: str, values: np.ndarray, order: Sequence[int] | None = None) -> None:
    """Raises where an activation is not finite.

    Raises:
        InputError: with the first row that has one.
    """
    if np.isfinite(values).all():
        return
    bad = ~np.isfinite(values).all(axis=1)
    row = int(min(np.flatnonzero(bad) if order is None else np.asarray(order)[bad]))
    raise InputError(f"site {site}, condition {condition}: row {row} (from 0) is not finite (NaN or infinite); "
                     "leave the row out of every condition")  # fmt: skip
