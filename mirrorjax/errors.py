"""What goes wrong because of what was given, said in one line that a terminal can show."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# Escapes and other control characters but the tab and the end of a line, marks that turn text round or are not seen,
# and halves of surrogate pairs, which cannot be written at all.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


def printable(text: str) -> str:
    """The text with what would act on a terminal, or be invisible there, written out: an escape is `\\x1b`."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """The same, nested or not, with every text in it changed, and every name."""
    if isinstance(value, Mapping):
        return {each_text(name, change): each_text(inner, change) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [each_text(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value


class InputError(ValueError):
    """Bad input: the message names the field or file, what was given, and what is allowed."""

    def __init__(self, message: object = ""):
        super().__init__(printable(str(message)))  # it may quote a name or a text of somebody else's file


class Busy(InputError):
    """Another process is at it: nothing is wrong with what was given, but for the moment."""


class NotWritten(InputError):
    """The system does not let a file be written, as on a full disk; the same command goes on once it does."""


def first_line(error: BaseException) -> str:
    """What an error says in its first line; its kind where it says nothing."""
    return str(error).strip().split("\n")[0] or type(error).__name__


@contextmanager
def enough_memory(what: str, lower: str) -> Iterator[None]:
    """Says in one line for what a block, or a decorated function, found no memory; of the machine or of a device.

    Args:
        what: it was for.
        lower: the settings that need less where they are smaller.

    Raises:
        InputError: there was not enough.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        why = str(error).strip().split("\n")[0] or "out of memory"
        raise InputError(f"no memory for {what} ({why}); lower {lower}") from error
