"""What a sweep has already: the finished members that a population which extends it need not train again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from mirrorjax.errors import InputError
from mirrorjax.machine.log import event, now
from mirrorjax.machine.reading import Absent, read_json
from mirrorjax.population.members import Member, identity
from mirrorjax.results.contents import MANIFEST
from mirrorjax.results.read import Results
from mirrorjax.results.store import MEMBERS, Store
from mirrorjax.settings.folder import RUN_ONLY
from mirrorjax.settings.schema import RuntimeConfig


@dataclass(frozen=True)
class Extended:
    """The populations of a sweep that another one extends: finished, on the same data, trained and measured alike.

    Attributes:
        populations: by name, the ids of their members.
        block: members side by side of the first of them, with which new members have the bits that they would have had
            there; None if there is no population. `other_blocks` names those with another one.
        engine: `xla` if that alone has trained all of them, else None.
    """

    populations: dict[str, frozenset[str]]
    block: int | None
    other_blocks: list[str]
    engine: str | None = None

    def holders(self, member_ids: list[str]) -> dict[str, str]:
        """The population that holds each of these members; those that are missing are not named."""
        found = {member: name for name, members in self.populations.items() for member in members}
        return {member: found[member] for member in member_ids if member in found}

    def divide(self, members: list[Member], dataset_hash: str) -> tuple[list[Member], dict[str, str]]:
        """The members that are missing, in their order, and the holders of the others."""
        ids = [identity(member, dataset_hash) for member in members]
        held = self.holders(ids)
        return [member for member, member_id in zip(members, ids, strict=True) if member_id not in held], held


def check_sweep(folder: Path) -> None:
    """Checks that a folder is a sweep's, which can be extended.

    Raises:
        InputError: it is not.
    """
    try:
        results = Results.open(folder)
    except InputError as error:
        raise InputError(f"extend: {error}") from error
    if any(population.folder == folder.resolve() for population in results.populations):
        raise InputError(f"extend: {folder} is one population; give its sweep's folder, {folder.resolve().parent}")


def extended(sweep: Path, resolved: Mapping[str, Any], dataset_hash: str, own: str) -> Extended:
    """Reads what a sweep has that a population with a resolved config, trained on a dataset, extends.

    It does not extend itself, `own`; and if it was begun before, it lacks what it lacked then.

    Raises:
        InputError: its manifest is there and cannot be read, so that what it lacked then is not known.
    """
    wanted = _conditions(resolved)
    known = begun(sweep / own).get("extends")
    found: dict[str, frozenset[str]] = {}
    blocks: dict[str, int] = {}
    compiled = True
    for population in Results.open(sweep).populations:
        if population.name == own or (known is not None and population.name not in known):
            continue
        if population.done and _conditions(population.config) == wanted:
            manifest = population.manifest
            if (manifest.get("dataset") or {}).get("hash") == dataset_hash:
                found[population.name] = frozenset(population.member_ids)
                blocks[population.name] = manifest.get("block") or 0
                compiled = compiled and only_xla(manifest)
    first = next(iter(blocks.values()), None)
    others = [name for name, block in blocks.items() if block != first]
    return Extended(found, first, others, "xla" if found and compiled else None)


def begun(population: Path) -> dict[str, Any]:
    """The manifest of a population's folder; empty if nothing was begun there."""
    try:
        return read_json(population / "manifest.json", MANIFEST)
    except Absent:
        return {}


def only_xla(manifest: Mapping[str, Any]) -> bool:
    """Whether the compiled step alone has trained a population; it trained all of those that do not say what did."""
    return set((manifest.get("engines") or {}).values()) <= {"xla"}


def missing(
    members: list[Member], dataset_hash: str, there: Extended, runtime: RuntimeConfig
) -> tuple[list[Member], RuntimeConfig]:
    """The members that an extended sweep lacks, and how they are to be trained: with its block, for equal bits."""
    lacking, held = there.divide(members, dataset_hash)
    names = ", ".join(sorted(set(held.values()))) or "no population"
    text = f"extending: {len(held):,} of {len(members):,} members are finished in {names}; {len(lacking):,} to train"
    event("extending", text, finished=len(held), missing=len(lacking))
    if runtime.block is None and there.block:
        runtime = replace(runtime, block=there.block)
    if runtime.engine == "auto" and there.engine:
        runtime = replace(runtime, engine=there.engine)
    others = there.other_blocks if runtime.block == there.block else list(there.populations)
    if others:
        names = ", ".join(others)
        event("extending", f"extending: {names} had another block than {runtime.block}: equal to rounding only")
    return lacking, runtime


def finish_empty(store: Store, manifest: Mapping[str, Any], resolved: Mapping[str, Any]) -> Path:
    """Writes a population that lacks nothing: its folder says so, and the same command finds it finished."""
    store.write_config(OmegaConf.to_yaml(OmegaConf.create(dict(resolved))))
    store.write_members(dict.fromkeys(MEMBERS.names, ()))
    store.write_manifest({**manifest, "status": "done", "created": (at := now()), "finished": at})
    store.mark_done()
    return store.folder


def _conditions(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a member's records depend on beyond the member: how long it is trained, and when and how it is measured."""
    regime, runtime = config.get("regime") or {}, config.get("runtime") or {}
    own = {name: regime.get(name) for name in ("epochs", "patience")}
    given = (config.get("measurement") or {}).items()
    measured = {name: value for name, value in given if f"measurement.{name}" not in RUN_ONLY}
    return {**own, "measurement": measured, "precision": runtime.get("precision")}
