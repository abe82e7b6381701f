"""The axes of the map that a population lays: what refinement can put new points on. Nothing heavy is imported."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mirrorjax.settings.axes import AXES, GroupConfig, axes_in
from mirrorjax.settings.grid import given
from mirrorjax.settings.setting import Setting

MOST_AXES = 3
REPLICATES = next(name for name, each in AXES.items() if each.scale == "seed")  # another draw, and no coordinate
_DIGITS = 6  # of a new value

Values = tuple[Any, ...]
Place = tuple[Values, ...]  # a point of the map: on each axis the values of the settings that move together there


@dataclass(frozen=True)
class MapAxis:
    """One axis: a setting, or several that are zipped and move together.

    Attributes:
        names: of the settings; the first one is the coordinate, strictly rising or falling from value to value.
        values: of the grid, in its order.
        logarithmic: of each setting, whether the middle is the geometric one.
        whole: of each setting, whether it takes whole numbers alone.
    """

    names: tuple[str, ...]
    values: tuple[Values, ...]
    logarithmic: tuple[bool, ...]
    whole: tuple[bool, ...]

    def coordinate(self, values: Values) -> float:
        """Where values lie, on the scale on which the axis is even."""
        return math.log(values[0]) if self.logarithmic[0] else float(values[0])

    def middle(self, one: Values, other: Values) -> Values | None:
        """Half-way between two places, whole numbers rounded; None where there is nothing between them."""
        found = []
        for logarithmic, whole, low, high in zip(self.logarithmic, self.whole, one, other, strict=True):
            value = math.sqrt(low * high) if logarithmic else (low + high) / 2
            found.append(round(value) if whole else float(f"{value:.{_DIGITS}g}"))
        return None if found[0] in (one[0], other[0]) else tuple(found)


@dataclass(frozen=True)
class Map:
    """What a population varies.

    Attributes:
        axes, fixed: those with more than one value, and the settings that have a single one.
        data_seeds: the draws of the data that every point has; empty: the one of the dataset.
    """

    axes: tuple[MapAxis, ...]
    fixed: dict[str, Any]
    data_seeds: tuple[int, ...]

    @property
    def copies(self) -> int:
        """Networks of a point with the same seed."""
        return max(1, len(self.data_seeds))

    def coordinates(self, place: Place) -> list[float]:
        """Of a point, one an axis."""
        return [axis.coordinate(values) for axis, values in zip(self.axes, place, strict=True)]

    def entries(self, place: Place) -> list[dict[str, Any]]:
        """The point as `population.list` writes it out: one entry for each draw of the data."""
        own = dict(self.fixed)
        for axis, values in zip(self.axes, place, strict=True):
            own |= zip(axis.names, values, strict=True)
        return [{**own, **draw} for draw in [{REPLICATES: seed} for seed in self.data_seeds] or [{}]]

    def between(self, places: Sequence[Place]) -> list[Place]:
        """New points: half-way between neighbours, which differ on one axis and have no other point between them."""
        found: dict[Place, None] = {}
        for number, axis in enumerate(self.axes):
            lines: dict[Place, list[Place]] = {}
            for place in places:
                lines.setdefault((*place[:number], *place[number + 1 :]), []).append(place)
            for line in lines.values():
                line.sort(key=lambda place: axis.coordinate(place[number]))
                for one, other in itertools.pairwise(line):
                    if (middle := axis.middle(one[number], other[number])) is not None:
                        found[(*one[:number], middle, *one[number + 1 :])] = None
        there = set(places)
        return [place for place in found if place not in there]


def map_of(group: GroupConfig, union: Sequence[GroupConfig]) -> Map:
    """Reads the map off a population's settings, in which `map_problems` finds nothing."""
    axes, fixed, data_seeds, known = [], {}, (), axes_in(group)
    for names, values in _lists(group, union):
        if names == (REPLICATES,):
            data_seeds = tuple(each[0] for each in values)
        elif len(values) > 1:
            lead = _lead(names, values)
            order = sorted(range(len(names)), key=lambda place: (place != lead, place))
            columns = [[each[place] for each in values] for place in order]
            settings = [known[names[place]] for place in order]
            logarithmic = (each.in_logs and min(column) > 0 for each, column in zip(settings, columns, strict=True))
            own, whole = tuple(each.name for each in settings), tuple(each.kind is int for each in settings)
            axes.append(MapAxis(own, tuple(zip(*columns, strict=True)), tuple(logarithmic), whole))
        else:
            fixed |= dict(zip(names, values[0], strict=True))
    return Map(tuple(axes), fixed, data_seeds)


def map_problems(group: GroupConfig, union: Sequence[GroupConfig]) -> Iterator[str]:
    """Why a population cannot be refined, a sentence each."""
    groups = [group, *union]
    used = {"random": any(each.random.draws for each in groups), "list": any(each.list for each in groups)}
    others = [way for way, is_used in {**used, "union": len(union) > 1}.items() if is_used]
    for way in others:
        yield f"refine puts points between those of a grid; population.{way} gives none, allowed: axes and zip"
    if others:
        return
    known, lists = axes_in(group), _lists(group, union)
    varied = [names for names, values in lists if len(values) > 1]
    wrong = [why for names, values in lists if (why := _axis_problem(names, values, known))]
    yield from wrong
    number = sum(names != (REPLICATES,) for names in varied)
    if not wrong and number == 0:
        yield "refine: no number varies in this population; give it axes, population.axes.dependency=[0,0.5,1]"
    if number > MOST_AXES:
        named = ", ".join(map("/".join, varied))
        yield f"refine: {number} axes vary ({named}); allowed: at most {MOST_AXES}"


def _lists(group: GroupConfig, union: Sequence[GroupConfig]) -> list[tuple[tuple[str, ...], list[Values]]]:
    found = []
    for each in [group, *union]:
        grid, walked = given(each.axes), given(each.zip)
        found += [((name,), [(value,) for value in values]) for name, values in grid.items()]
        if walked:
            found.append((tuple(walked), list(zip(*walked.values(), strict=True))))
    return found


def _axis_problem(names: tuple[str, ...], values: list[Values], known: Mapping[str, Setting]) -> str | None:
    if "boards" in names and any(each[names.index("boards")] is None for each in values):
        return "refine: boards has null (all), which has no place between numbers; give their number instead"
    if len(values) < 2 or names == (REPLICATES,):
        return None
    for name in names:
        if known[name].is_choice or name == REPLICATES:
            varies = f"refine: {name} varies, and nothing lies between its values"
            return f"{varies}; give each a population of its own: -m with a list of them"
    if _lead(names, values) is None:
        return f"refine: of the zipped {', '.join(names)} none rises or falls throughout, to be the axis"
    return None


def _lead(names: tuple[str, ...], values: list[Values]) -> int | None:
    """The first of the settings whose values strictly rise or fall; a grid of one setting is put in order anyway."""
    if len(names) == 1:
        return 0
    for place, column in enumerate(zip(*values, strict=True)):
        steps = [later - earlier for earlier, later in itertools.pairwise(column)]
        if min(steps) > 0 or max(steps) < 0:
            return place
    return None
