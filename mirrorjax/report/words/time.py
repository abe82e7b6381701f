"""When something was, in a reader's words: at paper epochs, or by what the clock of another regime counts."""

from dataclasses import dataclass
from typing import Any

from mirrorjax.report.words.numbers import epoch_words

EPOCHS = "paper epoch (learning rate × steps / 0.6144)"
_PAPERS = "epoch"


@dataclass(frozen=True)
class Time:
    """The time of a population, by what it is counted in: `epoch`, or the name of a regime's clock."""

    unit: str = _PAPERS

    @property
    def is_papers(self) -> bool:
        """Whether these are paper epochs."""
        return self.unit == _PAPERS

    @property
    def axis(self) -> str:
        """Beside an axis."""
        return EPOCHS if self.is_papers else self.unit

    @property
    def units(self) -> str:
        """Behind a number of them: `paper epochs`, `million turns`, `rounds`."""
        return "paper epochs" if self.is_papers else self.unit if self._is_plural else f"{self.unit}s"

    @property
    def matched(self) -> str:
        """By what networks are matched that are compared at one moment: `the same lr · steps`, or `the same time`."""
        return "the same lr · steps" if self.is_papers else "the same time"

    @property
    def note(self) -> str:
        """What it is, as a sentence."""
        if not self.is_papers:
            return f"Time is in {self.units}."
        return "An epoch is a paper epoch, learning rate × steps / 0.6144."

    def at(self, value: Any, paper: bool = False) -> str:
        """A moment: `epoch 3`, `paper epoch 3` if asked, `0.82 million turns`, `round 512`."""
        words = epoch_words(value)
        if self._is_plural:
            return f"{words} {self.unit}"
        return f"{'paper ' if paper and self.is_papers else ''}{self.unit} {words}"

    @property
    def _is_plural(self) -> bool:
        return self.unit.endswith("s")
