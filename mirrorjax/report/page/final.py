"""What a dashboard gets of a finished population: the phase diagram and the map, and a table of all cells."""

from pathlib import Path

from mirrorjax.results.read import Results
from mirrorjax.tracking.cells import cells
from mirrorjax.tracking.recorder import FinalFigures


def final_figures(folder: Path) -> FinalFigures:
    """The phase diagram and the map as images and as a page, and a table of all cells, for the dashboard."""
    from mirrorjax.report.page.build import write_phase_diagrams  # seconds

    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    images, html = write_phase_diagrams(folder, figures)
    return FinalFigures(images, html, cells(Results.open(folder)))
