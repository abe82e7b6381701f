"""Names and paths that people give: what none of them may be, and `~` written out. And numbers of things, in words."""

import os
import unicodedata
from pathlib import Path

from mirrorjax.errors import InputError

_NAME, _PATH = 255, 4095  # bytes of a file's name, and of a path
_UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # control characters, halves of characters, ends of lines
_LETTERS = {"name": 100, "tracker.project": 128, "tracker.entity": 128, "tracker.tags": 64}  # the most; W&B's limits
_REFUSED = {"tracker.project": "/\\#?%:", "tracker.entity": "/\\#?%: "}  # by W&B


def text_problem(name: str, given: str, rules: str | None = None) -> str | None:
    """What is wrong with a name or a path, in one line; None if nothing is.

    Args:
        name: of the setting, argument or environment variable.
        given: its value.
        rules: the setting whose limits hold, where it is not `name`.
    """
    if not given.strip():
        return f"{name} is empty; give it a value, or leave it out"
    unseen = next((letter for letter in given if unicodedata.category(letter) in _UNSEEN), None)
    if unseen is not None:
        return f"{name} is {given[:60]!a}; allowed: text without {unseen!a}, in UTF-8"
    rules = rules or name
    if (most := _LETTERS.get(rules)) and len(given) > most:
        return f"{name} has {len(given):,} characters ({given[:20]}…); allowed: at most {most}"
    refused = _REFUSED.get(rules, "")
    if any(letter in given for letter in refused):
        hint = ""
        if rules == "tracker.project" and given.count("/") == 1:
            entity, project = given.split("/")
            hint = f"; a team's is tracker.entity={entity} tracker.project={project}"
        return f"{name} is {given!r}; W&B allows none of {' '.join(refused).strip()}{hint}"
    return None


def path_problem(name: str, given: str) -> str | None:
    """What is wrong with a path, before anything is looked for; None if nothing is."""
    if problem := text_problem(name, given):
        return problem
    longest = max(len(os.fsencode(part)) for part in given.split("/"))
    if longest > _NAME or len(os.fsencode(given)) > _PATH:
        long = f"{name} is {given[:20]}…, {len(given):,} characters"
        return f"{long}; allowed: {_PATH:,} bytes, and {_NAME} between two '/'"
    if str(expanded(given)).startswith("~") and given.startswith("~"):
        return f"{name} is {given}; nobody of that name has a home folder here"
    return None


def checked_path(name: str, given: str) -> Path:
    """A path as it was given, with `~` written out.

    Raises:
        InputError: it is empty, too long, or holds what no path should.
    """
    if problem := path_problem(name, given):
        raise InputError(problem)
    return expanded(given)


def expanded(given: str) -> Path:
    """A path with a leading `~` or `~user` written out, as far as such a home is known."""
    return Path(os.path.expanduser(given))  # noqa: PTH111  (Path's own raises where there is no such user)


def counted(number: int, noun: str) -> str:
    """Writes `1 network`, `300 networks`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def elapsed(seconds: float) -> str:
    """Writes hours, minutes and seconds: `1:02:03`, `0:59`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
