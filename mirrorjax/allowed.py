"""What is allowed of every setting, alone and together: a wrong one is named before any work starts."""

import os
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from mirrorjax.combinations import MOST, axis_problems, number_of, values_of
from mirrorjax.config import PAPER_EPOCH, PATHS, Config, DistributedConfig, settings, value_of
from mirrorjax.errors import InputError
from mirrorjax.map_axes import map_problems
from mirrorjax.texts import path_problem, text_problem

_ONE_OF = {
    "game.players": ("frog_hops", "both_random"),
    "dataset.split": ("by_board", "paper_leak"),
    "model.name": ("mlp",),
    "model.activation": ("relu", "tanh", "gelu", "identity"),
    "model.encoding": ("ordinal", "one_hot", "permuted"),
    "population.data_order": ("own", "shared"),
    "regime.edge": (0.0, 1.0),
    "regime.name": ("supervised",),
    "tracker.mode": (None, "online", "offline", "disabled"),
    "runtime.platform": ("cpu", "gpu", "tpu"),
    "runtime.precision": ("highest", "high", "default"),
    "verbosity": ("quiet", "normal", "debug"),
}
# name: (smallest, largest, whether these two are allowed themselves)
_RANGES: dict[str, tuple[float, float, bool]] = {
    "game.obstacle_rate": (0.0, 1.0, True),
    "game.obstacle_width": (1, 30, True),
    "game.scroll": (0.0, 1.0, True),
    "dataset.turns": (2, 1e9, True),
    "dataset.games": (1, 1e6, True),
    "dataset.burn_in": (0, 1e7, True),
    "dataset.test_rows": (10, 1e8, True),
    "dataset.seed": (0, 2**31 - 1, True),
    "dataset.boards": (1, 1e9, True),
    "model.width": (1, 4096, True),
    "model.depth": (1, 32, True),
    "model.dropout": (0.0, 1.0, False),
    "optimizer.learning_rate": (0.0, float("inf"), False),
    "optimizer.batch_size": (1, 16384, True),
    "population.seeds": (1, MOST, True),
    "population.first_seed": (0, 2**62, True),
    "regime.epochs": (0.0, 1e6, True),
    "regime.patience": (0.0, float("inf"), False),
    "regime.l2": (0.0, 1e6, True),
    "regime.congruence": (0.0, 1.0, True),
    "regime.dependency": (0.0, 1.0, True),
    "regime.veil_symbol": (0.0, 1.0, True),
    "regime.veil_role": (0.0, 1.0, True),
    "regime.mask": (0.0, 1.0, True),
    "regime.skies": (1, 6, True),
    "regime.shuffled": (0.0, 1.0, True),
    "measurement.every": (0.0, float("inf"), False),
    "measurement.test_rows": (1, 1e9, True),
    "measurement.validation_rows": (1, 1e9, True),
    "measurement.boards": (0, 1e6, True),
    "measurement.rescue_boards": (1, 1e6, True),
    "measurement.null_seeds": (0, 1e6, True),
    "measurement.causes_seeds": (0, 1e7, True),
    "runtime.devices": (1, 65536, True),
    "runtime.block": (1, 1e7, True),
    "runtime.distributed.processes": (1, 1e6, True),
    "runtime.distributed.process": (0, 1e6, True),
    "runtime.checkpoint_seconds": (0.0, float("inf"), True),
    "runtime.memory_budget": (0.0, 1e6, False),
    "refine": (0, 20, True),
    "refine_width": (0.0, 1.0, False),
    "refine_networks": (1, 1e7, True),
}
_ZERO_ALLOWED = ("model.dropout",)  # an open range whose lower end is allowed all the same
_MOST_CHECKPOINTS = 10_000


def validate(config: Config) -> None:
    """Checks every value against what is allowed.

    Raises:
        InputError: names each setting that is not allowed, what was given and what is.
    """
    problems = [p for name in (*_ONE_OF, *_RANGES) if (p := _problem(name, name, value_of(config, name)))]
    problems += [
        p for name, text in texts(config) if (p := (path_problem if name in PATHS else text_problem)(name, text))
    ]
    problems += axis_problems(config.population, config.population.union, settings(config), _problem)
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
    problem = f"{name} is missing" if given is None else _problem(name, setting, given)
    if problem:
        raise InputError(problem)


def _problem(name: str, setting: str, given: Any) -> str | None:
    """What is wrong with a value, under the rule of `setting`; None if nothing is."""
    if setting in _ONE_OF:
        allowed = _ONE_OF[setting]
        if given not in allowed:
            return f"{name} is {given!r}; allowed: {', '.join('null' if a is None else str(a) for a in allowed)}"
        return None
    if given is None:
        return None
    low, high, closed = _RANGES[setting]
    inside = low <= given <= high if closed else low < given < high
    if inside or (given == low and setting in _ZERO_ALLOWED):
        return None
    ends = ("from", "to") if closed else ("above", "and below")
    if high == float("inf"):
        return f"{name} is {given}; allowed: {'at least' if closed else 'above'} {low:g}"
    return f"{name} is {given}; allowed: {ends[0]} {low:g} {ends[1]} {high:g}"


def texts(part: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every text that people give and that is no choice among names, by its setting; those of the axes are choices."""
    for each in fields(part):
        name, value = f"{prefix}{each.name}", getattr(part, each.name)
        if is_dataclass(value) and name != "population":
            yield from texts(value, f"{name}.")
        elif name not in _ONE_OF:
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
    combinations = number_of(population, population.union)
    if combinations * population.seeds > MOST:
        problems.append(
            f"population has {combinations:,} combinations × {population.seeds:,} seeds, "
            f"{combinations * population.seeds:,} networks; allowed: at most {MOST:,}, here "
            f"population.seeds={MOST // combinations}; more are another population, with its own population.first_seed"
        )
    rates, batches = (
        values_of(axis, population, population.union, default)
        for axis, default in settings(config).items()
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
