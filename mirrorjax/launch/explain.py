"""What Hydra and OmegaConf complain about, in one line: the setting, what was given, and what is allowed."""

import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from textwrap import shorten
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, MissingMandatoryValue, OmegaConfBaseException

from mirrorjax.errors import first_line
from mirrorjax.settings.schema import schema

_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
_PLURALS = {int: "whole numbers", float: "numbers", bool: "true or false", str: "texts"}
GROUPS_ONLY = ("experiment", "launcher")  # chosen like settings, and none themselves
_NOISE = re.compile(
    r"\s*(full_key|reference_type|object_type|See https://hydra|To append|Config search path|provider=)"
)


def explain(error: BaseException, given: Sequence[str]) -> str:
    """One line about a command line that Hydra does not take.

    The error is Hydra's, OmegaConf's, or a plain ValueError of theirs, which names no setting.
    """
    cause = error if isinstance(error, OmegaConfBaseException) else error.__cause__
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = str(error.missing_cfg_file).rpartition("/")
        hint = "; pip install 'mirrorjax[slurm]' adds it" if name.startswith("submitit") else ""
        return f"{group} is {name!r}; allowed: {', '.join(error.options or ())}{hint}"
    if isinstance(error, OverrideParseException):
        why = error.message.removeprefix(f"Error parsing override '{error.override}'").strip().split("\n")[0]
        reason = "" if "Exception" in why else f" ({why})"  # of the parser's own, which tells people nothing
        return f"{error.override!r} cannot be read{reason}; allowed: key=value or key=[a,b]"
    if isinstance(cause, OmegaConfBaseException):
        return _about_setting(error, cause)
    if found := re.match(r"Ambiguous value for argument '(.*)'", str(error)):
        key = found[1].split("=")[0]
        return f"{found[1]!r} gives several values: -m trains a population for each, {key}=[a,b] is a list"
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and not _NOISE.match(line)]
    typed = f" (given: {shorten(' '.join(given), 200)})" if isinstance(error, ValueError) else ""
    return ": ".join(dict.fromkeys(lines)) + typed


def _about_setting(error: BaseException, cause: OmegaConfBaseException) -> str:
    key = str(cause.full_key or "")
    if isinstance(cause, MissingMandatoryValue):
        return f"{key} is not given; experiment=NAME or {key}=… gives it"
    if isinstance(cause, ConfigKeyError | ConfigAttributeError):
        entries = re.match(r"Could not override '(population\.\w+)'", str(error))
        if entries and not key.startswith("population.") and is_dataclass(cause.object_type):
            return f"{entries[1]}: {key}: no such setting; there are {_names_in(cause.object_type)}"
        return f"{key}: no such setting; {_names_beside(key)}"
    override = re.match(r"Error merging override ([\w.]+)=(.*)", str(error))
    if override and key.startswith(("axes.", "zip.", "random.", "list[")):  # inside an entry of population.union
        return f"{override[1]}: {key}: {first_line(cause)}"
    allowed = _words(type_of(override[1])) if override else None
    if override and allowed:
        return f"{override[1]} is {override[2]}; allowed: {allowed}"
    return f"{key}: {first_line(cause)}"


def _names_beside(key: str) -> str:
    """The settings in the group that an unknown one was looked for in."""
    group = key.rpartition(".")[0]
    type_ = type_of(group) if group else schema()
    if not is_dataclass(type_):
        return f"{group} has none inside" if type_ else f"nor is {group}"
    return f"{group} has {_names_in(type_)}" if group else f"there are {_names_in(type_)}, {', '.join(GROUPS_ONLY)}"


def _names_in(group: Any) -> str:
    return ", ".join(field.name for field in fields(group))


def type_of(key: str) -> Any:
    """The type of a setting in the schema; None if there is no such setting."""
    type_: Any = schema()
    for part in key.split("."):
        type_ = get_type_hints(type_).get(part) if is_dataclass(type_) else None
    return type_


def _words(type_: Any) -> str | None:
    options = get_args(type_)
    if NoneType in options:
        inner = next(option for option in options if option is not NoneType)
        return f"{_words(inner)}, or null"
    if is_dataclass(type_):
        return f"{{{_names_in(type_)}}}, each optional"
    if get_origin(type_) is list:
        return f"a list of {_PLURALS.get(options[0]) or _words(options[0])}, [a,b]"
    return _WORDS.get(type_)
