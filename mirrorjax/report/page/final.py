"""What a dashboard gets of a finished population: the phase diagram and the map, and a table of all cells."""

from pathlib import Path

from mirrorjax.results.read import Results
from mirrorjax.tracking.cells import cells
from mirrorjax.tracking.recorder import FinalFigures


def final_figures(folder: Path) -> FinalFigures:
    """The phase diagram and the map as images and as a page, and a table of all cells, for the dashboard."""
    from mirrorjax.report.page.build import phase_diagram_html, phase_diagram_image, phase_map_image  # seconds

    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    images = {
        "phase_diagram": phase_diagram_image(folder, figures / "phase_diagram.png"),
        "phase_map": phase_map_image(folder, figures / "phase_map.png"),
    }
    return FinalFigures(
        images={name: path for name, path in images.items() if path is not None},
        html=phase_diagram_html(folder, figures / "phase_diagram.html"),
        table=cells(Results.open(folder)),
    )
