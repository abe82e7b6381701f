"""What is allowed of a configuration: each setting alone, as its field says, and all of them together.

A wrong one is named before any work starts.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from mirrorjax.errors import InputError
from mirrorjax.settings.grid import MOST, axis_problems, number_of, values_of
from mirrorjax.settings.groups import PLAYING, RATELESS, TAKEN
from mirrorjax.settings.map_axes import map_problems
from mirrorjax.settings.schema import MEMBER, PAPER_EPOCH, PATHS, SETTINGS, Config, unvaried, value_of
from mirrorjax.settings.setting import Id, settings_of
from mirrorjax.settings.texts import path_problem, text_problem

_MOST_CHECKPOINTS = 10_000


def validate(config: Config) -> None:
    """Checks every value against what is allowed.

    Raises:
        InputError: names each setting that is not allowed, what was given and what is.
    """
    settings, population = settings_of(type(config)), config.population
    problems = [p for name, each in settings.items() if (p := each.problem(value_of(config, name)))]
    for name, text in texts(config):
        problems += filter(None, [path_problem(name, text) if name in PATHS else text_problem(name, text)])
    problems += axis_problems(population, population.union, unvaried(config))
    if problems := problems or list(_joint_problems(config)):
        raise InputError("\n".join(problems))


def check(setting: str, name: str, given: Any) -> None:
    """Checks a value that was not set but read, under the rule of a setting; nothing is not allowed.

    Raises:
        InputError: says `name` and what is wrong.
    """
    if problem := f"{name} is missing" if given is None else SETTINGS[setting].problem(given, name):
        raise InputError(problem)


def texts(part: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every text that people give, neither a choice among names nor an id, by its setting; axes have choices alone."""
    for each in fields(part):
        name, value = f"{prefix}{each.name}", getattr(part, each.name)
        if is_dataclass(value) and name != "population":
            yield from texts(value, f"{name}.")
        elif name not in SETTINGS or not (SETTINGS[name].is_choice or isinstance(SETTINGS[name].allowed, Id)):
            given = value if isinstance(value, list) else [value]
            yield from ((name, text) for text in given if isinstance(text, str))


def _joint_problems(config: Config) -> Iterator[str]:
    """What does not go together, where every single value is allowed."""
    yield from _problems_of_measurement(config)
    yield from _problems_of_regimes(config)
    yield from _problems_of_models(config)
    yield from _problems_of_size(config)
    most = max(64, os.cpu_count() or 1)  # they are made, not found, and a thousand of them take 24 GB
    if config.runtime.platform == "cpu" and (config.runtime.devices or 1) > most:
        yield f"runtime.devices is {config.runtime.devices}; allowed on a CPU: at most {most}"
    if config.refine:
        yield from _refine_problems(config)
    yield from _distributed_problems(config)


def _problems_of_measurement(config: Config) -> Iterator[str]:
    end, asked = config.regime.epochs, config.measurement
    for name, epochs in (("measurement.at", asked.at), ("measurement.units_at", asked.units_at)):
        for epoch in epochs or ():
            if not 0 <= epoch <= end:
                yield f"{name} names epoch {epoch:g}; allowed: from 0 to regime.epochs, {end:g}"
    if asked.at is None and end > asked.every * _MOST_CHECKPOINTS:
        least = f"{end / _MOST_CHECKPOINTS:g}, for {_MOST_CHECKPOINTS:,} checkpoints in {end:g} epochs"
        yield f"measurement.every is {asked.every:g}; allowed: at least {least}"
    if asked.test_rows and asked.test_rows > config.dataset.test_rows:
        most = f"dataset.test_rows, {config.dataset.test_rows:,}"
        yield f"measurement.test_rows is {asked.test_rows:,}; allowed: at most {most}"


def _problems_of_regimes(config: Config) -> Iterator[str]:
    for each in SETTINGS.values():
        if not each.of or {config.regime.name, config.model.name} & {*each.whose}:
            continue
        taken = {value_of(config, each.key)}
        if each.is_axis:
            taken |= values_of(each.name, config.population, config.population.union, each.default)
        if taken != {each.default}:
            given = ", ".join(sorted(map(str, taken - {each.default})))
            group = each.key.partition(".")[0]
            looks = f"only {group}={' or '.join(each.whose)} looks at it"
            yield f"{each.key} is {given}: {looks}; allowed here: {each.default}"
    yield from _problems_of_partners(config)


def _problems_of_partners(config: Config) -> Iterator[str]:
    """A frozen partner has to be named, once for all members; and nobody else is."""
    asked, given = config.regime, "regime.partner_member and regime.partner_results"
    partners = values_of("partner", config.population, config.population.union, asked.partner)
    named = [bool(asked.partner_member), bool(asked.partner_results)]
    if "frozen" in partners and (partners != {"frozen"} or not all(named)):
        said = f"regime.partner is {', '.join(sorted(map(str, partners)))}, and {sum(named)} of {given} are given"
        yield f"{said}; allowed: frozen alone, with both of them"
    if asked.policies == "apart" and partners != {"self"}:
        beside = ", ".join(sorted(map(str, partners)))
        yield f"regime.policies is apart: there is nobody else to learn beside partner {beside}; allowed here: shared"
    if "frozen" not in partners and any(named):
        yield f"{given}: no member has regime.partner frozen; allowed here: neither"


def _problems_of_models(config: Config) -> Iterator[str]:
    """What the model does not take, and heads among which a token's numbers cannot be shared out."""
    model = config.model.name

    def given(name: str) -> set[Any]:
        default = value_of(config, MEMBER[name].key)
        return values_of(name, config.population, config.population.union, default)

    for name, (taken, why) in TAKEN.get(model, {}).items():
        if others := given(name) - {*taken}:
            words, allowed = (", ".join(sorted(map(str, each))) for each in (others, taken))
            yield f"{MEMBER[name].key} is {words}: model.name is {model}, and {why}; allowed here: {allowed}"
    sizes, heads = given("d_model"), given("heads")
    if MEMBER["heads"].of == model and len(sizes) == len(heads) == 1 and (size := min(sizes)) % min(heads):
        yield f"model.d_model is {size}; allowed: a multiple of model.heads, {min(heads)}"


def _problems_of_size(config: Config) -> Iterator[str]:
    """More members, or more rows for one of them, than can be counted; or not even a step."""
    population, end, usual = config.population, config.regime.epochs, unvaried(config)
    combinations = number_of(population, population.union)
    if (members := combinations * population.seeds) > MOST:
        many = f"{combinations:,} combinations × {population.seeds:,} seeds, {members:,} networks"
        most = f"at most {MOST:,}, here population.seeds={MOST // combinations}"
        more = "more are another population, with its own population.first_seed"
        yield f"population has {many}; allowed: {most}; {more}"
    if config.regime.name in RATELESS:
        return
    if config.regime.name in PLAYING:
        turns = 2 * config.regime.parallel_games * config.regime.horizon / 1e6  # million, of an update
        if 0 < end < turns / 2:
            yield f"regime.epochs is {end:g}: less than one update; allowed: at least {turns:g} million turns, or 0"
        return
    rates, batches = (
        values_of(axis, population, population.union, usual[axis]) for axis in ("learning_rate", "batch_size")
    )
    rate, fastest, batch = min(rates), max(rates), max(batches)
    if 0 < end * PAPER_EPOCH / fastest < 1:
        few = f"less than one step at a learning rate of {fastest:g}"
        yield f"regime.epochs is {end:g}: {few}; allowed: at least {fastest / PAPER_EPOCH:g}, or 0"
    steps = end * PAPER_EPOCH / rate
    if steps * batch >= 2**32:
        rows = f"{steps:,.0f} steps of {batch} rows at a rate of {rate:g}"
        yield f"regime.epochs is {end:g}: {rows} are more than the 2^32 rows that a member can count"


def _refine_problems(config: Config) -> Iterator[str]:
    yield from map_problems(config.population, config.population.union)
    for name in ("boards", "null_seeds", "causes_seeds"):
        if getattr(config.measurement, name) == 0:
            lacking = f"refine is {config.refine} and measurement.{name} 0: without it no network has a verdict"
            yield f"{lacking}; allowed: refine=0, or measurement.{name} of at least 1"


def _distributed_problems(config: Config) -> Iterator[str]:
    name, given = "runtime.distributed", config.runtime.distributed
    coordinator, processes, process = given.coordinator, given.processes, given.process
    if coordinator is processes is process is None:
        return
    if given.auto or coordinator is None or processes is None or process is None:
        said = f"auto {given.auto}, coordinator {coordinator}, processes {processes}, process {process}"
        yield f"{name} has {said}; allowed: auto alone, or the other three together"
        return
    if not re.fullmatch(r"\S+:\d{1,5}", coordinator):
        yield f"{name}.coordinator is {coordinator!r}; allowed: host:port of process 0"
    if process >= processes:
        yield f"{name}.process is {process}; allowed: from 0 to {processes - 1}"


def check_writable(setting: str, folder: Path) -> None:
    """Checks that a folder can be written, or made, as far as can be told without touching anything.

    Raises:
        InputError: names the setting, the folder, and what is in the way.
    """
    if problem := path_problem(setting, str(folder)):
        raise InputError(problem)
    place = folder.absolute()
    while not os.access(place, os.F_OK) and place != place.parent:
        place = place.parent
    why = "" if os.access(place, os.W_OK | os.X_OK) else "allows no writing"
    if why := why if place.is_dir() else "is a file":
        raise InputError(f"{setting}: {folder} cannot be written, {place} {why}; name another folder")
