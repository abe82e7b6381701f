"""A chart as data: plots in rows, with their scales and marks. What is drawn of it on the page is drawn in print."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mirrorjax.report.chart.marks import AnyMark, HeatMap, Series


@dataclass(frozen=True)
class Scale:
    """An axis of a plot."""

    label: str = ""  # beside it
    limits: tuple[float, float] | None = None  # its ends, falling if it runs the other way; from the marks if None
    log: bool = False
    format: str = ""  # of its numbers; empty for plain ones
    names: tuple[str, ...] = ()  # of categories, at 0, 1, 2 …; marks stand at whole places then
    ticks: tuple[tuple[float, str], ...] = ()  # places with what is written there; chosen by the renderer without
    colour: str = ""  # of its numbers and label; empty for the usual one
    shown: bool = True  # whether anything of it is drawn but the marks
    quiet: bool = False  # whether its numbers are left out, since a neighbour has the same

    def written(self, most: int) -> list[tuple[float, str]]:
        """Places with names or ticks, at most so many; [] where the renderer chooses."""
        every = [(float(place), name) for place, name in enumerate(self.names)] or [*self.ticks]
        return every[:: -(-len(every) // most)] if every else []

    @property
    def is_category(self) -> bool:
        """Whether its names tell its places apart."""
        return 0 < len(self.names) == len(set(self.names))

    @property
    def ends(self) -> tuple[float, float] | None:
        """The limits, of categories a half beyond the outer ones."""
        return (-0.5, len(self.names) - 0.5) if self.names and self.limits is None else self.limits


@dataclass(frozen=True)
class Plot:
    """Marks on a pair of scales, in the order in which they are drawn, with a title above.

    `right` is a second scale for y, which `marks_right` are on; `height` is relative to that of other rows.
    """

    marks: Sequence[AnyMark]
    x: Scale = Scale()
    y: Scale = Scale()
    title: str = ""
    right: Scale | None = None
    marks_right: Sequence[AnyMark] = ()
    height: float = 1.0

    @property
    def every_mark(self) -> list[tuple[AnyMark, bool]]:
        """All marks, and whether they are on the scale at the right."""
        return [(mark, False) for mark in self.marks] + [(mark, True) for mark in self.marks_right]


@dataclass(frozen=True)
class Chart:
    """Plots in rows."""

    rows: Sequence[Sequence[Plot]]  # from the top; the plots of a row share its width
    height: int  # of the page, pixels; a hundred to an inch in print
    title: str = ""  # above all plots
    words: str = ""  # a paragraph below the title
    legend: str = "below"  # below all plots, beside each, or empty for none
    hover_together: bool = False  # whether the page shows all values at one x at once

    @property
    def plots(self) -> list[Plot]:
        """All, row by row."""
        return [plot for row in self.rows for plot in row]

    @property
    def is_empty(self) -> bool:
        """Whether no mark has a number to draw."""
        marks = [mark for plot in self.plots for mark, _ in plot.every_mark]
        series = any(mark.known.any() for mark in marks if isinstance(mark, Series))
        return not series and not any(np.isfinite(mark.z).any() for mark in marks if isinstance(mark, HeatMap))

    def placed(self) -> Iterator[tuple[int, int, Plot]]:
        """All plots with their row and column; what a neighbour's scale says already is left out.

        A label stands at the last row and the first column alone if it is the same there, of three plots and more in
        the middle, and so do the ticks of scales that are the same and have fixed ends.
        """
        for row, plots in enumerate(self.rows):
            below = self.rows[row + 1] if row + 1 < len(self.rows) else ()
            for column, plot in enumerate(plots):
                x = _beside(plot.x, below[column].x) if len(below) == len(plots) else plot.x
                y = _beside(plot.y, plots[column - 1].y) if column else plot.y
                if len(plots) > 2 and column != (len(plots) - 1) // 2 and len({each.x.label for each in plots}) == 1:
                    x = replace(x, label="")
                yield row, column, replace(plot, x=x, y=y)


def _beside(scale: Scale, other: Scale) -> Scale:
    if scale == other and scale.ends is not None:
        return replace(scale, label="", quiet=True)
    return replace(scale, label="") if scale.label == other.label else scale


def at_places(label: str, ticks: Sequence[str]) -> Scale:
    """A scale with what is written at its places 0, 1, 2 …, whatever is alike among it."""
    return Scale(label, (-0.5, len(ticks) - 0.5), ticks=tuple((float(place), tick) for place, tick in enumerate(ticks)))


def one(plot: Plot, height: int, **options: Any) -> Chart:
    """A chart of one plot."""
    return Chart(((plot,),), height, **options)


def in_rows(plots: Sequence[Plot], columns: int) -> tuple[tuple[Plot, ...], ...]:
    """Plots in rows of so many; the last row is filled with empty ones."""
    empty = Plot((), Scale(shown=False), Scale(shown=False))
    filled = [*plots, *[empty] * (-len(plots) % min(columns, len(plots)))]
    columns = min(columns, len(plots))
    return tuple(tuple(filled[first : first + columns]) for first in range(0, len(filled), columns))


def put_together(
    charts: Sequence[Chart], titles: Sequence[str], title: str = "", columns: int = 2, height: int = 260
) -> Chart:
    """Charts of one plot each as one, for print, without their words; `height` is of a row, pixels of the page."""
    shown = zip(charts, titles, strict=True)
    plots = [replace(chart.plots[0], title=own, marks=[*map(_grouped, chart.plots[0].marks)]) for chart, own in shown]
    rows = in_rows(plots, columns)
    return Chart(rows, height * len(rows) + 70, title, legend=charts[0].legend)


def _grouped(mark: AnyMark) -> AnyMark:
    if not isinstance(mark, Series):
        return mark
    return replace(mark, look=replace(mark.look, label=mark.look.group or mark.look.label, bold=False))


def around(*values: Any, room: float = 0.08, include: Sequence[float] = ()) -> tuple[float, float]:
    """Limits that hold all finite values and those to include, with a share of their span as room on both sides."""
    every = np.concatenate([np.ravel(np.asarray(each, np.float64)) for each in (*values, include)])
    every = every[np.isfinite(every)]
    if not len(every):
        return 0.0, 1.0
    low, high = float(every.min()), float(every.max())
    room *= (high - low) or abs(high) or 1.0
    return low - room, high + room
