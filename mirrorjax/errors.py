"""What goes wrong because of what was given, said in one line that a terminal can show."""

import re

# Escapes and other control characters but the tab and the end of a line, marks that turn text round or are not seen,
# and halves of surrogate pairs, which cannot be written at all.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


def printable(text: str) -> str:
    """The text with what would act on a terminal, or be invisible there, written out: an escape is `\\x1b`."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class InputError(ValueError):
    """Bad input: the message names the field or file, what was given, and what is allowed."""

    def __init__(self, message: object = ""):
        super().__init__(printable(str(message)))  # it may quote a name or a text of somebody else's file


class Busy(InputError):
    """Another process is at it: nothing is wrong with what was given, but for the moment."""


class NotWritten(InputError):
    """The system does not let a file be written, as on a full disk; the same command goes on once it does."""
