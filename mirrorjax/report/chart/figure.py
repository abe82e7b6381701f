"""What every figure has in common: charts for the page to choose from, one of them for print, and a table.

A new figure is one file that ends in a `FigureKind`, and one line in `registry.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mirrorjax.report.chart.chart import Chart
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """Rows of plain values under headings; nan where there is no number."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Chooser:
    """A question to the reader with its possible answers; the first is shown first."""

    label: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class LiveMap:
    """A map that the page draws by itself, out of numbers: it has too many views to carry each (see page/map.js).

    `data` can be written as JSON. `orders` chooses what the colours show, `slices` a value of each further axis, with
    the place of the answer that is shown first, `cell` a cell on the axes of the map. `height` is of its tallest view,
    pixels.
    """

    data: dict[str, Any]
    orders: Chooser
    slices: tuple[tuple[Chooser, int], ...]
    cell: tuple[Chooser, ...]
    checkpoints: int
    height: int


@dataclass
class Panel:
    """A figure on the page."""

    title: str  # its heading
    caption: list[str] = field(default_factory=list)  # plain-text paragraphs below it
    choosers: tuple[Chooser, ...] = ()  # one control each
    variants: dict[tuple[int, ...], Chart] = field(default_factory=dict)  # by the places of answers
    missing: str = ""  # why there is nothing to draw; empty when there is
    table: Table | None = None  # of what is drawn, for the page
    live: LiveMap | None = None  # instead of variants
    for_print: Chart | None = None  # the chart for papers, if it is another than the first
    is_printed: bool = True  # whether there is one
    print_note: str = ""  # what print says behind the title, since it has no caption

    def without(self, missing: str) -> "Panel":
        """The same with nothing to draw, and why."""
        self.missing = missing
        return self

    def per_group(self, groups: Sequence[Group], chart: Callable[[Group], Chart]) -> None:
        """Gives it a chart for every configuration, to choose from."""
        self.choosers = (Chooser("Configuration", tuple(of_networks(group, group.networks) for group in groups)),)
        self.variants = {(place,): chart(group) for place, group in enumerate(groups)}

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be drawn: there are charts, and none of them has a number."""
        return bool(self.variants) and all(chart.is_empty for chart in self.variants.values())

    @property
    def printed(self) -> Chart | None:
        """The chart for papers; None without any."""
        chart = self.for_print or next(iter(self.variants.values()), None)
        if chart is None or not self.is_printed:
            return None
        return replace(chart, title=", ".join(filter(None, (chart.title, self.print_note))))


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure: the name of its files, what builds it for the page, and all its numbers for a file, if any."""

    name: str
    panel: Callable[[View], Panel]
    table: Callable[[View], Table | None] | None = None
    regimes: tuple[str, ...] = ()  # whose reports have it; without any all

    def is_of(self, view: View) -> bool:
        """Whether the report of a population has it."""
        return not self.regimes or view.regime in self.regimes


def of_networks(group: Group, number: int) -> str:
    """A configuration and how many of its networks are shown, as an option and a title name them."""
    return f"{group.label} ({counted(number, 'network')})"
