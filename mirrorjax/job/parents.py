"""Networks that others go on from: of a finished sweep, each with the final weights that one of ours starts with.

Which one that is is known before any work, and is part of who a member is: what it learns follows from its parent.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from mirrorjax.dataset.configured import dataset_spec
from mirrorjax.errors import InputError
from mirrorjax.population.axes import members as expand
from mirrorjax.population.members import Member
from mirrorjax.results.population import Population
from mirrorjax.results.read import Results
from mirrorjax.settings.axes import AXES
from mirrorjax.settings.schema import MEMBER, Config

FINETUNED = "supervised"  # how parents have learnt
# What may differ from the parent's; of several that one is taken which agrees in these, the first ones above all.
HOW = ("learning_rate", "batch_size", "dropout", "l2", "data_order")

Read = Callable[[str], Any]  # a setting of somebody, by name


def members(config: Config) -> list[Member]:
    """The members of a population, who know their parents where `regime.finetunes` says whose weights they start with.

    Raises:
        InputError: there are no such results, or a member has no parent among them, or several.
    """
    found = expand(config)
    return found if config.regime.finetunes is None else list(_with_parents(found, config))


def stored_members(stored: Population, config: Config) -> list[Member]:
    """All members of a population that was trained, whether or not the results that they finetuned are still there."""
    found, table = expand(config), stored.members()
    if "parent" not in table.column_names:
        return found
    own = ("seed", *(name for name in AXES if name in table.column_names))
    parents = {_values(row.get, own): row["parent"] for row in table.to_pylist()}
    return [replace(member, parent=parents.get(_values(_of(member), own))) for member in found]


def parents_weights(config: Config, members: Iterable[Member]) -> dict[str, dict[str, np.ndarray]]:
    """The final weights of all parents of some members, by id and name; none where nobody has a parent."""
    wanted = {member.parent for member in members} - {None}
    if config.regime.finetunes is None or not wanted:
        return {}
    finished = _finished(config.regime.finetunes)
    return {name: own for each in finished for name, own in each.weights_of_all() if name in wanted}


def _with_parents(children: Sequence[Member], config: Config) -> Iterator[Member]:
    folder = str(config.regime.finetunes)
    same = tuple(  # what both see, and what they see it with; parents had no settings of another regime
        name for name, each in MEMBER.items() if each.of in ("", config.model.name) and name not in (*HOW, "regime")
    )
    known: dict[tuple, list[dict[str, Any]]] = defaultdict(list)
    for population in _finished(folder):
        if dataset_spec(population.stored_config()) == dataset_spec(config):
            for row in _sound(population):
                known[_values(row.get, ("seed", *same))].append(row)
    for child in children:
        found = known[_values(_of(child), ("seed", *same))]
        for name in HOW:
            found = [row for row in found if _values(row.get, [name]) == _values(_of(child), [name])] or found
        if len({row["member_id"] for row in found}) != 1:
            raise InputError(_no_parent(folder, child, same, found))
        yield replace(child, parent=found[0]["member_id"])


def _finished(folder: str) -> list[Population]:
    try:
        found = Results.open(folder).populations
    except InputError as error:
        raise InputError(f"regime.finetunes: {error}") from error
    return [each for each in found if each.done and each.checkpoints and each.stored_config().regime.name == FINETUNED]


def _sound(population: Population) -> Iterator[dict[str, Any]]:
    """Its members that have not diverged, as rows of members.parquet."""
    last = pq.ParquetFile(population.files("records")[-1]).read(["member_id", "status"]).to_pylist()
    diverged = {row["member_id"] for row in last if row["status"] == "diverged"}
    return (row for row in population.members().to_pylist() if row["member_id"] not in diverged)


def _of(member: Member) -> Read:
    return lambda name: getattr(member, name)


def _values(read: Read, names: Iterable[str]) -> tuple:
    """Settings as they are compared; results from before there was one have its default."""
    found = ((name, read(name)) for name in names)
    return tuple(MEMBER[name].default if value is None and name in MEMBER else value for name, value in found)


def _no_parent(folder: str, child: Member, same: Iterable[str], found: Sequence[dict[str, Any]]) -> str:
    told = [name for name in same if getattr(child, name) != MEMBER[name].default or name in ("width", "depth")]
    who = ", ".join(f"{name} {getattr(child, name)}" for name in ("seed", *told))
    given = f"regime.finetunes is {folder}: it has {len(found) or 'no'} finished {FINETUNED} networks with {who}"
    several = f", all as near in {', '.join(HOW)}" if found else ""
    return f"{given} that learnt from this dataset{several}; allowed: results with one for each member"
