"""First-layer units of one network: mean activation in the four scenarios, coloured by class (Figure 3)."""

from dataclasses import dataclass

import numpy as np

from mirrorjax.report.chart.chart import Chart, Plot, Scale, in_rows
from mirrorjax.report.chart.figure import Chooser, FigureKind, Panel
from mirrorjax.report.chart.marks import BLUE, GREEN, ORANGE, PURPLE, RED, Bars, Look
from mirrorjax.report.read.populations import PEAK_AFTER, Group
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import plain_number
from mirrorjax.report.words.time import Time

SCENARIOS = (
    ("none", "none in distress"),
    ("frog", "Frog in distress (itself)"),
    ("toad", "Toad in distress (the other)"),
    ("both", "both in distress"),
)
MOST_MEMBERS = 24  # of the chooser: the top of the headline configuration, then others at random
_TOP, _SEED = 8, 0
_SMALL = 0.05  # of the layer's largest change: below it a unit does not count as responding


@dataclass(frozen=True)
class UnitClass:
    """A class of units; a second colour is drawn as stripes."""

    label: str
    colour: str
    stripes: str = ""


CLASSES = (
    UnitClass("mirror", GREEN),
    UnitClass("mirror and differentiating", GREEN, RED),
    UnitClass("Toad only", RED),
    UnitClass("Frog only", ORANGE),
    UnitClass("falls in both", PURPLE),
    UnitClass("insensitive", BLUE),
)


@dataclass(frozen=True)
class Units:
    """One network's first layer at its last checkpoint with units; arrays over units.

    `means` by scenario over all of its rows; `frog_change` and `toad_change` are Δ over the filtered rows, as CMNI
    takes them; `classes` are places in `CLASSES`.
    """

    member_id: str
    group: Group
    seed: int
    epoch: float
    peak: float
    peak_epoch: float
    unit: np.ndarray
    means: dict[str, np.ndarray]
    frog_change: np.ndarray
    toad_change: np.ndarray
    mns: np.ndarray
    classes: np.ndarray


def classify(frog_change: np.ndarray, toad_change: np.ndarray) -> np.ndarray:
    """Sorts units into `CLASSES` by their change from "none" in own and in other distress.

    Mirror: both changes are positive, which is what gives a unit a score; and differentiating if one is more than
    twice the other. Of the rest a change counts beyond 5 % of the layer's largest.
    """
    changes = np.abs(np.concatenate([frog_change, toad_change]))
    small = _SMALL * float(np.max(changes, initial=0.0, where=np.isfinite(changes)))
    smaller, larger = np.minimum(frog_change, toad_change), np.maximum(frog_change, toad_change)
    conditions = (  # of `CLASSES`, the first that holds; else the last of them
        (smaller > 0) & (larger <= 2 * smaller),
        smaller > 0,
        (toad_change > small) & (frog_change <= 0),
        (frog_change > small) & (toad_change <= 0),
        larger < -small,
    )
    return np.select(conditions, range(len(conditions)), default=len(conditions))


def offered(view: View) -> list[tuple[str, str]]:
    """The networks to offer, (member id, why), the default first: only those whose units were stored.

    The default is, of the configuration nearest the paper's, the network with the highest CMNI at its peak; a network
    that the reader asked for comes before it.
    """
    table = view.population.units
    if table is None or not view.population.groups:
        return []
    stored, found = set(table["member_id"].to_pylist()), view.networks
    place_of = {member: place for place, member in enumerate(found.member_id) if member in stored}
    score = np.nan_to_num(np.where(np.isfinite(found.peak), found.peak, found.last["cmni"]), nan=-1.0)
    chosen = {str(view.member): "the one asked for"} if view.member in place_of else {}
    # the first with units is the headline, or where it has none the next
    for group in sorted(view.population.groups, key=lambda group: group is not view.population.headline):
        own = [place for place in place_of.values() if found.group[place] == group.index]
        own.sort(key=lambda place: (found.diverged[place], -score[place], place))
        for rank, place in enumerate(own[:_TOP]):
            chosen.setdefault(str(found.member_id[place]), f"number {rank + 1} of {group.capacity} by peak CMNI")
        if own:
            break
    rest = [member for member in place_of if member not in chosen]
    count = min(MOST_MEMBERS - len(chosen), len(rest))
    for place in sorted(np.random.default_rng(_SEED).choice(len(rest), count, replace=False)) if count > 0 else ():
        chosen[rest[place]] = "drawn at random"
    return list(chosen.items())


def units_of(view: View, member: str) -> Units:
    """Reads one network's first layer."""
    table = view.population.units
    assert table is not None, "units_of is for members that `offered` names"
    columns = table.filter(np.array(table["member_id"].to_pylist()) == member).to_pydict()
    values = {name: np.array(each, np.float64) for name, each in columns.items() if name != "member_id"}
    (place,) = np.flatnonzero(view.networks.member_id == member)
    frog_change, toad_change = (values[f"mean_{name}_filtered"] - values["mean_none"] for name in ("frog", "toad"))
    found, means = view.networks, {name: values[f"mean_{name}"] for name, _ in SCENARIOS}
    group, seed = view.population.groups[int(found.group[place])], int(found.seed[place])
    epochs = float(values["epoch"][0]), float(found.peak[place]), float(found.peak_epoch[place])
    changes = (frog_change, toad_change, values["mns"], classify(frog_change, toad_change))
    return Units(member, group, seed, *epochs, values["unit"].astype(int), means, *changes)


def panel(view: View) -> Panel:
    """Builds the figure: one variant a network."""
    result, members = Panel("Units of the first layer"), offered(view)
    if not members:
        return result.without(
            "No activations of single units were stored (units/ is empty): this figure cannot be drawn."
        )
    shown = [(units_of(view, member), why) for member, why in members]
    options = (f"{each.member_id[:8]} · {each.group.label} · seed {each.seed} · {why}" for each, why in shown)
    result.choosers = (Chooser("Network", tuple(options)),)
    result.variants = {(place,): _chart(units, view.population.time) for place, (units, _) in enumerate(shown)}
    first, why = shown[0]
    peak = f"its CMNI peaked at {plain_number(first.peak)}, {view.population.time.at(first.peak_epoch)}"
    if not np.isfinite(first.peak):
        start = view.population.time.at(PEAK_AFTER)
        peak = f"it has no checkpoint after {start}, so that no peak is known and the last CMNI ranks"
    result.caption = [
        f"Shown first: network {first.member_id} (seed {first.seed}, {first.group.label}), {why}; {peak}. The top of a "
        "ranking is not typical: compare it with those drawn at random. Activations are those at the network's last "
        "checkpoint that has units, not at its peak.",
        "Bars are means over all rows of a scenario. Colours come from the change against “none” over the rows that "
        "CMNI takes (Frog's scenario: rows that show a 5; Toad's: rows that show a 4). Mirror: both changes positive, "
        "that is, MNS > 0; and differentiating: one more than twice the other. Toad only, Frog only: a rise in that "
        "scenario alone. Falls in both: both negative. Insensitive: the rest, and changes under 5 % of the layer's "
        "largest. The class says what a unit does on average, not what it is for: distress of an object may move it "
        "just as well.",
    ]
    return result


def _chart(units: Units, time: Time) -> Chart:
    values = np.concatenate([*units.means.values(), [0.0]])
    # not every activation function stays above zero
    ends = 1.06 * float(np.nanmin(values)), 1.06 * float(np.nanmax(values)) or 1.0
    number = len(units.unit)
    ticks = tuple((float(unit), str(unit)) for unit in range(1, number + 1, max(1, number // 20)))
    across, up = Scale("first-layer unit", (0.4, number + 0.6), ticks=ticks), Scale("mean activation", ends)
    plots = [Plot(_bars(units, name), across, up, title) for name, title in SCENARIOS]
    title = f"{units.member_id} – {units.group.label}, seed {units.seed}, {time.at(units.epoch)}"
    return Chart(in_rows(plots, 2), 600, title)


def _bars(units: Units, name: str) -> list[Bars]:
    """Means in a scenario, class by class."""
    bars = []
    for number, kind in enumerate(CLASSES):
        own = units.classes == number
        details = {"mns": units.mns[own], "frog": units.frog_change[own], "toad": units.toad_change[own]}
        hover = (
            f"unit {{x}} ({kind.label})\nmean in “{name}” {{y:.4f}}\nMNS {{mns:.4f}}\n"
            "change in Frog's distress {frog:.4f}, in Toad's {toad:.4f}"
        )
        look = Look(kind.colour, f"{kind.label} ({own.sum()})", hatch="/" if kind.stripes else "", second=kind.stripes)
        bars.append(Bars(units.unit[own], units.means[name][own], look, hover=hover, details=details))
    return bars


FIGURE = FigureKind("units", panel)
