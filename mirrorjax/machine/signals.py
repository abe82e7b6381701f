"""SIGTERM, SIGHUP and Ctrl-C: they end the command as an exception does; in training they wait for the state first."""

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

_ENDS = (signal.SIGTERM, signal.SIGHUP)  # Python itself raises for Ctrl-C
_NOTICE = b"stopping as soon as the state is saved; once more stops at once\n"


class StopSignals:
    """A context in which the first SIGTERM, SIGHUP or Ctrl-C is only noted, to be asked for between two chunks.

    The second one raises at once, unless one of the two is SIGHUP: a terminal that is closed sends that more than
    once, and whatever ends the login adds a SIGTERM. Whatever was noted raises at the latest when the context is left.
    Only a main thread can listen; elsewhere nothing is ever noted. A signal that this process ignores stays ignored.

    Attributes:
        number: of the signal that was noted; None so far.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopSignals":
        self._before = _listen((signal.SIGINT, *_ENDS), self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        _listen_as(self._before)
        if kind is None:
            self.stop_if_asked()

    def stop_if_asked(self) -> None:
        """Raises what the signal means, if there was one.

        Raises:
            KeyboardInterrupt, SystemExit: Ctrl-C; with 143, SIGTERM; with 129, SIGHUP.
        """
        if self.number is not None:
            raise meaning(self.number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP and self.number is not None:
            return
        if self.number not in (None, signal.SIGHUP):
            raise meaning(number)
        self.number = number
        with suppress(OSError):  # after SIGHUP the terminal is gone
            os.write(2, _NOTICE)  # printing is not safe inside a handler


def meaning(number: int) -> BaseException:
    """The exception that a signal stands for."""
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)


@contextmanager
def stops_raise() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP end the block as Ctrl-C does, so that files, locks and W&B's run are let go of."""

    def end(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:  # it comes again, from the shell and when that ends
            signal.signal(number, signal.SIG_IGN)
        raise meaning(number)

    before = _listen(_ENDS, end)
    try:
        yield
    finally:
        _listen_as(before)


def _listen(numbers: tuple[signal.Signals, ...], handler: Any) -> dict[int, Any]:
    """Sets a handler, and returns those that were there; none where a signal is ignored or this is no main thread."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    return _listen_as({number: handler for number in numbers if signal.getsignal(number) is not signal.SIG_IGN})


def _listen_as(handlers: Mapping[int, Any]) -> dict[int, Any]:
    return {number: signal.signal(number, handler) for number, handler in handlers.items()}
