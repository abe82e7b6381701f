"""When a population's state is saved: every so often between two chunks, and before a stop."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from mirrorjax.errors import InputError
from mirrorjax.machine.hosts import as_first, from_first, is_first, largest, several, text_from_first
from mirrorjax.machine.log import event
from mirrorjax.machine.signals import StopSignals, meaning
from mirrorjax.training.checkpoint import States, TrainingState
from mirrorjax.training.loop import Trainer


class StateSaver:
    """Called by a population between chunks: saves when it is time, stops when that was asked for.

    Where several processes train the population, all save and stop at the same chunk, and the first one writes.

    `every` says seconds between two saves: 0 saves after each chunk, None only before a stop. `facts` are kept beside
    the state. In a process that does not write `states` is None.

    Attributes:
        signals: the context in which stops are noted.
    """

    def __init__(
        self,
        population: Trainer,
        states: States | None,
        fingerprint: Mapping[str, Any],
        every: float | None,
        facts: Callable[[], Mapping[str, Any]],
        on_save: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.signals = StopSignals()
        self._population, self._states, self._fingerprint = population, states, fingerprint
        self._every, self._facts, self._on_save, self._clock = every, facts, on_save, clock
        self._last = clock()
        population.between_chunks = self

    def __call__(self) -> None:
        """Saves or stops, if it is time.

        Raises:
            KeyboardInterrupt, SystemExit: a stop was asked for; the state is saved, or it is said why not.
            InputError: the state cannot be saved.
        """
        due = is_first() and self._every is not None and self._clock() - self._last >= self._every
        number, due = divmod(largest(2 * (self.signals.number or 0) + due), 2)  # of any process; by the first one
        if number:
            epoch = self._population.epoch
            try:
                self.save()
                event("stopped", f"stopped at epoch {epoch:.3g}, state saved: the same command goes on", epoch=epoch)
            except InputError as error:
                event("stopped", f"stopped at epoch {epoch:.3g}; {error}", level=logging.WARNING, epoch=epoch)
            raise meaning(number)
        if due:
            self.save()

    def save(self) -> None:
        """Saves the state now.

        Raises:
            InputError: it cannot be written.
        """
        start = time.perf_counter()
        self._on_save()
        state = self._population.state()
        if self._states is not None:
            self._states.save(state, self._fingerprint, self._facts())
        self._population.seconds["saving"] += time.perf_counter() - start
        self._last = self._clock()


def in_all_processes(saved: TrainingState | None, population: Trainer) -> TrainingState | None:
    """What the first process has found, in every process; all of them have to call it."""
    if not several():
        return saved
    if not as_first(saved is not None):
        return None
    like = population.state()  # of the same shapes, and taken by all together
    arrays = from_first((saved or like).arrays)
    return TrainingState(arrays, *json.loads(text_from_first(json.dumps(saved and [saved.position, saved.facts]))))
