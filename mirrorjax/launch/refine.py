"""`refine=3`: after a population is finished, further networks where the boundary's band is widest, round by round."""

import copy
import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from mirrorjax.job.assemble import planned
from mirrorjax.job.parents import members as expand
from mirrorjax.machine.hosts import is_first, text_from_first
from mirrorjax.machine.log import event, written_to
from mirrorjax.machine.reading import read_json
from mirrorjax.pipeline import run_population
from mirrorjax.population.members import identity
from mirrorjax.results.contents import TRAINED
from mirrorjax.results.extension import extended
from mirrorjax.results.jobs import note_rounds, note_sweep, rounds_of
from mirrorjax.results.read import LAST_RECORDS, Results
from mirrorjax.settings.folder import job_hash
from mirrorjax.settings.map_axes import Map, Place, map_of
from mirrorjax.settings.schema import Config, stored
from mirrorjax.settings.texts import counted
from mirrorjax.statistics.refinement import CellCounts, Proposal, propose

Plain = dict[str, Any]  # a config as plain containers


def refine(
    config: Config, resolved: Mapping[str, Any], sweep: Path, about: Mapping[str, Any], console: Console
) -> None:
    """Runs the rounds of a finished population, each as a population that extends it in the sweep's folder.

    A round is noted before it begins, so that the same command goes on with it, and finds it finished at last.

    Raises:
        InputError, KeyboardInterrupt, SystemExit: as `pipeline.run_population`.
    """
    base = job_hash(resolved)
    rounds: list[Plain] = json.loads(text_from_first(json.dumps(rounds_of(sweep, base) if is_first() else [])))
    for number, each in enumerate(rounds[: config.refine], 1):
        event("refining", f"refinement, round {number} of {config.refine}, begun before: {each['what']}")
        own = _round_config(resolved, sweep, each)
        run_population(stored(own), own, sweep, about, console)
    while True:
        # told to all processes: only the first one is sure to see what it has just written
        found = _next_round(config, resolved, sweep, rounds) if is_first() else None
        line, added = json.loads(text_from_first(json.dumps(found)))
        own = _round_config(resolved, sweep, added) if added else {}
        if added:
            added["job"] = job_hash(own)
        with written_to(sweep / base / "log.jsonl") if is_first() else nullcontext():
            event("refining", line, **{name: value for name, value in added.items() if name not in ("what", "list")})
        if not added:
            return
        rounds.append(added)
        if is_first():
            note_rounds(sweep, base, rounds)
            note_sweep(sweep, {**about, "jobs": [_job(own, base, len(rounds), added, about)]})
        run_population(stored(own), own, sweep, about, console)


def _job(own: Plain, base: str, number: int, added: Plain, about: Mapping[str, Any]) -> Plain:
    """What sweep.json says of a round, for `mirrorjax status`; not all of its members are new."""
    whole = planned(stored(own), own)
    share = added["networks"] / max(1, whole["members"])
    known: Plain = next((job for job in about.get("jobs", ()) if job["job"] == base), {})
    return {
        **{name: known[name] for name in ("plugins",) if name in known},
        **{"job": whole["job"], "members": added["networks"], "model_steps": round(whole["model_steps"] * share)},
        "overrides": [*known.get("overrides", ()), f"(round {number} of the refinement of {base})"],
    }


def _round_config(resolved: Mapping[str, Any], sweep: Path, added: Plain) -> Plain:
    """The config of a round: its points with all seeds that they are to have; those that are there are not trained."""
    own = copy.deepcopy(dict(resolved))
    population = dict(own["population"])
    for way in ("axes", "zip"):
        population[way] = dict.fromkeys(population[way] or ())
    own["population"] = {**population, "union": [], "list": added["list"], "seeds": added["seeds"]}
    return {**own, "extend": str(sweep), "refine": 0}


def _next_round(config: Config, resolved: Mapping[str, Any], sweep: Path, rounds: Sequence[Plain]) -> tuple[str, Plain]:
    """A line for people, and the round that is to be run next; empty if there is to be none.

    It follows from the verdicts of the population and of its earlier rounds alone, whatever else the sweep holds.
    """
    layout = map_of(config.population, config.population.union)
    known = [expand(each) for each in (config, *(stored(_round_config(resolved, sweep, each)) for each in rounds))]
    dataset = read_json(sweep / job_hash(resolved) / "manifest.json", TRAINED)["dataset"]["hash"]
    ids: dict[Place, set[str]] = {}
    for member in (member for members in known for member in members):
        place = tuple(tuple(getattr(member, name) for name in axis.names) for axis in layout.axes)
        ids.setdefault(place, set()).add(identity(member, dataset))
    places = list(ids)
    found = verdicts(sweep, resolved, dataset)
    told = [[found[each] for each in ids[place] if each in found] for place in places]
    new = layout.between(places)
    dearest = _seeds(config, rounds) * layout.copies
    left = (config.refine_networks or len(known[0])) - sum(each["networks"] for each in rounds)
    counts = ([sum(each) for each in told], [len(each) for each in told], [len(ids[place]) for place in places])
    proposal = propose(
        CellCounts(_coordinates(layout, places), *map(np.array, counts)),
        _coordinates(layout, new),
        seeds=dearest,
        budget=_share(left, config.refine - len(rounds), dearest),
        width=config.refine_width,
        names=[f"log {axis.names[0]}" if axis.logarithmic[0] else axis.names[0] for axis in layout.axes],
    )
    return _said(config, layout, proposal, places, new, rounds)


def _seeds(config: Config, rounds: Sequence[Plain]) -> int:
    return config.population.seeds * (len(rounds) + 2)  # the population's own once more for each round


def _share(left: int, rounds: int, dearest: int) -> int:
    """Networks of a round, of those that are left for all: an equal share, but enough for one place."""
    return min(left, max(left // rounds, dearest)) if rounds > 0 else 0


def _said(
    config: Config, layout: Map, proposal: Proposal, places: list[Place], new: list[Place], rounds: Sequence[Plain]
) -> tuple[str, Plain]:
    """The proposal in a sentence, and as a round."""
    band, seeds = "", _seeds(config, rounds)
    if proposal.at is not None:
        before = f"{rounds[-1]['widest']:.2f} → " if rounds else ""
        place = [*places, *new][proposal.at]
        where = ", ".join(f"{axis.names[0]} = {own[0]:g}" for axis, own in zip(layout.axes, place, strict=True))
        band = f"widest band of P {before}{proposal.widest:.2f}, at {where}"
    if not proposal.networks:
        used_up = len(rounds) >= config.refine and proposal.widest > config.refine_width
        why = "its rounds are used up" if used_up else proposal.why
        added = sum(each["networks"] for each in rounds)
        said = "; ".join(text for text in (band, why) if text)
        return f"refinement ends, {counted(added, 'network')} added: {said}", {}
    chosen = [*(places[each] for each in proposal.cells), *(new[each] for each in proposal.new)]
    where = f"{counted(len(proposal.cells), 'cell')} that are there and in {counted(len(proposal.new), 'new one')}"
    what = f"{counted(proposal.networks, 'network')} in {where}, {seeds} seeds in each of them then"
    own = {"what": what, "seeds": seeds, "networks": proposal.networks, "widest": proposal.widest}
    own["list"] = [entry for place in chosen for entry in layout.entries(place)]
    return f"refinement, round {len(rounds) + 1} of {config.refine}: {band}; {what}", own


def _coordinates(layout: Map, places: list[Place]) -> np.ndarray:
    return np.array([layout.coordinates(place) for place in places]).reshape(-1, len(layout.axes))


def verdicts(sweep: Path, resolved: Mapping[str, Any], dataset_hash: str) -> dict[str, bool]:
    """The verdict at the end of each network that has one, by its id; a diverged one is no mirror network.

    Of the sweep's populations those count that were trained and measured alike, on the same dataset.
    """
    results = Results.open(sweep)
    alike = extended(sweep, resolved, dataset_hash, own="").populations
    results.populations = [each for each in results.populations if each.name in alike]
    if "mirror" not in results.query("SELECT * FROM records LIMIT 0").column_names:
        return {}
    table = results.query(
        "SELECT member_id, bool_or(mirror = 1 AND status <> 'diverged') AS verdict "
        f"FROM ({LAST_RECORDS}) WHERE isfinite(mirror) GROUP BY member_id"
    )
    return dict(zip(table["member_id"].to_pylist(), table["verdict"].to_pylist(), strict=True))
