"""What was found in a network: tables, units, a comparison with others, an answer, and a page."""

from dataclasses import dataclass
from pathlib import Path

from mirrorjax.own.rowed import FindingsData
from mirrorjax.own.words import answer


@dataclass(frozen=True)
class Findings(FindingsData):
    """What `mirrorjax.measure` gives."""

    def answer(self) -> list[str]:
        """What may be said, and what may not, a sentence each."""
        return answer(self)

    def report(self, path: str | Path) -> Path:
        """Writes everything as one HTML file that needs nothing else, and gives its path.

        Raises:
            NotWritten: the system does not allow it.
        """
        from mirrorjax.own.page import write_page  # a moment's work: it brings plotly

        return write_page(self, Path(path))
