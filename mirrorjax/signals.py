"""SIGTERM and Ctrl-C during training: they wait until the state is saved."""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any

_NOTICE = b"stopping as soon as the state is saved; once more stops at once\n"


class StopSignals:
    """A context in which the first SIGTERM or Ctrl-C is only noted, to be asked for between two chunks.

    The second one raises at once. Whatever was noted raises at the latest when the context is left. Only a main
    thread can listen; elsewhere nothing is ever noted. A signal that this process ignores stays ignored.

    Attributes:
        number: of the signal that was noted; None so far.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if kind is None:
            self.stop_if_asked()

    def stop_if_asked(self) -> None:
        """Raises what the signal means, if there was one.

        Raises:
            KeyboardInterrupt: Ctrl-C.
            SystemExit: with 143, SIGTERM.
        """
        if self.number is not None:
            raise meaning(self.number)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            raise meaning(number)
        self.number = number
        os.write(2, _NOTICE)  # printing is not safe inside a handler


def meaning(number: int) -> BaseException:
    """The exception that a signal stands for."""
    return KeyboardInterrupt() if number == signal.SIGINT else SystemExit(128 + number)
