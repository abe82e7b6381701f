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
from mirrorjax.settings.map_axes import map_problems
from mirrorjax.settings.schema import (
    MEMBER,
    PAPER_EPOCH,
    PATHS,
    SETTINGS,
    Config,
    DistributedConfig,
    unvaried,
    value_of,
)
from mirrorjax.settings.setting import settings_of
from mirrorjax.settings.texts import path_problem, text_problem

_MOST_CHECKPOINTS = 10_000


def validate(config: Config) -> None:
    """Checks every value against what is allowed.

    Raises:
        InputError: names each setting that is not allowed, what was given and what is.
    """
    settings, population = settings_of(type(config)), config.population
    problems = [p for name, each in settings.items() if (p := each.problem(value_of(config, name)))]
    problems += [
        p for name, text in texts(config) if (p := (path_problem if name in PATHS else text_problem)(name, text))
    ]
    problems += axis_problems(population, population.union, unvaried(config))
    problems = problems or _joint_problems(config)
    if problems:
        raise InputError("\n".join(problems))


def check(setting: str, name: str, given: Any) -> None:
    """Checks a value that was not set but read, under the rule of a setting.

    Args:
        setting: the rule's.
        name: of the value, for the message.
        given: what it is; nothing is not allowed.

    Raises:
        InputError: it is not allowed.
    """
    problem = f"{name} is missing" if given is None else SETTINGS[setting].problem(given, name)
    if problem:
        raise InputError(problem)


def texts(part: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every text that people give and that is no choice among names, by its setting; those of the axes are choices."""
    for each in fields(part):
        name, value = f"{prefix}{each.name}", getattr(part, each.name)
        if is_dataclass(value) and name != "population":
            yield from texts(value, f"{name}.")
        elif name not in SETTINGS or not SETTINGS[name].is_choice:
            yield from (
                (name, text) for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)
            )


def _joint_problems(config: Config) -> list[str]:
    """What does not go together, where every single value is allowed."""
    problems = []
    end, measurement = config.regime.epochs, config.measurement
    for name, epochs in (("measurement.at", measurement.at), ("measurement.units_at", measurement.units_at)):
        for epoch in epochs or ():
            if not 0 <= epoch <= end:
                problems.append(f"{name} names epoch {epoch:g}; allowed: from 0 to regime.epochs, {end:g}")
    if measurement.at is None and end > measurement.every * _MOST_CHECKPOINTS:
        problems.append(
            f"measurement.every is {measurement.every:g}; allowed: at least {end / _MOST_CHECKPOINTS:g}, for "
            f"{_MOST_CHECKPOINTS:,} checkpoints in {end:g} epochs"
        )
    if measurement.test_rows and measurement.test_rows > config.dataset.test_rows:
        problems.append(
            f"measurement.test_rows is {measurement.test_rows:,}; allowed: at most dataset.test_rows, "
            f"{config.dataset.test_rows:,}"
        )
    population = config.population
    problems += _problems_of_regimes(config)
    combinations = number_of(population, population.union)
    if combinations * population.seeds > MOST:
        problems.append(
            f"population has {combinations:,} combinations × {population.seeds:,} seeds, "
            f"{combinations * population.seeds:,} networks; allowed: at most {MOST:,}, here "
            f"population.seeds={MOST // combinations}; more are another population, with its own population.first_seed"
        )
    rates, batches = (
        values_of(axis, population, population.union, default)
        for axis, default in unvaried(config).items()
        if axis in ("learning_rate", "batch_size")
    )
    rate, fastest = min(rates), max(rates)
    if 0 < end * PAPER_EPOCH / fastest < 1:
        problems.append(
            f"regime.epochs is {end:g}: less than one step at a learning rate of {fastest:g}; allowed: at least "
            f"{fastest / PAPER_EPOCH:g}, or 0"
        )
    batch = max(batches)
    steps = end * PAPER_EPOCH / rate
    if steps * batch >= 2**32:
        problems.append(
            f"regime.epochs is {end:g}: {steps:,.0f} steps of {batch} rows at a rate of {rate:g} are more than the "
            "2^32 rows that a member can count"
        )
    most = max(64, os.cpu_count() or 1)  # they are made, not found, and a thousand of them take 24 GB
    if config.runtime.platform == "cpu" and (config.runtime.devices or 1) > most:
        problems.append(f"runtime.devices is {config.runtime.devices}; allowed on a CPU: at most {most}")
    return problems + _refine_problems(config) + _distributed_problems(config.runtime.distributed)


def _problems_of_regimes(config: Config) -> Iterator[str]:
    """Settings of one regime that are given to another, which would not look at them."""
    for name, each in MEMBER.items():
        if each.of in ("", config.regime.name):
            continue
        taken = {value_of(config, each.key)}
        if each.is_axis:
            taken |= values_of(name, config.population, config.population.union, each.default)
        if taken != {each.default}:
            given = ", ".join(sorted(map(str, taken - {each.default})))
            yield f"{each.key} is {given}: only regime={each.of} looks at it; allowed here: {each.default}"


def _refine_problems(config: Config) -> list[str]:
    if not config.refine:
        return []
    problems = list(map_problems(config.population, config.population.union))
    for name in ("boards", "null_seeds", "causes_seeds"):
        if getattr(config.measurement, name) == 0:
            problems.append(
                f"refine is {config.refine} and measurement.{name} 0: without it no network has a verdict; "
                f"allowed: refine=0, or measurement.{name} of at least 1"
            )
    return problems


def _distributed_problems(given: DistributedConfig) -> list[str]:
    name, place = "runtime.distributed", (given.coordinator, given.processes, given.process)
    if all(value is None for value in place):
        return []
    if given.auto or None in place:
        return [
            f"{name} has auto {given.auto}, coordinator {given.coordinator}, processes {given.processes}, process "
            f"{given.process}; allowed: auto alone, or the other three together"
        ]
    assert given.coordinator is not None and given.processes is not None and given.process is not None
    problems = []
    if not re.fullmatch(r"\S+:\d{1,5}", given.coordinator):
        problems.append(f"{name}.coordinator is {given.coordinator!r}; allowed: host:port of process 0")
    if given.process >= given.processes:
        problems.append(f"{name}.process is {given.process}; allowed: from 0 to {given.processes - 1}")
    return problems


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
    if not place.is_dir():
        raise InputError(f"{setting}: {folder} cannot be written, {place} is a file; name another folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise InputError(f"{setting}: {folder} cannot be written, {place} allows no writing; name another folder")
