"""The sections of a bench; each runs in a process of its own: `python -m mirrorjax.bench.section NAME PLATFORM`."""

import json
import os
import sys
from typing import NamedTuple

from mirrorjax.bench.timing import Figure


class Section(NamedTuple):
    """One kind of measurement."""

    title: str  # for people
    function: str  # name of a function of devices to figures, `module:name` in this package
    cores: int | None = None  # 1 pins it to one core of a CPU; None takes all


SECTIONS = {
    "simulator": Section("Simulator", "simulator:simulator", 1),
    "data": Section("Dataset, 7 M turns", "data:data"),
    "training": Section("Training 2×17, batch 25, one core", "training:training", 1),
    "engines": Section("Training by both engines of a GPU", "engines:engines"),
    "ways": Section("Training by each way to learn, one core", "ways:ways", 1),
    "agents": Section("Agents that learn by playing, one core", "agents:agents", 1),
    "training_all": Section("Training 2×17, all devices", "training:training_all_cores"),
    "keras": Section("Keras, one core", "peers:keras", 1),
    "torch": Section("PyTorch, one core", "peers:torch", 1),
    "widths": Section("Mixed widths, one core", "training:widths", 1),
    "measuring": Section("Measurement, one core", "scaling:measuring", 1),
    "compiling": Section("Compiling", "starting:compiling"),
    "starting": Section("Starting, quickstart with warm caches", "starting:starting"),
    "whole": Section("Whole experiments on an accelerator, cold and warm caches", "whole:whole"),
    "precision": Section("Precision", "precision:precision"),
    "scaling": Section("Model-steps a second by population, all devices", "scaling:scaling"),
    "memory": Section("Memory of a population, all devices", "memory:memory"),
    "cost": Section("Cost, all devices", "scaling:cost"),
}


def run_section(name: str, platform: str) -> list[Figure]:
    """Runs a section in this process, which must not have used JAX yet; the machine's peak is its last figure."""
    section = SECTIONS[name]
    if platform == "cpu" and section.cores == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before JAX counts the cores
    from importlib import import_module

    from mirrorjax.bench.machine import peak
    from mirrorjax.machine.runtime import configure

    devices = configure(platform, None, "highest", None)
    module, function = section.function.split(":")
    figures: list[Figure] = getattr(import_module(f"mirrorjax.bench.{module}"), function)(devices)
    return [*figures, peak(devices[0])] if any(figure.flops for figure in figures) else figures


if __name__ == "__main__":
    found = run_section(sys.argv[1], sys.argv[2])
    print(json.dumps([figure.as_dict() for figure in found]))
