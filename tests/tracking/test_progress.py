"""Progress as it is read: the lines of a log file, the bar of a terminal."""

import io
import sys

import numpy as np
import pytest
from rich.console import Console

from mirrorjax.tracking.progress import Progress


class Clock:
    """Time that passes when told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Flushed(io.StringIO):
    """A file that counts how often it was flushed."""

    flushes = 0

    def flush(self) -> None:
        self.flushes += 1


def lines_of(file: io.StringIO) -> list[str]:
    return file.getvalue().splitlines()


def test_plain_lines():
    clock, file = Clock(), Flushed()
    loss = np.append(np.linspace(0.072, 0.08, 101), [np.nan, np.inf])
    with Progress(2_457_600, 12, "quickstart", Console(file=file, width=40), clock=clock) as progress:
        progress.phase("building the dataset")
        clock.sleep(30)
        progress.phase("compiling")
        clock.sleep(5)
        progress.checkpoint(0, 0.0, 0, {"loss": np.full(3, 1.25), "CMNI": np.full(3, 0.054)})
        clock.sleep(4)
        progress.advance(614_400, seconds=3.4)
        clock.sleep(1)
        progress.checkpoint(3, 2.0, 12_288, {"loss": loss, "CMNI": np.full(103, 0.00449)})
    lines = lines_of(file)
    assert lines == [
        "quickstart: 2,457,600 model-steps, 12 checkpoints",
        "building the dataset",
        "compiling",
        "checkpoint 0/12  epoch 0.0  step 0  loss 1.2500 [1.250 1.250]  CMNI .0540",
        # 614,400 steps in 3.4 s of training; 3.4 + 1 s in all, so three times as long is left
        "checkpoint 3/12  epoch 2.0  step 12,288  loss .0760 [.072 .080]  CMNI .0045  181 k model-steps/s  0:13 left",
        "quickstart: 614,400 model-steps in 0:40, 181 k model-steps/s",
    ]
    assert file.flushes >= len(lines), "a log file that is followed must show each line at once"


def test_between_checkpoints_a_line_every_ten_seconds_at_most():
    clock, file = Clock(), io.StringIO()
    with Progress(1_000_000, 1, "run", Console(file=file), clock=clock) as progress:
        for _ in range(1600):
            clock.sleep(1 / 16)  # whose sum is exact
            progress.advance(625, seconds=1 / 16)
    training = [line for line in lines_of(file) if line.startswith("training")]
    assert 10 <= len(training) <= 11
    assert training[5] == "training 50%  10 k model-steps/s  0:50 left"


def test_time_before_training_does_not_slow_the_rate():
    clock = Clock()
    progress = Progress(100, 1, "run", Console(file=io.StringIO()), clock=clock)
    clock.sleep(500)
    progress.phase("training")
    clock.sleep(2)
    progress.advance(50, seconds=2.0)
    assert (progress.rate, progress.seconds_left) == (25.0, 2.0)


def test_what_is_compiled_once_is_not_expected_again():
    clock = Clock()
    progress = Progress(100, 2, "run", Console(file=io.StringIO()), clock=clock)
    clock.sleep(2)
    progress.advance(50, seconds=2.0)
    progress.compiling("games")
    clock.sleep(60)
    progress.compiling("causes")
    clock.sleep(30)
    progress.block("causes", 1, 1)
    clock.sleep(1)
    progress.checkpoint(1, 1.0, 5, {"loss": np.array([0.1])})
    assert progress.seconds_left == 3.0  # two of training and one of measuring for the same number of steps


def test_nothing_finite_and_long_runs():
    clock, file = Clock(), io.StringIO()
    with Progress(10_000, 2, "run", Console(file=file), clock=clock) as progress:
        clock.sleep(1)
        progress.advance(1, seconds=1.0)
        progress.checkpoint(1, 0.125, 5, {"loss": np.array([np.nan]), "CMNI": np.array([])})
    line = next(line for line in lines_of(file) if line.startswith("checkpoint"))
    assert line == "checkpoint 1/2  epoch 0.12  step 5  loss n/a [n/a n/a]  CMNI n/a  1 model-steps/s  2:46:39 left"


def test_markup_in_a_title_is_text():
    file = io.StringIO()
    with Progress(10, 1, "[bold]depth=[2,3]", Console(file=file)):
        pass
    assert lines_of(file)[0].startswith("[bold]depth=[2,3]: ")


def test_a_terminal_gets_one_bar():
    clock, file = Clock(), io.StringIO()
    console = Console(file=file, force_terminal=True, width=120, record=True, _environ={"TERM": "xterm"})
    with Progress(1_000_000, 4, "quick [start]", console, clock=clock) as progress:
        progress.phase("compiling")
        for checkpoint in range(1, 5):
            clock.sleep(2)
            progress.advance(250_000, seconds=1.25)
            progress.checkpoint(checkpoint, 1.0, 10, {"loss": np.full(5, 0.0761), "CMNI": np.full(5, 0.0045)})
    shown = console.export_text()
    last = shown.strip().splitlines()[-1]
    for part in ("quick [start]", "100%", "200 k steps/s", "0:00 left", "loss .0761", "CMNI .0045"):
        assert part in last
    assert "checkpoint" not in shown


def test_a_failure_inside_leaves_the_terminal_clean():
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=120, _environ={"TERM": "xterm"})
    with pytest.raises(ZeroDivisionError), Progress(10, 1, "run", console):
        _ = 1 / 0
    assert file.getvalue().endswith("\x1b[?25h"), "the cursor is shown again"


def test_a_dumb_terminal_gets_lines():
    file = io.StringIO()
    with Progress(10, 1, "run", Console(file=file, force_terminal=True, _environ={"TERM": "dumb"})):
        pass
    assert lines_of(file) == ["run: 10 model-steps, 1 checkpoints"]


def test_standard_output_is_left_to_results(capsys: pytest.CaptureFixture[str]):
    with Progress(10, 1, "run"):
        print("result")
    printed = capsys.readouterr()
    assert printed.out == "result\n"
    assert printed.err.startswith("run: ")
    assert not sys.stdout.isatty()


def test_phases_have_a_line_each_and_what_comes_often_few():
    """Status hears of all of them."""
    clock, file = Clock(), io.StringIO()
    with Progress(1000, 1, "run", Console(file=file, width=40), clock=clock) as progress:
        names = [progress.now]

        def after(seconds: float) -> None:
            names.append(progress.now)
            clock.sleep(seconds)

        progress.phase("playing 7 turns", "dataset")
        after(5)
        for number in range(3):
            progress.compiling(f"measure: width 17 ({number + 1} of 3)")
            after(0.6)
        progress.phase("measuring 9 untrained networks of 2×5, for nulls", "nulls")
        after(1)
        for done in range(1, 31):
            progress.block("battery", done, 30, name="nulls")
            after(1)
        progress.advance(500, seconds=2.0)
        after(11)
        progress.block("measure", 1, 1)
        after(1)
        progress.saving()
        after(11)
        progress.saving()
        after(0)
    told = ["starting", "dataset", "compiling", "nulls", "training", "measuring", "saving"]
    assert list(dict.fromkeys(names)) == told
    assert lines_of(file)[1:-1] == [
        *("playing 7 turns", "compiling measure: width 17 (1 of 3)", "compiling measure: width 17 (3 of 3)"),
        "measuring 9 untrained networks of 2×5, for nulls",
        *(f"nulls: battery, {done} of 30 blocks" for done in (10, 20, 30)),
        "measuring: measure, 1 of 1 blocks",
        "saving the state",
    ]
