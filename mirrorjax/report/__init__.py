"""The report of a results folder, and its figures. Reads what `mirrorjax.tracking` wrote; imports no JAX."""

from mirrorjax.report.build import phase_diagram_html, phase_diagram_image, phase_map_image, write_report
from mirrorjax.report.compare import write_comparison

__all__ = ["phase_diagram_html", "phase_diagram_image", "phase_map_image", "write_comparison", "write_report"]
