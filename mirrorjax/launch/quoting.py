"""The command line as people type it: texts are quoted for Hydra, and what it would take in silence is refused."""

import math
import re
import shlex
from collections.abc import Sequence
from dataclasses import is_dataclass
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, RangeSweep
from hydra.errors import HydraException

from mirrorjax.errors import InputError
from mirrorjax.launch.explain import GROUPS_ONLY, type_of

MOST_JOBS = 1000  # populations of one multirun: each is composed and checked before the first one starts
_QUOTED = re.compile(r"""\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*""", re.S)


def for_hydra(overrides: Sequence[str], multirun: bool) -> list[str]:
    """The overrides as Hydra reads them; `multirun` says whether a comma separates values of a sweep.

    Raises:
        InputError: a preset is chosen twice, or a text may mean two things; says what to type.
    """
    chosen: dict[str, str] = {}
    for override in overrides:
        group, given, value = override.partition("=")
        if not given or not _is_group(group):
            continue
        if value.lstrip().startswith("["):
            names = value.strip(" []")
            raise InputError(f"{override}: one preset at a time; -m {group}={names} trains a population for each")
        if chosen.setdefault(group, value) != value:
            raise InputError(f"{group} is given twice, {chosen[group]} and {value}; allowed: one preset")
    return [_quoted(override, multirun) for override in overrides]


def _is_group(key: str) -> bool:
    return key in (*GROUPS_ONLY, "size") or ("." not in key and is_dataclass(type_of(key)))


def _quoted(override: str, multirun: bool) -> str:
    key, given, value = override.partition("=")
    type_ = type_of(key.lstrip("+"))
    if not given or "${" in value or _QUOTED.fullmatch(value):
        return override
    found, is_text = parsed(override), type_ in (str, str | None)
    if type_ == list[str]:
        is_read = found or not re.fullmatch(r"\[.*\]", value, re.S)
        return override if is_read else f"{key}=[{_each(value[1:-1])}]"
    if not is_text and not _is_group(key):
        return override
    several = found.is_sweep_override() if found else "," in value
    if several and (multirun or not is_text):
        if found:
            return override
        each = shlex.quote(f"{key}={_each(value)}")
        raise InputError(f"{override!r} cannot be read; quote each value: {each}")
    quoted = f"{key}={quotes(value)}"
    if several:
        several_values = f"{override!r} gives several values: -m trains a population for each"
        raise InputError(f"{several_values}; one text is typed {shlex.quote(quoted)}")
    return quoted if found is None or (is_text and value not in ("null", "") and found.value() != value) else override


def parsed(override: str) -> Override | None:
    """What Hydra reads; None where it cannot."""
    try:
        return OverridesParser.create().parse_override(override)
    except HydraException:
        return None


def quotes(text: str) -> str:
    """A text as Hydra reads it literally: quotes inside are escaped, and the backslashes before one."""
    return '"' + re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + ('\\"' if found[2] else ""), text) + '"'


def _each(values: str) -> str:
    return ",".join(value if _QUOTED.fullmatch(value) else quotes(value.strip()) for value in values.split(","))


def number_of_jobs(overrides: Sequence[Override]) -> int:
    """How many jobs a multirun has, without making any.

    Raises:
        InputError: none, or more than a command may have.
    """
    each = {o.get_key_element(): _values(o) for o in overrides if o.is_sweep_override()}
    number = math.prod(each.values())
    if number == 0:
        raise InputError(f"{next(key for key, values in each.items() if not values)}: a sweep over no value at all")
    if number > MOST_JOBS:
        raise InputError(
            f"-m makes {number:,} populations ({', '.join(f'{key}: {values:,}' for key, values in each.items())}); "
            f"allowed: at most {MOST_JOBS:,}; what can be an axis inside one population (population.axes.*) is quicker"
        )
    return int(number)


def _values(override: Override) -> float:
    value: Any = override.value()
    if isinstance(value, ChoiceSweep):
        return len(value.list)
    if isinstance(value, RangeSweep):
        assert value.start is not None and value.stop is not None
        return max(0, math.ceil((value.stop - value.start) / value.step)) if value.step else math.inf
    return sum(1 for _ in override.sweep_string_iterator()) if override.is_discrete_sweep() else 1
