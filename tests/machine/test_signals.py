"""A stop during training waits for the state to be saved; a second one does not."""

import signal
import threading

import pytest

from mirrorjax.machine.signals import StopSignals, stops_raise


def test_the_first_is_noted_and_the_second_raises(capfd: pytest.CaptureFixture[str]):
    with pytest.raises(KeyboardInterrupt), handled(signal.SIGINT), StopSignals() as signals:
        assert signals.number is None
        signals.stop_if_asked()
        signal.raise_signal(signal.SIGINT)
        assert signals.number == signal.SIGINT
        assert capfd.readouterr().err == "stopping as soon as the state is saved; once more stops at once\n"
        signal.raise_signal(signal.SIGINT)
        pytest.fail("not raised")


def test_a_terminal_that_is_closed_hurries_nothing():
    """Its SIGHUP comes more than once, and with whatever else ends a login."""
    with pytest.raises(SystemExit) as ended, handled(signal.SIGHUP), handled(signal.SIGTERM), StopSignals() as signals:
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
            signal.raise_signal(number)
        assert signals.number == signal.SIGTERM
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("not raised")
    assert ended.value.code == 143


def test_where_the_notice_cannot_be_written_it_is_noted_all_the_same(monkeypatch: pytest.MonkeyPatch):
    def gone(*_: object) -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(SystemExit) as ended, handled(signal.SIGHUP), StopSignals():
        monkeypatch.setattr("os.write", gone)
        signal.raise_signal(signal.SIGHUP)
        monkeypatch.undo()
    assert ended.value.code == 129


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_outside_training_it_raises_at_once(number: signal.Signals, code: int):
    with handled(number):
        before = signal.getsignal(number)
        with pytest.raises(SystemExit) as ended, stops_raise():
            try:
                signal.raise_signal(number)
                pytest.fail("not raised")
            finally:
                signal.raise_signal(signal.SIGHUP) if number == signal.SIGHUP else None  # once more: nothing
        assert ended.value.code == code
        assert signal.getsignal(number) == before


def test_outside_training_too_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stops_raise():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("number", "kind"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit), (signal.SIGHUP, SystemExit)],
)
def test_what_was_noted_raises_when_asked_or_at_the_end(number: signal.Signals, kind: type[BaseException]):
    with handled(number):
        before = signal.getsignal(number)
        with pytest.raises(kind) as asked, StopSignals() as signals:
            signal.raise_signal(number)
            signals.stop_if_asked()
        with pytest.raises(kind) as left, StopSignals():
            signal.raise_signal(number)
        assert signal.getsignal(number) == before
    codes = [getattr(ended.value, "code", None) for ended in (asked, left)]
    assert codes == [None if number == signal.SIGINT else 128 + number] * 2


def test_an_error_is_not_hidden_by_a_stop():
    with pytest.raises(ZeroDivisionError), handled(signal.SIGTERM), StopSignals():
        signal.raise_signal(signal.SIGTERM)
        raise ZeroDivisionError


def test_what_is_ignored_stays_ignored():
    """As Ctrl-C is for what a shell started in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopSignals() as signals:
            signal.raise_signal(signal.SIGINT)
            assert signals.number is None
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_only_does_without():
    seen: list[int | None] = []

    def work() -> None:
        with StopSignals() as signals:
            seen.append(signals.number)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None]


class handled:
    """A signal that is not ignored, whoever runs the tests."""

    def __init__(self, number: signal.Signals):
        self.number = number

    def __enter__(self) -> None:
        self.before = signal.signal(self.number, signal.default_int_handler)

    def __exit__(self, *_: object) -> None:
        signal.signal(self.number, self.before)
