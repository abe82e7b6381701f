"""Curves of several sweeps in one figure: medians with 90 % bands, against paper epochs or steps."""

from collections.abc import Sequence
from dataclasses import replace

from mirrorjax.report.chart.chart import Chart, Plot, Scale, around, one, put_together
from mirrorjax.report.chart.figure import Cell, Chooser, Panel, Table, of_networks
from mirrorjax.report.chart.marks import Line
from mirrorjax.report.compare.sweeps import NEAREST, Compared, configurations, times
from mirrorjax.report.read.over_seeds import BANDS, Band, Curve, settled
from mirrorjax.report.read.populations import Group
from mirrorjax.report.words.numbers import listed
from mirrorjax.report.words.time import Time

CLOCKS = ("epoch", "step")


def panel(sweeps: Sequence[Compared], measures: dict[str, str]) -> Panel:
    """Builds the figure: a variant for each measure, configuration and clock."""
    capacities = configurations(sweeps)
    result = Panel("Measures over training")
    result.choosers = (
        Chooser("Measure", tuple(measures.values())),
        Chooser("Configuration", tuple(capacity or NEAREST for capacity in capacities)),
        Chooser("Against", (listed([each.units for each in times(sweeps)]), "steps")),
    )
    result.variants = {
        (row, column, place): _chart(sweeps, name, label, capacity, clock)
        for row, (name, label) in enumerate(measures.items())
        for column, capacity in enumerate(capacities)
        for place, clock in enumerate(CLOCKS)
    }
    own = [result.variants[row, 0, 0] for row in range(len(measures))]
    result.for_print = put_together(own, [*measures.values()], height=250)
    result.caption = [
        f"Lines are medians over networks that differ in their seeds alone; bands hold {BANDS}. Diverged networks "
        "leave both. One colour and one kind of line a sweep; of each sweep one configuration is shown, which the "
        "legend names. Axes are cut to what is measured from paper epoch 1.5 on: untrained values may lie beyond.",
    ]
    return result


def _shown(sweeps: Sequence[Compared], name: str, capacity: str) -> list[tuple[Compared, Time, Group, Curve]]:
    found = []
    for sweep in sweeps:
        if shown := sweep.shown(capacity):
            view, group = shown
            curve = view.measured([name])[group.index]
            found.append((sweep, view.population.time, group, curve))
    return found


def _chart(sweeps: Sequence[Compared], name: str, label: str, capacity: str, clock: str) -> Chart:
    shown = _shown(sweeps, name, capacity)
    lines = [_line(*each, name, clock) for each in shown]
    words = "steps" if clock == "step" else listed([*dict.fromkeys(time.axis for _, time, *_ in shown)])
    across = Scale(words, around(*(line.x[line.known] for line in lines), room=0.02, include=(0.0,)))
    plot = Plot(lines, across, Scale(label, _range([(curve, curve.bands[name]) for *_, curve in shown])))
    return one(plot, 520, title=f"{label}, {capacity or NEAREST}")


def _line(sweep: Compared, time: Time, group: Group, curve: Curve, name: str, clock: str) -> Line:
    values = curve.bands[name]
    hover = "{label}\n{at}: {y:.4f} [{low:.4f}, {high:.4f}], {networks} networks"
    details = {"at": [time.at(each) for each in curve.epoch], "networks": curve.alive}
    look = replace(sweep.look, label=f"{sweep.name}: {of_networks(group, group.networks)}")
    return Line(getattr(curve, clock), values.median, look, values.low, values.high, hover, details)


def _range(shown: Sequence[tuple[Curve, Band]]) -> tuple[float, float]:
    """Of the trained range of all bands, from zero where that is near."""
    drawn = [side[settled(curve.epoch)] for curve, band in shown for side in (band.low, band.high)]
    (low, high), (least, most) = around(*drawn, room=0.06), around(*drawn, room=0.0)
    return 0.0 if 0 <= least < 0.4 * most else low, high


def table(sweeps: Sequence[Compared], measures: dict[str, str]) -> Table:
    """Every configuration's medians and bands at every checkpoint."""
    rows: list[list[Cell]] = []
    for sweep in sweeps:
        for view in sweep.views:
            for group in view.population.groups:
                curve = view.measured(tuple(measures))[group.index]
                for name in measures:
                    for place, epoch in enumerate(curve.epoch):
                        values = [float(each[place]) for each in curve.bands[name]]
                        where = [float(epoch), round(float(curve.step[place])), int(curve.alive[place])]
                        rows.append([sweep.name, view.population.name, group.label, name, *where, *values])
    head = "sweep population configuration measure epoch step networks low_5 median high_95"
    return Table(head.split(), rows)
