"""What goes wrong because of what was given, said in one line."""


class InputError(ValueError):
    """Bad input: the message names the field or file, what was given, and what is allowed."""


class Busy(InputError):
    """Another process is at it: nothing is wrong with what was given, but for the moment."""


class NotWritten(InputError):
    """The system does not let a file be written, as on a full disk; the same command goes on once it does."""
