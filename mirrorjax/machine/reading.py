"""Reads small text files that somebody else may have written: as data, within bounds, and checked.

Nothing in them is resolved, interpolated or made into anything but plain values; secrets of this machine are starred
out, and what would act on a terminal is written out, so that whatever is read may be shown.
"""

import json
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, cast

from mirrorjax.errors import InputError, each_text, first_line, printable
from mirrorjax.machine.secrets import hidden

LARGEST = 16 << 20  # bytes of a file, where its reader knows no better
_LARGEST_YAML = 4 << 20  # bytes; a second or two
_DEEPEST = 24  # objects and lists inside each other
_LARGEST_NUMBER = 2**63 - 1  # of whole numbers; and where a number is to be finite, of any
_SHOWN = 40  # letters of a wrong value that a message quotes

Plain = dict[str, Any]


class Absent(InputError):
    """There is no such file."""


class Newer(InputError):
    """The file is of a later version of mirrorjax, which may mean other things by the same names."""


@dataclass(frozen=True)
class Value:
    """A kind of value: what it is in words, and whether a value is one."""

    words: str
    fits: Callable[[Any], bool]


@dataclass(frozen=True)
class Each:
    """A list, or an object with any names, whose entries are all of a kind."""

    kind: "Kind"
    container: type = list


@dataclass(frozen=True)
class Fields:
    """An object: fields that it must have, and fields that it may have or that may be null. Others are left alone."""

    must: Mapping[str, "Kind"] = field(default_factory=dict)
    may: Mapping[str, "Kind"] = field(default_factory=dict)


Kind = Value | Each | Fields


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TEXT = Value("text", lambda value: isinstance(value, str))
NAME = Value(  # of a file or a folder beside others: it leads nowhere else
    "a name of letters, digits, - and _",
    lambda value: isinstance(value, str) and re.fullmatch(r"[\w-]{1,200}", value, re.ASCII) is not None,
)
COUNT = Value("a whole number, 0 or more", lambda value: _is_number(value) and isinstance(value, int) and value >= 0)
NUMBER = Value("a number", _is_number)
FINITE = Value("a finite number", lambda value: _is_number(value) and abs(value) <= _LARGEST_NUMBER)
ANYTHING = Value("anything", lambda value: True)
OBJECT = Each(ANYTHING, dict)
TEXTS = Each(TEXT)


def read_json(file: Path, kind: Kind, *, newest: int = 1, largest: int = LARGEST) -> Plain:
    """An object of a JSON file, which is a regular file, and no link, of at most so many bytes.

    Args:
        file, kind: its path, and what it is to hold.
        newest: the last `format` that is known; a file that says none has 1.
        largest: bytes.

    Raises:
        InputError: names the file and what is wrong with it; `Absent` if there is none, `Newer` for a later format.
    """
    text = _text(file, largest)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:  # what is no JSON, or nested too deeply for its parser
        raise InputError(f"{file}: damaged, no JSON: {first_line(error)}") from error
    return _checked(file, content, kind, newest)


def check_format(file: Path, found: Any, newest: int) -> None:
    """Refuses the format of a file where it is a later one.

    Raises:
        Newer: it is.
    """
    if isinstance(found, int) and found > newest:
        raise Newer(
            f"{file}: format {_brief(found)}, of a later version of mirrorjax; this one reads up to format {newest}"
        )


def refuse_newer(file: Path, newest: int) -> None:
    """Refuses to go on where a later version of mirrorjax has begun; whatever else is wrong with the file is no matter.

    Raises:
        Newer: its format is a later one.
    """
    try:
        read_json(file, ANYTHING, newest=newest)
    except Newer:
        raise
    except InputError:
        pass


def read_yaml(file: Path, kind: Kind) -> Plain:
    """An object of a YAML file of plain values: without anchors, aliases and tags, and with `${…}` as it stands.

    Raises:
        InputError: as `read_json`.
    """
    import yaml

    text = _text(file, _LARGEST_YAML)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = _document(yaml.parse(text, Loader=loader))
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{file}: damaged, no plain YAML: {' '.join(str(error).split())[:200]}") from error
    return _checked(file, content, kind, newest=1)


def head_of(file: Path, size: int) -> str:
    """The first bytes of a file as text; empty if it is no regular file or cannot be read."""
    try:
        return read_bytes(file, size, whole=False).decode("utf-8", errors="replace")
    except InputError:
        return ""


def read_bytes(file: Path, largest: int, whole: bool = True) -> bytes:
    """The content of a regular file; a pipe is not waited for, and a link, which may lead anywhere, not followed.

    A file of more than `largest` bytes is refused, or its beginning read where that is not to be `whole`.

    Raises:
        InputError: it is something else, too large, or cannot be read; `Absent` if there is none.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise Absent(f"{file}: no such file") from error
    except OSError as error:
        why = "it is a link" if file.is_symlink() else error.strerror
        raise InputError(f"{file}: cannot be read: {why or error}") from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise InputError(f"{file}: cannot be read: it is no regular file")
        if whole and facts.st_size > largest:
            raise InputError(f"{file}: {facts.st_size:,} bytes; allowed: at most {largest:,}")
        with os.fdopen(descriptor, "rb", closefd=False) as opened:
            return opened.read(largest)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from error
    finally:
        os.close(descriptor)


def _text(file: Path, largest: int) -> str:
    try:
        return read_bytes(file, largest).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: damaged, no UTF-8 text: byte {error.start:,}") from error


def _checked(file: Path, content: Any, kind: Kind, newest: int) -> Plain:
    if not isinstance(content, dict):
        raise InputError(f"{file}: damaged: it holds {_brief(content)}; allowed: an object")
    check_format(file, content.get("format", 1), newest)
    if wrong := _deep(content) or misfit(content, Fields(may={"format": COUNT})) or misfit(content, kind):
        raise InputError(f"{file}: damaged: {wrong}")
    return cast(Plain, hidden(each_text(content, printable)))


def _deep(content: Any) -> str | None:
    """What is wrong with the depth or a number of any part, whether or not it is looked at; level by level."""
    level, depth = [content], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            return f"nested more than {_DEEPEST} deep"
        for value in level:
            if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
                return f"the whole number {_brief(value)} is beyond ±2^63"
        level = [list(value.values()) if isinstance(value, dict) else value for value in level]
        level = [part for value in level if isinstance(value, list) for part in value]
    return None


def misfit(value: Any, kind: Kind, place: str = "") -> str | None:
    """The first part of a value, called by its place, that is not of a kind, in words; None if there is none."""
    if isinstance(kind, Value):
        return None if kind.fits(value) else f"{place or 'it'} is {_brief(value)}; allowed: {kind.words}"
    if isinstance(kind, Each):
        if not isinstance(value, kind.container):
            return f"{place or 'it'} is {_brief(value)}; allowed: {'a list' if kind.container is list else 'an object'}"
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        inside: Iterator[tuple[Any, Kind, Any]] = ((name, kind.kind, entry) for name, entry in entries)
    else:
        if not isinstance(value, dict):
            return f"{place or 'it'} is {_brief(value)}; allowed: an object"
        if lacking := [name for name in kind.must if name not in value]:
            return f"{place or 'it'} lacks {', '.join(lacking)}"
        known = {**kind.must, **{name: own for name, own in kind.may.items() if value.get(name) is not None}}
        inside = ((name, own, value[name]) for name, own in known.items())
    before = f"{place}." if place else ""
    return next((wrong for name, own, part in inside if (wrong := misfit(part, own, f"{before}{name}"))), None)


def _brief(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value):,}"
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _document(events: Iterator[Any]) -> Any:
    """The plain value of one YAML document, from its parser's events: nothing is composed before it is checked."""
    from yaml import events as kinds

    around = (kinds.StreamStartEvent, kinds.StreamEndEvent, kinds.DocumentStartEvent, kinds.DocumentEndEvent)
    values = [_value(event, events, 1) for event in events if not isinstance(event, around)]
    if len(values) > 1:
        raise ValueError("it holds several documents")
    return values[0] if values else None


def _value(event: Any, events: Iterator[Any], depth: int) -> Any:
    """What an event begins; the further events of a list or an object are taken from the iterator."""
    from yaml import events as kinds

    _refuse_marks(event)
    if isinstance(event, kinds.ScalarEvent):
        return _scalar(event.value) if event.implicit[0] else event.value
    if depth > _DEEPEST:
        raise ValueError(f"nested more than {_DEEPEST} deep")
    ends = kinds.SequenceEndEvent | kinds.MappingEndEvent
    inside = takewhile(lambda each: not isinstance(each, ends), events)  # whatever is deeper is taken before its end
    if isinstance(event, kinds.SequenceStartEvent):
        return [_value(each, events, depth + 1) for each in inside]
    found: Plain = {}
    for key in inside:
        _refuse_marks(key)
        if not isinstance(key, kinds.ScalarEvent) or key.value in found:
            raise ValueError(f"line {key.start_mark.line + 1} has a name that is none, or is there twice")
        found[key.value] = _value(next(events), events, depth + 1)
    return found


def _refuse_marks(event: Any) -> None:
    if event.anchor or event.tag:  # an alias has an anchor
        raise ValueError(f"line {event.start_mark.line + 1} has an anchor, an alias or a tag")


_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_NUMBER = re.compile(r"[-+]?(\d[\d_]*(\.\d*)?|\.\d+)([eE][-+]?\d+)?|[-+]?\.(inf|nan)", re.IGNORECASE | re.ASCII)


def _scalar(text: str) -> Any:
    """The value of a scalar without quotes, as OmegaConf writes them: null, a truth value, a number, or text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if not _NUMBER.fullmatch(text):
        return text
    if re.fullmatch(r"[-+]?[\d_]+", text):
        return int(text)
    return float(re.sub(r"\.(?=[in])", "", text.lower()))  # Python writes inf and nan without the dot
