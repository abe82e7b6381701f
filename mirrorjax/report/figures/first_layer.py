"""The first layer of one network: which networks to show, their units, and the classes of units."""

from dataclasses import dataclass

import numpy as np

from mirrorjax.report.chart.marks import BLUE, GREEN, ORANGE, PURPLE, RED
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.view import View

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


MIRROR = UnitClass("mirror", GREEN)
MIRROR_DIFFERENTIATING = UnitClass("mirror and differentiating", GREEN, RED)
TOAD_ONLY = UnitClass("Toad only", RED)
FROG_ONLY = UnitClass("Frog only", ORANGE)
FALLS = UnitClass("falls in both", PURPLE)
INSENSITIVE = UnitClass("insensitive", BLUE)
CLASSES = (MIRROR, MIRROR_DIFFERENTIATING, TOAD_ONLY, FROG_ONLY, FALLS, INSENSITIVE)


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
    choices = (
        (MIRROR, (smaller > 0) & (larger <= 2 * smaller)),
        (MIRROR_DIFFERENTIATING, smaller > 0),
        (TOAD_ONLY, (toad_change > small) & (frog_change <= 0)),
        (FROG_ONLY, (frog_change > small) & (toad_change <= 0)),
        (FALLS, larger < -small),
    )
    return np.select(
        [condition for _, condition in choices],
        [CLASSES.index(kind) for kind, _ in choices],
        default=CLASSES.index(INSENSITIVE),
    )


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
    near = sorted(
        (group for group in view.population.groups if found.of(group).any()),
        key=lambda group: group is not view.population.headline,
    )
    chosen: dict[str, str] = {}
    if view.member in place_of:
        chosen[str(view.member)] = "the one asked for"
    for group in near:  # the first with units is the headline, or where it has none the next
        own = [place for place in place_of.values() if found.group[place] == group.index]
        score = np.nan_to_num(np.where(np.isfinite(found.peak), found.peak, found.last["cmni"]), nan=-1.0)
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
    frog_change = values["mean_frog_filtered"] - values["mean_none"]
    toad_change = values["mean_toad_filtered"] - values["mean_none"]
    return Units(
        member_id=member,
        group=view.population.groups[int(view.networks.group[place])],
        seed=int(view.networks.seed[place]),
        epoch=float(values["epoch"][0]),
        peak=float(view.networks.peak[place]),
        peak_epoch=float(view.networks.peak_epoch[place]),
        unit=values["unit"].astype(int),
        means={name: values[f"mean_{name}"] for name, _ in SCENARIOS},
        frog_change=frog_change,
        toad_change=toad_change,
        mns=values["mns"],
        classes=classify(frog_change, toad_change),
    )
