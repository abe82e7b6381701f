"""What a report says of simulations: what knowing another's goal is worth, and who takes turns."""

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.chart.chart import one
from mirrorjax.report.chart.figure import Chooser, Panel
from mirrorjax.report.map.figure import cells_of, printed_map
from mirrorjax.report.read.over_seeds import band
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted, plain_number
from mirrorjax.results.later import quoted

_EXACT = "_exact"  # of a column beside the one that it is the closed form of


def first_panel(view: View) -> Panel:
    """The report's first figure of simulations: their first measures over the settings that vary."""
    result, found = Panel("Over the settings"), cells_of(view)
    result.for_print = drawn = printed_map(found) if found else None
    if drawn is None:
        return result.without("There is no map: one combination of settings was run.")
    (plots,) = drawn.rows
    result.choosers = (Chooser("Shown", tuple(plot.title for plot in plots)),)
    result.variants = {(place,): one(plot, drawn.height) for place, plot in enumerate(plots)}
    return result


def simulations_words(view: View) -> str:
    """How many simulations, of how many settings, and how long."""
    population, found = view.population, view.networks
    groups = counted(len(population.groups), "configuration")
    rounds = f"{np.nanmax(found.step):,.0f} rounds" if len(found.group) else "no round yet"
    return f"{counted(len(found.group), 'simulation')} in {groups}; {rounds} each."


def cirl_sentences(view: View) -> list[str]:
    """Plain-text sentences on what it is worth to know the other's goal, and on what a belief gains of it."""
    if not len(view.networks.group):
        return []
    return [f"{_counted(view)}.", *_ends(view, "voi", " a round"), *_told(view, ("voi", "voi_gained", "belief_truth"))]


def turns_sentences(view: View) -> list[str]:
    """Plain-text sentences on pairs: how near closed forms they come, who lives, and whether gifts alternate."""
    if not len(view.networks.group):
        return []
    measures = view.population.measures
    exact = [name for name in ("locking", "slips", "flips", "echo", "act_mi") if f"{name}{_EXACT}" in measures]
    words = [f"{_counted(view)}."]
    if exact:
        far = "; ".join(f"{label(name)} {plain_number(_distance(view, name))}" for name in exact)
        words.append(f"Farthest of any simulation from its closed form: {far}.")
    told = ("pair_alive", "alternation", "alternation_null")
    return [*words, *_ends(view, "pair_alive", ""), *_told(view, told)]


def _counted(view: View) -> str:
    found = cells_of(view)
    cells = f" in {counted(len(found.place), 'cell')}" if found else ""
    return f"{counted(len(view.networks.group), 'simulation')}{cells}"


def _distance(view: View, name: str) -> float:
    last = _at_end(view, (name, f"{name}{_EXACT}"))
    return float(np.nanmax(np.abs(last[name] - last[f"{name}{_EXACT}"])))


def _at_end(view: View, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Columns of each simulation's last record."""
    row = "row_number() OVER (PARTITION BY member_id ORDER BY checkpoint DESC)"
    return view.population.query(f"SELECT {', '.join(map(quoted, names))} FROM observations QUALIFY {row} = 1")


def _ends(view: View, name: str, unit: str) -> list[str]:
    """Where a measure is highest and lowest, over the cells of a map; nothing without one."""
    found = cells_of(view)
    if found is None or (at := found.at(name)) is None:
        return []
    ends = [int(place(at.value)) for place in (np.nanargmax, np.nanargmin)]
    of = [f"{plain_number(at.value[cell])}{unit} at {found.words(cell)}" for cell in ends]
    words = label(name)
    return [f"{words[0].upper()}{words[1:]} is highest, {of[0]}, and lowest, {of[1]}."]


def _told(view: View, names: tuple[str, ...]) -> list[str]:
    known = tuple(name for name in names if name in view.population.measures)
    last = _at_end(view, known) if known else {}
    parts = [f"{label(name)} {plain_number(band(values).median)}" for name, values in last.items()]
    return [f"Medians at the end: {', '.join(parts)}."] if parts else []
