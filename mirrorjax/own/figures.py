"""The figures of a network of somebody's own: its sites beside each other, and the units of one."""

import numpy as np

from mirrorjax.measures import label
from mirrorjax.own.joined import LEVEL
from mirrorjax.own.rowed import FindingsData
from mirrorjax.own.rows import MeasureRow
from mirrorjax.report.chart.chart import Chart, Plot, Scale, around, one
from mirrorjax.report.chart.figure import Chooser, Panel
from mirrorjax.report.chart.marks import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, AnyMark, Bars, Look, Points, Rule

_CLASSES = {  # in the order in which they are drawn
    "none": Look("#b0b0b0", symbol="circle", size=5, opacity=0.6),
    "opposed": Look(PURPLE, symbol="x", size=7),
    "suppressed": Look(SKY, symbol="diamond", size=7),
    "self only": Look(ORANGE, symbol="triangle-up", size=8),
    "other only": Look(RED, symbol="square", size=7),
    "shared": Look(BLUE, symbol="hexagon", size=8),
    "mirror": Look(GREEN, symbol="star", size=10),
}
_MOST_DRAWN = 3_000  # units of class none at a site; of the other classes all are drawn


def sites(found: FindingsData) -> Panel:
    """Mirror units and the pattern, site by site."""
    panel = Panel("Mirror units and patterns")
    names = tuple(found.sites)
    if not any(row.measure in ("mirror_units", "shared_units") for row in found.rows):
        return panel.without("nothing social can be measured under these conditions")
    scale = Scale("site", names=names)
    measure = "mirror_units" if found.mirrors is not None else "shared_units"
    plots = [_counts(found, measure, scale)]
    if measure == "mirror_units":
        plots.append(_pattern(found, scale))
    panel.variants = {(): Chart([[plot] for plot in plots], 240 * len(plots) + 90)}
    panel.caption = [
        f"Above: how many units are called {label(measure)} (false discovery rate {LEVEL:g} over all sites); filled "
        "where the site as a whole has any, as if every site had been looked at (Holm)."
    ]
    if measure == "mirror_units":
        panel.caption.append(
            f"Below: {label('ssi_unbiased')} with its one-sided 95 % bounds; above 0 self's and other's patterns are "
            "more alike than either is like the object's. Without a point it is undefined: a change is only noise."
        )
    return panel


def _rows(found: FindingsData, measure: str) -> list[MeasureRow]:
    return [found.value(name, measure) for name in found.sites]


def _counts(found: FindingsData, measure: str, scale: Scale) -> Plot:
    rows = _rows(found, measure)
    count, claimed = np.array([row.value for row in rows]), np.array([row.p_sites <= LEVEL for row in rows])
    places, hover = np.arange(len(rows), dtype=float), "{x}: {y:.0f} units"
    bars = [
        Bars(places, np.where(claimed, count, np.nan), Look(GREEN, "the site has some"), hover=hover),
        Bars(
            places, np.where(claimed, np.nan, count), Look("#d9d9d9", "not shown to have any", hatch="/"), hover=hover
        ),
    ]
    return Plot(bars, scale, Scale("units", around(count, include=(0, 1))), label(measure).capitalize())


def _pattern(found: FindingsData, scale: Scale) -> Plot:
    rows = _rows(found, "ssi_unbiased")
    low, value, high = (np.array([getattr(row, end) for row in rows]) for end in ("low", "value", "high"))
    points = Points(np.arange(len(rows), dtype=float), value, Look(BLUE, symbol="circle", size=8), low, high,
                    hover="{x}: {y:.3g} [{low:.3g}, {high:.3g}]")  # fmt: skip
    return Plot([Rule(0.0), points], scale, Scale(label("ssi_unbiased"), around(low, high, include=(0,))))


def units(found: FindingsData) -> Panel:
    """Effects of self and other on each unit of a site, by class."""
    panel = Panel("Units of a site")
    if not {"self", "other"} <= {*found.given.contrasts}:
        return panel.without("self and other are needed, and none")
    panel.choosers = (Chooser("Site", tuple(found.sites)),)
    for place, name in enumerate(found.sites):
        panel.variants[(place,)] = _of_site(found, name)
    panel.caption = [
        "Each point is a unit: d′ of self and of other, each against none. Mirror: raised by both, and by each more "
        "than by the object; shared: raised by both, but by the object as much, or it was not shown. Classes hold the "
        "false discovery rate over all sites and ask for an effect beyond .3."
    ]
    return panel


def _of_site(found: FindingsData, name: str) -> Chart:
    columns, classes = found.sites[name].columns, found.classes[name]
    marks: list[AnyMark] = [Rule(0.0), Rule(0.0, axis="x")]
    for kind, look in _CLASSES.items():
        chosen = np.flatnonzero(classes == kind)
        if kind == "none" and len(chosen) > _MOST_DRAWN:
            chosen = chosen[np.linspace(0, len(chosen) - 1, _MOST_DRAWN).astype(int)]
        if len(chosen):
            drawn = Look(look.colour, f"{kind} ({np.sum(classes == kind):,})", symbol=look.symbol, size=look.size,
                         opacity=look.opacity)  # fmt: skip
            marks.append(Points(columns["d_self"][chosen], columns["d_other"][chosen], drawn,
                                hover="{label}\nunit {unit}: self {x:.2f}, other {y:.2f}",
                                details={"unit": [str(unit) for unit in chosen]}))  # fmt: skip
    across, up = (Scale(f"d′ of {who}", around(columns[f"d_{who}"], include=(0,))) for who in ("self", "other"))
    return one(Plot(marks, across, up), 460)
