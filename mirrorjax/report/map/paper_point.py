"""Where the paper's point lies on a map."""

from dataclasses import dataclass

import numpy as np

from mirrorjax.report.map.cells import Cells
from mirrorjax.report.read.configurations import BY_NAME, SEEDS, knobs_off
from mirrorjax.report.words.numbers import listed, tidy_number


@dataclass(frozen=True)
class PaperPoint:
    """The published settings on a map: the place on the axes across and upwards, whole at a cell, and of which slice.

    `place` is None where they are not on the map, `cell` between cells; `words` are sentences: where the point is, or
    why it is not there, and what else differs.
    """

    place: tuple[float, ...] | None
    slice_number: int
    cell: int | None
    words: list[str]


def paper_point(cells: Cells) -> PaperPoint:
    """Finds the paper's point."""
    settings = cells.groups[0][0].settings
    if settings["regime"] != BY_NAME["regime"].default:
        return PaperPoint(None, 0, None, [f"The paper has no regime {settings['regime']}, and no point on this map."])
    moved = {name for axis in cells.axes for name in axis.names}
    fixed = [name for name in settings if name not in moved and name not in SEEDS]
    off = [name for name in knobs_off(settings) if name in fixed]
    plain = [name for name in fixed if name in BY_NAME and BY_NAME[name].knob is None]
    others = [name for name in plain if settings[name] != BY_NAME[name].default]
    beyond = [axis.paper_words() for axis in cells.axes if axis.paper is None]
    # a map is of whole slices
    beyond += [
        f"the paper's {axis.letters} lies between this map's values"
        for axis in cells.slices
        if axis.paper is not None and axis.paper % 1
    ]
    if off or beyond:
        why = ([f"fixed here: {_differences(settings, off)}"] if off else []) + beyond
        return PaperPoint(None, 0, None, [f"The paper's point is not on this map: {'; '.join(why)}."])
    number = len(cells.axes) - len(cells.slices)
    own = tuple(axis.paper for axis in cells.axes if axis.paper is not None)
    shape = tuple(len(axis.values) for axis in cells.slices)
    slice_number = int(np.ravel_multi_index(tuple(map(int, own[number:])), shape)) if shape else 0
    match = np.flatnonzero((cells.place == np.array(own)).all(axis=1))
    cell = int(match[0]) if len(match) else None
    words = ["The paper's point, a star, lies between cells that were run."]
    if cell is not None:
        where = [f"{axis.letters} {axis.ticks[int(at)]}" for axis, at in zip(cells.axes, own, strict=True)]
        words = [f"The paper's point, a star, is the cell at {listed(where)}."]
    if others:
        differing = _differences(settings, others)
        words.append(f"These networks differ from the paper's in other settings too: {differing}.")
    return PaperPoint(own[:number], slice_number, cell, words)


def _differences(settings: dict, names: list[str]) -> str:
    def words(value: object) -> str:
        return "all" if value is None else value if isinstance(value, str) else tidy_number(value)

    return ", ".join(
        f"{BY_NAME[name].label} {words(settings[name])} (paper: {words(BY_NAME[name].default)})" for name in names
    )
