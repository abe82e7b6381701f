"""Measures against untrained networks: z over epochs, with the .99 quantile of what networks score by chance."""

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.chart.chart import Chart, Plot, Scale, around, in_rows
from mirrorjax.report.chart.figure import Cell, FigureKind, Panel, Table, of_networks
from mirrorjax.report.chart.lines import MEDIANS, ZERO, median_line
from mirrorjax.report.chart.marks import BLUE, Look, Rule
from mirrorjax.report.figures.timeline import shown_groups
from mirrorjax.report.read.nulls import limit_in_z, seeds
from mirrorjax.report.read.over_seeds import BANDS
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import spread_words

MEASURES = ("cmni", "cmni_hidden", "mni_star", "ssi_last", "d_prime_mni", "cross_decoding")  # with a z each
NAMES = tuple(name for measure in MEASURES for name in (f"{measure}_z", measure))
MISSING = (
    "Nothing was held against untrained networks here (the records have no z, as with measurement.null_seeds=0, "
    "measurement.boards=0 or an older version): this figure cannot be drawn."
)


def panel(view: View) -> Panel:
    """Builds the figure: one variant a configuration."""
    result, groups = Panel("Against untrained networks"), _groups(view)
    if not groups:
        return result.without(MISSING)
    result.per_group(groups, lambda group: _chart(view, group))
    counts = [seeds(view.population.nulls, group.settings) for group in groups]
    words = f"{spread_words(counts, str)} untrained networks of each architecture" if any(counts) else "untrained ones"
    result.print_note = f"{MEDIANS}; dotted: .99 quantile of untrained networks"
    result.caption = [
        "z = (measured − mean) / standard deviation over untrained networks. Lines are medians over networks, bands "
        f"hold {BANDS}. At 0 (dashed) a network is like an untrained one; beyond the dotted line, the .99 quantile "
        "of the null in z, one in a hundred untrained networks lies.",
        f"The null: {words}. For CMNI their layers are rescaled to the norms of each measured network, since CMNI "
        "grows with the weights; its dotted line is that of untrained networks as they are, which is near it but not "
        "the same. The other measures do not depend on scale. A z says that a value is not one of chance; it does "
        "not say what it is of: d′-MNI is as large for units that answer to anything distressing.",
    ]
    return result


def _groups(view: View) -> list[Group]:
    return shown_groups(view) if any(f"{measure}_z" in view.population.measures for measure in MEASURES) else []


def _chart(view: View, group: Group) -> Chart:
    curve, plots = view.measured(NAMES)[group.index], []
    for name in MEASURES:
        values, limit = curve.bands[f"{name}_z"], limit_in_z(view.population.nulls, group.settings, name)
        line = median_line(curve, values, Look(BLUE, label(name), symbol="circle"))
        chance = [Rule(limit)] if limit is not None else []
        ends = around(values.low, values.high, room=0.06, include=(0.0, limit or 0.0))
        scale = Scale("z against untrained", ends)
        plots.append(Plot([line, ZERO, *chance], Scale(view.population.time.axis), scale, label(name)))
    return Chart(in_rows(plots, 3), 560, of_networks(group, group.networks), legend="")


def table(view: View) -> Table | None:
    """Every configuration, checkpoint and measure: the value and its z, medians and bands."""
    if not _groups(view):
        return None
    rows: list[list[Cell]] = []
    for group in view.population.groups:
        curve = view.measured(NAMES)[group.index]
        limits = {name: limit_in_z(view.population.nulls, group.settings, name) for name in MEASURES}
        for place, epoch in enumerate(curve.epoch):
            for measure, limit in limits.items():
                numbers = [float(part[place]) for name in (measure, f"{measure}_z") for part in curve.bands[name]]
                start: list[Cell] = [group.label, float(epoch), int(curve.alive[place]), measure]
                rows.append([*start, *numbers, np.nan if limit is None else limit])
    words = ("q05", "median", "q95", "z_q05", "z_median", "z_q95", "z_of_null_q99")
    return Table(("configuration", "epoch", "networks", "measure", *words), rows)


FIGURE = FigureKind("calibration", panel, table)
