"""Agents beside networks that were told what is right, where they first play as well: excess error is none of agents'.

What is matched is the score a round as Frog, the mean over the four scripted Toads, which whoever acts plays alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import mannwhitneyu

from mirrorjax.measures import PARTS
from mirrorjax.report.figures.clocks import trajectories
from mirrorjax.report.read.ways import OF_MIRRORS, Way
from mirrorjax.settings.groups import PLAYING
from mirrorjax.statistics.line_to_beat import FEWEST, discoveries
from mirrorjax.statistics.matching import at_excess, common_excess

_SCORES = tuple(f"play_{partner}_own" for partner in PARTS["PARTNER"])
_FEWEST_CHECKPOINTS = 2  # of fewer nothing is first reached


@dataclass(frozen=True)
class AtPlay:
    """Ways at one score; their `values` are there, nan of a network that never reaches it, and so is their `epoch`.

    Without a score that half of the networks of every way reach it is nan, and there are no values. Others that have no
    such score with the agents are left out, by name.
    """

    score: float
    ways: list[Way]
    left_out: tuple[str, ...] = ()

    def reaching(self, way: Way) -> int:
        """How many networks of a way get there."""
        return int(np.isfinite(way.values["mni_star"]).sum())


@dataclass(frozen=True)
class Difference:
    """Agents against another way in one measure: medians, two-sided p (Mann and Whitney), whether it is a discovery."""

    agents: str
    other: str
    measure: str
    medians: tuple[float, float]
    p: float
    is_found: bool = False


def at_play(found: Sequence[Way]) -> AtPlay | None:
    """Ways that played at two checkpoints at least, at the best score that half of all of them reach.

    None where there are no agents, or none to hold them against.
    """
    paths = {place: path for place, way in enumerate(found) if not way.predictor and (path := _path(way)) is not None}
    agents = [found[place].regime in PLAYING for place in paths]
    if not any(agents) or all(agents):
        return None
    of_agents = [path["lack"] for path, plays in zip(paths.values(), agents, strict=True) if plays]
    kept = {
        place: path
        for (place, path), plays in zip(paths.items(), agents, strict=True)
        if plays or np.isfinite(common_excess([*of_agents, path["lack"]]))
    }
    target = common_excess([path["lack"] for path in kept.values()]) if len(kept) > len(of_agents) else np.nan
    if not np.isfinite(target):
        return AtPlay(np.nan, [found[place] for place in paths])
    left_out = tuple(found[place].name for place in paths if place not in kept)
    return AtPlay(1 - target, [_moved(found[place], path, target) for place, path in kept.items()], left_out)


def _path(way: Way) -> dict[str, np.ndarray] | None:
    """Its networks' measures over checkpoints, [networks, checkpoints]; None where they hardly played."""
    made: list[dict[str, np.ndarray]] = []
    for view, group in way.sources:
        names = [name for name in dict.fromkeys((*way.values, *_SCORES)) if name in view.population.measures]
        if not {*_SCORES} <= {*names}:
            return None
        values = trajectories(view.population, [group], names).values
        lack = 1 - np.mean([values[name] for name in _SCORES], axis=0)
        none = np.full_like(lack, np.nan)
        lacking: dict[str, np.ndarray] = {name: none for name in way.values}  # noqa: C420
        made.append(lacking | {name: values[name] for name in ("epoch", *names)} | {"lack": lack})
    if len(made) != 1 or np.isfinite(made[0]["lack"]).any(axis=0).sum() < _FEWEST_CHECKPOINTS:
        return None
    return made[0]


def _moved(way: Way, path: dict[str, np.ndarray], target: float) -> Way:
    reached = {name: at_excess(path["epoch"], path["lack"], path[name], target) for name in way.values}
    values = {name: each.value for name, each in reached.items()}
    by_epochs = all(view.population.time.is_papers for view, _ in way.sources)
    return replace(way, values=values, epoch=float(np.nanmedian(reached["mni_star"].epoch)) if by_epochs else np.nan)


def differences(matched: AtPlay) -> list[Difference]:
    """Of each way of agents from each other way in measures of mirroring; of those that are found 5 % err."""
    made = []
    for agents in (way for way in matched.ways if way.regime in PLAYING):
        for other in (way for way in matched.ways if way.regime not in PLAYING):
            for name in OF_MIRRORS:
                own, its = (each[np.isfinite(each)] for each in (agents.values[name], other.values[name]))
                if min(len(own), len(its)) >= FEWEST:
                    medians = float(np.median(own)), float(np.median(its))
                    p = float(mannwhitneyu(own, its).pvalue)
                    made.append(Difference(agents.name, other.name, name, medians, p))
    says = discoveries([each.p for each in made])
    return [replace(each, is_found=bool(own)) for each, own in zip(made, says, strict=True)]
