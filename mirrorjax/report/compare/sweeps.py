"""Several sweeps beside each other: what is shown of each, how it is drawn, and where they are not comparable."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mirrorjax.errors import InputError
from mirrorjax.measures import label
from mirrorjax.report.chart.marks import BLUE, GREEN, ORANGE, PURPLE, RED, SKY, Look
from mirrorjax.report.read.populations import Group, load
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import listed
from mirrorjax.report.words.time import Time

LOOKS = (
    Look(BLUE, dash="solid", symbol="circle", size=7),
    Look(RED, dash="dash", symbol="square", size=7),
    Look(GREEN, dash="dot", symbol="diamond", size=7),
    Look(PURPLE, dash="dashdot", symbol="triangle-up", size=7),
    Look(ORANGE, dash="longdash", symbol="cross", size=7),
    Look(SKY, dash="longdashdot", symbol="x", size=7),
)
MEASURES = (  # offered where every sweep has them, in this order
    "cmni", "cmni_hidden", "mni_star", "ssi", "accuracy", "rescue_accuracy", "val_loss", "excess_error",
)  # fmt: skip
NEAREST = "nearest the paper's"
_ONLY_WHEN = {"every", "at", "units_at", "causes_seeds"}  # measurement settings: when, and of whom; no value moves
_MANY = ("ablate_", "intact_", "units_", "circuits_")  # too many to name


@dataclass(frozen=True)
class Compared:
    """One of the sweeps, by its name (its folder's where two share one), with its populations that have records."""

    name: str
    folder: Path
    views: list[View]
    look: Look

    @property
    def measures(self) -> frozenset[str]:
        """Recorded in all its populations."""
        return frozenset.intersection(*(view.population.measures for view in self.views))

    @property
    def nearest(self) -> tuple[View, Group]:
        """The configuration nearest the paper's, of its first population."""
        return self.views[0], self.views[0].population.headline

    def shown(self, capacity: str) -> tuple[View, Group] | None:
        """The configuration of a capacity that is most like the nearest; that one itself for none, ""."""
        for view in self.views:
            head = view.population.headline.settings
            fitting = [group for group in view.population.groups if group.capacity == capacity]
            if fitting:
                return view, min(fitting, key=lambda group: sum(group.settings[name] != head[name] for name in head))
        return None if capacity else self.nearest


def read(folders: Sequence[Path]) -> list[Compared]:
    """Reads all sweeps.

    Raises:
        InputError: for none, more than there are colours, one given twice, or one without records.
    """
    if not 1 <= len(folders) <= len(LOOKS):
        raise InputError(f"compare: {len(folders)} results folders given; allowed: 2 to {len(LOOKS)}")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise InputError(f"compare: a results folder is given twice: {listed([str(folder) for folder in folders])}")
    sweeps = [load(folder) for folder in folders]
    names = [sweep.name for sweep in sweeps]
    found = []
    for folder, sweep, look in zip(folders, sweeps, LOOKS, strict=False):
        views = [view for view in map(View, sweep.populations) if len(view.networks.group)]
        if not views:
            why = f" ({'; '.join(sweep.problems[:3])})" if sweep.problems else ""
            raise InputError(f"{folder}: no population has records that can be read{why}; allowed: results with some")
        name = sweep.name if names.count(sweep.name) == 1 else folder.resolve().name
        found.append(Compared(name, folder, views, look))
    if len({each.name for each in found}) < len(found):  # folders of one name in different places
        found = [replace(each, name=str(each.folder)) for each in found]
    return found


def chosen_measures(sweeps: Sequence[Compared], asked: Sequence[str] = ()) -> dict[str, str]:
    """Measures by name, with their names for readers.

    Raises:
        InputError: for one that some sweep does not have, names those that all have; or they have none in common.
    """
    shared = frozenset.intersection(*(each.measures for each in sweeps))
    for name in asked:
        lacking = [each.name for each in sweeps if name not in each.measures]
        if lacking:
            known = sorted(each for each in shared if not each.startswith(_MANY))
            raise InputError(
                f"--measure {name}: not recorded in {listed(lacking)}; all of these sweeps have {', '.join(known)}"
            )
    if not (chosen := {name: label(name) for name in asked or MEASURES if name in shared}):
        raise InputError(f"{listed([each.name for each in sweeps])} have no measure in common")
    return chosen


def configurations(sweeps: Sequence[Compared]) -> list[str]:
    """Capacities that two sweeps have at least; the empty one, nearest the paper's, comes first."""
    own = [[group.capacity for view in each.views for group in view.population.groups] for each in sweeps]
    capacities = [capacity for each in own for capacity in dict.fromkeys(each)]
    return ["", *dict.fromkeys(capacity for capacity in capacities if capacities.count(capacity) > 1)]


def times(sweeps: Sequence[Compared]) -> list[Time]:
    """What their time is counted in, each once."""
    return [*dict.fromkeys(view.population.time for sweep in sweeps for view in sweep.views)]


def warnings(sweeps: Sequence[Compared]) -> list[str]:
    """Where values of the sweeps may differ for other reasons than what was swept."""
    words = []
    hashes = {each.name: sorted({view.population.dataset_hash for view in each.views}) for each in sweeps}
    if len({each for found in hashes.values() for each in found}) > 1:
        each = "; ".join(f"{name}: {listed(found)}" for name, found in hashes.items())
        words.append(f"The datasets differ (content hashes: {each}): values may differ for that reason alone.")
    settings = {each.name: _measurement(each) for each in sweeps}
    for name in sorted({name for found in settings.values() for name in found}):
        values = {sweep: found.get(name, "not recorded") for sweep, found in settings.items()}
        if len(set(values.values())) > 1:
            each = ", ".join(f"{value} in {sweep}" for sweep, value in values.items())
            words.append(f"Measured differently: measurement.{name} is {each}.")
    return words


def _measurement(sweep: Compared) -> dict[str, str]:
    """Settings that move measured values, in words; a null takes all rows, or all networks."""
    found: dict[str, set[str]] = {}
    for view in sweep.views:
        for name, value in (view.population.config.get("measurement") or {}).items():
            if name not in _ONLY_WHEN:
                found.setdefault(str(name), set()).add("all" if value is None else str(value))
    return {name: " or ".join(sorted(values)) for name, values in found.items()}
