"""Shows how training goes: a bar on a terminal, plain lines in a log file."""

import sys
import time
from collections.abc import Callable, Mapping

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar

from mirrorjax.settings.texts import elapsed

_PROGRAM_SECONDS = 1.0  # between a line in a log file and that of a program, which may be there at once
_LINE_SECONDS = 10.0  # between two lines in a log file, checkpoints and new phases apart
_UPDATES_PER_SECOND = 4.0  # of the bar


class Progress:
    """Progress of one population's training, used as a context manager by the loop on the host.

    On a terminal it is one bar; elsewhere, one line at each checkpoint and phase, and at most one every ten seconds
    between.

    Args:
        total_model_steps: steps to go, summed over members.
        checkpoints: how many there will be; the first, before training, has index 0 and is not counted.
        title: what is trained.
        console: where to; by default standard error, so that standard output holds results alone.
        clock: seconds from any start.

    Attributes:
        now, clock: the name of the phase that it is in, for `mirrorjax status`; and what checkpoints' time is called.
    """

    def __init__(
        self,
        total_model_steps: int,
        checkpoints: int,
        title: str,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.total_model_steps, self.checkpoints, self.title = total_model_steps, checkpoints, title
        self.console = Console(stderr=True) if console is None else console
        self.model_steps = self._before = 0  # done in all, and before this process
        self._clock, self._created = clock, clock()
        self._training_started: float | None = None
        self._compiling_since: float | None = None
        self._training_seconds, self._last_shown, self._measured = 0.0, -np.inf, ""
        self.now, self.clock = "starting", "epoch"
        self._bar: Bar | None = None
        if self.console.is_terminal and not self.console.is_dumb_terminal:
            self._bar = Bar(
                *(TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn()),
                *(TextColumn(f"{{task.fields[{name}]}}", markup=False) for name in ("pace", "measured")),
                console=self.console,
                refresh_per_second=_UPDATES_PER_SECOND,
                redirect_stdout=sys.stdout.isatty(),  # what is piped on must not end up on the bar's console
            )
            self._task = self._bar.add_task(title, total=max(1, total_model_steps), pace="", measured="")

    def __enter__(self) -> "Progress":
        if self._bar is not None:
            self._bar.start()
        else:
            self._line(f"{self.title}: {self.total_model_steps:,} model-steps, {self.checkpoints} checkpoints")
            self._last_shown = -np.inf
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Shows the last state, unless something went wrong."""
        if self._bar is not None:
            if kind is None:
                self._update_bar()
            self._bar.update(self._task, description=self.title)  # whatever the last phase was, it is over
            self._bar.stop()
        elif kind is None and self.model_steps > self._before:
            took, steps = elapsed(self._clock() - self._created), self.model_steps - self._before
            self._line(f"{self.title}: {steps:,} model-steps in {took}, {_rate(self.rate)} model-steps/s")

    def phase(self, text: str, name: str | None = None, pause: float = 0.0) -> None:
        """Says what is done besides training, for instance `building the dataset`.

        Status has a name for it, by default the text; a log file has no line within `pause` seconds of the last one.
        """
        self.now = name or text
        if self._bar is not None:
            self._bar.update(self._task, description=f"{self.title}: {text}")
        elif self._clock() - self._last_shown >= pause:
            self._line(text)

    def compiling(self, program: str) -> None:
        """Says which program is waited for: until something else is told, which is no part of the pace."""
        self._compiled()
        self._compiling_since = self._clock()
        self.phase(f"compiling {program}", "compiling", _PROGRAM_SECONDS)

    def _compiled(self) -> None:
        if self._compiling_since is not None and self._training_started is not None:
            self._training_started += self._clock() - self._compiling_since  # as if it had begun so much later
        self._compiling_since = None

    def block(self, program: str, done: int, of: int, name: str = "measuring") -> None:
        """Says how many blocks of a part a program of measurement has done, in a phase of this name."""
        self._compiled()
        self.phase(f"{name}: {program}, {done:,} of {of:,} blocks", name, _LINE_SECONDS)

    def saving(self) -> None:
        """Says that the state is saved."""
        self.phase("saving the state", "saving", _LINE_SECONDS)

    def profiled(self, lines: list[str]) -> None:
        """Shows where the time of training goes, in lines that stay; on a terminal above the bar."""
        self._line("\n".join(lines))

    def expect(self, total_model_steps: int) -> None:
        """Sets anew how many steps there are to go."""
        self.total_model_steps = total_model_steps
        if self._bar is not None:
            self._bar.update(self._task, total=max(1, total_model_steps))

    def resume(self, model_steps: int) -> None:
        """Counts steps that were done before; they are no part of the pace."""
        self._before = self.model_steps = model_steps

    def advance(self, model_steps: int, seconds: float) -> None:
        """Counts steps that are done, summed over members, since the last call, and seconds of training they took."""
        if not model_steps:
            return  # the untrained network's checkpoint has nothing to train for
        self._compiled()
        now = self._clock()
        if self._training_started is None:
            self._training_started = now - seconds
        self.now = "training"
        self._training_seconds += seconds
        self.model_steps += model_steps
        if now - self._last_shown < (_LINE_SECONDS if self._bar is None else 1 / _UPDATES_PER_SECOND):
            return
        if self._bar is not None:
            self._last_shown = now
            self._update_bar()
        else:
            share = self.model_steps / max(1, self.total_model_steps)
            self._line(f"training {share:.0%}  {self._pace('model-steps/s')}")

    def checkpoint(self, index: int, time: float, step: int, measured: Mapping[str, np.ndarray]) -> None:
        """Shows what was measured.

        Args:
            index: of the checkpoint, 0 before training.
            time: by the clock, paper epochs for most.
            step: of each member.
            measured: [members] by what it is called; what is not finite is left out. The first has its spread too.
        """
        self._compiled()
        of_all = {name: summary(values) for name, values in measured.items()}
        shown = [f"{name} {_decimal(median, 4)}" for name, (median, _, _) in of_all.items()]
        if self._bar is not None:
            self._measured = "  ".join(shown)
            self._update_bar()
            return
        for _, low, high in [*of_all.values()][:1]:
            shown[0] += f" [{_decimal(low, 3)} {_decimal(high, 3)}]"
        when = f"{time:.1f}" if time == 0 or time >= 1 else f"{time:.2g}"
        at = f"checkpoint {index}/{self.checkpoints}  {self.clock} {when}  step {step:,}"
        pace = [self._pace("model-steps/s")] if self.model_steps > self._before else []
        self._line("  ".join([at, *shown, *pace]))

    @property
    def rate(self) -> float:
        """Model-steps a second of training time; 0 before training."""
        return (self.model_steps - self._before) / self._training_seconds if self._training_seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far, measuring and storing included, but not compiling; None before training."""
        done = self.model_steps - self._before
        if not done or self._training_started is None:
            return None
        spent = self._clock() - self._training_started
        return max(0, self.total_model_steps - self.model_steps) * spent / done

    def _pace(self, unit: str) -> str:
        left = self.seconds_left
        return f"{_rate(self.rate)} {unit}" + ("" if left is None else f"  {elapsed(left)} left")

    def _update_bar(self) -> None:
        assert self._bar is not None
        pace, task = self._pace("steps/s") if self.model_steps > self._before else "", self._task
        self._bar.update(task, completed=self.model_steps, description=self.title, pace=pace, measured=self._measured)

    def _line(self, text: str) -> None:
        self._last_shown = self._clock()
        self.console.print(text, markup=False, highlight=False, soft_wrap=self._bar is None)
        self.console.file.flush()  # a log file that is followed shows the line now


def summary(values: np.ndarray) -> tuple[float, float, float]:
    """Median, 5 % and 95 % quantile of the finite values; NaN if there are none."""
    values = np.asarray(values, np.float64)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.nan, np.nan, np.nan
    median, low, high = np.quantile(finite, [0.5, 0.05, 0.95])
    return float(median), float(low), float(high)


def _decimal(value: float, digits: int) -> str:
    """A number as the paper writes it: .0045, not 0.0045."""
    if not np.isfinite(value):
        return "n/a"
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _rate(per_second: float) -> str:
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if per_second >= limit:
            scaled = per_second / limit
            return f"{scaled:.0f} {unit}" if scaled >= 10 else f"{scaled:.1f} {unit}"
    return f"{per_second:.0f}"
