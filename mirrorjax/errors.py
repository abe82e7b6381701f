"""What goes wrong because of what was given, said in one line."""

from collections.abc import Iterator
from contextlib import contextmanager


class InputError(ValueError):
    """Bad input: the message names the field or file, what was given, and what is allowed."""


class Busy(InputError):
    """Another process is at it: nothing is wrong with what was given, but for the moment."""


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
