"""What a configuration comes to, before anything is computed: a job, its folders, members, schedule and machine."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.knobs import PAPER
from mirrorjax.errors import InputError
from mirrorjax.job.data import most_boards
from mirrorjax.job.folders import check_folders, compile_cache
from mirrorjax.job.parents import members as expand
from mirrorjax.job.partner import load_partner
from mirrorjax.machine.runtime import Device, configure, device_facts, memory_budget, source_commit, versions
from mirrorjax.population.members import Member
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import REGIMES, regime_of
from mirrorjax.regimes.base import CLOCKED
from mirrorjax.results.contents import FORMAT
from mirrorjax.results.extension import Extended, extended, missing
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.folder import job_hash
from mirrorjax.settings.grid import each_combination, values_of
from mirrorjax.settings.schema import MEMBER, SETTINGS, Config, RuntimeConfig, checkpoints, units_at, unvaried, value_of
from mirrorjax.training.data import Data
from mirrorjax.training.loop import Schedule
from mirrorjax.training.memory import Layout, layout


@dataclass(frozen=True)
class Job:
    """One population to be trained, resolved: what comes after it asks the configuration for numbers alone.

    Attributes:
        config, resolved: that it is of, and the same as plain containers.
        folder: of the population, which need not exist.
        members, schedule: who is to be trained, and when they are measured.
        devices, runtime: that they share, and how they are laid on them.
        budget: bytes of each device; None is no limit.
        there: what the sweep that it extends has; None if it extends none.
    """

    config: Config
    resolved: Mapping[str, Any]
    folder: Path
    members: list[Member]
    schedule: Schedule
    devices: list[Device]
    budget: float | None
    runtime: RuntimeConfig
    there: Extended | None = None

    @property
    def title(self) -> str:
        """What is trained, in words."""
        return f"{self.config.name}: {len(self.members)} networks"

    @property
    def profile_folder(self) -> Path | None:
        """Where the trace of one chunk is kept; None: none is made."""
        return self.folder / "profile" if self.runtime.profile else None

    @property
    def model_steps(self) -> int:
        """Summed over members."""
        end, steps = self.schedule.checkpoints[-1], REGIMES[self.config.regime.name].clock.step
        return sum(steps(member, end) for member in self.members)

    def lacking(self, dataset_hash: str) -> "Job":
        """The same without the members that an extended sweep has, and with its block, for equal bits."""
        if self.config.extend is None:
            return self
        there = extended(self.folder.parent, self.resolved, dataset_hash, self.folder.name)
        members, runtime = missing(self.members, dataset_hash, there, self.runtime)
        return replace(self, members=members, runtime=runtime, there=there)

    def layout(self, data: Data, saved_block: int, saved_engine: str | None) -> Layout:
        """How its members share the devices, each of which has the data.

        It goes on with the block and the engine of the state that it goes on from, if there is one (else 0 and None),
        on another number of devices too, and so with the same bits.
        """
        runtime = replace(self.runtime, block=saved_block or self.runtime.block)
        engine = saved_engine or runtime.engine if runtime.engine == "auto" else runtime.engine
        laid = layout(runtime, self.members, len(self.devices), self.budget, data.bytes, data.most_boards)
        return Layout(self.devices, *laid, engine)

    def manifest(self, dataset: Dataset, block: int) -> dict[str, Any]:
        """What is known before training."""
        facts = {
            **{"format": FORMAT, "experiment": self.config.name, "job": self.folder.name},
            **{"versions": versions(), "device": device_facts(self.devices), "commit": source_commit()},
            **{"precision": self.runtime.precision, "block": block, "members": len(self.members)},
            "clock": REGIMES[self.config.regime.name].clock.name,
            "checkpoints": list(self.schedule.checkpoints),
            "dataset": {"hash": dataset.content_hash, "counts": dataset.counts},
        }
        if dataset.pairs is not None:
            facts["pairs"] = {"hash": dataset.pairs.content_hash, "train": len(dataset.pairs.train)}
        return facts if self.there is None else facts | {"extends": sorted(self.there.populations)}


def assemble(config: Config, resolved: Mapping[str, Any], sweep: Path) -> Job:
    """Resolves a configuration, and prepares JAX for it.

    Raises:
        InputError: a setting is not allowed, there is no such device, a folder cannot be written, or not even one block
            fits into memory: nothing has been written or computed then.
    """
    validate(config)
    check_regime(config)
    check_folders(config, sweep)
    load_partner(config)
    members, runtime, cache = expand(config), config.runtime, compile_cache(config)
    devices = configure(runtime.platform, runtime.devices, runtime.precision, cache, runtime.distributed)
    budget = memory_budget(runtime.memory_budget, runtime.platform, devices)
    # what does not fit without the rows is told before they are made
    layout(runtime, members, len(devices), budget, 0, most_boards(config))
    shown = regime_of(program_of(members[0])).needs  # rows or boards: else there are no units to tell of
    at = units_at(config)
    games_at = at if config.measurement.games else ()
    schedule = Schedule(checkpoints(config), at if shown else (), config.regime.patience, games_at)
    return Job(config, resolved, sweep / job_hash(resolved), members, schedule, devices, budget, runtime)


def check_regime(config: Config) -> None:
    """Checks that a regime looks at what is asked of it.

    Raises:
        InputError: names the setting that it would not look at.
    """
    regime, population = REGIMES[config.regime.name], config.population
    if "rows" in regime.needs:
        return _check_knobs(config)
    name = f"regime={config.regime.name}"
    if config.regime.patience is not None:
        given = f"regime.patience is {config.regime.patience:g}"
        raise InputError(f"{given}; allowed: null, for {name} has no validation loss")
    for axis, usual in unvaried(config).items():
        values = values_of(axis, population, population.union, usual)
        if len(values) > 1 and axis not in regime.settings:
            given = f"population.axes.{axis} has {len(values)} values, at which {name} does not look"
            raise InputError(f"{given}; allowed: axes of {', '.join(regime.settings)}")
    if (end := config.regime.epochs) > 0 and not regime.clock.step(Member(), end):
        raise InputError(f"regime.epochs is {end:g} {regime.clock.name}s: less than one update; allowed: more, or 0")
    if config.regime.stimuli == "persons":  # else boards are seen, of the configured game
        _check_game(config)


def _check_game(config: Config) -> None:
    """Of a regime that sees nothing of the configured game."""
    for key, each in ((key, each) for key, each in SETTINGS.items() if key.startswith("game.")):
        if (given := value_of(config, key)) != each.default and each.name not in REGIMES[config.regime.name].settings:
            unseen = f"regime={config.regime.name} does not look at it"
            raise InputError(f"{key} is {given}: {unseen}; allowed here: {each.default}")


def _check_knobs(config: Config) -> None:
    """Of a regime that is shown rows, and turns some of their knobs itself."""
    regime, population = REGIMES[config.regime.name], config.population
    for name in (name for name in PAPER if name not in regime.settings):
        each = MEMBER[name]
        given = {value_of(config, each.key)} | values_of(name, population, population.union, each.default)
        if given != {each.default}:
            words = ", ".join(f"{value:g}" for value in sorted(given - {each.default}))
            unseen = f"regime={config.regime.name} does not look at it"
            raise InputError(f"{each.key} is {words}: {unseen}; allowed here: {each.default:g}")


def planned(config: Config, resolved: Mapping[str, Any]) -> dict[str, Any]:
    """What a job is going to be, for a sweep that has not begun it: its folder, its members and their steps."""
    population = config.population
    found = each_combination(population, population.union)  # and no member, of which there may be a million
    usual = {name: value_of(config, MEMBER[name].key) for name in CLOCKED}
    clocked = Counter(tuple(combination.get(name, usual[name]) for name in usual) for combination in found)
    steps_of, end = REGIMES[config.regime.name].clock.step, config.regime.epochs
    steps = sum(number * steps_of(Member(**dict(zip(usual, key, strict=True))), end) for key, number in clocked.items())
    seeds = population.seeds
    return {"job": job_hash(resolved), "members": clocked.total() * seeds, "model_steps": steps * seeds}
