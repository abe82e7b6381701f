"""Two curves of a bench: throughput against population size, and cost against steps, members and rows."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


def draw(result: dict[str, Any], stem: Path) -> None:
    """Writes `<stem>-scaling.png` and `<stem>-cost.png`, of the sections that there are."""
    device = result["device"]
    title = f"{device['kind']}, {device['count']} {device['platform']} device{'s' if device['count'] > 1 else ''}"
    for section, drawn in (("scaling", _scaling), ("cost", _cost)):
        if section in result["sections"]:
            canvas = drawn(result["sections"][section]["figures"], title)
            canvas.savefig(stem.with_name(f"{stem.name}-{section}.png"), dpi=120)
            plt.close(canvas)


def _scaling(figures: list[dict[str, Any]], title: str) -> Figure:
    rates = [f for f in figures if f["unit"] == "model-steps/s"]
    members = np.array([f["parameters"]["members"] for f in rates])
    low, median, high = (np.array([f[name] for f in rates]) for name in ("low", "median", "high"))
    canvas, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.errorbar(members, median, [median - low, high - median], marker="o", capsize=3)
    axes.set(xscale="log", yscale="log", xlabel="members", ylabel="model-steps a second", title=title)
    axes.grid(alpha=0.3, which="both")
    return canvas


def _cost(figures: list[dict[str, Any]], title: str) -> Figure:
    canvas, panels = plt.subplots(1, 3, figsize=(10, 3.4), layout="constrained")
    names = {"steps": "steps of 512 members", "members": "members, 64 steps", "rows": "measured rows, 64 members"}
    for axes, (axis, label) in zip(panels, names.items(), strict=True):
        found = [f for f in figures if f["parameters"]["axis"] == axis]
        at = np.array([f["parameters"]["at"] for f in found])
        median = np.array([f["median"] for f in found])
        slope, intercept = np.polyfit(at, median, 1)
        explained = 1 - np.var(median - slope * at - intercept) / np.var(median)
        axes.plot(at, median, "o")
        axes.plot(at, slope * at + intercept, "-", alpha=0.6, label=f"straight line, R² {explained:.4f}")
        axes.set(xlabel=label, ylabel="seconds", xlim=(0, None), ylim=(0, None))
        axes.legend(frameon=False)
        axes.locator_params(axis="x", nbins=5)
        axes.grid(alpha=0.3)
    canvas.suptitle(title)
    return canvas
