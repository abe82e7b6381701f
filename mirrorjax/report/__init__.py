"""The report of a results folder, and its figures. Reads what `mirrorjax.tracking` wrote; imports no JAX."""

from mirrorjax.report.build import phase_diagram_html, phase_diagram_image, write_report

__all__ = ["phase_diagram_html", "phase_diagram_image", "write_report"]
