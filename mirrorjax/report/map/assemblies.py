"""What a map of assemblies shows: where nothing forms, where the object stays apart, where one is for everything."""

from collections.abc import Iterable

import numpy as np

from mirrorjax.report.chart.chart import one
from mirrorjax.report.chart.figure import Chooser, Panel
from mirrorjax.report.map.cells import Cells
from mirrorjax.report.map.collapse import edge_of_collapse, lines_words, most_firing
from mirrorjax.report.map.figure import cells_of, printed_map
from mirrorjax.report.read.over_seeds import band
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted, plain_number

FORMED, COLLAPSED = 0.1, 0.75  # an overlap beyond the null's by so much; of self and object from here on
PHASES = {  # their words; a stone's assembly that is one's own is nobody's empathy
    "nothing": "nothing has formed",
    "apart": "assemblies have formed and the object's stays apart",
    "collapsed": "one assembly stands for self, other and object alike (collapsed), which is no empathy",
}
_NULL_DOSE = 1.0  # at which no synapse grows


def phases(found: Cells) -> list[str]:
    """The phase of each cell at the end: a name in PHASES, or nothing where no cell of its column has a dose of 1."""
    other, thing = (found.at(f"overlap_frog_{name}") for name in ("toad", "object"))
    doses = next((place for place, axis in enumerate(found.axes) if axis.names == ("dose",)), None)
    if other is None or thing is None or doses is None:
        return [""] * len(found.place)
    null_place = next((i for i, value in enumerate(found.axes[doses].values) if value == (_NULL_DOSE,)), None)
    cell_at = {tuple(place): cell for cell, place in enumerate(found.place)}
    names = []
    for cell, place in enumerate(found.place):
        null = cell_at.get((*place[:doses], null_place, *place[doses + 1 :]))
        if null is None:
            names.append("")
        elif max(each.value[cell] - each.value[null] for each in (other, thing)) <= FORMED:
            names.append("nothing")
        else:
            names.append("collapsed" if thing.value[cell] >= COLLAPSED else "apart")
    return names


def first_panel(view: View) -> Panel:
    """The report's first figure of brains: empathy, and how much of oneself is in the object's assembly."""
    result, found = Panel("Empathy, and one assembly for everything"), cells_of(view)
    result.for_print = drawn = printed_map(found) if found else None
    if found is None or drawn is None:
        return result.without("There is no map: one combination of settings was run.")
    (plots,) = drawn.rows
    result.caption = lines_words(found)
    result.choosers = (Chooser("Shown", tuple(plot.title for plot in plots)),)
    result.variants = {(place,): one(plot, drawn.height) for place, plot in enumerate(plots)}
    return result


def brains_words(view: View) -> str:
    """How many brains, how large, and how long they lived."""
    population, found = view.population, view.networks
    neurons = " and ".join(f"{size:,}" for size in _sizes(population.groups))
    lived = f"{np.nanmax(found.step):,.0f} moments ({plain_number(np.nanmax(found.epoch))} {population.time.units})"
    groups = counted(len(population.groups), "configuration")
    return f"{counted(len(found.group), 'brain')} of {neurons} neurons an area in {groups}; they lived {lived}."


def _sizes(groups: Iterable[Group]) -> list[int]:
    """Neurons an area, each number once."""
    return sorted({int(group.settings["neurons"]) for group in groups})


def assembly_sentences(view: View) -> list[str]:
    """Plain-text sentences about a population of brains."""
    if not len(view.networks.group):
        return []
    brains, found = counted(len(view.networks.group), "brain"), cells_of(view)
    if found is None:
        return [f"{brains}: empathy {plain_number(band(view.networks.last['empathy']).median)} (median)."]
    names = phases(found)
    told = "Without a dose of 1, at which nothing is learnt, there is no null, and no phase is told."
    if any(names):
        parts = [f"in {names.count(name):,} {words}" for name, words in PHASES.items() if name in names]
        told = f"At the end: {'; '.join(parts)}."
    return [f"{brains} in {counted(len(found.place), 'cell')}.", told, *_best_words(found)]


def _best_words(found: Cells) -> list[str]:
    at = found.at("empathy")
    if at is None:
        return []
    best = int(np.nanargmax(at.value))
    words = f"Empathy, the overlap of self and other beyond the object's, is highest at {found.words(best)}: "
    words += f"{plain_number(at.value[best])} [{plain_number(at.low[best])}, {plain_number(at.high[best])}]."
    edges = ", ".join(
        f"{plain_number(edge_of_collapse(size, most_firing(size)))} for {size:,} neurons"
        for size in _sizes(each for own in found.groups for each in own if each.settings.get("areas") != "apart")
    )
    return [words] + ([f"Capture by one shared parent predicts collapse from a dose of {edges} on."] if edges else [])
