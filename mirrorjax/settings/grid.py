"""What the axes of a population come to: grid, zip, random draws and explicit lists, crossed with each other.

And what is not allowed there.
"""

import hashlib
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from mirrorjax.settings.axes import GroupConfig, IntegerRange, RandomConfig, TextChoice, axes_in
from mirrorjax.settings.setting import Setting

MOST = 1_000_000  # networks of a population: expanded and planned in seconds, with one gigabyte
_DIGITS = 6  # of a random number: enough to tell draws apart, too few for the last bit of a logarithm to matter

Combination = dict[str, Any]  # value by axis


def each_combination(group: GroupConfig, union: list[GroupConfig]) -> Iterator[Combination]:
    """Every combination of the axes' values; those of `axes` change fastest, the last of them first of all.

    Those of the groups in `union`, one after the other, are crossed with those of `group`.
    """
    for outer in _alternatives(union):
        for inner in _crossed(_ways(group)):
            yield {**outer, **inner}


def number_of(group: GroupConfig, union: list[GroupConfig]) -> int:
    """How many combinations there are, without making any."""
    return _size(group) * (sum(_size(each) for each in union) if union else 1)


def values_of(axis: str, group: GroupConfig, union: list[GroupConfig], default: Any) -> set[Any]:
    """The different values that an axis takes in all combinations."""
    inner = [_taken(axis, each, default) or {default} for each in union]
    return _taken(axis, group, default) or set().union(*inner) or {default}


def _taken(axis: str, group: GroupConfig, default: Any) -> set[Any]:
    naming = [way for way in _ways(group) if any(axis in each for each in way)] if axis in _named(group) else []
    return {each.get(axis, default) for way in naming for each in way}


def _alternatives(union: list[GroupConfig]) -> Iterator[Combination]:
    return (found for each in union for found in _crossed(_ways(each))) if union else iter([{}])


def _crossed(ways: list[list[Combination]]) -> Iterator[Combination]:
    return (dict(itertools.chain.from_iterable(each.items() for each in chosen)) for chosen in itertools.product(*ways))


def _ways(group: GroupConfig) -> list[list[Combination]]:
    """What each way of varying gives, the slowest to change first; each axis of the grid is a way of its own."""
    grid, walked = given(group.axes), given(group.zip)
    return [
        [given(entry) for entry in group.list] or [{}],
        [dict(zip(walked, values, strict=True)) for values in zip(*walked.values(), strict=True)] or [{}],
        _draws(group.random) or [{}],
        *([{axis: value} for value in values] for axis, values in grid.items()),
    ]


def given(settings: Any) -> Combination:
    """What is not null: of one combination the values, of an `AxesConfig` the lists, by axis."""
    return {name: value for name, value in vars(settings).items() if value is not None}


def _draws(random: RandomConfig) -> list[Combination]:
    """All draws: each value follows from the seed, the axis and the number of the draw alone."""
    ranges, seed = _ranges(random), random.seed
    return [
        {name: _value(limits, _uniform(seed, name, number)) for name, limits in ranges.items()}
        for number in range(random.draws)
    ]


def _ranges(random: RandomConfig) -> dict[str, Any]:
    named = {name: limits for name, limits in vars(random).items() if name not in ("draws", "seed")}
    return {name: limits for name, limits in named.items() if limits != type(limits)()}


def _uniform(seed: int, axis: str, number: int) -> float:
    """In [0, 1), from a hash, which no release of a library changes."""
    digest = hashlib.blake2b(f"{seed}/{axis}/{number}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "little") >> 11) / 2**53


def _value(limits: Any, u: float) -> Any:
    if limits.choice is not None:
        return limits.choice[int(u * len(limits.choice))]
    low, high = limits.low, limits.high
    whole = isinstance(limits, IntegerRange)
    end = high + 1 if whole else high
    drawn = low * (end / low) ** u if limits.log else low + (end - low) * u
    return min(high, max(low, math.floor(drawn) if whole else float(f"{drawn:.{_DIGITS}g}")))


def axis_problems(group: GroupConfig, union: list[GroupConfig], unvaried: Mapping[str, Any]) -> Iterator[str]:
    """What is not allowed, or does not go together; `unvaried` has the value of each axis where nothing varies it."""
    places = {"population": group} | {f"population.union[{i}]": each for i, each in enumerate(union)}
    found = [problem for place, each in places.items() for problem in _group_problems(place, each)]
    found += _named_twice(group, union)
    yield from found or _too_many_or_alike(group, union, unvaried)


def _group_problems(place: str, group: GroupConfig) -> Iterator[str]:
    axes = axes_in(group)
    for axis, values in given(group.axes).items():
        yield from _list_problems(f"{place}.axes.{axis}", axes[axis], values)
    walked = given(group.zip)
    for axis, values in walked.items():
        yield from _list_problems(f"{place}.zip.{axis}", axes[axis], values, distinct=False)
    if len({len(values) for values in walked.values()}) > 1:
        lengths = ", ".join(f"{axis} has {len(values)}" for axis, values in walked.items())
        yield f"{place}.zip walks its lists together, and they differ in length: {lengths}"
    yield from _random_problems(f"{place}.random", group.random, axes)
    for number, entry in enumerate(map(given, group.list)):
        name = f"{place}.list[{number}]"
        if not entry:
            yield f"{name} names no setting; allowed: {', '.join(axes)}"
        yield from filter(None, (axes[axis].problem(value, f"{name}.{axis}") for axis, value in entry.items()))
    if place != "population" and not _named(group):
        yield f"{place} varies nothing; give it axes, zip, random or list, or leave it out"


def _list_problems(name: str, axis: Setting, values: list, distinct: bool = True) -> Iterator[str]:
    if not values:
        yield f"{name} is an empty list; leave it out, or give it values"
    if distinct and len(set(values)) < len(values):
        yield f"{name} names a value twice: {list(values)}"
    yield from filter(None, (axis.problem(value, name) for value in values))


def _random_problems(place: str, random: RandomConfig, axes: Mapping[str, Setting]) -> Iterator[str]:
    ranges = _ranges(random)
    if not 0 <= random.draws <= MOST:
        yield f"{place}.draws is {random.draws}; allowed: from 0 to {MOST:,}"
    if ranges and not random.draws:
        yield f"{place} gives ranges of {', '.join(ranges)} and no number of draws; {place}.draws=20 draws twenty"
    if random.draws > 0 and not ranges:
        yield f"{place}.draws is {random.draws} with nothing to draw; {place}.width={{low: 5, high: 50}} is a range"
    for axis, limits in ranges.items():
        name = f"{place}.{axis}"
        if limits.choice is not None:
            yield from _list_problems(f"{name}.choice", axes[axis], limits.choice)
            if getattr(limits, "low", None) is not None or getattr(limits, "high", None) is not None:
                yield f"{name} has a choice and a range; give one of them"
        elif isinstance(limits, TextChoice):
            yield f"{name} has nothing to choose from; give it a choice, a list of names"
        elif limits.low is None or limits.high is None:
            yield f"{name} lacks {'low' if limits.low is None else 'high'}; give low and high, or choice"
        elif not limits.low < limits.high:
            yield f"{name} goes from {limits.low:g} to {limits.high:g}; allowed: low below high"
        elif limits.log and limits.low <= 0:
            yield f"{name}.low is {limits.low:g}; allowed with log: above 0"
        else:
            ends = (axes[axis].problem(getattr(limits, end), f"{name}.{end}") for end in ("low", "high"))
            yield from filter(None, ends)


def _names(group: GroupConfig) -> dict[str, set[str]]:
    ways = {"axes": given(group.axes), "zip": given(group.zip), "random": _ranges(group.random)}
    listed = {axis for entry in group.list for axis in given(entry)}
    return {way: set(axes) for way, axes in (*ways.items(), ("list", listed))}


def _named(group: GroupConfig) -> set[str]:
    return set().union(*_names(group).values())


def _named_twice(group: GroupConfig, union: list[GroupConfig]) -> Iterator[str]:
    outer = {f"population.{way}": names for way, names in _names(group).items()}
    inner = [{f"population.union[{i}].{way}": names for way, names in _names(u).items()} for i, u in enumerate(union)]
    for together in [outer | each for each in inner] or [outer]:
        for axis in axes_in(group):
            places = [place for place, names in together.items() if axis in names]
            if len(places) > 1:
                yield f"{axis} is varied twice, by {' and '.join(places)}; name it in one of them"


def _too_many_or_alike(group: GroupConfig, union: list[GroupConfig], unvaried: Mapping[str, Any]) -> Iterator[str]:
    number = number_of(group, union)
    if number > MOST:
        yield f"population: {number:,} combinations of its axes; allowed: at most {MOST:,} networks"
        return
    # The ways name different axes: two combinations are alike only if one way, or the union, has something twice.
    apart = [*_ways(group), *(_ways(union[0]) if len(union) == 1 else [list(_alternatives(union))])]
    for ways in apart:
        named = [axis for axis in unvaried if any(axis in each for each in ways)]
        found = Counter(tuple(each.get(axis, unvaried[axis]) for axis in named) for each in ways)
        if twice := [each for each, times in found.items() if times > 1]:
            words = ", ".join(f"{axis} {value}" for axis, value in zip(named, twice[0], strict=True))
            more = f" (and {len(twice) - 1:,} more)" if len(twice) > 1 else ""
            yield f"population: the same network twice: {words}{more}; each combination may be given once"
            return


def _size(group: GroupConfig) -> int:
    grid, walked = given(group.axes), given(group.zip)
    lengths = [len(values) for values in grid.values()] + [len(next(iter(walked.values()), [0]))]
    return math.prod(lengths) * max(1, group.random.draws) * max(1, len(group.list))
